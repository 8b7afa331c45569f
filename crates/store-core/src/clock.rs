//! What time it is. The only place that reads the system's clocks.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::expiry::Timestamp;

/// A source of time for drivers that judge expiry themselves. Redis uses the server's clock instead.
///
/// An implementation never goes back, and reading it neither blocks, fails, nor uses a store: drivers rely on all of it,
/// and may read it under a lock.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The last whole millisecond that was reached.
    fn now(&self) -> Timestamp;
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
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// The start of 2020: a time that looks like one, the same in every run.
    const START_MILLIS: u64 = 1_577_836_800_000;

    /// Starts at the beginning of 2020.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(Self::START_MILLIS)))
    }

    /// Starts at the last whole millisecond that `time` has reached.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self(Arc::new(AtomicU64::new(Timestamp::reached_at(time).as_unix_millis())))
    }

    /// Moves on by `duration`, rounded up to a whole millisecond, at most to [`Timestamp::MAX`].
    pub fn advance(&self, duration: Duration) {
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |millis| {
            Timestamp::from_unix_millis(millis).map(|now| now.saturating_add(duration).as_unix_millis())
        });
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
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
    fn system_clock_does_not_go_back() {
        let clock = SystemClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
