//! Locks: who holds which and until when.
//!
//! They lie beside the entries behind a mutex of their own, because they are few and short-lived; a limit in bytes does
//! not count them. Nothing stays of a lock that was released or has expired but the number of the last token, which all
//! names share.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use store_core::{Address, Clock, Error, ErrorKind, FencingToken, LockOptions, LockOwner, Result, Timestamp, Ttl};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::sleep;

/// Each acquisition frees up to this many expired locks, so that they do not pile up where there is no sweeper.
const FREED_ON_THE_WAY: usize = 2;

pub(crate) struct Locks {
    /// `None` once the store is closed.
    table: Mutex<Option<Table>>,
    /// Told whenever a lock may be free sooner than whoever waits for it knows.
    changed: Notify,
}

impl Locks {
    pub(crate) fn new() -> Self {
        Self { table: Mutex::new(Some(Table::default())), changed: Notify::new() }
    }

    /// Acquires a lock, and waits for one that is held: for its release, or by the clock for its expiry.
    pub(crate) async fn acquire(
        &self,
        clock: &dyn Clock,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        let name = name(at);
        let mut wait_ends = None;
        loop {
            // Before the look, or what changes right after it would be missed.
            let changed = self.changed.notified();
            let (now, held_until) = {
                let mut table = self.open()?;
                let now = clock.now();
                match table.acquire(&name, owner, options.ttl, now) {
                    Attempt::Acquired(token) => return Ok(Some(token)),
                    Attempt::HeldAlready(token) => {
                        self.changed.notify_waiters();
                        return Ok(Some(token));
                    }
                    Attempt::HeldUntil(time) => (now, time),
                }
            };
            let wait_ends = *wait_ends.get_or_insert_with(|| now.saturating_add(options.wait));
            if now >= wait_ends {
                return Ok(None);
            }
            changed_or_reached(changed, clock, now, held_until.min(wait_ends)).await?;
        }
    }

    pub(crate) fn extend(&self, clock: &dyn Clock, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
        let extended = self.open()?.extend(&name(at), owner, ttl, clock);
        self.changed.notify_waiters();
        Ok(extended)
    }

    pub(crate) fn release(&self, clock: &dyn Clock, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        let released = self.open()?.release(&name(at), owner, clock);
        self.changed.notify_waiters();
        Ok(released)
    }

    pub(crate) fn is_held(&self, clock: &dyn Clock, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        let table = self.open()?;
        Ok(table.hold(&name(at), clock.now()).is_some_and(|hold| hold.owner == owner))
    }

    /// Forgets all locks, and lets whoever waits learn that the store is closed.
    pub(crate) fn close(&self) {
        self.table.lock().take();
        self.changed.notify_waiters();
    }

    /// Frees up to so many locks that have expired; whether there were any.
    pub(crate) fn free_expired(&self, now: Timestamp, most: usize) -> bool {
        self.table.lock().as_mut().is_some_and(|table| table.free_expired(now, most))
    }

    fn open(&self) -> Result<MappedMutexGuard<'_, Table>> {
        MutexGuard::try_map(self.table.lock(), Option::as_mut).map_err(|_| Error::closed())
    }
}

/// Shows how many there are, never which.
impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.table.lock().as_ref().map_or(0, |table| table.holds.len());
        f.debug_struct("Locks").field("held", &held).finish_non_exhaustive()
    }
}

/// What stands for a lock in the table. No character of an encoded namespace is a colon.
fn name(at: Address<'_>) -> Arc<str> {
    [at.namespace.as_encoded(), ":", at.key.as_str()].concat().into()
}

/// Waits for either; of a clock that runs by itself, with a timer.
async fn changed_or_reached(changed: Notified<'_>, clock: &dyn Clock, now: Timestamp, time: Timestamp) -> Result<()> {
    let mut reached = match clock.reached(time) {
        Some(reached) => reached,
        None => {
            Handle::try_current().map_err(|_| no_runtime())?;
            Box::pin(sleep(time.saturating_since(now)))
        }
    };
    let mut changed = pin!(changed);
    poll_fn(|context| match changed.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => reached.as_mut().poll(context),
    })
    .await;
    Ok(())
}

fn no_runtime() -> Error {
    Error::new(ErrorKind::Config, "waiting for a lock needs a tokio runtime with timers")
}

/// All locks that are held, and some that have expired.
#[derive(Default)]
struct Table {
    holds: HashMap<Arc<str>, Hold>,
    /// The names by expiry, and by token where they expire together.
    by_expiry: BTreeMap<(Timestamp, FencingToken), Arc<str>>,
    last_token: u64,
}

#[derive(Clone, Copy)]
struct Hold {
    owner: LockOwner,
    token: FencingToken,
    expires_at: Timestamp,
}

impl Hold {
    fn place(&self) -> (Timestamp, FencingToken) {
        (self.expires_at, self.token)
    }
}

enum Attempt {
    Acquired(FencingToken),
    /// By the same owner, from now on for the new lifetime.
    HeldAlready(FencingToken),
    /// By another.
    HeldUntil(Timestamp),
}

impl Table {
    fn acquire(&mut self, name: &Arc<str>, owner: LockOwner, ttl: Ttl, now: Timestamp) -> Attempt {
        self.free_expired(now, FREED_ON_THE_WAY);
        let expires_at = now.saturating_add(ttl.as_duration());
        match self.hold(name, now).copied() {
            None => {
                self.last_token += 1;
                let token = FencingToken::new(self.last_token);
                self.put(Arc::clone(name), Hold { owner, token, expires_at });
                Attempt::Acquired(token)
            }
            Some(hold) if hold.owner == owner => {
                self.put(Arc::clone(name), Hold { expires_at, ..hold });
                Attempt::HeldAlready(hold.token)
            }
            Some(hold) => Attempt::HeldUntil(hold.expires_at),
        }
    }

    fn extend(&mut self, name: &Arc<str>, owner: LockOwner, ttl: Ttl, clock: &dyn Clock) -> bool {
        let now = clock.now();
        let Some(hold) = self.hold(name, now).filter(|hold| hold.owner == owner).copied() else { return false };
        self.put(Arc::clone(name), Hold { expires_at: now.saturating_add(ttl.as_duration()), ..hold });
        true
    }

    fn release(&mut self, name: &str, owner: LockOwner, clock: &dyn Clock) -> bool {
        let held = self.hold(name, clock.now()).is_some_and(|hold| hold.owner == owner);
        if held {
            self.remove(name);
        }
        held
    }

    /// Who holds the lock, unless it has expired.
    fn hold(&self, name: &str, now: Timestamp) -> Option<&Hold> {
        self.holds.get(name).filter(|hold| now < hold.expires_at)
    }

    fn put(&mut self, name: Arc<str>, hold: Hold) {
        self.remove(&name);
        self.by_expiry.insert(hold.place(), Arc::clone(&name));
        self.holds.insert(name, hold);
    }

    fn remove(&mut self, name: &str) {
        if let Some(hold) = self.holds.remove(name) {
            self.by_expiry.remove(&hold.place());
        }
    }

    fn free_expired(&mut self, now: Timestamp, most: usize) -> bool {
        let mut freed = 0;
        while freed < most
            && let Some(first) = self.by_expiry.first_entry()
            && first.key().0 <= now
        {
            let name = first.remove();
            self.holds.remove(&name);
            freed += 1;
        }
        freed > 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use store_core::{Key, ManualClock, Namespace};

    use super::*;

    const TTL: Ttl = Ttl::MIN;

    fn at(name: &str) -> Address<'_> {
        static NONE: Namespace = Namespace::EMPTY;
        Address { namespace: &NONE, key: Key::new(name).unwrap() }
    }

    #[tokio::test]
    async fn locks_that_come_and_go_leave_nothing_behind() {
        let (locks, clock) = (Locks::new(), ManualClock::new());
        for number in 0..1000 {
            let (name, owner) = (number.to_string(), LockOwner::random());
            assert!(locks.acquire(&clock, at(&name), owner, LockOptions::new(TTL)).await.unwrap().is_some());
            if number % 3 == 0 {
                assert!(locks.release(&clock, at(&name), owner).unwrap());
            }
            clock.advance(Duration::from_millis(1));
        }
        let table = locks.open().unwrap();
        assert!(table.holds.len() <= 2, "{}", table.holds.len());
        assert_eq!(table.by_expiry.len(), table.holds.len());
    }

    #[tokio::test]
    async fn a_sweep_frees_what_nobody_asks_for_again() {
        let (locks, clock) = (Locks::new(), ManualClock::new());
        for number in 0..10 {
            let (name, owner) = (number.to_string(), LockOwner::random());
            assert!(locks.acquire(&clock, at(&name), owner, LockOptions::new(TTL)).await.unwrap().is_some());
        }
        assert!(!locks.free_expired(clock.now(), 4));
        clock.advance(Duration::from_millis(1));
        for left in [6, 2, 0] {
            assert!(locks.free_expired(clock.now(), 4));
            assert_eq!(locks.open().unwrap().holds.len(), left);
        }
    }

    #[tokio::test]
    async fn whoever_waits_learns_that_the_store_is_closed() {
        let (locks, clock) = (Locks::new(), ManualClock::new());
        let options = LockOptions::new(Ttl::MAX).with_wait(Duration::MAX);
        locks.acquire(&clock, at("k"), LockOwner::random(), options).await.unwrap();
        let mut waiting = pin!(locks.acquire(&clock, at("k"), LockOwner::random(), options));
        poll_fn(|context| {
            assert!(waiting.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        locks.close();
        assert_eq!(waiting.await.unwrap_err().kind(), ErrorKind::Closed);
    }
}
