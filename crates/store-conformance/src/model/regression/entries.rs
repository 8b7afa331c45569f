//! Programs on entries, told step by step.

use std::collections::BTreeSet;
use std::time::Duration;

use store_core::{Bytes, Capabilities, Lifetime, Listing, Namespace, Store};

use super::{Script, TO_FILL_IN, Test, literal, millis, read};
use crate::context::StoreHandle;
use crate::failure::Failure;
use crate::model::op::{BESIDE, Condition, Op, Program, Step, Through, When};
use crate::model::oracle::{Guard, Model, Place};
use crate::model::terms::Terms;
use crate::time::{Deadline, Span, Time};

/// What the driver says of itself, as far as programs depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(super) capabilities: Capabilities,
    pub(super) default: Lifetime,
    pub(super) time: Time,
}

impl Setting {
    pub(crate) fn of(store: &StoreHandle, time: &Time) -> Self {
        Self { capabilities: store.capabilities().clone(), default: store.default_lifetime(), time: time.clone() }
    }
}

/// What failed in a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Culprit {
    /// The step of this number.
    Step(usize),
    /// What was read there when all steps were done.
    Place(Through, Place),
    /// An entry outside of all that the program names.
    Noise(&'static str),
}

/// The test, called so, of a program in which this failed with this message.
///
/// # Errors
/// When the oracle contradicts itself.
pub(crate) async fn tell(
    name: &str,
    setting: &Setting,
    program: &Program,
    culprit: Culprit,
    seen: &str,
) -> Result<String, Failure> {
    let time = setting.time.rehearsed();
    let mut teller = Teller::new(setting, program, &time)?;
    teller.begin(culprit).await?;
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
    teller.end(culprit, seen);
    Ok(Test { name, script: &teller.script }.to_string())
}

/// What an operation has to find; `None` where time leaves it open.
pub(super) type Found = Option<Option<(Bytes, Deadline)>>;

pub(super) struct Teller<'a> {
    pub(super) setting: &'a Setting,
    pub(super) program: &'a Program,
    pub(super) terms: Terms<'a>,
    pub(super) paths: Vec<Namespace>,
    pub(super) model: Model<'a>,
    /// Where time left open what there is, until something is written that does not depend on it.
    doubtful: BTreeSet<Place>,
    /// The locks of which time left open who holds them.
    pub(super) doubtful_locks: BTreeSet<Place>,
    /// How many tokens of locks there were.
    pub(super) tokens: u64,
    pub(super) script: Script,
}

impl<'a> Teller<'a> {
    fn new(setting: &'a Setting, program: &'a Program, time: &'a Time) -> Result<Self, Failure> {
        let terms = Terms { time, ..Terms::new(&setting.time, setting.default) };
        let paths = program.paths().map(Namespace::try_from).collect::<Result<_, _>>()?;
        let (model, script) = (Model::new(time), Script::default());
        let (doubtful, doubtful_locks) = (BTreeSet::new(), BTreeSet::new());
        Ok(Self { setting, program, terms, paths, model, doubtful, doubtful_locks, tokens: 0, script })
    }

    /// The entries that are there before the first step, where the program has to do with them.
    async fn begin(&mut self, culprit: Culprit) -> Result<(), Failure> {
        let steps = self.steps_until(culprit);
        let goes_over_many = |step: &Step| matches!(step.op, Op::List(..) | Op::ListWhileWriting(..) | Op::Clear);
        let spaces = self.program.spaces.len();
        let is_beside = matches!(culprit, Culprit::Place(_, (space, _)) if space >= spaces);
        let mut given = vec![TO_FILL_IN.to_owned(), "let first = store.namespace(\"regression\")?;".to_owned()];
        let second = |step: &Step| step.through == Through::Second || matches!(step.op, Op::ListWhileWriting(..));
        if steps.iter().any(second) || matches!(culprit, Culprit::Place(Through::Second, _)) {
            given.push("let second = first.clone(); // or another handle on the same data".to_owned());
        }
        given.extend(Self::owners(steps.iter().map(|step| &step.op)));
        if let Culprit::Noise(key) = culprit {
            given.push("let beside = store.namespace(\"regression.neighbour\")?;".to_owned());
            self.script.line(format!("beside.set({key:?}, {key:?}).expiry(Expiry::Never).await?;"));
        }
        self.script.given = given;
        if is_beside || steps.iter().any(goes_over_many) {
            for space in spaces..self.paths.len() {
                let set = Op::Set(BESIDE, Program::VALUE_BESIDE, When::Never, Condition::Always);
                self.step(&Step { through: Through::First, space, op: set }).await?;
            }
        }
        Ok(())
    }

    fn steps_until(&self, culprit: Culprit) -> &'a [Step] {
        match culprit {
            Culprit::Step(number) => &self.program.steps[..=number],
            Culprit::Place(..) | Culprit::Noise(_) => &self.program.steps,
        }
    }

    fn blame(&mut self, seen: &str) {
        self.script.line(format!("// What failed: {}", seen.lines().next().unwrap_or_default()));
    }

    fn end(&mut self, culprit: Culprit, seen: &str) {
        match culprit {
            Culprit::Step(_) => {}
            Culprit::Place(through, place) => {
                self.blame(seen);
                self.get_with_expiry(through, place);
            }
            Culprit::Noise(key) => {
                self.blame(seen);
                let value = Bytes::from_static(key.as_bytes());
                self.script.equals(&format!("beside.get({key:?})"), ".as_deref()", Some(read(Some(&value))));
            }
        }
    }

    pub(super) fn now(&self) -> Span {
        let now = self.terms.time.now();
        Span { sent: now, acked: now }
    }

    /// The handle on a namespace.
    pub(super) fn handle(&self, through: Through, space: usize) -> String {
        let handle = match through {
            Through::First => "first",
            Through::Second => "second",
        };
        let paths: Vec<_> = self.program.paths().collect();
        match paths[space] {
            [] => handle.to_owned(),
            path => format!("{handle}.namespace({path:?})?"),
        }
    }

    pub(super) fn key(&self, id: usize) -> String {
        format!("{:?}", self.program.keys[id])
    }

    pub(super) fn found(&self, place: Place) -> Found {
        if self.doubtful.contains(&place) { None } else { self.model.promised(place, self.now()) }
    }

    /// Whether time leaves open what there is, and that it does if so.
    pub(super) fn doubt(&mut self, place: Place, is_open: bool) {
        if is_open {
            self.doubtful.insert(place);
        }
    }

    pub(super) fn settle(&mut self, place: Place) {
        self.doubtful.remove(&place);
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let (handle, space) = (self.handle(step.through, step.space), step.space);
        match &step.op {
            Op::Pass(pass) => {
                let pause = self.terms.pause(*pass, &self.model);
                self.pass(pause).await;
                Ok(())
            }
            Op::Reopen => {
                self.script.line("// Drop every handle, open the same data again, and go on with handles on that.");
                self.doubtful_locks.extend(self.model.locks_held().map(|(place, _)| place));
                Ok(())
            }
            Op::Refused(bad) => {
                self.refuse(&handle, *bad);
                Ok(())
            }
            Op::List(reach, limit) => {
                self.list(&handle, space, *reach, *limit);
                Ok(())
            }
            Op::ListWhileWriting(reach, limit, writes) => self.list_while_writing(step, *reach, *limit, writes),
            Op::Clear => self.clear(&handle, space),
            Op::Lock(id, owner, call) => self.on_lock(&handle, (space, *id), *owner, *call),
            op if op.needs_cache() => self.on_cache(&handle, space, op),
            op => self.on_store(step.through, space, op),
        }
    }

    async fn pass(&mut self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        self.terms.time.pass(pause).await;
        let pause = millis(pause);
        self.script.line(if self.setting.time.is_manual() {
            format!("// clock.advance({pause}); // the manual clock that the store was made with")
        } else {
            format!("tokio::time::sleep({pause}).await;")
        });
    }

    /// Writes, and believes that it was done.
    pub(super) fn write(
        &mut self,
        place: Place,
        value: &Bytes,
        when: When,
        (guard, stored): (&Guard, bool),
    ) -> Result<(), Failure> {
        let (_, written) = self.terms.resolve(when);
        self.model.set(place, self.now(), value.clone(), written, guard, stored)
    }

    /// An expiry, as whatever makes one.
    pub(super) fn expiry(&self, when: When) -> String {
        match when {
            When::Default => "Expiry::Default".to_owned(),
            When::Never => "Expiry::Never".to_owned(),
            When::Keep => "Expiry::Keep".to_owned(),
            When::In(ttl) => millis(ttl.as_duration()),
            When::Past => "SystemTime::UNIX_EPOCH".to_owned(),
            When::At(later) if self.setting.time.is_manual() => {
                let time = self.terms.time.timestamp_in(later).as_unix_millis();
                format!("SystemTime::UNIX_EPOCH + Duration::from_millis({time})")
            }
            When::At(later) => format!("SystemTime::now() + {}", millis(later)),
        }
    }

    /// The setter of an expiry; nothing where a write needs none.
    pub(super) fn setter(&self, name: &str, when: When) -> String {
        if when == When::Default { String::new() } else { format!(".{name}({})", self.expiry(when)) }
    }

    pub(super) fn written(&self, id: usize, value: &Bytes) -> String {
        format!("{}, {}", self.key(id), literal(value))
    }

    pub(super) fn can_list(&self) -> bool {
        self.setting.capabilities.listing != Listing::None
    }
}
