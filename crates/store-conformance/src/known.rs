//! What the suite knows of a time that a backend keeps of a collection: which operations may have set it last.

use std::time::Duration;

use store_core::{AccessTimes, Timestamp};

use crate::failure::{Failure, ensure_eq};
use crate::time::{Moment, Span, Time};

/// One time that it may be.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// What the clock showed during an operation.
    During(Span),
    /// It was seen.
    Is(Timestamp),
}

impl Value {
    fn check(self, time: &Time, seen: Timestamp) -> Result<(), Failure> {
        match self {
            Self::During(span) => time.check_shown(seen, span),
            Self::Is(known) => {
                ensure_eq!(seen, known, "a time that nothing has moved");
                Ok(())
            }
        }
    }

    fn latest(self, time: &Time) -> Moment {
        match self {
            Self::During(span) => span.acked,
            Self::Is(known) => time.latest(known),
        }
    }
}

/// A time, as the one of several that it is.
#[derive(Clone, Debug)]
pub(crate) struct Known(Vec<Value>);

impl Known {
    /// An operation set it.
    pub(crate) fn during(span: Span) -> Self {
        Self(vec![Value::During(span)])
    }

    /// It was seen, and nothing has moved it since.
    pub(crate) fn is(seen: Timestamp) -> Self {
        Self(vec![Value::Is(seen)])
    }

    /// It is the time of the last access, and a read took place. A time that is not yet so old that it has to be moved may
    /// be.
    pub(crate) fn is_read(&mut self, time: &Time, during: Span, access_times: AccessTimes) {
        match access_times {
            AccessTimes::Exact => *self = Self::during(during),
            AccessTimes::Coarse => {
                self.0.retain(|value| !time.has_passed(AccessTimes::COARSENESS, value.latest(time), during));
                self.0.push(Value::During(during));
            }
            AccessTimes::Off => {}
        }
    }

    /// The time that it is, where no other is possible.
    pub(crate) fn only(&self, time: &Time) -> Option<Timestamp> {
        match self.0[..] {
            [Value::During(Span { sent, acked })] if sent == acked => Some(time.shown_at(sent)),
            [Value::Is(known)] => Some(known),
            _ => None,
        }
    }

    /// Judges what it was seen to be. From then on it is known.
    pub(crate) fn see(&mut self, time: &Time, seen: Timestamp) -> Result<(), Failure> {
        let mut judged = Ok(());
        for value in &self.0 {
            judged = value.check(time, seen);
            if judged.is_ok() {
                break;
            }
        }
        *self = Self::is(seen);
        judged
    }
}

/// Pauses of `ordinary` lengths, and one after which a read has to move the time of the last access where it did not have
/// to before.
pub(crate) fn pauses(ordinary: &[Duration], access_times: AccessTimes) -> Vec<Duration> {
    let long = access_times.tolerance().filter(|tolerance| !tolerance.is_zero());
    ordinary.iter().copied().chain(long).collect()
}

#[cfg(test)]
mod tests {
    use store_core::{Clock, ManualClock};

    use super::*;

    /// The times that may be seen, in milliseconds from the one that was seen first, when reads took place then.
    async fn may_be_seen(reads: [u64; 3], access_times: AccessTimes) -> Vec<u64> {
        let clock = ManualClock::new();
        let (time, start) = (Time::by_hand(clock.clone()), clock.now());
        let after = |millis| start.saturating_add(Duration::from_millis(millis));
        let mut known = Known::is(start);
        for read in reads {
            time.pass(after(read).saturating_since(clock.now())).await;
            let ((), during) = time.measure(async {}).await;
            known.is_read(&time, during, access_times);
        }
        (0..=5000).filter(|millis| known.clone().see(&time, after(*millis)).is_ok()).collect()
    }

    #[tokio::test]
    async fn reads_leave_as_many_times_open_as_the_setting_does() {
        for (reads, access_times, seen) in [
            ([1, 2, 3], AccessTimes::Exact, &[3][..]),
            ([1, 2, 3], AccessTimes::Off, &[0]),
            ([600, 999, 999], AccessTimes::Coarse, &[0, 600, 999]),
            ([600, 1000, 1599], AccessTimes::Coarse, &[600, 1000, 1599]),
            ([600, 1000, 1600], AccessTimes::Coarse, &[1000, 1600]),
            ([600, 1000, 5000], AccessTimes::Coarse, &[5000]),
        ] {
            assert_eq!(may_be_seen(reads, access_times).await, seen, "{access_times:?} after {reads:?}");
        }
    }
}
