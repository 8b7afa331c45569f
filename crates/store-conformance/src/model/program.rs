//! Carries out a program on a driver and on the model, answer by answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use store_core::{
    Bytes, Capabilities, Cursor, Error, ErrorKind, Expiry, Lifetime, Listing, Namespace, SetOutcome, Store, StoreExt,
    Support, Timestamp, WriteExpiry,
};

use crate::context::{Handle, Scope, StoreHandle};
use crate::failure::{Failure, ensure, ensure_eq, refused_with};
use crate::progress::Progress;
use crate::time::Time;
use crate::walk::{Reach, walk};

use super::coverage::Coverage;
use super::op::{BadInput, Condition, Guess, KeyId, Op, Pass, Program, Step, Through, When};
use super::oracle::{Guard, Model, Place};
use super::show::Shown;

/// Runs the program and says what it covered.
pub(crate) async fn run(scope: &Scope<'_>, program: Program) -> Result<Coverage, Failure> {
    let mut run = Run::new(scope, &program)?;
    let noise = Noise::make(scope).await?;
    for (number, step) in program.steps.iter().enumerate() {
        run.step(step).await.map_err(|failure| {
            let shown = Shown { program: &program, step };
            failure.in_context(format_args!("  in step {} of {}: {shown}", number + 1, program.steps.len()))
        })?;
    }
    run.compare_all().await?;
    noise.check().await?;
    run.coverage.cases = 1;
    run.coverage.add("passed_expiry", run.model.passed_expiries);
    Ok(run.coverage)
}

/// Entries beside the program's namespaces, which no step may touch.
struct Noise(Handle);

impl Noise {
    const KEYS: [&'static str; 2] = ["app", "a"];

    async fn make(scope: &Scope<'_>) -> Result<Self, Failure> {
        let [handle, _] = scope.neighbour()?.handles()?;
        for key in Self::KEYS {
            handle.store.set(key, key).never_expires().await?;
        }
        Ok(Self(handle))
    }

    async fn check(&self) -> Result<(), Failure> {
        for key in Self::KEYS {
            ensure_eq!(self.0.store.get(key).await?.as_deref(), Some(key.as_bytes()), "an entry beside the program's");
        }
        Ok(())
    }
}

/// A program under way.
pub(super) struct Run<'a> {
    program: &'a Program,
    progress: &'a Progress,
    pub(super) time: &'a Time,
    pub(super) capabilities: Capabilities,
    default: Lifetime,
    pub(super) model: Model<'a>,
    pub(super) coverage: Coverage,
    /// The namespaces of the program, relative to the scope.
    paths: Vec<Namespace>,
    /// For each of two handles, one on each namespace.
    handles: [Vec<Handle>; 2],
}

impl<'a> Run<'a> {
    fn new(scope: &'a Scope<'_>, program: &'a Program) -> Result<Self, Failure> {
        let [first, second] = scope.handles()?;
        let at_all = |handle: &Handle| program.spaces.iter().map(|path| handle.at(path)).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            program,
            progress: &scope.progress,
            time: scope.time(),
            capabilities: first.store.capabilities().clone(),
            default: first.store.default_lifetime(),
            model: Model::new(scope.time()),
            coverage: Coverage::default(),
            paths: program.spaces.iter().map(|&path| Namespace::try_from(path)).collect::<Result<_, _>>()?,
            handles: [at_all(&first)?, at_all(&second)?],
        })
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        self.progress.note();
        self.coverage.operations += 1;
        self.coverage.count(step.op.name());
        if let Some(keys) = step.op.batch() {
            self.count_batch(&keys);
        }
        let handle = match step.through {
            Through::First => &self.handles[0][step.space],
            Through::Second => {
                self.coverage.count("second_handle");
                &self.handles[1][step.space]
            }
        };
        let (store, cache) = (handle.store.clone(), handle.cache.clone());
        match (&step.op, cache) {
            (Op::Pass(pass), _) => self.pass(*pass).await,
            (Op::Refused(bad), _) => {
                refuse(&store, *bad).await?;
                self.coverage.count("refusal");
            }
            (Op::List(reach, limit), _) => self.list(&store, step.space, *reach, *limit).await?,
            (Op::Clear, _) => self.clear(&store, step.space).await?,
            (op, Some(cache)) if op.needs_cache() => self.cache_step(&cache, step.space, op).await?,
            (op, _) => self.store_step(&store, step.space, op).await?,
        }
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
        /// How far ahead an expiry is awaited where the suite has to wait for it.
        const PATIENCE: Duration = Duration::from_millis(60);
        /// The clock ends with the year 9999, so even where it is only moved, not every lifetime is lived through.
        const MANUAL_PATIENCE: Duration = Duration::from_secs(3600);

        match pass {
            Pass::By(duration) => self.time.pass(duration).await,
            Pass::NextExpiry => {
                let now = self.time.now();
                let patience = if self.time.is_manual() { MANUAL_PATIENCE } else { PATIENCE };
                if let Some(expiry) = self.model.next_expiry(now, now.plus(patience)) {
                    self.time.pass_until(expiry).await;
                }
            }
        }
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
                let expected = self.resolve_guess((space, *id), guess);
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
                let (expiry, lifetime) = self.resolve_change(*when);
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
        let (expiry, written) = self.resolve(when);
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
                let expected = self.resolve_guess(at, guess);
                let (outcome, during) = self.time.measure(call.if_value(expected.clone())).await;
                let Some(outcome) = declared(self.capabilities.value_conditions, outcome)? else { return Ok(()) };
                (Guard::IfValue(expected), Ok(outcome), during)
            }
        };
        let stored = outcome?.is_stored();
        self.count_refusal(!stored);
        self.model.set(at, during, value.clone(), written, &guard, stored)
    }

    async fn list(&mut self, store: &StoreHandle, space: usize, reach: Reach, limit: usize) -> Result<(), Failure> {
        let listing = self.capabilities.listing;
        if listing == Listing::None {
            return refused_with(store.list().await, ErrorKind::Unsupported, "list").map(drop);
        }
        let (listed, during) = self.time.measure(walk(store, reach, limit)).await;
        let mut seen: BTreeMap<Place, usize> = BTreeMap::new();
        for (path, key) in listed? {
            let place = self.place_of(space, &path, &key)?;
            *seen.entry(place).or_default() += 1;
        }
        if listing == Listing::ByteOrder {
            ensure!(seen.values().all(|&times| times == 1), "listed an entry twice: {seen:?}");
        }
        let paths = &self.paths;
        let covers = |other: usize| match reach {
            Reach::Namespace => other == space,
            Reach::Subtree => paths[other].is_within(&paths[space]),
        };
        self.model.list(during, covers, &seen)
    }

    /// Which place of the program a listed key is, whose namespace is given relative to `space`.
    fn place_of(&self, space: usize, path: &Namespace, key: &str) -> Result<Place, Failure> {
        let path = self.paths[space].join(path)?;
        let space = self.paths.iter().position(|known| *known == path);
        let id = self.program.keys.iter().position(|known| known == key);
        space.zip(id).ok_or_else(|| Failure::new(format!("listed a key that nobody wrote: {path:?} {key:?}")))
    }

    async fn clear(&mut self, store: &StoreHandle, space: usize) -> Result<(), Failure> {
        if self.capabilities.listing == Listing::None {
            return refused_with(store.clear().await, ErrorKind::Unsupported, "clear").map(drop);
        }
        let paths = &self.paths;
        let covers = |other: usize| paths[other].is_within(&paths[space]);
        if (0..paths.len()).any(|other| other != space && covers(other)) {
            self.coverage.count("nested_clear");
        }
        let (removed, during) = self.time.measure(store.clear()).await;
        self.model.clear(during, covers, removed?)
    }

    /// Reads every place of the program through both handles.
    async fn compare_all(&mut self) -> Result<(), Failure> {
        for space in 0..self.paths.len() {
            for id in 0..self.program.keys.len() {
                for handle in 0..self.handles.len() {
                    let call = self.handles[handle][space].store.get(&self.program.keys[id]).with_expiry();
                    let (answer, during) = self.time.measure(call).await;
                    self.progress.note();
                    self.model.get_with_expiry((space, id), during, answer?.as_ref()).map_err(|failure| {
                        let (path, key) = (&self.paths[space], &self.program.keys[id]);
                        failure.in_context(format_args!("  after the program, at {path:?} {key:?}"))
                    })?;
                }
            }
        }
        Ok(())
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

    fn resolve_guess(&self, at: Place, guess: &Guess) -> Bytes {
        match guess {
            Guess::Current => self.model.value(at).unwrap_or_default(),
            Guess::Bytes(bytes) => bytes.clone(),
        }
    }

    /// The expiry that the caller gives and what becomes of the entry's.
    pub(super) fn resolve(&self, when: When) -> (Expiry, WriteExpiry) {
        if when == When::Keep {
            return (Expiry::Keep, WriteExpiry::Keep { missing: self.default });
        }
        let (expiry, lifetime) = self.resolve_change(when);
        (expiry, WriteExpiry::Replace(lifetime))
    }

    pub(super) fn resolve_change(&self, when: When) -> (Expiry, Lifetime) {
        match when {
            When::Default | When::Keep => (Expiry::Default, self.default),
            When::Never => (Expiry::Never, Lifetime::Never),
            When::In(ttl) => (Expiry::In(ttl), Lifetime::In(ttl)),
            When::At(later) => {
                let time = self.time.timestamp_in(later);
                (Expiry::At(time), Lifetime::At(time))
            }
            When::Past => (Expiry::At(Timestamp::EPOCH), Lifetime::At(Timestamp::EPOCH)),
        }
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
