//! How long an entry lives. All arithmetic and all rounding on lifetimes is in this file.

use std::fmt;
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, ErrorKind, Result};

/// A time to live: 1 ms to 100 years, in whole milliseconds.
///
/// # Contract
/// * `ttl_rounds_up`: a fraction of a millisecond counts as a whole one, so that no entry lives shorter than was asked for.
/// * `ttl_is_bounded`: zero and more than 100 years (36,525 days) are [`ErrorKind::InvalidArgument`] at construction, never a silent "forever", "now", clamp or wrap.
///
/// ```
/// use std::time::Duration;
/// use store_core::Ttl;
///
/// assert_eq!(Ttl::new(Duration::from_micros(1))?.as_millis().get(), 1);
/// assert!(Ttl::new(Duration::ZERO).is_err());
/// assert!(Ttl::new(Duration::MAX).is_err());
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(NonZeroU64);

impl Ttl {
    /// The shortest: 1 ms.
    pub const MIN: Self = Self(NonZeroU64::MIN);

    /// The longest: 100 years of 365.25 days.
    pub const MAX: Self = Self(NonZeroU64::new(36_525 * 24 * 60 * 60 * 1000).expect("a positive constant"));

    /// A time to live of at least `duration`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for zero and for more than 100 years.
    pub fn new(duration: Duration) -> Result<Self> {
        Self::from_millis(whole_millis(duration)).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("a time to live is more than zero and at most 100 years; ttl={duration:?}"),
            )
        })
    }

    /// A time to live of this many milliseconds; `None` outside [`Ttl::MIN`] to [`Ttl::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Option<Self> {
        match NonZeroU64::new(millis) {
            Some(millis) if millis.get() <= Self::MAX.0.get() => Some(Self(millis)),
            _ => None,
        }
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> NonZeroU64 {
        self.0
    }

    /// The same as a `Duration`.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.0.get())
    }
}

impl TryFrom<Duration> for Ttl {
    type Error = Error;

    fn try_from(duration: Duration) -> Result<Self> {
        Self::new(duration)
    }
}

impl fmt::Debug for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_duration().fmt(f)
    }
}

/// A point in time: whole milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The start of 1970, the past for every clock.
    pub const EPOCH: Self = Self(0);

    /// The end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// This many milliseconds after the epoch; `None` beyond [`Timestamp::MAX`].
    #[must_use]
    pub const fn from_unix_millis(millis: u64) -> Option<Self> {
        if millis <= Self::MAX.0 { Some(Self(millis)) } else { None }
    }

    /// Milliseconds after the epoch.
    #[must_use]
    pub const fn as_unix_millis(self) -> u64 {
        self.0
    }

    /// The last whole millisecond that `time` has reached: what a clock shows.
    ///
    /// Before 1970 it is the epoch and beyond the year 9999 the end of that year: a clock that is set so wrongly still
    /// has to show something.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "nothing is lost: the rest of the second is added")]
    pub fn reached_at(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        // In 64 bits, because every operation of an in-process store reads the clock, and a division in 128 bits takes
        // longer than the reading.
        let millis = since_epoch.as_secs().saturating_mul(1000).saturating_add(since_epoch.subsec_millis().into());
        Self(millis.min(Self::MAX.0))
    }

    /// The first whole millisecond that is not before `time`: when an entry that expires at `time` is gone.
    ///
    /// Times before 1970 are all one past.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] beyond the year 9999.
    pub fn not_before(time: SystemTime) -> Result<Self> {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_unix_millis(whole_millis(since_epoch))
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "an expiry must lie before the year 10000"))
    }

    /// This time as a `SystemTime`.
    #[must_use]
    pub fn as_system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }

    /// The time `later` after this one, rounded up to a whole millisecond, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(later)).min(Self::MAX.0))
    }

    /// From `earlier` to this time; zero when `earlier` is later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// A duration in milliseconds, of which a fraction counts as a whole one; what is too long for the number is the greatest.
///
/// For drivers whose servers count so.
///
/// ```
/// use std::time::Duration;
/// use store_core::whole_millis;
///
/// assert_eq!(whole_millis(Duration::from_micros(1001)), 2);
/// assert_eq!(whole_millis(Duration::MAX), u64::MAX);
/// ```
#[must_use]
pub fn whole_millis(duration: Duration) -> u64 {
    const NANOS_PER_MILLI: u128 = 1_000_000;

    u64::try_from(duration.as_nanos().div_ceil(NANOS_PER_MILLI)).unwrap_or(u64::MAX)
}

/// The expiry that a caller asks for.
///
/// # Contract
/// * `expiry_default`: [`Default`](Expiry::Default) takes the store's own: never for a `Store`, 300 s for a `Cache`, unless configured.
/// * `expiry_never`: [`Never`](Expiry::Never) leaves the entry until it is removed.
/// * `expiry_in`: [`In`](Expiry::In) counts from when the backend executes the operation.
/// * `expiry_at`: [`At`](Expiry::At) is compared with the driver's clock; a past time is "stored" and leaves the key absent, after any condition was judged.
/// * `expiry_keep`: [`Keep`](Expiry::Keep) keeps what the entry has; over a missing entry it means `Default`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Expiry {
    /// The store's own default.
    #[default]
    Default,
    /// Never expires.
    Never,
    /// Expires after a time to live.
    In(Ttl),
    /// Expires at a point in time.
    At(Timestamp),
    /// Keeps the expiry of the entry that is replaced.
    Keep,
}

impl Expiry {
    /// The expiry that cachelib's numeric timeout means, for people who port code from it.
    ///
    /// `None` is the default, 0 and -1 are never, and a fraction of a second counts as a whole one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for any other negative number, for what is not a number, and beyond 100 years.
    ///
    /// ```
    /// use store_core::Expiry;
    ///
    /// assert_eq!(Expiry::from_cachelib_timeout(Some(0.0))?, Expiry::Never);
    /// assert_eq!(Expiry::from_cachelib_timeout(Some(1.5))?, Expiry::from_cachelib_timeout(Some(2.0))?);
    /// # Ok::<(), store_core::Error>(())
    /// ```
    pub fn from_cachelib_timeout(seconds: Option<f64>) -> Result<Self> {
        let Some(seconds) = seconds else { return Ok(Self::Default) };
        if seconds == 0.0 || seconds == -1.0 {
            return Ok(Self::Never);
        }
        let duration = Duration::try_from_secs_f64(seconds.ceil()).map_err(|_| {
            Error::new(ErrorKind::InvalidArgument, format!("a timeout is 0, -1 or positive; timeout={seconds}"))
        })?;
        Ttl::new(duration).map(Self::In)
    }

    /// What a driver is told when an entry is written. For extensions of drivers, which core does not stand above.
    #[must_use]
    pub fn for_write(self, default: Lifetime) -> WriteExpiry {
        match self {
            Self::Default => WriteExpiry::Replace(default),
            Self::Never => WriteExpiry::Replace(Lifetime::Never),
            Self::In(ttl) => WriteExpiry::Replace(Lifetime::In(ttl)),
            Self::At(time) => WriteExpiry::Replace(Lifetime::At(time)),
            Self::Keep => WriteExpiry::Keep { missing: default },
        }
    }

    /// What a driver is told when an entry gets an expiry without being written. For extensions of drivers.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for [`Keep`](Self::Keep).
    pub fn for_change(self, default: Lifetime) -> Result<Lifetime> {
        match self.for_write(default) {
            WriteExpiry::Replace(lifetime) => Ok(lifetime),
            WriteExpiry::Keep { .. } => {
                Err(Error::new(ErrorKind::InvalidArgument, "keeping the expiry is no change of it"))
            }
        }
    }
}

impl TryFrom<Duration> for Expiry {
    type Error = Error;

    /// A time to live, as [`Ttl::new`].
    fn try_from(ttl: Duration) -> Result<Self> {
        Ttl::new(ttl).map(Self::In)
    }
}

impl TryFrom<SystemTime> for Expiry {
    type Error = Error;

    /// A point in time, as [`Timestamp::not_before`].
    fn try_from(time: SystemTime) -> Result<Self> {
        Timestamp::not_before(time).map(Self::At)
    }
}

impl From<Timestamp> for Expiry {
    fn from(time: Timestamp) -> Self {
        Self::At(time)
    }
}

impl From<Ttl> for Expiry {
    fn from(ttl: Ttl) -> Self {
        Self::In(ttl)
    }
}

impl From<Lifetime> for Expiry {
    fn from(lifetime: Lifetime) -> Self {
        match lifetime {
            Lifetime::Never => Self::Never,
            Lifetime::In(ttl) => Self::In(ttl),
            Lifetime::At(time) => Self::At(time),
        }
    }
}

/// The expiry of an entry that was read, for the entry that is written elsewhere.
impl From<ExpiresAt> for Expiry {
    fn from(expires_at: ExpiresAt) -> Self {
        Lifetime::from(expires_at).into()
    }
}

/// The expiry that a driver gives to an entry: an [`Expiry`] without the cases that core resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// Never expires.
    Never,
    /// Expires this long after the driver executes the operation.
    In(Ttl),
    /// Expires at a point in time of the driver's clock.
    At(Timestamp),
}

impl Lifetime {
    /// When an entry that gets this lifetime at `now` expires.
    #[must_use]
    pub fn expires_at(self, now: Timestamp) -> ExpiresAt {
        match self {
            Self::Never => ExpiresAt::Never,
            Self::In(ttl) => ExpiresAt::At(now.saturating_add(ttl.as_duration())),
            Self::At(time) => ExpiresAt::At(time),
        }
    }
}

/// What a driver does with the expiry of an entry that it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteExpiry {
    /// Value and expiry are replaced together.
    Replace(Lifetime),
    /// The entry keeps its expiry; a new entry gets `missing`.
    Keep {
        /// The lifetime of an entry that did not exist.
        missing: Lifetime,
    },
}

impl WriteExpiry {
    /// The expiry after the write, when `existing` is the one before it, if there was an entry.
    #[must_use]
    pub fn expires_at(self, existing: Option<ExpiresAt>, now: Timestamp) -> ExpiresAt {
        match (self, existing) {
            (Self::Keep { .. }, Some(kept)) => kept,
            (Self::Keep { missing }, None) => missing.expires_at(now),
            (Self::Replace(lifetime), _) => lifetime.expires_at(now),
        }
    }
}

/// When a stored entry expires. Absolute, so that it can move to another store unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpiresAt {
    /// It does not.
    Never,
    /// From this time on it is gone.
    At(Timestamp),
}

impl ExpiresAt {
    /// Whether an entry with this expiry is gone at `now`.
    #[must_use]
    pub fn is_past(self, now: Timestamp) -> bool {
        match self {
            Self::Never => false,
            Self::At(time) => time <= now,
        }
    }

    /// What is left at `now`; zero when it is past.
    #[must_use]
    pub fn remaining(self, now: Timestamp) -> Remaining {
        match self {
            Self::Never => Remaining::Never,
            Self::At(time) => Remaining::In(time.saturating_since(now)),
        }
    }
}

impl From<ExpiresAt> for Lifetime {
    fn from(expires_at: ExpiresAt) -> Self {
        match expires_at {
            ExpiresAt::Never => Self::Never,
            ExpiresAt::At(time) => Self::At(time),
        }
    }
}

/// How long an existing entry will stay. A missing entry has none, so `ttl` answers `Option<Remaining>`.
///
/// The order is that of time: what never expires is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remaining {
    /// It expires after this; [`Duration::ZERO`] means less than a millisecond.
    In(Duration),
    /// It does not expire.
    Never,
}

impl Remaining {
    /// What is left of an entry that expires; `None` of one that does not.
    #[must_use]
    pub fn as_duration(self) -> Option<Duration> {
        match self {
            Self::In(duration) => Some(duration),
            Self::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn ttl_rounds_up_and_is_bounded() {
        for (given, millis) in [
            (Duration::from_nanos(1), 1),
            (MILLI, 1),
            (MILLI + Duration::from_nanos(1), 2),
            (Duration::from_secs(86_400), 86_400_000),
            (Ttl::MAX.as_duration(), Ttl::MAX.as_millis().get()),
        ] {
            assert_eq!(Ttl::new(given).unwrap().as_millis().get(), millis, "{given:?}");
        }
        for bad in [Duration::ZERO, Ttl::MAX.as_duration() + Duration::from_nanos(1), Duration::MAX] {
            assert_eq!(Ttl::new(bad).unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad:?}");
        }
    }

    #[test]
    fn a_clock_shows_the_time_reached_and_an_expiry_the_time_not_before() {
        let between = UNIX_EPOCH + MILLI + Duration::from_nanos(1);
        assert_eq!(Timestamp::reached_at(between), Timestamp(1));
        assert_eq!(Timestamp::not_before(between).unwrap(), Timestamp(2));
        assert_eq!(Timestamp::not_before(UNIX_EPOCH - MILLI).unwrap(), Timestamp::EPOCH);
        let too_late = UNIX_EPOCH + Duration::from_millis(Timestamp::MAX.0 + 1);
        assert_eq!(Timestamp::not_before(too_late).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn an_entry_is_gone_from_its_expiry_on() {
        let now = Timestamp(1000);
        let expiry = Lifetime::In(Ttl::MIN).expires_at(now);
        assert!(!expiry.is_past(now));
        assert!(expiry.is_past(Timestamp(1001)));
        assert_eq!(expiry.remaining(now), Remaining::In(MILLI));
        assert!(!ExpiresAt::Never.is_past(Timestamp::MAX));
    }

    #[test]
    fn keep_means_default_only_over_a_missing_entry() {
        let now = Timestamp(1000);
        let kept = ExpiresAt::At(Timestamp(5000));
        let keep = Expiry::Keep.for_write(Lifetime::In(Ttl::MIN));
        assert_eq!(keep.expires_at(Some(kept), now), kept);
        assert_eq!(keep.expires_at(Some(ExpiresAt::Never), now), ExpiresAt::Never);
        assert_eq!(keep.expires_at(None, now), ExpiresAt::At(Timestamp(1001)));
        assert_eq!(Expiry::Keep.for_change(Lifetime::Never).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn cachelib_timeouts_are_translated() {
        let seconds = |n| Expiry::In(Ttl::new(Duration::from_secs(n)).unwrap());
        for (timeout, expiry) in [
            (None, Expiry::Default),
            (Some(0.0), Expiry::Never),
            (Some(-1.0), Expiry::Never),
            (Some(0.1), seconds(1)),
            (Some(300.0), seconds(300)),
        ] {
            assert_eq!(Expiry::from_cachelib_timeout(timeout).unwrap(), expiry, "{timeout:?}");
        }
        for bad in [-0.5, -2.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(Expiry::from_cachelib_timeout(Some(bad)).is_err(), "{bad}");
        }
    }
}
