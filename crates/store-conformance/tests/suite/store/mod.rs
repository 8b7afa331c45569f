//! A small store that keeps the whole contract, and can be told to break one promise of it.
//!
//! Here is what it keeps, and how an entry is found, judged and written. What the contract asks for is in `contract.rs` and
//! `cache.rs`, with a file each for what they share.

mod cache;
mod contract;
mod dropped;
mod foreign;
mod listing;
mod locks;
mod remote;
mod reopened;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store_core::{
    Address, BatchAtomicity, Bytes, Capabilities, Clock, Condition, DEFAULT_CACHE_TTL, DeleteOptions, Durability,
    Error, ErrorKind, ExpiresAt, Lifetime, Listing, ManualClock, Namespace, Outcome, Reads, Result, SetOptions,
    SetOutcome, Timestamp, Topology, Ttl, WriteExpiry,
};

use crate::fault::Fault;
use crate::records::ModelRecords;
use locks::Locks;
pub(crate) use remote::{LIMIT, Remote};

/// The lifetime that a write without an expiry gives.
const DEFAULT: Lifetime = Lifetime::In(DEFAULT_CACHE_TTL);

/// How many replicas it pretends to have.
pub(crate) const REPLICAS: u32 = 2;

const MILLISECOND: Duration = Duration::from_millis(1);

/// How often what happens rarely happens.
const RARELY: u64 = 200;
const VERY_RARELY: u64 = 1000;

/// The wire form of a namespace, and a key.
type Place = (String, String);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    value: Bytes,
    expires_at: ExpiresAt,
    origin: Origin,
}

impl Cell {
    fn entry(value: Bytes, expires_at: ExpiresAt) -> Self {
        Self { value, expires_at, origin: Origin::Ours }
    }
}

/// Who put it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Ours,
    /// Another program, and it is no entry.
    Foreign,
}

#[derive(Debug, Default)]
struct State {
    /// By the wire form of the namespace, then by key, so that keys come in byte order.
    cells: BTreeMap<Place, (Namespace, Cell)>,
    locks: Locks,
    closed: bool,
    /// What was overwritten last, for reads that come too late.
    previous: Option<(Place, Bytes)>,
    /// How many calls there were of what goes wrong now and then.
    calls: u64,
    dropped: dropped::Traces,
    /// How many entries were put and removed, for cursors that are led astray by it.
    changes: u64,
    journal: reopened::Journal,
    /// The namespaces of entries whose keys are no text, one for each.
    unreadable: Vec<Namespace>,
}

impl State {
    /// Whether this call is one of those that go wrong.
    fn is_unlucky(&mut self, one_in: u64) -> bool {
        self.calls += 1;
        self.calls.is_multiple_of(one_in)
    }
}

/// A map behind a mutex, on a clock that only tests move.
#[derive(Clone, Debug)]
pub(crate) struct ModelStore {
    state: Arc<Mutex<State>>,
    clock: ManualClock,
    capabilities: Capabilities,
    fault: Fault,
    /// What shares its backend.
    records: Option<ModelRecords>,
    /// What this handle remembers of what it read, where it is to remember anything.
    remembered: Option<Arc<Mutex<BTreeMap<Place, Cell>>>>,
}

impl ModelStore {
    pub(crate) fn new(clock: ManualClock, fault: Fault) -> Self {
        let capabilities = Capabilities::minimal("model", Topology::InProcess)
            .with_value_conditions()
            .with_renewal()
            .with_take()
            .with_counters()
            .with_batch_atomicity(BatchAtomicity::All)
            .with_snapshot_reads()
            .with_listing(Listing::ByteOrder)
            .with_locks()
            .with_replication()
            .with_max_value_bytes(64 * 1024)
            .with_max_batch_items(1000);
        Self { state: Arc::default(), clock, capabilities, fault, records: None, remembered: None }
    }

    /// The same store in one backend with these collections.
    pub(crate) fn beside(mut self, records: ModelRecords) -> Self {
        self.records = Some(records);
        self
    }

    pub(crate) fn declaring(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Another handle on the same data.
    pub(crate) fn second(&self) -> Self {
        let mut second = self.clone();
        let is_stale = self.has(Fault::SecondHandleReadsStale) || self.capabilities.reads == Reads::MayBeStale;
        second.remembered = is_stale.then(Arc::default);
        if self.has(Fault::SecondHandleDeclaresLess) {
            let less = Capabilities::minimal(self.capabilities.driver, self.capabilities.topology);
            second.capabilities = less.with_max_value_bytes(self.capabilities.max_value_bytes);
        }
        second
    }

    /// What a write answers that stands: the pretended replicas acknowledge at once, those that are not there never.
    fn spread<T>(&self, durability: Durability, answer: T) -> Result<T> {
        match durability {
            Durability::Replicated { replicas, .. }
                if replicas.get() > REPLICAS && !self.has(Fault::AcknowledgesWithoutReplicas) =>
            {
                let error = Error::new(ErrorKind::Timeout, "too few replicas acknowledged the write");
                Err(if self.has(Fault::CallsTooFewReplicasUnapplied) {
                    error.with_outcome(Outcome::NotApplied)
                } else {
                    error
                })
            }
            Durability::Replicated { .. } if self.has(Fault::FailsWithEnoughReplicas) => {
                Err(Error::new(ErrorKind::Timeout, "too few replicas acknowledged the write"))
            }
            _ => Ok(answer),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if state.dropped.is_broken() {
            return Err(Error::new(ErrorKind::Unavailable, "the connection was left in the middle of a call"));
        }
        if state.closed && !self.has(Fault::AnswersAfterClose) { Err(Error::closed()) } else { Ok(state) }
    }

    fn place(&self, at: Address<'_>) -> Place {
        let key = self.spelled(at.key.as_str());
        let joined = |between| at.namespace.segments().collect::<Vec<_>>().join(between);
        match self.fault {
            Fault::JoinsSegmentsPlainly => (joined("/"), key),
            Fault::JoinsSegmentsByUnderscore => (joined("_"), key),
            Fault::JoinsNamespaceAndKey => (String::new(), format!("{}:{key}", joined(":"))),
            _ => (at.namespace.to_string(), key),
        }
    }

    fn spelled(&self, key: &str) -> String {
        let other = match self.fault {
            Fault::FoldsCase => key.to_lowercase(),
            Fault::TruncatesLongKeys => key.chars().take(1024).collect(),
            Fault::NulEndsKeys => key.split('\0').next().unwrap_or_default().to_owned(),
            Fault::TrimsKeys => key.trim().to_owned(),
            _ => return key.to_owned(),
        };
        if other.is_empty() { key.to_owned() } else { other }
    }

    fn live(&self, state: &State, place: &Place) -> Option<Cell> {
        let last = if self.has(Fault::LosesInTheLastMillisecond) { MILLISECOND } else { Duration::ZERO };
        let (_, cell) = state.cells.get(place)?;
        (!cell.expires_at.is_past(self.clock.now().saturating_add(last))).then(|| cell.clone())
    }

    /// The entry as an operation sees it that may forget to look at its expiry.
    fn seen(&self, state: &State, place: &Place, forgetful: Fault) -> Option<Cell> {
        if !self.has(forgetful) {
            return self.live(state, place);
        }
        state.cells.get(place).map(|(_, cell)| cell.clone())
    }

    fn put(&self, state: &mut State, at: Address<'_>, place: Place, cell: Cell) {
        /// As many as a cache may hold that drops the first of them for want of room.
        const ROOM: usize = 500;

        state.changes += 1;
        state.journal.written(&place);
        state.previous = state.cells.get(&place).map(|(_, old)| (place.clone(), old.value.clone()));
        state.cells.insert(place, (at.namespace.clone(), cell));
        if self.has(Fault::EvictsWithoutSayingSo) && state.cells.len() > ROOM {
            state.cells.pop_first();
        }
    }

    fn lifetime(&self, lifetime: Lifetime) -> Lifetime {
        match lifetime {
            Lifetime::In(ttl) if self.has(Fault::TtlInWholeSeconds) => shortened(ttl, |millis| millis / 1000 * 1000),
            other => other,
        }
    }

    fn expiry(&self, expiry: WriteExpiry, existing: Option<ExpiresAt>) -> ExpiresAt {
        let now = self.clock.now();
        match expiry {
            WriteExpiry::Replace(DEFAULT) if self.has(Fault::DefaultIsForgotten) => ExpiresAt::Never,
            WriteExpiry::Replace(Lifetime::Never) if self.has(Fault::NeverMeansDefault) => DEFAULT.expires_at(now),
            WriteExpiry::Replace(Lifetime::At(time)) if self.has(Fault::PastExpiryLives) && time <= now => {
                ExpiresAt::Never
            }
            WriteExpiry::Replace(lifetime) => self.lifetime(lifetime).expires_at(now),
            WriteExpiry::Keep { missing } if self.has(Fault::KeepMeansDefault) => missing.expires_at(now),
            keep => keep.expires_at(existing, now),
        }
    }

    /// What a write finds, which depends on why it looks.
    fn found_by_write(&self, state: &State, place: &Place, options: &SetOptions) -> Option<Cell> {
        let forgetful = match (&options.condition, options.expiry) {
            (Condition::IfAbsent, _) => Fault::IfAbsentSeesExpired,
            (Condition::IfPresent, _) => Fault::IfPresentSeesExpired,
            (Condition::Always, WriteExpiry::Keep { .. }) => Fault::KeepSeesExpired,
            _ => return self.live(state, place),
        };
        self.seen(state, place, forgetful)
    }

    fn holds(&self, state: &mut State, condition: &Condition, existing: Option<&Cell>) -> bool {
        match condition {
            Condition::IfAbsent => existing.is_none(),
            Condition::IfPresent => existing.is_some() || self.has(Fault::IfPresentAlwaysStores),
            Condition::IfValue(_) if self.has(Fault::IgnoresValueConditions) => existing.is_some(),
            Condition::IfValue(value) => {
                let is_it = existing.is_some_and(|cell| cell.value == *value);
                is_it || self.has(Fault::IfValueStoresNowAndThen) && existing.is_some() && state.is_unlucky(RARELY)
            }
            _ => true,
        }
    }

    fn write(&self, state: &mut State, at: Address<'_>, value: Bytes, options: &SetOptions) -> SetOutcome {
        let place = self.place(at);
        self.forget(&place);
        let existing = self.found_by_write(state, &place, options);
        let kept = existing.as_ref().map(|cell| cell.expires_at);
        if !self.holds(state, &options.condition, existing.as_ref()) {
            if let (true, Some(mut cell)) = (self.has(Fault::RefusalTouchesLifetime), existing) {
                cell.expires_at = self.expiry(options.expiry, kept);
                self.put(state, at, place, cell);
            }
            let told = self.has(Fault::RefusalPassesForStored);
            return if told { SetOutcome::Stored } else { SetOutcome::Refused };
        }
        let mut expires_at = self.expiry(options.expiry, kept);
        if self.has(Fault::IfValueForgetsLifetime) && matches!(options.condition, Condition::IfValue(_)) {
            expires_at = ExpiresAt::Never;
        }
        if self.has(Fault::LosesOneWriteInAThousand) && state.is_unlucky(VERY_RARELY) {
            return SetOutcome::Stored;
        }
        let value = self.kept_of(state, value, existing);
        self.put(state, at, place, Cell::entry(value, expires_at));
        SetOutcome::Stored
    }

    /// What is kept of a value that is written over another.
    fn kept_of(&self, state: &mut State, value: Bytes, existing: Option<Cell>) -> Bytes {
        match (self.fault, existing) {
            (Fault::OverwriteKeepsOldValue, Some(old)) if !value.is_empty() => old.value,
            (Fault::TruncatesLongValues, _) => value.slice(..value.len().min(4096)),
            (Fault::TearsOneValueInAThousand, _) if state.is_unlucky(VERY_RARELY) => value.slice(..value.len() / 2),
            _ => value,
        }
    }

    fn remove(&self, state: &mut State, at: Address<'_>, options: &DeleteOptions) -> bool {
        let place = self.place(at);
        self.forget(&place);
        let existing = self.seen(state, &place, Fault::DeleteTellsOfExpired);
        let any_value = self.has(Fault::DeleteIgnoresValue);
        let wanted = |cell: &Cell| any_value || options.if_value.as_ref().is_none_or(|value| cell.value == *value);
        let removed = existing.as_ref().is_some_and(wanted);
        if removed && !(self.has(Fault::ForgetsOneDeleteInTwoHundred) && state.is_unlucky(RARELY)) {
            state.changes += 1;
            if let Some(gone) = state.cells.remove(&place) {
                state.journal.deleted(place, gone);
            }
        }
        removed || self.has(Fault::DeleteAlwaysTrue) && options.if_value.is_none()
    }

    /// Gives the entry, if there is one, another expiry.
    fn change_expiry(&self, state: &mut State, at: Address<'_>, lifetime: Lifetime) -> bool {
        let (place, now) = (self.place(at), self.clock.now());
        self.forget(&place);
        let Some(mut cell) = self.seen(state, &place, Fault::ExpireRevivesExpired) else { return false };
        cell.expires_at = match lifetime {
            Lifetime::At(time) if self.has(Fault::PastExpireMakesLasting) && time <= now => ExpiresAt::Never,
            lifetime => self.lifetime(lifetime).expires_at(now),
        };
        self.put(state, at, place, cell);
        true
    }

    /// What this handle read of the entry before, where it remembers such things.
    fn remembered(&self, place: &Place) -> Option<Cell> {
        let remembered = self.remembered.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(place).filter(|cell| !cell.expires_at.is_past(self.clock.now())).cloned()
    }

    fn remember(&self, place: Place, cell: &Cell) {
        if let Some(remembered) = &self.remembered {
            remembered.lock().unwrap_or_else(PoisonError::into_inner).insert(place, cell.clone());
        }
    }

    fn forget(&self, place: &Place) {
        if let Some(remembered) = &self.remembered {
            remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(place);
        }
    }
}

/// Where a lock was let go of too early, in the middle of what other threads must not see: as if much were to do there.
fn let_other_threads_run() {
    std::thread::yield_now();
}

/// A lifetime of fewer milliseconds; of none, it is over.
fn shortened(ttl: Ttl, by: impl Fn(u64) -> u64) -> Lifetime {
    Ttl::from_millis(by(ttl.as_millis().get())).map_or(Lifetime::At(Timestamp::EPOCH), Lifetime::In)
}
