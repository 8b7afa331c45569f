//! The model store as a cache.

use store_core::{
    Address, BatchItem, Bytes, Cache, Clock, CounterOptions, DeleteOptions, Error, ErrorKind, ExpiresAt, GetOptions,
    Key, Lifetime, Namespace, Result, SetOptions, WriteExpiry, WriteOptions, async_trait, checked_counter_sum,
    parse_counter,
};
use tokio::task::yield_now;

use super::{Cell, ModelStore, RARELY, State, let_other_threads_run};
use crate::fault::Fault;

#[async_trait]
impl Cache for ModelStore {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.check_length(keys.len())?;
        if self.has(Fault::BatchReadKeyByKey) {
            return self.get_one_by_one(namespace, keys).await;
        }
        let state = self.open()?;
        let read = |&key: &Key<'_>| {
            let place = self.place(Address { namespace, key });
            let cell = self.seen(&state, &place, Fault::BatchReadsExpired);
            cell.filter(|cell| self.is_ours(cell)).map(|cell| cell.value)
        };
        let mut asked = keys.to_vec();
        if self.has(Fault::BatchDropsDuplicates) {
            asked.dedup();
        }
        let answers = asked.iter().map(read);
        Ok(answers.filter(|answer| answer.is_some() || !self.has(Fault::BatchOmitsMissing)).collect())
    }

    async fn set_entries(
        &self,
        namespace: &Namespace,
        mut items: Vec<BatchItem<'_>>,
        options: WriteOptions,
    ) -> Result<()> {
        self.check_length(items.len())?;
        self.misread(&mut items);
        if self.has(Fault::BatchAppliedKeyByKey) {
            for item in items {
                self.set_item(&mut *self.open()?, namespace, item);
                yield_now().await;
            }
            return Ok(());
        }
        let mut state = self.open()?;
        items.into_iter().for_each(|item| self.set_item(&mut state, namespace, item));
        self.spread(options.durability, ())
    }

    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: WriteOptions,
    ) -> Result<Vec<bool>> {
        self.check_length(keys.len())?;
        let mut state = self.open()?;
        if keys.is_empty() && self.has(Fault::DeleteManyOfNothingRemovesAll) {
            state.cells.retain(|_, (space, _)| space != namespace);
        }
        let all = keys.iter().map(|&key| Address { namespace, key });
        let there: Vec<bool> = all.clone().map(|at| self.live(&state, &self.place(at)).is_some()).collect();
        let mut removed = Vec::with_capacity(keys.len());
        for at in all {
            if self.has(Fault::DeleteManyStopsAtMissing) && removed.last() == Some(&false) {
                removed.push(false);
                continue;
            }
            removed.push(self.remove(&mut state, at, &DeleteOptions::default()));
            if self.has(Fault::DeleteManyReachesNested) {
                state.cells.retain(|(_, key), (space, _)| key != at.key.as_str() || !space.is_within(namespace));
            }
        }
        let answers = if self.has(Fault::DeleteManyTellsTwice) { there } else { removed };
        self.spread(options.durability, answers)
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        if self.has(Fault::DeclaresCountersWithoutThem) {
            return Err(Error::unsupported("counters"));
        }
        self.check_ours_at(at)?;
        let delta = if self.has(Fault::CounterIgnoresSign) { delta.saturating_abs() } else { delta };
        let place = self.place(at);
        let seen = self.seen(&*self.open()?, &place, Fault::CounterContinuesExpired);
        match self.fault {
            Fault::CounterLosesIncrements => yield_now().await,
            Fault::CounterUnlocksBeforeWriting => let_other_threads_run(),
            _ => {}
        }
        let unlocked = self.has(Fault::CounterLosesIncrements) || self.has(Fault::CounterUnlocksBeforeWriting);
        let (sum, is_new) = {
            let mut state = self.open()?;
            let existing = if unlocked { seen } else { self.seen(&state, &place, Fault::CounterContinuesExpired) };
            (self.count(&mut state, at, existing.as_ref(), delta, options.on_create)?, existing.is_none())
        };
        if is_new && self.has(Fault::CounterExpiresLater) {
            yield_now().await;
            self.change_expiry(&mut *self.open()?, at, options.on_create);
        }
        self.spread(options.durability, sum)
    }
}

impl ModelStore {
    async fn get_one_by_one(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        let mut answers = Vec::new();
        for &key in keys {
            let entry = self.look(Address { namespace, key }, GetOptions::default())?;
            answers.push(entry.map(|entry| entry.value));
            yield_now().await;
        }
        Ok(answers)
    }

    fn check_length(&self, items: usize) -> Result<()> {
        let refused = items == 0 && self.has(Fault::EmptyBatchIsRefused);
        if refused { Err(Error::new(ErrorKind::InvalidArgument, "a batch of nothing")) } else { Ok(()) }
    }

    /// What a batch is mistaken for.
    fn misread(&self, items: &mut [BatchItem<'_>]) {
        let first = items.first().map(|item| item.expiry);
        match self.fault {
            Fault::FirstOfDuplicatesWins => items.reverse(),
            Fault::BatchDropsLifetimes => {
                items.iter_mut().for_each(|item| item.expiry = WriteExpiry::Replace(Lifetime::Never));
            }
            Fault::BatchSharesOneLifetime => {
                items.iter_mut().for_each(|item| item.expiry = first.unwrap_or(item.expiry));
            }
            _ => {}
        }
    }

    fn set_item(&self, state: &mut State, namespace: &Namespace, item: BatchItem<'_>) {
        let at = Address { namespace, key: item.key };
        let _always_stored = self.write(state, at, item.value, &SetOptions::new(item.expiry));
    }

    /// Writes the sum, and gives it.
    fn count(
        &self,
        state: &mut State,
        at: Address<'_>,
        existing: Option<&Cell>,
        delta: i64,
        on_create: Lifetime,
    ) -> Result<i64> {
        let current = existing.map_or(Ok(0), |cell| self.number(&cell.value))?;
        let sum = match self.fault {
            Fault::CounterWraps => current.wrapping_add(delta),
            _ => checked_counter_sum(current, delta)?,
        };
        let expires_at = match (existing, self.fault) {
            (Some(_), Fault::CounterRestartsLifetime) => on_create.expires_at(self.clock.now()),
            (Some(cell), _) => cell.expires_at,
            (None, Fault::CounterHasNoDefault | Fault::CounterExpiresLater) => ExpiresAt::Never,
            (None, _) => on_create.expires_at(self.clock.now()),
        };
        if self.has(Fault::LosesOneIncrementInTwoHundred) && state.is_unlucky(RARELY) {
            return Ok(sum);
        }
        let text = if self.has(Fault::CounterPadsText) { format!("{sum} ") } else { sum.to_string() };
        self.put(state, at, self.place(at), Cell::entry(Bytes::from(text), expires_at));
        state.journal.counted(self.place(at), existing);
        Ok(sum)
    }

    fn number(&self, text: &Bytes) -> Result<i64> {
        let digits = match self.fault {
            Fault::CounterPadsText => text.trim_ascii_end(),
            Fault::CounterAcceptsLeadingZeros => {
                let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
                &text[zeros.min(text.len().saturating_sub(1))..]
            }
            _ => &text[..],
        };
        parse_counter(digits).or_else(|error| match self.fault {
            Fault::CounterTakesTextForZero => Ok(0),
            Fault::ErrorShowsValue => Err(Error::new(ErrorKind::NotAnInteger, format!("not a number: {text:?}"))),
            _ => Err(error),
        })
    }
}
