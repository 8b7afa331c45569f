//! Programs on collections, told step by step, as tests to be pasted.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use store_core::{Bytes, ErrorKind, Key, KeyBuf, OpenedStore, Record, StoreAlias, StoreLabel, StoreName};

use super::op::{Age, BadInput, Called, KeyId, Op, Page, Program, Step};
use super::oracle::{Collection, Model};
use crate::failure::Failure;
use crate::model::op::Through;
use crate::model::regression::{Script, Test, literal, millis};
use crate::time::{Span, Time};

/// The line that whoever pastes a test fills in.
const TO_FILL_IN: &str = "let client: std::sync::Arc<dyn KeyValueStoreClient> = ...; // yours";

/// What failed in a program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Culprit {
    /// The step of this number.
    Step(usize),
    /// What was seen of the collection when all steps were done.
    Look(Through, Called),
    /// A collection beside the program's.
    Noise,
}

/// The test, called so, of a program in which this failed with this message.
///
/// # Errors
/// When the oracle contradicts itself.
pub(super) async fn tell(
    name: &str,
    time: &Time,
    access_times: store_core::AccessTimes,
    program: &Program,
    (culprit, seen): (Culprit, &str),
) -> Result<String, Failure> {
    let rehearsed = time.rehearsed();
    let model = Model::new(&rehearsed, access_times);
    let clock = if time.is_manual() { Clock::Manual } else { Clock::Wall };
    let mut teller = Teller {
        program,
        time: &rehearsed,
        clock,
        model,
        made: 0,
        used: Vec::new(),
        named: BTreeMap::new(),
        current: BTreeMap::new(),
        handles: BTreeMap::new(),
        script: Script::default(),
    };
    teller.begin(culprit)?;
    for (number, step) in program.steps.iter().enumerate() {
        let is_culprit = matches!(culprit, Culprit::Step(failed) if failed == number);
        if is_culprit {
            teller.blame(seen);
        }
        teller.step(step).await?;
        if is_culprit {
            break;
        }
    }
    teller.end(culprit, seen)?;
    Ok(Test { name, script: &teller.script }.to_string())
}

/// Whose clock the collections are dated by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Manual,
    Wall,
}

/// A handle as the test names it, and what it was opened on.
#[derive(Clone, Debug)]
struct Handle {
    name: String,
    id: String,
}

struct Teller<'a> {
    program: &'a Program,
    time: &'a Time,
    clock: Clock,
    model: Model<'a>,
    /// How many collections were made.
    made: usize,
    /// Which collections are used, and through which clients.
    used: Vec<(Through, Called)>,
    /// How many handles of a client on one have got a name.
    named: BTreeMap<(Through, Called), usize>,
    /// A handle on each collection as it is now.
    current: BTreeMap<Called, Handle>,
    /// All handles of a client on one, from the first to the last.
    handles: BTreeMap<(Through, Called), Vec<Handle>>,
    script: Script,
}

impl Teller<'_> {
    /// The handles that the program has before its first step, as far as the steps use them.
    fn begin(&mut self, culprit: Culprit) -> Result<(), Failure> {
        let steps = match culprit {
            Culprit::Step(number) => &self.program.steps[..=number],
            Culprit::Look(..) | Culprit::Noise => &self.program.steps,
        };
        let looked_at = match culprit {
            Culprit::Look(through, called) => Some((through, called)),
            Culprit::Step(_) | Culprit::Noise => None,
        };
        let is_used = |one: &(Through, Called)| {
            looked_at == Some(*one) || steps.iter().any(|step| (step.through, step.collection) == *one)
        };
        let all = Called::ALL.into_iter().flat_map(|called| [(Through::First, called), (Through::Second, called)]);
        self.used = all.filter(is_used).collect();
        self.script.given = vec![TO_FILL_IN.to_owned()];
        if self.used.iter().any(|(through, _)| *through == Through::Second) {
            self.script.given.push("let again = client.clone(); // or a second client on the same data".to_owned());
        }
        if let Culprit::Noise = culprit {
            let open = "KeyValueStore::open(client.clone(), StoreName::new(\"regression-ap\")?)";
            self.script.line(format!("let beside = {open}.await?;"));
            self.script.line("beside.set_record(\"app\", ContentType::TEXT, Bytes::from_static(b\"noise\")).await?;");
        }
        self.open_all()
    }

    fn open_all(&mut self) -> Result<(), Failure> {
        for (through, called) in self.used.clone() {
            self.open(through, called)?;
        }
        Ok(())
    }

    fn blame(&mut self, seen: &str) {
        self.script.line(format!("// What failed: {}", seen.lines().next().unwrap_or_default()));
    }

    fn end(&mut self, culprit: Culprit, seen: &str) -> Result<(), Failure> {
        match culprit {
            Culprit::Step(_) => {}
            Culprit::Look(through, called) => {
                self.blame(seen);
                let whole = Page { behind: None, limit: None };
                for op in [Op::ListRecords(whole.clone()), Op::ListKeys(whole), Op::Metadata] {
                    self.on_collection(through, called, Age::Newest, &op)?;
                }
            }
            Culprit::Noise => {
                self.blame(seen);
                let noise = Some("Some(Bytes::from_static(b\"noise\"))".to_owned());
                self.script.equals("beside.get_record(\"app\")", ".map(|record| record.value)", noise);
            }
        }
        Ok(())
    }

    fn now(&self) -> Span {
        let now = self.time.now();
        Span { sent: now, acked: now }
    }

    fn key(&self, id: KeyId) -> String {
        format!("{:?}", self.program.keys[id])
    }

    /// A further handle; the collection is made where there is none.
    fn open(&mut self, through: Through, called: Called) -> Result<(), Failure> {
        let (client, number) = match through {
            Through::First => ("client", "first"),
            Through::Second => ("again", "second"),
        };
        let (kind, label, spelled) = match called {
            Called::Name => {
                ("name", StoreLabel::Name(StoreName::new("regression-app")?), "StoreName::new(\"regression-app\")?")
            }
            Called::Alias => {
                ("alias", StoreLabel::Alias(StoreAlias::new("regression-app")?), "StoreAlias::new(\"regression-app\")?")
            }
            Called::LongerName => (
                "longer",
                StoreLabel::Name(StoreName::new("regression-app-le")?),
                "StoreName::new(\"regression-app-le\")?",
            ),
        };
        let named = self.named.entry((through, called)).or_default();
        *named += 1;
        let suffix = if *named == 1 { String::new() } else { format!("_{named}") };
        let name = format!("{number}_{kind}{suffix}");
        let there = self.current.get(&called).cloned().filter(|_| self.model.has(called));
        let id = there.as_ref().map_or_else(|| format!("made {}", self.made), |there| there.id.clone());
        self.model.open(called, self.now(), &OpenedStore::new(id.clone(), label))?;
        self.script.line(format!("let {name} = KeyValueStore::open({client}.clone(), {spelled}).await?;"));
        match (&there, self.current.get(&called)) {
            (Some(there), _) => self.script.line(format!("assert_eq!({name}.id(), {}.id());", there.name)),
            (None, Some(dropped)) => self.script.line(format!("assert_ne!({name}.id(), {}.id());", dropped.name)),
            (None, None) => {}
        }
        self.made += usize::from(there.is_none());
        let handle = Handle { name, id };
        self.current.insert(called, handle.clone());
        self.handles.entry((through, called)).or_default().push(handle);
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let Step { through, collection: called, age, .. } = *step;
        match &step.op {
            Op::Pass(duration) => {
                self.time.pass(*duration).await;
                self.script.line(match self.clock {
                    Clock::Manual => format!(
                        "// clock.advance({}); // the manual clock that the client was made with",
                        millis(*duration)
                    ),
                    Clock::Wall => format!("tokio::time::sleep({}).await;", millis(*duration)),
                });
                Ok(())
            }
            Op::Open => self.open(through, called),
            Op::Reopen => {
                self.script
                    .line("// Close the client, and open the same data again as what is called so from here on.");
                self.handles.clear();
                self.open_all()
            }
            op => self.on_collection(through, called, age, op),
        }
    }

    fn on_collection(&mut self, through: Through, called: Called, age: Age, op: &Op) -> Result<(), Failure> {
        let handles = self.handles.get(&(through, called));
        let handle = match age {
            Age::Newest => handles.and_then(|handles| handles.last()),
            Age::Oldest => handles.and_then(|handles| handles.first()),
        };
        let handle = handle.cloned().ok_or_else(|| Failure::new("a step has no handle"))?;
        let call = self.call(&handle.name, op)?;
        if let Op::Refused(bad) = op {
            let kind = match bad {
                BadInput::EmptyKey | BadInput::LongKey => ErrorKind::InvalidKey,
                BadInput::UnknownId => ErrorKind::NotFound,
            };
            self.script.refused(&call, kind);
            return Ok(());
        }
        let (now, clock) = (self.now(), self.clock);
        let Some(collection) = self.model.with_id(called, &handle.id) else {
            self.script
                .refused(&call, if matches!(op, Op::OpenById) { ErrorKind::NotFound } else { ErrorKind::Dropped });
            return Ok(());
        };
        let mut asked = Asked { program: self.program, script: &mut self.script, collection, now, clock };
        asked.promise(&handle.name, &call, op)?;
        if let Op::Drop = op {
            self.model.drop(called);
        }
        Ok(())
    }

    fn call(&self, handle: &str, op: &Op) -> Result<String, Failure> {
        let key = |id: &KeyId| self.key(*id);
        Ok(match op {
            Op::OpenById => {
                format!("KeyValueStore::open({handle}.client().clone(), StoreSelector::Id({handle}.id().to_owned()))")
            }
            Op::Get(id) => format!("{handle}.get_record({})", key(id)),
            Op::Set(id, content_type, value) => format!(
                "{handle}.set_record({}, ContentType::as_stored({:?}), Bytes::from_static({}))",
                key(id),
                content_type.as_str(),
                literal(value)
            ),
            Op::Has(id) => format!("{handle}.record_exists({})", key(id)),
            Op::Delete(id) => format!("{handle}.delete_value({})", key(id)),
            Op::ListKeys(page) => format!("{handle}.list_keys({})", self.options(page)),
            Op::ListRecords(page) => format!("{handle}.list_records({})", self.options(page)),
            Op::Metadata => format!("{handle}.metadata()"),
            Op::Purge => format!("{handle}.purge()"),
            Op::Drop => format!("{handle}.drop()"),
            Op::Refused(BadInput::EmptyKey) => format!("{handle}.get_record(\"\")"),
            Op::Refused(BadInput::LongKey) => format!("{handle}.delete_value(&\"k\".repeat({}))", Key::MAX_BYTES + 1),
            Op::Refused(BadInput::UnknownId) => format!(
                "KeyValueStore::open({handle}.client().clone(), StoreSelector::Id(\"nobody has this id\".to_owned()))"
            ),
            Op::Open | Op::Pass(_) | Op::Reopen => {
                return Err(Failure::new(format!("no call on a handle: {}", op.name())));
            }
        })
    }

    fn options(&self, page: &Page) -> String {
        let behind =
            page.behind.map(|id| format!(".with_exclusive_start_key(store_core::KeyBuf::new({})?)", self.key(id)));
        let limit = page.limit.map(|limit| format!(".with_limit({limit})"));
        format!("store_core::RecordPageOptions::default(){}{}", behind.unwrap_or_default(), limit.unwrap_or_default())
    }
}

/// A call on a collection that is there.
struct Asked<'a, 'b> {
    program: &'a Program,
    script: &'a mut Script,
    collection: &'a mut Collection<'b>,
    now: Span,
    clock: Clock,
}

impl Asked<'_, '_> {
    fn promise(&mut self, handle: &str, call: &str, op: &Op) -> Result<(), Failure> {
        let (now, keys) = (self.now, &self.program.keys);
        let record = |id: &KeyId| self.collection.record(&keys[*id]).cloned();
        match op {
            Op::Get(id) => {
                let promised = record(id);
                self.collection.get(now, &keys[*id], promised.as_ref())?;
                let view = ".map(|record| (record.content_type.to_string(), record.value))";
                self.script.equals(call, view, Some(read(promised.as_ref())));
            }
            Op::Set(id, content_type, value) => {
                self.script.line(format!("{call}.await?;"));
                let record = Record::new(KeyBuf::new(keys[*id].as_str())?, content_type.clone(), value.clone());
                self.collection.set(now, record);
            }
            Op::Has(id) => {
                let promised = record(id).is_some();
                self.collection.has(now, &keys[*id], promised)?;
                self.script.is(call, "", Some(promised));
            }
            Op::Delete(id) => {
                let promised = record(id).is_some();
                self.collection.delete(now, &keys[*id], promised)?;
                self.script.is(call, "", Some(promised));
            }
            Op::OpenById => {
                self.collection.is_read(now);
                self.script.line(format!("assert_eq!({call}.await?.id(), {handle}.id());"));
            }
            Op::Metadata => self.metadata(handle, call),
            Op::Purge => {
                self.collection.purge(now);
                self.script.line(format!("{call}.await?;"));
            }
            Op::ListKeys(page) => {
                let shown = "item.key.as_str(), item.content_type.as_str(), item.size";
                let promised = |record: &Record| format!("{}", record.value.len());
                self.list(call, page, shown, ("0", &promised));
            }
            Op::ListRecords(page) => {
                let shown = "item.key.as_str(), item.content_type.as_str(), &item.value[..]";
                let promised = |record: &Record| format!("&{}[..]", literal(&record.value));
                self.list(call, page, shown, ("&b\"\"[..]", &promised));
            }
            _ => self.script.line(format!("{call}.await?;")),
        }
        Ok(())
    }

    /// The times, where a test can know them.
    fn metadata(&mut self, handle: &str, call: &str) {
        let times = self.collection.times().filter(|_| self.clock == Clock::Manual);
        self.script.line(match times {
            Some(times) => {
                let seen = "[known.created_at, known.accessed_at, known.modified_at].map(store_core::Timestamp::as_unix_millis)";
                let times = times.map(store_core::Timestamp::as_unix_millis);
                format!("assert_eq!({call}.await.map(|known| {seen})?, {times:?});")
            }
            None => format!("assert_eq!({call}.await?.id, {handle}.id());"),
        });
    }

    /// A page may end early, but not for nothing.
    fn list(&mut self, call: &str, page: &Page, shown: &str, (none, last): (&str, &dyn Fn(&Record) -> String)) {
        self.collection.is_read(self.now);
        let behind = page.behind.map(|id| self.program.keys[id].as_str());
        let rest: Vec<String> = self
            .collection
            .behind(behind)
            .map(|record| format!("({:?}, {:?}, {})", record.key.as_str(), record.content_type.as_str(), last(record)))
            .collect();
        let (count, is_asked) = (rest.len(), page.limit != Some(0));
        let rest =
            if rest.is_empty() { format!("[(\"\", \"\", {none}); 0]") } else { format!("[{}]", rest.join(", ")) };
        self.script.line(format!("let page = {call}.await?;"));
        self.script.line(format!("let listed: Vec<_> = page.items.iter().map(|item| ({shown})).collect();"));
        self.script.line(format!("assert!({rest}.starts_with(&listed), \"{{listed:?}}\");"));
        match page.limit {
            None => {}
            Some(0) => self.script.line("assert!(listed.is_empty());"),
            Some(limit) => self.script.line(format!("assert!(listed.len() <= {limit});")),
        }
        if count > 0 && is_asked {
            self.script.line("assert!(!listed.is_empty());");
            self.script.line(format!("assert_eq!(page.next_start_key.is_some(), listed.len() < {count});"));
        } else {
            self.script.line("assert_eq!(page.next_start_key, None);");
        }
    }
}

fn read(record: Option<&Record>) -> String {
    let shown = |value: &Bytes, content_type: &str| {
        format!("Some(({content_type:?}.to_owned(), Bytes::from_static({})))", literal(value))
    };
    record.map_or_else(|| "None".to_owned(), |record| shown(&record.value, record.content_type.as_str()))
}
