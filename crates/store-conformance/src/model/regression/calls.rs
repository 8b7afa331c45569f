//! Single calls and batches.

use std::time::Duration;

use store_core::{Bytes, ErrorKind, Lifetime, Support, checked_counter_sum, parse_counter};

use super::entries::{Found, Teller};
use super::{literal, millis, read};
use crate::failure::Failure;
use crate::model::op::{BadInput, Condition, KeyId, Op, Through, When};
use crate::model::oracle::{Guard, Place};
use crate::model::terms::guessed;
use crate::time::Deadline;

/// Whether a condition holds over what is found.
fn holds(guard: &Guard, found: &Found) -> Option<bool> {
    let there = found.as_ref().map(Option::as_ref);
    match guard {
        Guard::Always => Some(true),
        Guard::IfAbsent => there.map(|entry| entry.is_none()),
        Guard::IfPresent => there.map(|entry| entry.is_some()),
        Guard::IfValue(expected) => there.map(|entry| entry.is_some_and(|(value, _)| value == expected)),
    }
}

fn is_there(found: &Found) -> Option<bool> {
    holds(&Guard::IfPresent, found)
}

fn value_of(found: &Found) -> Option<Option<Bytes>> {
    found.as_ref().map(|entry| entry.as_ref().map(|(value, _)| value.clone()))
}

impl Teller<'_> {
    pub(super) fn on_store(&mut self, through: Through, space: usize, op: &Op) -> Result<(), Failure> {
        let handle = self.handle(through, space);
        let capabilities = &self.setting.capabilities;
        let (takes, renews) = (capabilities.take, capabilities.renewal);
        match op {
            Op::Get(id) => {
                let found = value_of(&self.found((space, *id)));
                self.script.equals(
                    &format!("{handle}.get({})", self.key(*id)),
                    ".as_deref()",
                    found.map(|it| read(it.as_ref())),
                );
            }
            Op::GetWithExpiry(id) => self.get_with_expiry(through, (space, *id)),
            Op::Renew(id, ttl) => {
                let call = format!("{handle}.get({}).renew({})", self.key(*id), millis(ttl.as_duration()));
                if self.is_declared(renews, &call) {
                    let place = (space, *id);
                    let found = value_of(&self.found(place));
                    self.script.equals(&call, ".as_deref()", found.clone().map(|it| read(it.as_ref())));
                    self.doubt(place, found.is_none());
                    if let Some(found) = found {
                        self.model.renew(place, self.now(), Lifetime::In(*ttl), found.as_ref())?;
                    }
                }
            }
            Op::Set(id, value, when, condition) => self.set(&handle, (space, *id), value, *when, condition)?,
            Op::Delete(id) => {
                self.delete(&format!("{handle}.delete({})", self.key(*id)), (space, *id), &Guard::Always)?;
            }
            Op::DeleteIf(id, guess) => {
                let expected = guessed(&self.model, (space, *id), guess);
                let call = format!("{handle}.delete({}).if_value({})", self.key(*id), literal(&expected));
                if self.is_declared(self.setting.capabilities.value_conditions, &call) {
                    self.delete(&call, (space, *id), &Guard::IfValue(expected))?;
                }
            }
            Op::Take(id) => {
                let call = format!("{handle}.take({})", self.key(*id));
                if self.is_declared(takes, &call) {
                    let place = (space, *id);
                    let found = value_of(&self.found(place));
                    self.script.equals(&call, ".as_deref()", found.clone().map(|it| read(it.as_ref())));
                    self.model.forget(place);
                    self.settle(place);
                }
            }
            Op::Exists(id) => {
                let there = is_there(&self.found((space, *id)));
                self.script.is(&format!("{handle}.exists({})", self.key(*id)), "", there);
            }
            Op::Ttl(id) => self.ttl(&format!("{handle}.ttl({})", self.key(*id)), (space, *id)),
            Op::Expire(id, when) => {
                let there = self.expire((space, *id), *when)?;
                self.script.is(&format!("{handle}.expire({}, {})", self.key(*id), self.expiry(*when)), "", there);
            }
            other => return Err(Failure::new(format!("no operation of a store: {}", other.name()))),
        }
        Ok(())
    }

    /// Whether a call is carried out; where it is not declared, that it is refused.
    fn is_declared(&mut self, support: Support, call: &str) -> bool {
        if !support.is_supported() {
            self.script.refused(call, ErrorKind::Unsupported);
        }
        support.is_supported()
    }

    /// Where time is exact, the expiry is, and else only whether there is one.
    pub(super) fn get_with_expiry(&mut self, through: Through, (space, id): Place) {
        let call = format!("{}.get({}).with_expiry()", self.handle(through, space), self.key(id));
        let found = self.found((space, id));
        let is_exact = found.iter().flatten().all(|(_, deadline)| self.is_exact(*deadline));
        let view = if is_exact {
            ".map(|entry| (entry.value, entry.expires_at))"
        } else {
            ".map(|entry| (entry.value, entry.expires_at == Some(store_core::ExpiresAt::Never)))"
        };
        let promised = found.map(|entry| {
            entry.map_or_else(
                || "None".to_owned(),
                |(value, deadline)| {
                    let expiry = match deadline {
                        Deadline::NEVER if is_exact => "Some(store_core::ExpiresAt::Never)".to_owned(),
                        Deadline { low, .. } if is_exact => {
                            let time = self.terms.time.shown_at(low).as_unix_millis();
                            format!("store_core::Timestamp::from_unix_millis({time}).map(store_core::ExpiresAt::At)")
                        }
                        deadline => (deadline == Deadline::NEVER).to_string(),
                    };
                    format!("Some((Bytes::from_static({}), {expiry}))", literal(&value))
                },
            )
        });
        self.script.equals(&call, view, promised);
    }

    /// Whether the promise names one time, which a test can be held to.
    fn is_exact(&self, deadline: Deadline) -> bool {
        deadline == Deadline::NEVER || self.setting.time.is_manual() && deadline.low == deadline.high
    }

    fn ttl(&mut self, call: &str, place: Place) {
        let promised = self.found(place).map(|entry| entry.map(|(_, deadline)| deadline));
        let exact = |deadline: Deadline| match deadline {
            Deadline::NEVER => "Some(Remaining::Never)".to_owned(),
            deadline => format!("Some(Remaining::In({}))", millis(deadline.low.since(self.terms.time.now()))),
        };
        match promised {
            Some(Some(deadline)) if !self.is_exact(deadline) => {
                self.script.line(format!("assert!(matches!({call}.await?, Some(Remaining::In(_))));"));
            }
            promised => {
                let promised = promised.map(|deadline| deadline.map_or_else(|| "None".to_owned(), exact));
                self.script.equals(call, "", promised);
            }
        }
    }

    fn set(
        &mut self,
        handle: &str,
        at: Place,
        value: &Bytes,
        when: When,
        condition: &Condition,
    ) -> Result<(), Failure> {
        let call = format!("{handle}.set({}){}", self.written(at.1, value), self.setter("expiry", when));
        let (call, guard) = match condition {
            Condition::Always => (call, Guard::Always),
            Condition::IfAbsent => (call + ".if_absent()", Guard::IfAbsent),
            Condition::IfPresent => (call + ".if_present()", Guard::IfPresent),
            Condition::IfValue(guess) => {
                let expected = guessed(&self.model, at, guess);
                let call = format!("{call}.if_value({})", literal(&expected));
                if !self.is_declared(self.setting.capabilities.value_conditions, &call) {
                    return Ok(());
                }
                (call, Guard::IfValue(expected))
            }
        };
        match guard {
            Guard::Always => {
                self.script.line(format!("{call}.await?;"));
                self.overwrite(at, value, when)
            }
            guard => {
                let stored = self.write_if(at, value, when, &guard)?;
                self.script.is(&call, ".is_stored()", stored);
                Ok(())
            }
        }
    }

    /// Writes whatever was there.
    pub(super) fn overwrite(&mut self, at: Place, value: &Bytes, when: When) -> Result<(), Failure> {
        // To keep an expiry of which nobody knows whether it is over leaves that open.
        if when != When::Keep {
            self.settle(at);
        }
        let is_open = self.found(at).is_none();
        self.doubt(at, when == When::Keep && is_open);
        self.write(at, value, when, (&Guard::Always, true))
    }

    /// Writes if the condition holds, and says whether it did.
    fn write_if(&mut self, at: Place, value: &Bytes, when: When, guard: &Guard) -> Result<Option<bool>, Failure> {
        let stored = holds(guard, &self.found(at));
        match stored {
            None => self.doubt(at, true),
            Some(stored) => self.write(at, value, when, (guard, stored))?,
        }
        Ok(stored)
    }

    fn delete(&mut self, call: &str, at: Place, guard: &Guard) -> Result<(), Failure> {
        let removed = self.remove(at, guard);
        self.script.is(call, "", removed);
        Ok(())
    }

    /// Removes if the condition holds, and says whether anything was removed.
    pub(super) fn remove(&mut self, at: Place, guard: &Guard) -> Option<bool> {
        let found = self.found(at);
        let removed = match guard {
            Guard::Always => is_there(&found),
            guard => holds(guard, &found),
        };
        match (guard, removed) {
            (Guard::Always, _) | (_, Some(true)) => {
                self.model.forget(at);
                self.settle(at);
            }
            (_, None) => self.doubt(at, true),
            (_, Some(false)) => {}
        }
        removed
    }

    fn expire(&mut self, at: Place, when: When) -> Result<Option<bool>, Failure> {
        let (_, lifetime) = self.terms.resolve_change(when);
        let there = is_there(&self.found(at));
        match there {
            None => self.doubt(at, true),
            Some(existed) => self.model.expire(at, self.now(), lifetime, existed)?,
        }
        Ok(there)
    }

    pub(super) fn on_cache(&mut self, handle: &str, space: usize, op: &Op) -> Result<(), Failure> {
        match op {
            Op::Add(id, value, when) => {
                let stored = self.write_if((space, *id), value, *when, &Guard::IfAbsent)?;
                let call = format!("{handle}.add({}){}", self.written(*id, value), self.setter("expiry", *when));
                self.script.is(&call, "", stored);
            }
            Op::GetMany(ids) => {
                let value = |value: Option<Bytes>| match value {
                    Some(value) => format!("Some(Bytes::from_static({}))", literal(&value)),
                    None => "None::<Bytes>".to_owned(),
                };
                let found = ids.iter().map(|id| value_of(&self.found((space, *id))).map(value)).collect();
                self.all(&format!("{handle}.get_many({})", self.keys(ids)), found, "[None::<Bytes>; 0]");
            }
            Op::SetMany(items) => {
                let mut written = Vec::new();
                for (id, value, when) in items {
                    let expiry = match (self.expiry(*when), when) {
                        (known, When::Default | When::Never | When::Keep) => known,
                        (made, _) => format!("Expiry::try_from({made})?"),
                    };
                    written.push(format!("({}, &{}[..], {expiry})", self.key(*id), literal(value)));
                }
                let items_or_none =
                    if items.is_empty() { "[(\"\", \"\"); 0]".to_owned() } else { format!("[{}]", written.join(", ")) };
                self.script.line(format!("{handle}.set_many({items_or_none}).await?;"));
                for (id, value, when) in items {
                    self.overwrite((space, *id), value, *when)?;
                }
            }
            Op::DeleteMany(ids) => {
                let removed = ids.iter().map(|id| self.remove((space, *id), &Guard::Always)).map(shown).collect();
                self.all(&format!("{handle}.delete_many({})", self.keys(ids)), removed, "[false; 0]");
            }
            Op::ExpireMany(ids, when) => {
                let call = format!("{handle}.expire_many({}, {})", self.keys(ids), self.expiry(*when));
                let mut existed = Vec::new();
                for id in ids {
                    existed.push(shown(self.expire((space, *id), *when)?));
                }
                self.all(&call, existed, "[false; 0]");
            }
            Op::Increment(id, delta, when) => {
                let call = format!("{handle}.increment({}, {delta})", self.key(*id));
                self.count(&call, (space, *id), Some(*delta), *when)?;
            }
            Op::Decrement(id, delta, when) => {
                let call = format!("{handle}.decrement({}, {delta})", self.key(*id));
                self.count(&call, (space, *id), delta.checked_neg(), *when)?;
            }
            other => return Err(Failure::new(format!("no operation of a cache: {}", other.name()))),
        }
        Ok(())
    }

    fn keys(&self, ids: &[KeyId]) -> String {
        match ids {
            [] => "&[\"\"; 0]".to_owned(),
            ids => format!("&[{}]", ids.iter().map(|id| self.key(*id)).collect::<Vec<_>>().join(", ")),
        }
    }

    /// A batch that answers this for each key, unless time leaves one of the answers open.
    fn all(&mut self, call: &str, promised: Vec<Option<String>>, none: &str) {
        let promised: Option<Vec<String>> = promised.into_iter().collect();
        let shown = |all: Vec<String>| if all.is_empty() { none.to_owned() } else { format!("[{}]", all.join(", ")) };
        self.script.equals(call, "", promised.map(shown));
    }

    /// A step of a counter; of none, if the step cannot be made.
    fn count(&mut self, call: &str, at: Place, delta: Option<i64>, when: When) -> Result<(), Failure> {
        let call = call.to_owned() + &self.setter("expiry_on_create", when);
        if !self.is_declared(self.setting.capabilities.counters, &call) {
            return Ok(());
        }
        let Some(delta) = delta else {
            self.script.refused(&call, ErrorKind::OutOfRange);
            return Ok(());
        };
        let found = value_of(&self.found(at));
        let Some(found) = found else {
            self.doubt(at, true);
            self.script.equals(&call, "", None);
            return Ok(());
        };
        let current = found.map_or(Ok(0), |value| parse_counter(&value));
        let sum = current.and_then(|current| checked_counter_sum(current, delta)).map_err(|error| error.kind());
        let (_, on_create) = self.terms.resolve_change(when);
        self.model.add_to_counter(at, self.now(), delta, on_create, sum)?;
        match sum {
            Ok(sum) => self.script.equals(&call, "", Some(sum.to_string())),
            Err(kind) => self.script.refused(&call, kind),
        }
        Ok(())
    }

    pub(super) fn refuse(&mut self, handle: &str, bad: BadInput) {
        let list = format!("{handle}.list()");
        let (call, kind) = match bad {
            BadInput::EmptyKey => (format!("{handle}.get(\"\")"), ErrorKind::InvalidKey),
            BadInput::ZeroTtl => {
                (format!("{handle}.set(\"a\", \"\").expiry({})", millis(Duration::ZERO)), ErrorKind::InvalidArgument)
            }
            BadInput::KeepAsChange => (format!("{handle}.expire(\"a\", Expiry::Keep)"), ErrorKind::InvalidArgument),
            BadInput::ZeroLimit if self.can_list() => (list + ".limit(0)", ErrorKind::InvalidArgument),
            BadInput::ForgedCursor if self.can_list() => {
                (list + ".after(Cursor::new(\"no driver makes this\"))", ErrorKind::InvalidCursor)
            }
            BadInput::ZeroLimit | BadInput::ForgedCursor => (list, ErrorKind::Unsupported),
        };
        self.script.refused(&call, kind);
    }
}

fn shown(answer: Option<bool>) -> Option<String> {
    answer.map(|answer| answer.to_string())
}
