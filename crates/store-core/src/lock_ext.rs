//! Locks as people ask for them, and what is promised of them.

use crate::error::Error;
use crate::expiry::Ttl;
use crate::locking::{Lock, TryLock};
use crate::store::Store;

/// The locks of every [`Store`] that declares them.
///
/// A lock has a name, which follows the rules of keys, and lies in the namespace of its store. It is held by one owner
/// until it is released or its time to live is over. A [`LockGuard`](crate::LockGuard) owns a clone of the store, so it
/// can be moved into a spawned task; a store that cannot be cloned, such as a `&dyn Store`, has no locks.
///
/// # Contract
/// * `lock_has_one_holder`: of any number of concurrent attempts to acquire a free lock one succeeds, and while it is held no attempt of another owner does.
/// * `lock_expires`: once its time to live is over a lock is free, even if no background task ever ran, and its former holder is told so by `is_held`, `extend` and `release`; before that it is held.
/// * `lock_is_its_owners`: `extend` and `release` by anyone but the holder answer false and change nothing.
/// * `extend_sets_what_remains`: `extend` sets the remaining lifetime to the ttl, shorter or longer; it never revives a lock that has expired or was released.
/// * `fencing_tokens_grow`: every new holder of a name gets a larger token than all holders before it, also after a release or an expiry.
/// * `owners_reacquire`: an owner that acquires what it holds gets it again with the same fencing token, and the remaining lifetime is the new ttl.
/// * `dropped_lock_calls_keep_the_owner`: after a future was dropped at any point its owner can repeat the call: acquire again, extend again, release again. What a dropped attempt took expires as asked.
/// * `locks_are_not_entries`: no operation on entries sees, changes or removes a lock, `list` and `clear` included, and an entry of the same name is none; locks of different namespaces are different locks.
/// * `waiting_ends`: `lock` with a wait gets a lock that becomes free meanwhile, and answers `None` when the wait is over, no sooner.
///
/// # What a lock is good for
/// A lock saves work that need not be done twice. Alone it does not make it safe: a holder that is held up longer than
/// its ttl (by a pause of the process, a slow disk, a lost packet) goes on in the belief that it still holds it. And a
/// backend that replicates asynchronously, as Redis behind Sentinel and Redis Cluster do, may forget in a failover what
/// it has acknowledged: then a second owner acquires a lock that the first still holds. Waiting for replicas makes that
/// rarer, not impossible.
///
/// Where two holders would do harm, what they work on has to tell them apart: it keeps the largest
/// [`fencing_token`](crate::LockGuard::fencing_token) that it has seen, and refuses work with a smaller one.
///
/// ```
/// use std::time::Duration;
/// use store_memory::{MemoryStore, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let store = MemoryStore::new();
/// let Some(guard) = store.try_lock("nightly-report", Duration::from_secs(30)).await? else {
///     return Ok(()); // somebody else is at it
/// };
/// // The table, not the lock, decides whose row stays: `… where fence <= $token`.
/// let token = guard.fencing_token().get();
/// # let _ = token;
/// assert!(guard.extend(Duration::from_secs(30)).await?);
/// assert!(guard.release().await?);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// ```
///
/// # Waiting
/// There is no queue: who waits longest need not be next. An error of the backend ends the wait.
pub trait LockExt: Store + Clone {
    /// Acquires a lock for `ttl`, a `Duration` or a [`Ttl`] rounded up to whole milliseconds; `None` when another holds
    /// it. One round trip.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where locks are not declared;
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a wrong ttl; those of a wrong key; any kind of
    /// transport. With an unknown outcome the lock may be held until its ttl is over; trying again
    /// [`with_owner`](TryLock::with_owner) gets it back.
    ///
    /// # Cancel safety
    /// The lock may be acquired, even a little later. Then it is held until its ttl is over, or until it is acquired
    /// again by the same owner and released.
    fn try_lock<'a, T>(&'a self, name: &'a str, ttl: T) -> TryLock<'a, Self>
    where
        T: TryInto<Ttl>,
        T::Error: Into<Error>,
    {
        TryLock::new(self, "try_lock", name, ttl.try_into().map_err(Into::into))
    }

    /// As [`try_lock`](Self::try_lock), and [`wait`](Lock::wait) says how long to wait for one that is held.
    fn lock<'a, T>(&'a self, name: &'a str, ttl: T) -> Lock<'a, Self>
    where
        T: TryInto<Ttl>,
        T::Error: Into<Error>,
    {
        Lock(TryLock::new(self, "lock", name, ttl.try_into().map_err(Into::into)))
    }
}

impl<S: Store + Clone> LockExt for S {}
