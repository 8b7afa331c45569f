//! A clock whose plain reads cost next to nothing.

use std::time::Duration;

use store_core::{Clock, Timestamp};

/// The system's clock, of which what only reads takes the time of the last tick of the kernel.
///
/// Reading the exact clock is a large part of a hit, because it ends the overlap of what the processor does before and
/// after it; the time of the last tick lies in memory. In exchange an entry may be read for one [`lag`](Clock::lag) after
/// its expiry: twice the kernel's tick, 2 to 20 ms, which a store with this clock declares as its
/// [`expiry_granularity`](store_core::Capabilities::expiry_granularity). No entry goes early, and whatever writes or tells
/// a remaining lifetime goes by the exact time. A hypervisor that holds this machine back holds the ticks back as well:
/// for so long reads may lag further.
///
/// Only Linux has such a time. Elsewhere this is a [`SystemClock`](store_core::SystemClock), and `lag` is zero.
///
/// ```
/// use store_memory::{Clock, CoarseClock, MemoryCache, prelude::*};
///
/// let clock = CoarseClock::new();
/// let lag = clock.lag();
/// let cache = MemoryCache::builder().clock(clock).without_sweeper().build();
/// assert_eq!(cache.capabilities().expiry_granularity, lag);
/// ```
#[derive(Clone, Debug)]
pub struct CoarseClock(imp::Source);

impl CoarseClock {
    /// Starts from the system's time.
    #[must_use]
    pub fn new() -> Self {
        Self(imp::Source::new())
    }
}

impl Default for CoarseClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for CoarseClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn recent(&self) -> Timestamp {
        self.0.recent()
    }

    fn lag(&self) -> Duration {
        self.0.lag()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod imp {
    use std::time::Duration;

    use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};
    use store_core::{Clock, SystemClock, Timestamp};

    const MILLIS_PER_SECOND: u64 = 1000;
    const NANOS_PER_MILLI: u64 = 1_000_000;
    const NANOS_PER_SECOND: u64 = MILLIS_PER_SECOND * NANOS_PER_MILLI;

    /// Both times are of one clock, that counts from an unknown point on and never steps: the exact one interpolates
    /// between the ticks, and the other does not.
    #[derive(Clone, Debug)]
    pub(super) struct Source {
        /// What that clock has to be advanced by to show the time.
        ahead: u64,
        lag: Duration,
    }

    impl Source {
        pub(super) fn new() -> Self {
            let now = SystemClock::new().now().as_unix_millis().saturating_mul(NANOS_PER_MILLI);
            let tick = nanos(clock_getres(ClockId::MonotonicCoarse));
            // Once for the time since the last tick, once more for a tick that comes late.
            let lag = Duration::from_nanos(tick.saturating_mul(2));
            Self { ahead: now.saturating_sub(nanos(clock_gettime(ClockId::Monotonic))), lag }
        }

        pub(super) fn now(&self) -> Timestamp {
            self.at(clock_gettime(ClockId::Monotonic))
        }

        pub(super) fn recent(&self) -> Timestamp {
            self.at(clock_gettime(ClockId::MonotonicCoarse))
        }

        pub(super) fn lag(&self) -> Duration {
            self.lag
        }

        fn at(&self, time: Timespec) -> Timestamp {
            let millis = self.ahead.saturating_add(nanos(time)) / NANOS_PER_MILLI;
            Timestamp::from_unix_millis(millis).unwrap_or(Timestamp::MAX)
        }
    }

    /// Since the clock's beginning; a kernel would have to run for centuries to leave the range.
    fn nanos(time: Timespec) -> u64 {
        let part = |part| u64::try_from(part).unwrap_or(0);
        part(time.tv_sec).saturating_mul(NANOS_PER_SECOND).saturating_add(part(time.tv_nsec))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_recent_is_never_ahead_and_never_goes_back() {
            let source = Source::new();
            let mut last = source.recent();
            for _ in 0..100_000 {
                let (recent, now) = (source.recent(), source.now());
                assert!(last <= recent && recent <= now, "{last:?} {recent:?} {now:?}");
                last = recent;
            }
            assert!(source.lag() > Duration::ZERO);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod imp {
    use std::time::Duration;

    use store_core::{Clock, SystemClock, Timestamp};

    #[derive(Clone, Debug)]
    pub(super) struct Source(SystemClock);

    impl Source {
        pub(super) fn new() -> Self {
            Self(SystemClock::new())
        }

        pub(super) fn now(&self) -> Timestamp {
            self.0.now()
        }

        pub(super) fn recent(&self) -> Timestamp {
            self.0.now()
        }

        pub(super) fn lag(&self) -> Duration {
            Duration::ZERO
        }
    }
}
