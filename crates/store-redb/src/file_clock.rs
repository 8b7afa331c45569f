//! The time of a file, which never goes back, though the clock may have been set back while the file was closed.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use store_core::{Clock, Timestamp};

/// A clock, and how far the file is ahead of it.
///
/// A file that was written at a time which the clock has not reached yet goes on from that time: so no entry comes back to
/// life, no lifetime grows by as much as the clock was set back, and no lock is held for longer than was asked for.
#[derive(Debug)]
pub(crate) struct FileClock {
    clock: Box<dyn Clock>,
    ahead: Duration,
}

impl FileClock {
    /// The time of a file that was last written at `written`.
    pub(crate) fn new(clock: Box<dyn Clock>, written: Timestamp) -> Self {
        let ahead = written.saturating_since(clock.now());
        Self { clock, ahead }
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        self.clock.now().saturating_add(self.ahead)
    }

    fn reached(&self, time: Timestamp) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        let left = time.saturating_since(self.now());
        self.clock.reached(self.clock.now().saturating_add(left))
    }
}

#[cfg(test)]
mod tests {
    use store_core::ManualClock;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_file_from_the_future_goes_on_from_there() {
        let clock = ManualClock::new();
        let written = clock.now().saturating_add(HOUR);
        let file = FileClock::new(Box::new(clock.clone()), written);
        assert_eq!(file.now(), written);
        clock.advance(HOUR);
        assert_eq!(file.now(), written.saturating_add(HOUR));
    }

    #[test]
    fn a_file_from_the_past_has_the_time_of_the_clock() {
        let clock = ManualClock::new();
        let written = clock.now();
        clock.advance(HOUR);
        assert_eq!(FileClock::new(Box::new(clock.clone()), written).now(), clock.now());
    }
}
