//! Carries out a program on a driver and on the model, answer by answer.

use std::collections::BTreeSet;
use std::time::Duration;

use store_core::{
    Bytes, Capabilities, Cursor, Error, ErrorKind, Expiry, Lifetime, Listing, Namespace, SetOutcome, Store, StoreExt,
    Support,
};

use crate::context::{Handle, Scope, StoreHandle};
use crate::failure::{Failure, ensure_eq, refused_with};
use crate::harness::Reopened;
use crate::time::Time;

use super::Subject;
use super::coverage::Coverage;
use super::locking::Owners;
use super::op::{BESIDE, BadInput, Condition, KeyId, Op, Pass, Program, Step, Through, When};
use super::oracle::{Guard, Model, Place};
use super::regression::{Culprit, Setting, tell};
use super::show::Shown;
use super::terms::{Terms, guessed};

/// Runs the program and says what it covered.
pub(crate) async fn run(scope: &Scope<'_>, program: Program) -> Result<Coverage, Failure> {
    let mut run = Run::new(scope, &program)?;
    match run.carry_out().await {
        Ok(()) => {
            run.release_locks().await?;
            Ok(run.coverage)
        }
        Err((culprit, failure)) => {
            let setting = Setting::of(&scope.store_of_programs()?, scope.time());
            let told = tell(Subject::Entries.check(), &setting, &program, culprit, failure.message()).await;
            Err(match told {
                Ok(test) => failure.with_test(test),
                Err(contradiction) => failure.in_context(format_args!("  without a test to paste: {contradiction}")),
            })
        }
    }
}

/// Entries beside all that the program can name, which no step may touch. Those beside its namespaces, which a list or a
/// clear of what they lie in meets, are in the model.
pub(super) struct Noise;

impl Noise {
    const KEYS: [&'static str; 2] = ["app", "a"];

    async fn make(scope: &Scope<'_>) -> Result<(), Failure> {
        let [handle, _] = scope.neighbour()?.handles()?;
        for key in Self::KEYS {
            handle.store.set(key, key).never_expires().await?;
        }
        Ok(())
    }

    async fn check(scope: &Scope<'_>) -> Result<(), (Culprit, Failure)> {
        for key in Self::KEYS {
            let read = async {
                let [handle, _] = scope.neighbour()?.handles()?;
                let seen = handle.store.get(key).await?;
                ensure_eq!(seen.as_deref(), Some(key.as_bytes()), "an entry beside the program's");
                Ok(())
            };
            read.await.map_err(|failure| (Culprit::Noise(key), failure))?;
        }
        Ok(())
    }
}

/// A program under way.
pub(super) struct Run<'a> {
    scope: &'a Scope<'a>,
    pub(super) program: &'a Program,
    pub(super) time: &'a Time,
    pub(super) capabilities: Capabilities,
    pub(super) terms: Terms<'a>,
    pub(super) model: Model<'a>,
    pub(super) coverage: Coverage,
    /// The namespaces of the program, relative to the scope.
    pub(super) paths: Vec<Namespace>,
    handles: Handles,
    pub(super) owners: Owners,
}

/// For each of two handles, one on each namespace.
type Handles = [Vec<Handle>; 2];

fn open(scope: &Scope<'_>, program: &Program) -> Result<Handles, Failure> {
    let [first, second] = scope.handles()?;
    let at_all = |handle: &Handle| program.paths().map(|path| handle.at(path)).collect::<Result<Vec<_>, _>>();
    Ok([at_all(&first)?, at_all(&second)?])
}

impl<'a> Run<'a> {
    fn new(scope: &'a Scope<'_>, program: &'a Program) -> Result<Self, Failure> {
        let store = scope.store_of_programs()?;
        Ok(Self {
            scope,
            program,
            time: scope.time(),
            capabilities: store.capabilities().clone(),
            terms: Terms::new(scope.time(), store.default_lifetime()),
            model: Model::new(scope.time()),
            coverage: Coverage::default(),
            paths: program.paths().map(Namespace::try_from).collect::<Result<_, _>>()?,
            handles: open(scope, program)?,
            owners: Owners::new(),
        })
    }

    /// From the first step to a last look at everything; what failed, if anything did.
    async fn carry_out(&mut self) -> Result<(), (Culprit, Failure)> {
        let before = |failure| (Culprit::Step(0), failure);
        Noise::make(self.scope).await.map_err(before)?;
        self.write_beside().await.map_err(before)?;
        let (program, steps) = (self.program, self.program.steps.len());
        for (number, step) in program.steps.iter().enumerate() {
            self.step(step).await.map_err(|failure| {
                let shown = Shown { program, step };
                let failure = failure.in_context(format_args!("  in step {} of {steps}: {shown}", number + 1));
                (Culprit::Step(number), failure)
            })?;
        }
        self.compare_all().await?;
        Noise::check(self.scope).await?;
        self.coverage.cases = 1;
        self.coverage.add("passed_expiry", self.model.passed_expiries);
        Ok(())
    }

    /// Puts an entry into each namespace that the steps leave alone.
    async fn write_beside(&mut self) -> Result<(), Failure> {
        for space in self.program.spaces.len()..self.paths.len() {
            let handle = self.handle(Through::First, space).clone();
            let (value, when) = (Program::VALUE_BESIDE, When::Never);
            self.set(&handle.store, (space, BESIDE), &value, when, &Condition::Always).await?;
        }
        Ok(())
    }

    /// The handle on a namespace of the program.
    pub(super) fn handle(&self, through: Through, space: usize) -> &Handle {
        &self.handles[through as usize][space]
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        if let Op::Reopen = step.op {
            return self.reopen().await;
        }
        self.coverage.operations += 1;
        self.coverage.count(step.op.name());
        if let Some(keys) = step.op.batch() {
            self.count_batch(&keys);
        }
        if step.through == Through::Second {
            self.coverage.count("second_handle");
        }
        let Handle { store, cache } = self.handle(step.through, step.space).clone();
        match (&step.op, cache) {
            (Op::Pass(pass), _) => self.pass(*pass).await,
            (Op::Refused(bad), _) => {
                refuse(&store, *bad).await?;
                self.coverage.count("refusal");
            }
            (Op::List(reach, limit), _) => self.list(&store, step.space, *reach, *limit).await?,
            (Op::ListWhileWriting(reach, limit, writes), _) => {
                self.list_while_writing(step.through, step.space, (*reach, *limit), writes).await?;
            }
            (Op::Clear, _) => self.clear(&store, step.space).await?,
            (Op::Lock(id, owner, call), _) => self.lock_step(&store, (step.space, *id), *owner, *call).await?,
            (op, Some(cache)) if op.needs_cache() => self.cache_step(&cache, step.space, op).await?,
            (op, _) => self.store_step(&store, step.space, op).await?,
        }
        Ok(())
    }

    /// Lets go of every handle, so that there is none when the data is opened again.
    async fn reopen(&mut self) -> Result<(), Failure> {
        self.handles = Handles::default();
        if self.scope.reopen().await? == Reopened::Done {
            self.coverage.operations += 1;
            self.coverage.count(Op::Reopen.name());
            self.model.doubt_locks(self.time.now());
        }
        self.handles = open(self.scope, self.program)?;
        Ok(())
    }

    fn count_batch(&mut self, keys: &[KeyId]) {
        self.coverage.count("batch");
        if keys.is_empty() {
            self.coverage.count("empty_batch");
        }
        if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
            self.coverage.count("batch_with_duplicates");
        }
    }

    async fn pass(&self, pass: Pass) {
        self.time.pass(self.terms.pause(pass, &self.model)).await;
    }

    async fn store_step(&mut self, store: &StoreHandle, space: usize, op: &Op) -> Result<(), Failure> {
        match op {
            Op::Get(id) => {
                let (answer, during) = self.time.measure(store.get(self.key(*id))).await;
                self.model.get((space, *id), during, answer?.as_ref())
            }
            Op::GetWithExpiry(id) => {
                let (answer, during) = self.time.measure(store.get(self.key(*id)).with_expiry()).await;
                self.model.get_with_expiry((space, *id), during, answer?.as_ref())
            }
            Op::Renew(id, ttl) => {
                let call = store.get(self.key(*id)).renew(ttl.as_duration());
                let (answer, during) = self.time.measure(call).await;
                let Some(answer) = declared(self.capabilities.renewal, answer)? else { return Ok(()) };
                self.model.renew((space, *id), during, Lifetime::In(*ttl), answer.as_ref())
            }
            Op::Set(id, value, when, condition) => self.set(store, (space, *id), value, *when, condition).await,
            Op::Delete(id) => {
                let (removed, during) = self.time.measure(store.delete(self.key(*id))).await;
                self.model.delete((space, *id), during, &Guard::Always, removed?)
            }
            Op::DeleteIf(id, guess) => {
                let expected = guessed(&self.model, (space, *id), guess);
                let call = store.delete(self.key(*id)).if_value(expected.clone());
                let (removed, during) = self.time.measure(call).await;
                let Some(removed) = declared(self.capabilities.value_conditions, removed)? else { return Ok(()) };
                self.count_refusal(!removed);
                self.model.delete((space, *id), during, &Guard::IfValue(expected), removed)
            }
            Op::Take(id) => {
                let (answer, during) = self.time.measure(store.take(self.key(*id))).await;
                let Some(answer) = declared(self.capabilities.take, answer)? else { return Ok(()) };
                self.model.take((space, *id), during, answer.as_ref())
            }
            Op::Exists(id) => {
                let (answer, during) = self.time.measure(store.exists(self.key(*id))).await;
                self.model.exists((space, *id), during, answer?)
            }
            Op::Ttl(id) => {
                let (answer, during) = self.time.measure(store.ttl(self.key(*id))).await;
                self.model.ttl((space, *id), during, answer?)
            }
            Op::Expire(id, when) => {
                let (expiry, lifetime) = self.terms.resolve_change(*when);
                let (existed, during) = self.time.measure(store.expire(self.key(*id), expiry)).await;
                self.model.expire((space, *id), during, lifetime, existed?)
            }
            other => Err(Failure::new(format!("no operation of a store: {}", other.name()))),
        }
    }

    async fn set(
        &mut self,
        store: &StoreHandle,
        at: Place,
        value: &Bytes,
        when: When,
        condition: &Condition,
    ) -> Result<(), Failure> {
        let (expiry, written) = self.terms.resolve(when);
        let call = store.set(self.key(at.1), value.clone()).expiry(expiry);
        let (guard, outcome, during) = match condition {
            Condition::Always => {
                let (done, during) = self.time.measure(call).await;
                (Guard::Always, done.map(|()| SetOutcome::Stored), during)
            }
            Condition::IfAbsent => {
                let (outcome, during) = self.time.measure(call.if_absent()).await;
                (Guard::IfAbsent, outcome, during)
            }
            Condition::IfPresent => {
                let (outcome, during) = self.time.measure(call.if_present()).await;
                (Guard::IfPresent, outcome, during)
            }
            Condition::IfValue(guess) => {
                let expected = guessed(&self.model, at, guess);
                let (outcome, during) = self.time.measure(call.if_value(expected.clone())).await;
                let Some(outcome) = declared(self.capabilities.value_conditions, outcome)? else { return Ok(()) };
                (Guard::IfValue(expected), Ok(outcome), during)
            }
        };
        let stored = outcome?.is_stored();
        self.count_refusal(!stored);
        self.model.set(at, during, value.clone(), written, &guard, stored)
    }

    /// Reads every place of the program through both handles, and those beside through one.
    async fn compare_all(&mut self) -> Result<(), (Culprit, Failure)> {
        let (spaces, keys) = (self.program.spaces.len(), self.program.keys.len());
        for place in (0..spaces).flat_map(|space| (0..keys).map(move |id| (space, id))) {
            for through in [Through::First, Through::Second] {
                self.compare(through, place).await?;
            }
        }
        for space in spaces..self.paths.len() {
            self.compare(Through::First, (space, BESIDE)).await?;
        }
        Ok(())
    }

    async fn compare(&mut self, through: Through, place: Place) -> Result<(), (Culprit, Failure)> {
        self.read(through, place).await.map_err(|failure| (Culprit::Place(through, place), failure))
    }

    async fn read(&mut self, through: Through, (space, id): Place) -> Result<(), Failure> {
        let call = self.handle(through, space).store.get(self.key(id)).with_expiry();
        let (answer, during) = self.time.measure(call).await;
        self.model.get_with_expiry((space, id), during, answer?.as_ref()).map_err(|failure| {
            let (path, key) = (&self.paths[space], self.key(id));
            failure.in_context(format_args!("  after the program, at {path:?} {key:?}"))
        })
    }

    pub(super) fn key(&self, id: KeyId) -> &'a str {
        &self.program.keys[id]
    }

    pub(super) fn keys(&self, ids: &[KeyId]) -> Vec<&'a str> {
        ids.iter().map(|&id| self.key(id)).collect()
    }

    pub(super) fn count_refusal(&mut self, refused: bool) {
        self.coverage.add("refusal", u64::from(refused));
    }
}

/// The answer of an operation that needs a capability; `None` where it is not declared and was refused for that.
pub(super) fn declared<T: std::fmt::Debug>(support: Support, answer: Result<T, Error>) -> Result<Option<T>, Failure> {
    match support {
        Support::Yes => Ok(Some(answer?)),
        Support::No => refused_with(answer, ErrorKind::Unsupported, "what is not declared").map(|_| None),
    }
}

async fn refuse(store: &StoreHandle, bad: BadInput) -> Result<(), Failure> {
    let listing = store.capabilities().listing != Listing::None;
    match bad {
        BadInput::EmptyKey => refused_with(store.get("").await, ErrorKind::InvalidKey, "an empty key"),
        BadInput::ZeroTtl => {
            refused_with(store.set("a", "").ttl(Duration::ZERO).await, ErrorKind::InvalidArgument, "a lifetime of zero")
        }
        BadInput::KeepAsChange => {
            refused_with(store.expire("a", Expiry::Keep).await, ErrorKind::InvalidArgument, "keeping as a change")
        }
        BadInput::ZeroLimit if listing => {
            refused_with(store.list().limit(0).await, ErrorKind::InvalidArgument, "a page of nothing")
        }
        BadInput::ForgedCursor if listing => {
            let forged = Cursor::new("no driver makes this");
            refused_with(store.list().after(forged).await, ErrorKind::InvalidCursor, "a forged cursor")
        }
        BadInput::ZeroLimit | BadInput::ForgedCursor => {
            refused_with(store.list().await, ErrorKind::Unsupported, "list")
        }
    }
    .map(drop)
}
