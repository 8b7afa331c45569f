//! How exactly a collection knows when it was last read.

use std::time::Duration;

use crate::expiry::Timestamp;

/// How exactly `accessed_at` of a collection follows its reads. A setting of the drivers; writes always move it.
///
/// Keeping it exactly makes every read a write on the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum AccessTimes {
    /// Every read moves it.
    Exact,
    /// A read moves it if it is [`AccessTimes::COARSENESS`] old or older.
    #[default]
    Coarse,
    /// Reads leave it alone.
    Off,
}

impl AccessTimes {
    /// How far behind the last read `accessed_at` may be when it is kept coarsely.
    pub const COARSENESS: Duration = Duration::from_secs(1);

    /// How old `accessed_at` may be before a read has to move it; `None` when no read does.
    #[must_use]
    pub fn tolerance(self) -> Option<Duration> {
        match self {
            Self::Exact => Some(Duration::ZERO),
            Self::Coarse => Some(Self::COARSENESS),
            Self::Off => None,
        }
    }

    /// What `accessed_at` becomes by a read at `now`. It never goes back, whatever the clock does.
    #[must_use]
    pub fn after_read(self, accessed_at: Timestamp, now: Timestamp) -> Timestamp {
        let is_old = self.tolerance().is_some_and(|tolerance| now.saturating_since(accessed_at) >= tolerance);
        if is_old { accessed_at.max(now) } else { accessed_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    #[test]
    fn a_read_moves_the_time_as_far_as_the_setting_asks_for() {
        for (setting, now, after) in [
            (AccessTimes::Exact, 5001, 5001),
            (AccessTimes::Exact, 4999, 5000),
            (AccessTimes::Coarse, 5999, 5000),
            (AccessTimes::Coarse, 6000, 6000),
            (AccessTimes::Coarse, 1000, 5000),
            (AccessTimes::Off, 9000, 5000),
        ] {
            assert_eq!(setting.after_read(at(5000), at(now)), at(after), "{setting:?} at {now}");
        }
    }
}
