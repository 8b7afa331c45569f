//! What time it is. The only place that reads the system's clocks.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use crate::expiry::Timestamp;

/// A source of time for drivers that judge expiry themselves. Redis uses the server's clock instead.
///
/// An implementation never goes back, and reading it neither blocks, fails, nor uses a store: drivers rely on all of it,
/// and may read it under a lock.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The last whole millisecond that was reached.
    fn now(&self) -> Timestamp;

    /// What `now` gave at most a [`lag`](Self::lag) ago, never going back, for reads, of which asking the clock is a large
    /// part. `now` itself, unless the clock has something cheaper.
    fn recent(&self) -> Timestamp {
        self.now()
    }

    /// How far `recent` may be behind: for so long after its expiry an entry may still be read. A driver that reads by
    /// `recent` declares it as its [`expiry_granularity`](crate::Capabilities::expiry_granularity).
    fn lag(&self) -> Duration {
        Duration::ZERO
    }

    /// Ends once this clock shows `time`. `None` of a clock that runs by itself, for which timers are there; one that is
    /// moved by hand has to say when, because no timer knows.
    fn reached(&self, _time: Timestamp) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        None
    }
}

/// The system's time at construction, carried on by its monotonic clock.
///
/// A step of the wall clock (NTP, an administrator, daylight saving) therefore neither revives nor ends an entry; an
/// expiry given as a point in time is compared with the time as it was known when the clock was made.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: SystemTime,
    since: Instant,
}

impl SystemClock {
    /// Starts from the system's time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is the owner of clock reads")]
    pub fn new() -> Self {
        Self { started: SystemTime::now(), since: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::reached_at(self.started + self.since.elapsed())
    }
}

/// A clock that moves only when it is told to, for tests without sleeps. Clones share the time.
///
/// It starts in 2020 unless it is told otherwise, so an expiry at a point of the system's time, which is later, is years
/// away.
///
/// ```
/// use std::time::Duration;
/// use store_core::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now().saturating_since(before), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    millis: AtomicU64,
    /// Who is to look at the clock when it has moved.
    watching: Mutex<Vec<Waker>>,
}

impl ManualClock {
    /// The start of 2020: a time that looks like one, the same in every run.
    const START_MILLIS: u64 = 1_577_836_800_000;

    /// Starts at the beginning of 2020.
    #[must_use]
    pub fn new() -> Self {
        Self::at_millis(Self::START_MILLIS)
    }

    /// Starts at the last whole millisecond that `time` has reached.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self::at_millis(Timestamp::reached_at(time).as_unix_millis())
    }

    fn at_millis(millis: u64) -> Self {
        Self(Arc::new(Hands { millis: AtomicU64::new(millis), watching: Mutex::default() }))
    }

    /// Moves on by `duration`, rounded up to a whole millisecond, at most to [`Timestamp::MAX`].
    pub fn advance(&self, duration: Duration) {
        let _ = self.0.millis.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |millis| {
            Timestamp::from_unix_millis(millis).map(|now| now.saturating_add(duration).as_unix_millis())
        });
        for waker in std::mem::take(&mut *self.0.watching.lock().unwrap_or_else(PoisonError::into_inner)) {
            waker.wake();
        }
    }

    fn poll_reached(&self, time: Timestamp, context: &mut Context<'_>) -> Poll<()> {
        // Watching begins before the look, or a move between the two would go unseen.
        let mut watching = self.0.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if !watching.iter().any(|waker| waker.will_wake(context.waker())) {
            watching.push(context.waker().clone());
        }
        if self.now() >= time { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.millis.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }

    fn reached(&self, time: Timestamp) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        Some(Box::pin(poll_fn(move |context| self.poll_reached(time, context))))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn recent(&self) -> Timestamp {
        (**self).recent()
    }

    fn lag(&self) -> Duration {
        (**self).lag()
    }

    fn reached(&self, time: Timestamp) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        (**self).reached(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_moves_only_when_told_and_never_beyond_the_end() {
        let clock = ManualClock::new();
        let other = clock.clone();
        assert_eq!(clock.now(), other.now());
        other.advance(Duration::from_micros(1));
        assert_eq!(clock.now().as_unix_millis(), ManualClock::START_MILLIS + 1);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn whoever_waits_for_a_time_is_woken_when_a_manual_clock_moves_there() {
        struct Woken(AtomicU64);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (clock, woken) = (ManualClock::new(), Arc::new(Woken(AtomicU64::new(0))));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut reached = clock.reached(clock.now().saturating_add(Duration::from_millis(2))).unwrap();
        assert!(reached.as_mut().poll(&mut context).is_pending());
        clock.advance(Duration::from_millis(1));
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(reached.as_mut().poll(&mut context).is_pending());
        clock.advance(Duration::from_millis(1));
        assert_eq!(woken.0.load(Ordering::SeqCst), 2);
        assert!(reached.as_mut().poll(&mut context).is_ready());
        assert!(SystemClock::new().reached(Timestamp::MAX).is_none());
    }

    #[test]
    fn system_clock_does_not_go_back() {
        let clock = SystemClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
