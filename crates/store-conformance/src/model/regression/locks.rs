//! Calls on locks.

use store_core::{ErrorKind, Ttl};

use super::entries::Teller;
use super::{left_open, millis};
use crate::failure::Failure;
use crate::model::op::{LockCall, Op, Owner};
use crate::model::oracle::{Acquired, Place};

fn named(owner: Owner) -> &'static str {
    match owner {
        Owner::One => "one",
        Owner::Other => "other",
    }
}

fn ttl(ttl: Ttl) -> String {
    format!("Ttl::new({})?", millis(ttl.as_duration()))
}

impl Teller<'_> {
    /// The owners that steps mention.
    pub(super) fn owners<'o>(ops: impl Iterator<Item = &'o Op> + Clone) -> Vec<String> {
        let is_mentioned =
            |owner: &Owner| ops.clone().any(|op| matches!(op, Op::Lock(_, mentioned, _) if mentioned == owner));
        let owners = [Owner::One, Owner::Other].into_iter().filter(is_mentioned);
        owners.map(|owner| format!("let {} = store_core::LockOwner::random();", named(owner))).collect()
    }

    pub(super) fn on_lock(&mut self, handle: &str, place: Place, owner: Owner, call: LockCall) -> Result<(), Failure> {
        let key = self.key(place.1);
        if !self.setting.capabilities.locks.is_supported() {
            self.script.refused(&format!("{handle}.try_lock({key}, Ttl::MIN)"), ErrorKind::Unsupported);
            return Ok(());
        }
        let at = format!("store_core::Address {{ namespace: &Namespace::EMPTY, key: store_core::Key::new({key})? }}");
        let on = |name: &str, more: String| format!("{handle}.{name}_lock({at}, {}{more})", named(owner));
        let spelled = match call {
            LockCall::Acquire(time) => on("acquire", format!(", store_core::LockOptions::new({})", ttl(time))),
            LockCall::Extend(time) => on("extend", format!(", {}", ttl(time))),
            LockCall::Release => on("release", String::new()),
            LockCall::IsHeld => format!("{handle}.lock_is_held({at}, {})", named(owner)),
        };
        let promised = self.model.promised_lock(place, self.now(), owner);
        let Some(promised) = promised.filter(|_| !self.doubtful_locks.contains(&place)) else {
            self.doubtful_locks.insert(place);
            self.script.line(left_open(&spelled));
            return Ok(());
        };
        let (now, is_holder) = (self.now(), matches!(promised, Acquired::Again(_)));
        match call {
            LockCall::Acquire(time) => {
                let token = self.acquire(&spelled, promised);
                return self.model.acquire_lock(place, now, (owner, time), token);
            }
            LockCall::Extend(time) => self.model.extend_lock(place, now, (owner, time), is_holder)?,
            LockCall::Release => self.model.release_lock(place, now, owner, is_holder)?,
            LockCall::IsHeld => self.model.lock_is_held(place, now, owner, is_holder)?,
        }
        self.script.is(&spelled, "", Some(is_holder));
        Ok(())
    }

    /// Which token comes of it. Tokens are numbered as they are made, and named by their numbers.
    fn acquire(&mut self, call: &str, promised: Acquired) -> Option<u64> {
        match promised {
            Acquired::No => {
                self.script.line(format!("assert_eq!({call}.await?, None);"));
                None
            }
            Acquired::Again(token) => {
                self.script.line(format!("assert_eq!({call}.await?, token_{token});"));
                Some(token)
            }
            Acquired::Anew(last) => {
                self.tokens += 1;
                let token = self.tokens;
                self.script.line(format!("let token_{token} = {call}.await?;"));
                self.script.line(match last {
                    Some(last) => format!("assert!(token_{token} > token_{last});"),
                    None => format!("assert!(token_{token}.is_some());"),
                });
                Some(token)
            }
        }
    }
}
