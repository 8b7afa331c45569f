//! Time as far as the suite can know it: an operation took place somewhere between its call and its return, so an entry
//! expires somewhere within an interval, and a read must find it, must miss it, or may do either.
//!
//! With a manual clock call and return are one instant, every interval is a point, and nothing sleeps.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use store_core::{Clock, ExpiresAt, Lifetime, ManualClock, Remaining, Store, StoreExt, SystemClock, Timestamp};

use crate::failure::{Failure, ensure};
use crate::harness::ClockControl;

/// Drivers that keep time themselves and Redis count in whole milliseconds, so the start of a lifetime may be taken up
/// to one of them early or late.
const TICK: Duration = Duration::from_millis(1);

/// A point in time in microseconds, on the suite's own timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    const START: Self = Self(0);
    const FOREVER: Self = Self(u64::MAX);

    /// `FOREVER` absorbs every addition.
    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// `FOREVER` absorbs every subtraction, and nothing lies before the start.
    fn minus(self, duration: Duration) -> Self {
        if self == Self::FOREVER { self } else { Self(self.0.saturating_sub(micros(duration))) }
    }

    /// From `earlier` to this moment; zero when `earlier` is later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// When an operation took place: after it was sent and before its answer was there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) sent: Moment,
    pub(crate) acked: Moment,
}

/// Whether an operation has to find an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Present,
    Absent,
    Unclear,
}

/// When an entry expires: it is there before `low` and gone from `high` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) low: Moment,
    pub(crate) high: Moment,
}

impl Deadline {
    pub(crate) const NEVER: Self = Self { low: Moment::FOREVER, high: Moment::FOREVER };

    pub(crate) fn presence(self, during: Span) -> Presence {
        if during.acked < self.low {
            Presence::Present
        } else if self.high != Moment::FOREVER && during.sent >= self.high {
            Presence::Absent
        } else {
            Presence::Unclear
        }
    }

    /// The deadline of an entry that has either this one or `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Whether the entry certainly has an expiry.
    pub(crate) fn certainly_expires(self) -> bool {
        self.high != Moment::FOREVER
    }

    /// Fails unless an entry with this deadline can have answered `ttl` so.
    pub(crate) fn check_remaining(self, answer: Remaining, during: Span) -> Result<(), Failure> {
        match answer {
            Remaining::Never => ensure!(!self.certainly_expires(), "saw no expiry on an entry that has one"),
            Remaining::In(left) => {
                ensure!(self.low != Moment::FOREVER, "saw {left:?} left of an entry that never expires");
                let (least, most) = (self.low.since(during.acked), self.high.since(during.sent));
                ensure!((least..=most).contains(&left), "saw {left:?} left, promised {least:?} to {most:?}");
            }
        }
        Ok(())
    }
}

/// The clock of the driver under test, as the suite controls or estimates it.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    source: Source,
    /// How much sooner than its lifetime after being sent an entry may go.
    early: Duration,
    /// How much later than its lifetime after being acknowledged an entry may be seen.
    late: Duration,
}

#[derive(Clone, Debug)]
enum Source {
    Manual(ManualClock),
    Wall { origin: Instant, driver: DriverClock },
}

/// What the driver's clock shows, compared with the suite's timeline.
#[derive(Clone, Copy, Debug)]
struct DriverClock {
    /// Unix time in microseconds at the start of the timeline.
    at_start: u64,
    /// By how much that may be wrong in either direction.
    error: Duration,
}

impl Time {
    /// The timeline starts this long before the suite does, so that moments in the past exist.
    const HEAD_START: Duration = Duration::from_secs(3600);

    /// The time of `store`, which is asked what its clock shows unless the suite controls it.
    pub(crate) async fn of(control: ClockControl, store: &dyn Store) -> Self {
        let granularity = store.capabilities().expiry_granularity;
        match control {
            ClockControl::Manual(clock) => {
                Self { source: Source::Manual(clock), early: Duration::ZERO, late: granularity }
            }
            ClockControl::Wall { uncertainty } => {
                let (origin, slack) = (Instant::now(), TICK + uncertainty);
                let driver = DriverClock::ask(origin, store, granularity)
                    .await
                    .unwrap_or_else(|| DriverClock::of_machine(origin));
                Self { source: Source::Wall { origin, driver }, early: slack, late: granularity + slack }
            }
        }
    }

    /// As exact a time as this one, which begins anew and passes without waiting.
    pub(crate) fn rehearsed(&self) -> Self {
        Self { source: Source::Manual(ManualClock::new()), early: self.early, late: self.late }
    }

    /// The time of a driver that takes its lifetimes as they are.
    #[cfg(test)]
    pub(crate) fn by_hand(clock: ManualClock) -> Self {
        Self { source: Source::Manual(clock), early: Duration::ZERO, late: Duration::ZERO }
    }

    /// Whether the clock stands still until the suite moves it.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.source, Source::Manual(_))
    }

    pub(crate) fn now(&self) -> Moment {
        match &self.source {
            Source::Manual(clock) => Moment(clock.now().as_unix_millis() * 1000),
            Source::Wall { origin, .. } => since(*origin),
        }
    }

    /// Lets time pass: moves the manual clock, or waits.
    pub(crate) async fn pass(&self, duration: Duration) {
        match &self.source {
            Source::Manual(clock) => clock.advance(duration),
            Source::Wall { .. } => tokio::time::sleep(duration).await,
        }
    }

    /// Lets time pass until `moment`.
    pub(crate) async fn pass_until(&self, moment: Moment) {
        self.pass(moment.since(self.now())).await;
    }

    /// Carries out an operation and notes when.
    pub(crate) async fn measure<F: IntoFuture>(&self, operation: F) -> (F::Output, Span) {
        let sent = self.now();
        let output = operation.await;
        (output, Span { sent, acked: self.now() })
    }

    /// The deadline of an entry that was given this lifetime.
    pub(crate) fn deadline(&self, lifetime: Lifetime, given: Span) -> Deadline {
        match lifetime {
            Lifetime::Never => Deadline::NEVER,
            Lifetime::In(ttl) => Deadline {
                low: given.sent.plus(ttl.as_duration()).minus(self.early),
                high: given.acked.plus(ttl.as_duration()).plus(self.late),
            },
            Lifetime::At(time) => {
                let (moment, error) = self.moment(time);
                Deadline { low: moment.minus(error), high: moment.plus(error).plus(self.late) }
            }
        }
    }

    /// The time that lies `duration` ahead on the driver's clock.
    pub(crate) fn timestamp_in(&self, duration: Duration) -> Timestamp {
        let unix_micros = match &self.source {
            Source::Manual(_) => self.now().0,
            Source::Wall { driver, .. } => self.now().0.saturating_add(driver.at_start),
        };
        Timestamp::from_unix_millis(unix_micros / 1000).unwrap_or(Timestamp::MAX).saturating_add(duration)
    }

    /// What a manual clock shows at this moment.
    pub(crate) fn shown_at(&self, moment: Moment) -> Timestamp {
        Timestamp::from_unix_millis(moment.0 / 1000).unwrap_or(Timestamp::MAX)
    }

    /// A time not long ago at which every entry that expires then is gone.
    pub(crate) fn certainly_past(&self) -> Timestamp {
        let error = match &self.source {
            Source::Manual(_) => Duration::ZERO,
            Source::Wall { driver, .. } => driver.error,
        };
        let ago = Duration::from_secs(1) + self.late + error;
        let millis = self.timestamp_in(Duration::ZERO).as_unix_millis().saturating_sub(micros(ago).div_ceil(1000));
        Timestamp::from_unix_millis(millis).unwrap_or(Timestamp::EPOCH)
    }

    /// Fails unless an entry with this deadline can report this expiry.
    pub(crate) fn check_expires_at(&self, deadline: Deadline, answer: Option<ExpiresAt>) -> Result<(), Failure> {
        match answer {
            None => ensure!(false, "asked for the expiry, saw none"),
            Some(ExpiresAt::Never) => {
                ensure!(!deadline.certainly_expires(), "saw no expiry on an entry that has one");
            }
            Some(ExpiresAt::At(time)) => {
                ensure!(deadline.low != Moment::FOREVER, "saw the expiry {time:?} on an entry that never expires");
                let (moment, error) = self.moment(time);
                let slack = error + self.early;
                ensure!(
                    deadline.low <= moment.plus(slack) && moment.minus(slack) <= deadline.high,
                    "saw an expiry {:?} before the earliest or {:?} after the latest time that the lifetime allows",
                    deadline.low.since(moment.plus(slack)),
                    moment.minus(slack).since(deadline.high)
                );
            }
        }
        Ok(())
    }

    /// Fails unless the driver's clock can have shown `time` during an operation.
    pub(crate) fn check_shown(&self, time: Timestamp, during: Span) -> Result<(), Failure> {
        let (moment, error) = self.moment(time);
        let slack = error + self.early;
        ensure!(
            during.sent <= moment.plus(slack) && moment.minus(slack) <= during.acked,
            "saw a time {:?} before the operation that set it, or {:?} after it",
            during.sent.since(moment.plus(slack)),
            moment.minus(slack).since(during.acked)
        );
        Ok(())
    }

    /// The latest moment at which the driver's clock can have shown `time`.
    pub(crate) fn latest(&self, time: Timestamp) -> Moment {
        let (moment, error) = self.moment(time);
        moment.plus(error + self.early)
    }

    /// Whether so much has certainly passed on the driver's clock between `since` and an operation.
    pub(crate) fn has_passed(&self, duration: Duration, since: Moment, during: Span) -> bool {
        during.sent >= since.plus(duration + self.early)
    }

    /// When the driver's clock shows `time`, and by how much the suite may be wrong about it.
    fn moment(&self, time: Timestamp) -> (Moment, Duration) {
        let unix_micros = time.as_unix_millis() * 1000;
        match &self.source {
            Source::Manual(_) => (Moment(unix_micros), Duration::ZERO),
            Source::Wall { driver, .. } => (Moment(unix_micros.saturating_sub(driver.at_start)), driver.error),
        }
    }
}

fn since(origin: Instant) -> Moment {
    Moment::START.plus(Time::HEAD_START + origin.elapsed())
}

impl DriverClock {
    const PROBES: usize = 5;
    const PROBE_TTL: Duration = Duration::from_secs(60);

    /// Writes an entry and reads when it expires: that time less the lifetime is what the driver's clock showed between
    /// the call and the return. The quickest of a few probes tells it best. `None` for a driver that does not answer.
    async fn ask(origin: Instant, store: &dyn Store, granularity: Duration) -> Option<Self> {
        let mut best: Option<Self> = None;
        for _ in 0..Self::PROBES {
            let probe = Self::probe(origin, store, granularity).await?;
            if best.is_none_or(|best| probe.error < best.error) {
                best = Some(probe);
            }
        }
        best
    }

    async fn probe(origin: Instant, store: &dyn Store, granularity: Duration) -> Option<Self> {
        let key = "conformance-clock-probe";
        let sent = since(origin);
        store.set(key, "probe").ttl(Self::PROBE_TTL).await.ok()?;
        let acked = since(origin);
        let entry = store.get(key).with_expiry().await.ok()??;
        store.delete(key).await.ok()?;
        let ExpiresAt::At(time) = entry.expires_at? else { return None };
        let shown = (time.as_unix_millis() * 1000).checked_sub(micros(Self::PROBE_TTL))?;
        // A driver that counts in coarse steps may have rounded the expiry up to the next one.
        Self::between(
            shown.checked_sub(acked.plus(granularity).0)?,
            shown.checked_sub(sent.0)?.saturating_add(micros(TICK)),
        )
    }

    fn of_machine(origin: Instant) -> Self {
        let shown = SystemClock::new().now().as_unix_millis() * 1000;
        Self { at_start: shown.saturating_sub(since(origin).0), error: TICK }
    }

    fn between(least: u64, most: u64) -> Option<Self> {
        let error = most.checked_sub(least)?.div_ceil(2);
        Some(Self { at_start: least + error, error: Duration::from_micros(error) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Moment {
        Moment(micros)
    }

    fn span(sent: u64, acked: u64) -> Span {
        Span { sent: at(sent), acked: at(acked) }
    }

    #[test]
    fn a_read_must_hit_before_the_interval_and_must_miss_after_it() {
        let deadline = Deadline { low: at(10), high: at(20) };
        assert_eq!(deadline.presence(span(5, 9)), Presence::Present);
        assert_eq!(deadline.presence(span(5, 10)), Presence::Unclear);
        assert_eq!(deadline.presence(span(19, 25)), Presence::Unclear);
        assert_eq!(deadline.presence(span(20, 25)), Presence::Absent);
        assert_eq!(Deadline::NEVER.presence(span(u64::MAX - 1, u64::MAX - 1)), Presence::Present);
    }

    #[test]
    fn remaining_time_is_judged_by_both_ends_of_the_interval() {
        let deadline = Deadline { low: at(10_000), high: at(20_000) };
        let asked = span(1_000, 2_000);
        for (millis, fits) in [(7, false), (8, true), (19, true), (20, false)] {
            let answer = Remaining::In(Duration::from_millis(millis));
            assert_eq!(deadline.check_remaining(answer, asked).is_ok(), fits, "{millis}");
        }
        assert!(deadline.check_remaining(Remaining::Never, asked).is_err());
        assert!(Deadline::NEVER.check_remaining(Remaining::In(TICK), asked).is_err());
    }

    #[test]
    fn a_clock_shows_a_time_between_the_call_and_the_return() {
        let time = Time::by_hand(ManualClock::new());
        for (millis, fits) in [(1, false), (2, true), (3, true), (4, false)] {
            let shown = Timestamp::from_unix_millis(millis).unwrap();
            assert_eq!(time.check_shown(shown, span(2_000, 3_000)).is_ok(), fits, "{millis}");
        }
    }

    #[test]
    fn a_manual_clock_makes_every_interval_a_point() {
        let time = Time::by_hand(ManualClock::new());
        let now = Span { sent: time.now(), acked: time.now() };
        let deadline = time.deadline(Lifetime::In(store_core::Ttl::MIN), now);
        assert_eq!(deadline.low, deadline.high);
        assert_eq!(deadline, time.deadline(Lifetime::At(time.timestamp_in(TICK)), now));
    }
}
