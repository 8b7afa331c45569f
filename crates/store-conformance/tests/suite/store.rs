//! A small store that keeps the whole contract, and can be told to break one promise of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store_core::{
    Address, BatchAtomicity, BatchItem, Bytes, Cache, Capabilities, Clock, Condition, CounterOptions, Cursor,
    DEFAULT_CACHE_TTL, DeleteOptions, Durability, Entry, Error, ErrorKind, ExpireOptions, ExpiresAt, FencingToken,
    GetOptions, Key, Lifetime, ListOptions, ListedKey, Listing, LockOptions, LockOwner, ManualClock, Namespace,
    Outcome, Page, Remaining, Result, Scope, SetOptions, SetOutcome, Store, Timestamp, Topology, Ttl, WriteExpiry,
    WriteOptions, async_trait, checked_counter_sum, parse_counter,
};
use tokio::task::yield_now;

use crate::fault::Fault;
use crate::locks::Locks;
use crate::records::ModelRecords;

/// The lifetime that a write without an expiry gives.
const DEFAULT: Lifetime = Lifetime::In(DEFAULT_CACHE_TTL);

/// How many replicas it pretends to have.
pub(crate) const REPLICAS: u32 = 2;

const MILLISECOND: Duration = Duration::from_millis(1);

/// What each cursor begins with.
const CURSOR: &str = "behind ";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    value: Bytes,
    expires_at: ExpiresAt,
}

#[derive(Debug, Default)]
struct State {
    /// By the wire form of the namespace, then by key, so that keys come in byte order.
    cells: BTreeMap<(String, String), (Namespace, Cell)>,
    previous: Option<((String, String), Bytes)>,
    reads: u64,
    locks: Locks,
    closed: bool,
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
        Self { state: Arc::default(), clock, capabilities, fault, records: None }
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

    fn open(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed && !self.has(Fault::AnswersAfterClose) { Err(Error::closed()) } else { Ok(state) }
    }

    fn place(&self, at: Address<'_>) -> (String, String) {
        let namespace = match self.fault {
            Fault::JoinsSegmentsPlainly => at.namespace.segments().collect::<Vec<_>>().join("/"),
            _ => at.namespace.to_string(),
        };
        let key = at.key.as_str();
        let key = match self.fault {
            Fault::FoldsCase => key.to_lowercase(),
            Fault::TruncatesLongKeys => key.chars().take(1024).collect(),
            _ => key.to_owned(),
        };
        (namespace, key)
    }

    fn live(&self, state: &State, place: &(String, String)) -> Option<Cell> {
        let (_, cell) = state.cells.get(place)?;
        (!cell.expires_at.is_past(self.clock.now())).then(|| cell.clone())
    }

    fn put(&self, state: &mut State, at: Address<'_>, place: (String, String), cell: Cell) {
        state.previous = state.cells.get(&place).map(|(_, old)| (place.clone(), old.value.clone()));
        state.cells.insert(place, (at.namespace.clone(), cell));
    }

    fn lifetime(&self, lifetime: Lifetime) -> Lifetime {
        match lifetime {
            Lifetime::In(ttl) if self.has(Fault::TtlInWholeSeconds) => {
                let millis = ttl.as_millis().get() / 1000 * 1000;
                Ttl::from_millis(millis).map_or(Lifetime::At(Timestamp::EPOCH), Lifetime::In)
            }
            other => other,
        }
    }

    fn expiry(&self, expiry: WriteExpiry, existing: Option<ExpiresAt>) -> ExpiresAt {
        let now = self.clock.now();
        match expiry {
            WriteExpiry::Replace(DEFAULT) if self.has(Fault::DefaultIsForgotten) => ExpiresAt::Never,
            WriteExpiry::Replace(Lifetime::At(time)) if self.has(Fault::PastExpiryLives) && time <= now => {
                ExpiresAt::Never
            }
            WriteExpiry::Replace(lifetime) => self.lifetime(lifetime).expires_at(now),
            WriteExpiry::Keep { missing } if self.has(Fault::KeepMeansDefault) => missing.expires_at(now),
            keep => keep.expires_at(existing, now),
        }
    }

    fn holds(&self, condition: &Condition, existing: Option<&Cell>) -> bool {
        match condition {
            Condition::IfAbsent => existing.is_none(),
            Condition::IfPresent => existing.is_some() || self.has(Fault::IfPresentAlwaysStores),
            Condition::IfValue(_) if self.has(Fault::IgnoresValueConditions) => existing.is_some(),
            Condition::IfValue(value) => existing.is_some_and(|cell| cell.value == *value),
            _ => true,
        }
    }

    fn write(&self, state: &mut State, at: Address<'_>, value: Bytes, options: &SetOptions) -> SetOutcome {
        let place = self.place(at);
        let existing = self.live(state, &place);
        let kept = existing.as_ref().map(|cell| cell.expires_at);
        if !self.holds(&options.condition, existing.as_ref()) {
            if let (true, Some(mut cell)) = (self.has(Fault::RefusalTouchesLifetime), existing) {
                cell.expires_at = self.expiry(options.expiry, kept);
                self.put(state, at, place, cell);
            }
            return SetOutcome::Refused;
        }
        let mut expires_at = self.expiry(options.expiry, kept);
        if self.has(Fault::IfValueForgetsLifetime) && matches!(options.condition, Condition::IfValue(_)) {
            expires_at = ExpiresAt::Never;
        }
        let value = match existing {
            Some(old) if self.has(Fault::OverwriteKeepsOldValue) && !value.is_empty() => old.value,
            _ if self.has(Fault::TruncatesLongValues) => value.slice(..value.len().min(4096)),
            _ => value,
        };
        self.put(state, at, place, Cell { value, expires_at });
        SetOutcome::Stored
    }

    fn take_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl, seen_free: bool) -> Result<Option<FencingToken>> {
        let (mut state, now, place) = (self.open()?, self.clock.now(), self.place(at));
        let free = match self.fault {
            Fault::LockHasTwoHolders | Fault::LockIsTakenAfterALook => seen_free,
            fault => state.locks.is_free(fault, &place, owner, now),
        };
        if !free {
            return Ok(None);
        }
        if self.has(Fault::LocksAreEntries) {
            let cell = Cell { value: Bytes::from_static(b"lock"), expires_at: ExpiresAt::Never };
            self.put(&mut state, at, place.clone(), cell);
        }
        Ok(Some(state.locks.take(self.fault, &place, owner, ttl, now)))
    }

    fn remove(&self, state: &mut State, at: Address<'_>, options: &DeleteOptions) -> bool {
        let place = self.place(at);
        let existing = self.live(state, &place);
        let any_value = self.has(Fault::DeleteIgnoresValue);
        let wanted = |cell: &Cell| any_value || options.if_value.as_ref().is_none_or(|value| cell.value == *value);
        let removed = existing.as_ref().is_some_and(wanted);
        if removed {
            state.cells.remove(&place);
        }
        removed || self.has(Fault::DeleteAlwaysTrue) && options.if_value.is_none()
    }

    fn change_expiry(&self, state: &mut State, at: Address<'_>, lifetime: Lifetime) -> bool {
        let place = self.place(at);
        let Some(mut cell) = self.live(state, &place) else { return false };
        cell.expires_at = self.lifetime(lifetime).expires_at(self.clock.now());
        self.put(state, at, place, cell);
        !self.has(Fault::ExpireForgetsToReport)
    }

    /// The place behind which a page starts: no character of an encoded namespace is a colon.
    fn place_of(&self, cursor: &Cursor) -> Option<(String, String)> {
        let (namespace, key) = cursor.as_str().strip_prefix(CURSOR)?.split_once(':')?;
        Some((namespace.to_owned(), key.to_owned()))
    }

    fn is_inside(&self, namespace: &Namespace, root: &Namespace, scope: Scope) -> bool {
        match scope {
            Scope::Namespace => namespace == root,
            Scope::Subtree => namespace.is_within(root),
        }
    }
}

#[async_trait]
impl Store for ModelStore {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn default_lifetime(&self) -> Lifetime {
        DEFAULT
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        let mut state = self.open()?;
        let place = self.place(at);
        state.reads += 1;
        if self.has(Fault::OnlyGetRemovesExpired) && self.live(&state, &place).is_none() {
            state.cells.remove(&place);
        }
        if self.has(Fault::StaleReadsNowAndThen)
            && state.reads % 50 == 0
            && let Some((previous, value)) = &state.previous
            && *previous == place
        {
            return Ok(Some(Entry::new(value.clone()).with_expires_at(ExpiresAt::Never)));
        }
        let found = match self.fault {
            Fault::ReadsExpired => state.cells.get(&place).map(|(_, cell)| cell.clone()),
            _ => self.live(&state, &place),
        };
        let Some(mut cell) = found else { return Ok(None) };
        let before = cell.expires_at;
        if let Some(ttl) = options.renew
            && (before != ExpiresAt::Never || self.has(Fault::RenewMakesLastingExpire))
        {
            cell.expires_at = self.lifetime(Lifetime::In(ttl)).expires_at(self.clock.now());
            self.put(&mut state, at, place, cell.clone());
        }
        let told = match (self.fault, cell.expires_at) {
            (Fault::RenewTellsOldExpiry, _) => before,
            (Fault::ReportsExpiryTooLate, ExpiresAt::At(time)) => ExpiresAt::At(time.saturating_add(MILLISECOND)),
            (_, expires_at) => expires_at,
        };
        Ok(Some(Entry::new(cell.value).with_expires_at(told)))
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        let looks_first = self.has(Fault::ReadsThenWritesIfAbsent) || self.has(Fault::UnlocksBeforeWritingIfAbsent);
        if looks_first && options.condition == Condition::IfAbsent {
            if self.live(&*self.open()?, &self.place(at)).is_some() {
                return Ok(SetOutcome::Refused);
            }
            if self.has(Fault::ReadsThenWritesIfAbsent) {
                yield_now().await;
            }
            let unconditional = SetOptions::new(options.expiry);
            let outcome = self.write(&mut *self.open()?, at, value, &unconditional);
            return self.spread(options.durability, outcome);
        }
        if self.has(Fault::RemovesBeforeWriting) && options.condition == Condition::Always {
            let place = self.place(at);
            self.open()?.cells.remove(&place);
            yield_now().await;
        }
        let outcome = self.write(&mut *self.open()?, at, value, &options);
        self.spread(options.durability, outcome)
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        let removed = self.remove(&mut *self.open()?, at, &options);
        self.spread(options.durability, removed)
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        let existed = self.change_expiry(&mut *self.open()?, at, options.lifetime);
        self.spread(options.durability, existed)
    }

    async fn take_entry(&self, at: Address<'_>, options: WriteOptions) -> Result<Option<Bytes>> {
        if self.has(Fault::DeclaresTakeWithoutIt) {
            return Err(Error::unsupported("take"));
        }
        let mut state = self.open()?;
        let place = self.place(at);
        let taken = self.live(&state, &place).map(|cell| cell.value);
        if !self.has(Fault::TakeLeavesEntry) {
            state.cells.remove(&place);
        }
        self.spread(options.durability, taken)
    }

    async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        let state = self.open()?;
        let place = self.place(at);
        Ok(match self.fault {
            Fault::ExistsIgnoresExpiry | Fault::OnlyGetRemovesExpired => state.cells.contains_key(&place),
            _ => self.live(&state, &place).is_some(),
        })
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        let cell = self.live(&*self.open()?, &self.place(at));
        let remaining = cell.map(|cell| cell.expires_at.remaining(self.clock.now()));
        let ends_early = self.has(Fault::RemainingEndsEarly) && remaining == Some(Remaining::In(MILLISECOND));
        Ok(if ends_early { None } else { remaining })
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        let state = self.open()?;
        let behind = match &options.cursor {
            None => None,
            Some(cursor) => match self.place_of(cursor) {
                Some(place) => Some(place),
                None if self.has(Fault::AcceptsAnyCursor) => None,
                None => return Err(Cursor::invalid()),
            },
        };
        let now = self.clock.now();
        let inside = |space: &Namespace, cell: &Cell| {
            let living = self.has(Fault::ListsExpired) || !cell.expires_at.is_past(now);
            living && self.is_inside(space, namespace, options.scope)
        };
        let all = state.cells.iter().filter(|(_, (space, cell))| inside(space, cell));
        let rest: Vec<_> = match (behind, self.fault) {
            (Some((_, passed)), Fault::CursorCountsKeys) => all.skip(passed.parse().unwrap_or(0)).collect(),
            (Some(behind), _) => all.filter(|(place, _)| **place > behind).collect(),
            (None, _) => all.collect(),
        };
        let (now_listed, left) = rest.split_at(rest.len().min(options.limit.get()));
        let mut keys = Vec::new();
        for ((_, key), (space, _)) in now_listed {
            let relative = space.relative_to(namespace).unwrap_or_default();
            let listed = ListedKey::new(namespace.join(&relative)?, Key::new(key)?.to_buf());
            keys.extend(std::iter::repeat_n(listed, if self.has(Fault::ListRepeatsKeys) { 2 } else { 1 }));
        }
        let fewest_left = if self.has(Fault::ListSkipsLastPage) { options.limit.get() } else { 0 };
        let next = now_listed.last().filter(|_| left.len() > fewest_left).map(|((space, key), _)| match self.fault {
            Fault::CursorCountsKeys => {
                let passed = options.cursor.as_ref().and_then(|cursor| self.place_of(cursor)?.1.parse().ok());
                Cursor::new(format!("{CURSOR}0:{}", passed.unwrap_or(0) + now_listed.len()))
            }
            _ => Cursor::new(format!("{CURSOR}{space}:{key}")),
        });
        Ok(Page::new(keys, next))
    }

    async fn clear_namespace(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        if namespace.is_empty() && !self.has(Fault::ClearsWithoutNamespace) {
            return Err(Error::new(ErrorKind::ClearRefused, "clear needs a namespace"));
        }
        self.clear_subtree(namespace, options).await
    }

    async fn clear_subtree(&self, namespace: &Namespace, _options: WriteOptions) -> Result<u64> {
        if let Some(records) = self.records.as_ref().filter(|_| self.has(Fault::ClearTakesCollections)) {
            records.forget_all();
        }
        let mut state = self.open()?;
        let now = self.clock.now();
        let mut removed = 0;
        state.cells.retain(|_, (space, cell)| {
            let inside = match self.fault {
                Fault::ClearsByPrefix => space.as_encoded().starts_with(namespace.as_encoded()),
                Fault::ClearKeepsNested => space == namespace,
                _ => space.is_within(namespace),
            };
            removed += u64::from(inside && !cell.expires_at.is_past(now));
            !inside
        });
        Ok(removed)
    }

    /// Tries until the wait is over; whoever moves the clock gets a turn in between.
    async fn acquire_lock(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        let wait_ends = self.clock.now().saturating_add(options.wait);
        loop {
            let place = self.place(at);
            let seen_free = self.open()?.locks.is_free(self.fault, &place, owner, self.clock.now());
            if self.has(Fault::LockHasTwoHolders) {
                yield_now().await;
            }
            let acquired = self.take_lock(at, owner, options.ttl, seen_free)?;
            if acquired.is_some() || self.clock.now() >= wait_ends || self.has(Fault::WaitsForNoLock) {
                return Ok(acquired);
            }
            yield_now().await;
        }
    }

    async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
        Ok(self.open()?.locks.extend(self.fault, &self.place(at), owner, ttl, self.clock.now()))
    }

    async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        Ok(self.open()?.locks.release(self.fault, &self.place(at), owner, self.clock.now()))
    }

    async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        Ok(self.open()?.locks.is_held(self.fault, &self.place(at), owner, self.clock.now()))
    }

    async fn ping(&self) -> Result<()> {
        self.open().map(drop)
    }

    async fn close(&self) -> Result<()> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        Ok(())
    }
}

#[async_trait]
impl Cache for ModelStore {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        let mut answers = Vec::new();
        if self.has(Fault::BatchReadKeyByKey) {
            for &key in keys {
                answers.push(self.get_entry(Address { namespace, key }, GetOptions::default()).await?);
                yield_now().await;
            }
            return Ok(answers.into_iter().map(|entry| entry.map(|entry| entry.value)).collect());
        }
        let state = self.open()?;
        let read = |&key: &Key<'_>| {
            let place = self.place(Address { namespace, key });
            match self.fault {
                Fault::BatchReadsExpired => state.cells.get(&place).map(|(_, cell)| cell.value.clone()),
                _ => self.live(&state, &place).map(|cell| cell.value),
            }
        };
        let mut asked = keys.to_vec();
        if self.has(Fault::BatchDropsDuplicates) {
            asked.dedup();
        }
        Ok(asked.iter().map(read).collect())
    }

    async fn set_entries(
        &self,
        namespace: &Namespace,
        mut items: Vec<BatchItem<'_>>,
        options: WriteOptions,
    ) -> Result<()> {
        if self.has(Fault::FirstOfDuplicatesWins) {
            items.reverse();
        }
        if self.has(Fault::BatchAppliedKeyByKey) {
            for item in items {
                let at = Address { namespace, key: item.key };
                let _always_stored = self.write(&mut *self.open()?, at, item.value, &SetOptions::new(item.expiry));
                yield_now().await;
            }
            return Ok(());
        }
        let mut state = self.open()?;
        for item in items {
            let at = Address { namespace, key: item.key };
            let _always_stored = self.write(&mut state, at, item.value, &SetOptions::new(item.expiry));
        }
        self.spread(options.durability, ())
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        let place = self.place(at);
        let existing = self.live(&*self.open()?, &place);
        if self.has(Fault::CounterLosesIncrements) {
            yield_now().await;
        }
        let mut state = self.open()?;
        let unlocked = self.has(Fault::CounterLosesIncrements) || self.has(Fault::CounterUnlocksBeforeWriting);
        let existing = if unlocked { existing } else { self.live(&state, &place) };
        let current = existing.as_ref().map_or(Ok(0), |cell| self.number(&cell.value))?;
        let sum = checked_counter_sum(current, delta)?;
        let expires_at = match existing {
            Some(cell) if !self.has(Fault::CounterRestartsLifetime) => cell.expires_at,
            _ => options.on_create.expires_at(self.clock.now()),
        };
        let text = if self.has(Fault::CounterPadsText) { format!("{sum} ") } else { sum.to_string() };
        self.put(&mut state, at, place, Cell { value: Bytes::from(text), expires_at });
        self.spread(options.durability, sum)
    }
}

impl ModelStore {
    fn number(&self, text: &Bytes) -> Result<i64> {
        if self.has(Fault::CounterAcceptsLeadingZeros) {
            let digits = text.iter().skip_while(|&&byte| byte == b'0').copied().collect::<Vec<_>>();
            return if digits.is_empty() { Ok(0) } else { parse_counter(&digits) };
        }
        let text = if self.has(Fault::CounterPadsText) { text.trim_ascii_end() } else { &text[..] };
        parse_counter(text).map_err(|error| match self.fault {
            Fault::ErrorShowsValue => Error::new(ErrorKind::NotAnInteger, format!("not a number: {text:?}")),
            _ => error,
        })
    }
}
