//! The model store as a store.

use std::time::Duration;

use store_core::{
    Address, Bytes, Capabilities, Clock, Condition, DeleteOptions, Entry, Error, ErrorKind, ExpireOptions, ExpiresAt,
    FencingToken, GetOptions, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Page, Remaining, Result,
    SetOptions, SetOutcome, Store, Ttl, WriteExpiry, WriteOptions, async_trait,
};
use tokio::task::yield_now;

use super::dropped::UnderWay;
use super::{Cell, DEFAULT, MILLISECOND, ModelStore, Place, RARELY, State, let_other_threads_run, shortened};
use crate::fault::Fault;

const SECOND_MILLIS: u64 = 1000;
const DAY_MILLIS: u64 = 24 * 3600 * SECOND_MILLIS;

/// What is left of a lifetime once its whole days are taken off.
fn within_a_day(left: Duration) -> Duration {
    let whole_days = left.div_duration_f64(Duration::from_millis(DAY_MILLIS)).floor();
    left.saturating_sub(Duration::from_millis(DAY_MILLIS).mul_f64(whole_days))
}

impl ModelStore {
    /// What a read finds before it renews anything.
    fn read(&self, state: &mut State, place: &Place, renews: bool) -> Option<Cell> {
        if let Some(cell) = self.remembered(place) {
            return Some(cell);
        }
        let stale = self.has(Fault::StaleReadsNowAndThen) && state.is_unlucky(RARELY);
        if let Some((_, value)) = state.previous.as_ref().filter(|(previous, _)| stale && previous == place) {
            return Some(Cell::entry(value.clone(), ExpiresAt::Never));
        }
        let forgetful = if renews { Fault::RenewRevivesExpired } else { Fault::ReadsExpired };
        let cell = self.seen(state, place, forgetful)?;
        self.remember(place.clone(), &cell);
        (!cell.value.is_empty() || !self.has(Fault::EmptyValueIsMissing)).then_some(cell)
    }

    /// The expiry of an entry after it was read with renewal.
    fn renewed(&self, before: ExpiresAt, ttl: Ttl) -> ExpiresAt {
        let now = self.clock.now();
        let is_short = matches!(before.remaining(now), Remaining::In(left) if left < MILLISECOND * 500);
        let lifetime = match self.fault {
            Fault::RenewMakesLastingExpire => Lifetime::In(ttl),
            _ if before == ExpiresAt::Never => return before,
            Fault::RenewSkipsTheLastHalfSecond if is_short => return before,
            Fault::RenewInWholeSeconds => shortened(ttl, |millis| millis / SECOND_MILLIS * SECOND_MILLIS),
            Fault::RenewForgetsDays => shortened(ttl, |millis| millis % DAY_MILLIS),
            _ => Lifetime::In(ttl),
        };
        self.lifetime(lifetime).expires_at(now)
    }

    /// Reads, and renews what it found.
    pub(super) fn look(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        if options.renew.is_some() && self.has(Fault::DeclaresRenewalWithoutIt) {
            return Err(Error::unsupported("renewal"));
        }
        let (mut state, place) = (self.open()?, self.place(at));
        let Some(mut cell) = self.read(&mut state, &place, options.renew.is_some()) else {
            if self.has(Fault::OnlyGetRemovesExpired) {
                state.cells.remove(&place);
            }
            return Ok(None);
        };
        self.check_ours(&cell)?;
        let before = cell.expires_at;
        if let Some(ttl) = options.renew {
            cell.expires_at = self.renewed(before, ttl);
            self.forget(&place);
            self.put(&mut state, at, place, cell.clone());
        }
        let told = match (self.fault, cell.expires_at) {
            (Fault::RenewTellsOldExpiry, _) => before,
            (Fault::ReportsExpiryTooLate, ExpiresAt::At(time)) => ExpiresAt::At(time.saturating_add(MILLISECOND)),
            (_, expires_at) => expires_at,
        };
        Ok(Some(Entry::new(cell.value).with_expires_at(told)))
    }

    /// Reads, and renews whatever is there later.
    async fn renew_in_two_steps(&self, at: Address<'_>, ttl: Ttl) -> Result<Option<Entry>> {
        let Some(cell) = self.live(&*self.open()?, &self.place(at)) else { return Ok(None) };
        let expires_at = self.renewed(cell.expires_at, ttl);
        yield_now().await;
        if cell.expires_at != ExpiresAt::Never {
            self.change_expiry(&mut *self.open()?, at, Lifetime::In(ttl));
        }
        Ok(Some(Entry::new(cell.value).with_expires_at(expires_at)))
    }

    /// Writes, and gives the entry its expiry later.
    async fn write_in_two_steps(&self, at: Address<'_>, value: Bytes, options: &SetOptions) -> Result<SetOutcome> {
        let first = SetOptions::new(WriteExpiry::Replace(Lifetime::Never)).with_condition(options.condition.clone());
        let outcome = self.write(&mut *self.open()?, at, value, &first);
        if let (SetOutcome::Stored, WriteExpiry::Replace(lifetime)) = (outcome, options.expiry) {
            yield_now().await;
            self.change_expiry(&mut *self.open()?, at, lifetime);
        }
        Ok(outcome)
    }

    /// Looks whether the condition holds, and writes later whether or not it still does.
    async fn look_then_write(&self, at: Address<'_>, value: Bytes, options: &SetOptions) -> Result<SetOutcome> {
        let holds = {
            let mut state = self.open()?;
            let existing = self.live(&state, &self.place(at));
            self.holds(&mut state, &options.condition, existing.as_ref())
        };
        if !holds {
            return Ok(SetOutcome::Refused);
        }
        match self.fault {
            Fault::UnlocksBeforeWritingIfAbsent => let_other_threads_run(),
            _ => yield_now().await,
        }
        Ok(self.write(&mut *self.open()?, at, value, &SetOptions::new(options.expiry)))
    }

    /// What a condition on the value presupposes.
    fn check_value_conditions(&self, at: Address<'_>) -> Result<()> {
        if self.has(Fault::DeclaresConditionsWithoutThem) {
            return Err(Error::unsupported("value_conditions"));
        }
        self.check_ours_at(at)
    }

    /// Leaves the call under way for a moment, in a store with this fault.
    async fn answer_later_where(&self, fault: Fault) {
        if self.has(fault) {
            let under_way = UnderWay::new(self, None);
            yield_now().await;
            under_way.done();
        }
    }

    /// The steps of a set, where it takes more than one.
    fn steps(&self, options: &SetOptions) -> Steps {
        match (self.fault, &options.condition) {
            (Fault::SetExpiresLater, Condition::Always) | (Fault::IfAbsentExpiresLater, Condition::IfAbsent) => {
                match options.expiry {
                    WriteExpiry::Replace(_) => Steps::WriteThenExpire,
                    _ => Steps::One,
                }
            }
            (Fault::ReadsThenWritesIfAbsent | Fault::UnlocksBeforeWritingIfAbsent, Condition::IfAbsent)
            | (Fault::ComparesThenWritesIfValue, Condition::IfValue(_)) => Steps::LookThenWrite,
            (Fault::RemovesBeforeWriting, Condition::Always) => Steps::RemoveThenWrite,
            (Fault::DroppedCallBreaksTheStore, _) => Steps::WriteThenAnswer,
            _ => Steps::One,
        }
    }
}

enum Steps {
    One,
    LookThenWrite,
    RemoveThenWrite,
    WriteThenExpire,
    WriteThenAnswer,
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
        if let (Some(ttl), Fault::RenewsInTwoSteps) = (options.renew, self.fault) {
            return self.renew_in_two_steps(at, ttl).await;
        }
        if let Some(answer) = self.open()?.dropped.take_answer() {
            return Ok(answer);
        }
        let answer = self.look(at, options)?;
        if !self.has(Fault::DroppedAnswerGoesToTheNext) {
            return Ok(answer);
        }
        let under_way = UnderWay::new(self, answer);
        yield_now().await;
        Ok(under_way.done())
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        if self.has(Fault::LongestValueIsRefused) && value.len() == self.capabilities.max_value_bytes
            || self.has(Fault::LongestKeyIsRefused) && at.key.as_str().len() == self.capabilities.max_key_bytes
            || self.has(Fault::LongestNamespaceIsRefused) && at.namespace.as_encoded().len() == Namespace::MAX_BYTES
        {
            return Err(Error::new(ErrorKind::TooLarge, "a byte too many"));
        }
        if let Condition::IfValue(_) = options.condition {
            self.check_value_conditions(at)?;
        }
        let outcome = match self.steps(&options) {
            Steps::One => self.write(&mut *self.open()?, at, value, &options),
            Steps::LookThenWrite => self.look_then_write(at, value, &options).await?,
            Steps::WriteThenExpire => self.write_in_two_steps(at, value, &options).await?,
            Steps::RemoveThenWrite => {
                self.open()?.cells.remove(&self.place(at));
                yield_now().await;
                self.write(&mut *self.open()?, at, value, &options)
            }
            Steps::WriteThenAnswer => {
                let outcome = self.write(&mut *self.open()?, at, value, &options);
                let under_way = UnderWay::new(self, None);
                yield_now().await;
                under_way.done();
                outcome
            }
        };
        self.spread(options.durability, outcome)
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        if options.if_value.is_some() {
            self.check_value_conditions(at)?;
        }
        let removed = self.remove(&mut *self.open()?, at, &options);
        self.spread(options.durability, removed)
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        if self.has(Fault::ExpireRewritesValue) {
            let place = self.place(at);
            let seen = self.live(&*self.open()?, &place);
            let Some(cell) = seen else { return Ok(false) };
            yield_now().await;
            self.put(&mut *self.open()?, at, place, cell);
        }
        let existed = self.change_expiry(&mut *self.open()?, at, options.lifetime);
        self.spread(options.durability, existed && !self.has(Fault::ExpireForgetsToReport))
    }

    async fn take_entry(&self, at: Address<'_>, options: WriteOptions) -> Result<Option<Bytes>> {
        if self.has(Fault::DeclaresTakeWithoutIt) {
            return Err(Error::unsupported("take"));
        }
        let place = self.place(at);
        let seen = self.seen(&*self.open()?, &place, Fault::TakesExpired);
        if self.has(Fault::TakesInTwoSteps) {
            yield_now().await;
        }
        let mut state = self.open()?;
        let taken =
            if self.has(Fault::TakesInTwoSteps) { seen } else { self.seen(&state, &place, Fault::TakesExpired) };
        if let Some(cell) = &taken {
            self.check_ours(cell)?;
        }
        self.forget(&place);
        if !self.has(Fault::TakeLeavesEntry) {
            state.cells.remove(&place);
        }
        self.spread(options.durability, taken.map(|cell| cell.value))
    }

    async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        let (state, place) = (self.open()?, self.place(at));
        Ok(match self.fault {
            Fault::OnlyGetRemovesExpired => state.cells.contains_key(&place),
            _ => self.seen(&state, &place, Fault::ExistsIgnoresExpiry).is_some(),
        })
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        let cell = self.live(&*self.open()?, &self.place(at));
        let remaining = cell.map(|cell| cell.expires_at.remaining(self.clock.now()));
        Ok(match (self.fault, remaining) {
            (Fault::RemainingEndsEarly, Some(Remaining::In(left))) if left == MILLISECOND => None,
            (Fault::RemainingForgetsDays, Some(Remaining::In(left))) => Some(Remaining::In(within_a_day(left))),
            (_, remaining) => remaining,
        })
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.page(namespace, &options)
    }

    async fn clear_namespace(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        if namespace.is_empty() && !self.has(Fault::ClearsWithoutNamespace) {
            return Err(Error::new(ErrorKind::ClearRefused, "clear needs a namespace"));
        }
        self.clear_subtree(namespace, options).await
    }

    async fn clear_subtree(&self, namespace: &Namespace, _options: WriteOptions) -> Result<u64> {
        let removed = self.remove_all(namespace)?;
        self.answer_later_where(Fault::DroppedClearBreaksTheStore).await;
        Ok(removed)
    }

    async fn acquire_lock(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        if self.has(Fault::DeclaresLocksWithoutThem) {
            return Err(Error::unsupported("locks"));
        }
        self.wait_for_lock(at, owner, options).await
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
        self.open().map(drop)?;
        self.answer_later_where(Fault::DroppedPingBreaksTheStore).await;
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.lock().closed = true;
        Ok(())
    }
}
