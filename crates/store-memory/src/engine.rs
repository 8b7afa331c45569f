//! What both handles share: the shards, their locks, the clock, and one method for each operation of the contract.
//!
//! No operation waits: a lock is held for a bounded number of steps and never across an `await`. So a future completes
//! at its first poll, `clear` and `close` apart, and can only be dropped before or after its effect. What people know as
//! locks, and may wait for, has a module of its own.
//!
//! The clock is read under the lock, in a batch under the last of its locks. So whoever gets a lock later judges by a
//! time that is no earlier. A time from before the lock may be old by then: its caller would revive an entry that
//! others have seen expire, or write one whose lifetime is over upon a newer value. Whatever only reads looks for
//! entries by `recent`, which may lag as far as the store declares: it sees an entry for so long after its expiry. All such
//! reads do, or one would see what another has seen gone. What writes goes by `now`, or lifetimes would end early; it
//! removes what it finds expired, so that no read sees that again. What remains of a lifetime is told by `now` as well.

use std::convert::Infallible;
use std::fmt;

use ahash::RandomState;
use parking_lot::{MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store_core::{
    Address, Bytes, Capabilities, Clock, DeleteOptions, Entry, Error, ExpiryRead, GetOptions, Lifetime, Remaining,
    Result, SetOptions, SetOutcome,
};
use tokio::sync::oneshot;

use crate::budget::{Budget, entry_cost, namespace_cost};
use crate::locks::Locks;
use crate::shard::{STEP, Shard, Target};
use crate::slot::Payload;

/// The longest text of a counter: `i64::MIN`.
const COUNTER_BYTES: usize = 20;

pub(crate) struct Engine {
    pub(crate) capabilities: Capabilities,
    pub(crate) clock: Box<dyn Clock>,
    /// Random for each store, so that nobody can choose keys that collide.
    pub(crate) hasher: RandomState,
    /// A power of two of them. `None` once the store is closed: the state and the data go in one step.
    pub(crate) shards: Box<[RwLock<Option<Shard>>]>,
    pub(crate) budget: Budget,
    pub(crate) locks: Locks,
    /// Dropped with the engine or by `close`; either ends the sweeper, which holds the other end.
    pub(crate) alive: Mutex<Option<oneshot::Sender<Infallible>>>,
}

impl Engine {
    pub(crate) fn get(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        let (shard, target) = self.locate(at);
        let mut freed = Vec::new();
        let found = match options.renew {
            None => {
                let shard = self.read(shard)?;
                shard.get(target, self.clock.recent())
            }
            Some(ttl) => {
                let mut shard = self.write(shard)?;
                shard.renew(target, ttl, self.clock.now(), &mut freed)
            }
        };
        Ok(found.map(|(value, expires_at)| match options.expiry {
            ExpiryRead::Skip => Entry::new(value),
            ExpiryRead::Include => Entry::new(value).with_expires_at(expires_at),
        }))
    }

    pub(crate) fn set(&self, at: Address<'_>, value: &[u8], options: &SetOptions) -> Result<SetOutcome> {
        self.budget.admit(cost(at, value.len()))?;
        let payload = Payload::new(at.key, value);
        let (shard, target) = self.locate(at);
        let mut freed = Vec::new();
        let outcome = {
            let mut shard = self.write(shard)?;
            shard.check_room(1)?;
            shard.set(target, payload, options, self.clock.now(), &mut freed)?
        };
        drop(freed);
        self.relieve(&mut [(shard, target)]);
        Ok(outcome)
    }

    pub(crate) fn delete(&self, at: Address<'_>, options: &DeleteOptions) -> Result<bool> {
        let (shard, target) = self.locate(at);
        let mut freed = Vec::new();
        let mut shard = self.write(shard)?;
        Ok(shard.delete(target, options.if_value.as_deref(), self.clock.now(), &mut freed))
    }

    pub(crate) fn expire(&self, at: Address<'_>, lifetime: Lifetime) -> Result<bool> {
        let (shard, target) = self.locate(at);
        let mut freed = Vec::new();
        let mut shard = self.write(shard)?;
        Ok(shard.expire(target, lifetime, self.clock.now(), &mut freed))
    }

    pub(crate) fn take(&self, at: Address<'_>) -> Result<Option<Bytes>> {
        let (shard, target) = self.locate(at);
        let mut freed = Vec::new();
        let taken = {
            let mut shard = self.write(shard)?;
            shard.take(target, self.clock.now(), &mut freed)
        };
        Ok(taken.map(|payload| payload.share()))
    }

    pub(crate) fn exists(&self, at: Address<'_>) -> Result<bool> {
        let (shard, target) = self.locate(at);
        let shard = self.read(shard)?;
        Ok(shard.expires_at(target, self.clock.recent()).is_some())
    }

    pub(crate) fn remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        let (shard, target) = self.locate(at);
        let shard = self.read(shard)?;
        let found = shard.expires_at(target, self.clock.recent());
        Ok(found.map(|expires_at| expires_at.remaining(self.clock.now())))
    }

    pub(crate) fn add(&self, at: Address<'_>, delta: i64, on_create: Lifetime) -> Result<i64> {
        self.budget.admit(cost(at, COUNTER_BYTES))?;
        let (shard, target) = self.locate(at);
        let mut freed = Vec::new();
        let sum = {
            let mut shard = self.write(shard)?;
            shard.check_room(1)?;
            shard.add(target, delta, on_create, self.clock.now(), &mut freed)?
        };
        drop(freed);
        self.relieve(&mut [(shard, target)]);
        Ok(sum)
    }

    pub(crate) fn ping(&self) -> Result<()> {
        self.read(0).map(drop)
    }

    /// Empties the shards first, which is quick, and frees their data afterwards, a shard at a time.
    pub(crate) async fn close(&self) {
        self.alive.lock().take();
        self.locks.close();
        let data: Vec<_> = self.shards.iter().map(|shard| shard.write().take()).collect();
        for shard in data {
            drop(shard);
            tokio::task::yield_now().await;
        }
    }

    /// What all entries cost.
    pub(crate) fn bytes(&self) -> usize {
        self.sum(Shard::bytes)
    }

    fn sum(&self, of: impl Fn(&Shard) -> usize) -> usize {
        self.shards.iter().filter_map(|shard| shard.read().as_ref().map(&of)).sum()
    }

    /// Removes up to [`STEP`] expired entries of the first shard from this one on that has any, and returns that shard,
    /// where the next step goes on; behind the last shard come the locks. `None` when nothing has expired, or the store is closed.
    pub(crate) fn sweep(&self, from: usize) -> Option<usize> {
        // Before any lock: what had expired then has expired still, and nobody is told anything.
        let now = self.clock.now();
        for shard in from..self.shards.len() {
            if self.read(shard).ok()?.has_expired(now) {
                let mut freed = Vec::new();
                self.write(shard).ok()?.free_expired(now, STEP, &mut freed);
                return Some(shard);
            }
        }
        self.locks.free_expired(now, STEP).then_some(self.shards.len())
    }

    /// Evicts until the limit is kept: from the shard that was written first, which is at hand, and from the others in
    /// turn. What was just written stays, unless another writer evicts it.
    ///
    /// Each writer makes up for its own excess, and a step removes as many entries as it has to mark: so the work is in
    /// proportion to what was written and what has to go for it.
    pub(crate) fn relieve(&self, written: &mut [(usize, Target<'_>)]) {
        if self.budget.excess() == 0 {
            return;
        }
        let mut shard = written.first().map_or(0, |&(shard, _)| shard);
        written.sort_unstable_by_key(|&(shard, _)| shard);
        let mut found_nothing = 0;
        while found_nothing < self.shards.len() {
            let excess = self.budget.excess();
            if excess == 0 {
                return;
            }
            let first = written.partition_point(|&(other, _)| other < shard);
            let end = written.partition_point(|&(other, _)| other <= shard);
            let keep: Vec<_> = written[first..end].iter().map(|&(_, target)| target).collect();
            let mut freed = Vec::new();
            // A store that was closed meanwhile has nothing left to evict.
            let Ok(mut locked) = self.write(shard) else { return };
            locked.evict(excess, &keep, self.clock.now(), &mut freed);
            drop(locked);
            found_nothing = if freed.is_empty() { found_nothing + 1 } else { 0 };
            shard = (shard + 1) % self.shards.len();
        }
    }

    /// The shard of an address, and its hash within the shard. The two use different bits.
    pub(crate) fn locate<'a>(&self, at: Address<'a>) -> (usize, Target<'a>) {
        let hash = self.hasher.hash_one((at.namespace.as_encoded(), at.key.as_str()));
        let shard = (hash >> 32) as usize & (self.shards.len() - 1);
        (shard, Target { at, hash: hash as u32 })
    }

    pub(crate) fn read(&self, shard: usize) -> Result<MappedRwLockReadGuard<'_, Shard>> {
        RwLockReadGuard::try_map(self.shards[shard].read(), Option::as_ref).map_err(|_| Error::closed())
    }

    pub(crate) fn write(&self, shard: usize) -> Result<Writing<'_>> {
        let guard = RwLockWriteGuard::try_map(self.shards[shard].write(), Option::as_mut);
        let shard = guard.map_err(|_| Error::closed())?;
        Ok(Writing { before: shard.bytes(), shard, budget: &self.budget })
    }
}

/// What an entry with this value costs at most, its namespace included.
pub(crate) fn cost(at: Address<'_>, value_len: usize) -> usize {
    namespace_cost(at.namespace) + entry_cost(at.key.as_bytes().len() + value_len)
}

/// Shows how much there is, never what.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("entries", &self.sum(Shard::len))
            .field("bytes", &self.bytes())
            .field("shards", &self.shards.len())
            .field("budget", &self.budget)
            .field("locks", &self.locks)
            .finish_non_exhaustive()
    }
}

/// A shard locked for writing, which settles with the budget when it is released, on every way out.
pub(crate) struct Writing<'a> {
    shard: MappedRwLockWriteGuard<'a, Shard>,
    before: usize,
    budget: &'a Budget,
}

impl std::ops::Deref for Writing<'_> {
    type Target = Shard;

    fn deref(&self) -> &Shard {
        &self.shard
    }
}

impl std::ops::DerefMut for Writing<'_> {
    fn deref_mut(&mut self) -> &mut Shard {
        &mut self.shard
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.budget.settle(self.before, self.shard.bytes());
    }
}

#[cfg(test)]
mod tests;
