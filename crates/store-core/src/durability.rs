//! How far a write has to have spread before it counts as done.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Ttl;

/// How far a write has to have spread before it counts as done. An option of every write but `clear`, which is a walk of
/// many writes: what it did not remove everywhere is removed by calling it again.
///
/// # Contract
/// * `replicated_or_unknown`: a write that asks for replicas succeeds only if so many, the primary not counted, acknowledged it within the timeout; otherwise it is [`ErrorKind::Timeout`] with the outcome [`Unknown`](crate::Outcome::Unknown), and it stands on the primary, from where it may still spread.
///
/// A write that changes nothing, because its condition does not hold or there is no entry, may be answered at once. Of a
/// batch every item is asked to spread so far. More replicas than there are never acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Durability {
    /// The backend has acknowledged it: on a server with replicas the primary alone, which may be lost before any of
    /// them has it.
    #[default]
    Acknowledged,
    /// Replicas have acknowledged it too. Only where replication is declared. Made by
    /// [`replicated`](Self::replicated).
    #[non_exhaustive]
    Replicated {
        /// How many, the primary not counted.
        replicas: NonZeroU32,
        /// How long they have for it: whole milliseconds, rounded up, at least one. The deadline that a driver sets for
        /// the whole call counts beside it.
        timeout: Duration,
    },
}

impl Durability {
    /// So many replicas within `timeout`, which is rounded up to whole milliseconds.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for no replicas, and for a timeout of zero or of more than 100 years.
    pub fn replicated(replicas: u32, timeout: Duration) -> Result<Self> {
        let replicas = NonZeroU32::new(replicas).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "a replicated write asks for at least 1 replica; replicas=0")
        })?;
        let timeout = Ttl::new(timeout).map_err(|_| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("a timeout is more than zero and at most 100 years; timeout={timeout:?}"),
            )
        })?;
        Ok(Self::Replicated { replicas, timeout: timeout.as_duration() })
    }
}

/// A setter for builders that have a field `durability: Result<Durability>`.
macro_rules! durability_setter {
    () => {
        /// Succeeds only if so many replicas, the primary not counted, acknowledged the write within `timeout`: see
        /// [`Durability`](crate::Durability). No replicas, and a timeout of zero, make the call fail with
        /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument); where replication is not declared, it fails with
        /// [`Unsupported`](crate::ErrorKind::Unsupported).
        pub fn replicated(mut self, replicas: u32, timeout: std::time::Duration) -> Self {
            self.durability = crate::durability::Durability::replicated(replicas, timeout);
            self
        }
    };
}
pub(crate) use durability_setter;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_for_is_a_wrong_argument() {
        let second = Duration::from_secs(1);
        for (replicas, timeout) in [(0, second), (1, Duration::ZERO), (1, Duration::MAX)] {
            let refused = Durability::replicated(replicas, timeout).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{replicas} {timeout:?}");
        }
    }

    #[test]
    fn a_timeout_is_rounded_up_to_whole_milliseconds() {
        let asked = Durability::replicated(2, Duration::from_micros(1)).unwrap();
        let expected =
            NonZeroU32::new(2).map(|replicas| Durability::Replicated { replicas, timeout: Duration::from_millis(1) });
        assert_eq!(Some(asked), expected);
    }
}
