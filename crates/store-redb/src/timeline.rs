//! When a read that waits for nobody takes place.
//!
//! Steps judge expiry when they run, and what they did is seen when their transaction is committed, which takes as long
//! as the disk. A read between the two sees neither their effect nor waits for it. Mostly that is right: it took place
//! before them. It is wrong where time tells otherwise:
//!
//! - An entry expires between a step that found it alive, and may have renewed it, and the read. The read must not say
//!   that it is gone, for the step says later that it was not. So the read knows since when a transaction has been under
//!   way, and what has expired since then makes it *unsettled*: it is asked again, behind that transaction.
//! - A read that took the time and then a snapshot with what was written after it would see, side by side, an entry as
//!   it was then and one as it is now. So the two are taken again if a commit has begun between them.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use store_core::{Clock, ExpiresAt, Timestamp};

#[derive(Debug)]
pub(crate) struct Timeline {
    /// How many commits have begun.
    commits: AtomicU64,
    /// No step of the transaction under way has judged by an earlier time, in milliseconds; [`NOTHING`] where none is.
    under_way_since: AtomicU64,
}

const NOTHING: u64 = u64::MAX;

impl Timeline {
    pub(crate) fn new() -> Self {
        Self { commits: AtomicU64::new(0), under_way_since: AtomicU64::new(NOTHING) }
    }

    /// For the one who writes: begins a transaction, which ends when the answer is dropped.
    pub(crate) fn begin(&self, clock: &dyn Clock) -> UnderWay<'_> {
        // Before the clock is read: whoever sees nothing under way has read it earlier.
        self.under_way_since.store(0, Ordering::SeqCst);
        self.under_way_since.store(clock.now().as_unix_millis(), Ordering::SeqCst);
        UnderWay(self)
    }

    #[cfg(test)]
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// For those who read: a snapshot, and the moment that it shows.
    pub(crate) fn look<S, E>(&self, clock: &dyn Clock, snapshot: impl Fn() -> Result<S, E>) -> Result<(S, Moment), E> {
        loop {
            let commits = self.commits.load(Ordering::SeqCst);
            let now = clock.now();
            let settled_until = self.under_way_since.load(Ordering::SeqCst);
            let snapshot = snapshot()?;
            if self.commits.load(Ordering::SeqCst) == commits {
                return Ok((snapshot, Moment { now, settled_until, is_unsettled: Cell::new(false) }));
            }
        }
    }
}

/// The transaction that is under way.
#[derive(Debug)]
pub(crate) struct UnderWay<'a>(&'a Timeline);

impl UnderWay<'_> {
    /// To be called before it is committed.
    pub(crate) fn is_committed_now(&self) {
        self.0.commits.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way_since.store(NOTHING, Ordering::SeqCst);
    }
}

/// The time by which what is read is judged.
#[derive(Debug)]
pub(crate) struct Moment {
    now: Timestamp,
    settled_until: u64,
    is_unsettled: Cell<bool>,
}

impl Moment {
    /// That of a step, behind which nothing is under way.
    pub(crate) fn of_step(now: Timestamp) -> Self {
        Self { now, settled_until: NOTHING, is_unsettled: Cell::new(false) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether what has this expiry is gone.
    pub(crate) fn is_past(&self, expires_at: ExpiresAt) -> bool {
        if let ExpiresAt::At(time) = expires_at
            && time <= self.now
            && time.as_unix_millis() > self.settled_until
        {
            self.is_unsettled.set(true);
        }
        expires_at.is_past(self.now)
    }

    /// Whether an answer depends on what the transaction under way makes of something that has just expired.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_unsettled.get()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use store_core::ManualClock;

    use super::*;

    fn look(timeline: &Timeline, clock: &ManualClock) -> Moment {
        timeline.look(clock, || Ok::<(), Infallible>(())).unwrap().1
    }

    #[test]
    fn what_expired_since_the_transaction_under_way_began_is_unsettled() {
        let (clock, timeline) = (ManualClock::new(), Timeline::new());
        let began = clock.now();
        let under_way = timeline.begin(&clock);
        let millis = |count| began.saturating_add(Duration::from_millis(count));
        clock.advance(Duration::from_millis(2));
        for (expires_at, is_past, is_unsettled) in [
            (ExpiresAt::Never, false, false),
            (ExpiresAt::At(began), true, false),
            (ExpiresAt::At(millis(3)), false, false),
        ] {
            let moment = look(&timeline, &clock);
            assert_eq!((moment.is_past(expires_at), moment.is_unsettled()), (is_past, is_unsettled), "{expires_at:?}");
        }
        for expiry in [1, 2] {
            let moment = look(&timeline, &clock);
            assert_eq!((moment.is_past(ExpiresAt::At(millis(expiry))), moment.is_unsettled()), (true, true));
        }
        drop(under_way);
        let moment = look(&timeline, &clock);
        assert_eq!((moment.is_past(ExpiresAt::At(millis(1))), moment.is_unsettled()), (true, false));
    }

    #[test]
    fn time_and_snapshot_are_taken_again_when_a_commit_began_between_them() {
        let (clock, timeline) = (ManualClock::new(), Timeline::new());
        let looks = Cell::new(0);
        let ((), moment) = timeline
            .look(&clock, || {
                if looks.replace(looks.get() + 1) == 0 {
                    let under_way = timeline.begin(&clock);
                    clock.advance(Duration::from_millis(1));
                    under_way.is_committed_now();
                }
                Ok::<(), Infallible>(())
            })
            .unwrap();
        assert_eq!((looks.get(), moment.now()), (2, clock.now()));
    }
}
