//! The stored form of counters, and counting by compare-and-set for drivers that have no counter of their own.

use bytes::Bytes;

use crate::contention::{ATTEMPTS, contended, stand_back};
use crate::entry::{Address, Condition, CounterOptions, GetOptions, SetOptions, SetOutcome};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::expiry::WriteExpiry;
use crate::store::Store;

/// The number that stored text means.
///
/// # Errors
/// [`ErrorKind::NotAnInteger`] for text other than `0` or `-?[1-9][0-9]*` within `i64`.
///
/// ```
/// use store_core::parse_counter;
///
/// assert_eq!(parse_counter(b"-15")?, -15);
/// assert!(parse_counter(b"007").is_err());
/// # Ok::<(), store_core::Error>(())
/// ```
pub fn parse_counter(text: &[u8]) -> Result<i64> {
    canonical(text)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::new(ErrorKind::NotAnInteger, "the stored value is not a decimal integer within i64"))
}

fn canonical(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = text == "0" || matches!(digits.as_bytes().first(), Some(b'1'..=b'9'));
    canonical.then_some(text)
}

/// The sum of a counter and a delta.
///
/// # Errors
/// [`ErrorKind::OutOfRange`] when it leaves `i64`.
pub fn checked_counter_sum(counter: i64, delta: i64) -> Result<i64> {
    counter
        .checked_add(delta)
        .ok_or_else(|| Error::new(ErrorKind::OutOfRange, format!("the sum leaves the range of i64; delta={delta}")))
}

/// Reads, adds and writes if nobody wrote in between; gives up after a bounded number of attempts.
pub(crate) async fn add_by_compare_and_set<S: Store + ?Sized>(
    store: &S,
    at: Address<'_>,
    delta: i64,
    options: CounterOptions,
) -> Result<i64> {
    let expiry = WriteExpiry::Keep { missing: options.on_create };
    for lost in 0..ATTEMPTS {
        let current = store.get_entry(at, GetOptions::default()).await;
        // Every attempt to write so far was refused, so whatever is wrong with this read, nothing was counted.
        let current = current.map_err(|error| error.with_outcome(Outcome::NotApplied))?.map(|entry| entry.value);
        let sum = checked_counter_sum(current.as_deref().map_or(Ok(0), parse_counter)?, delta)?;
        let condition = current.map_or(Condition::IfAbsent, Condition::IfValue);
        let write = SetOptions::new(expiry).with_condition(condition).with_durability(options.durability);
        if store.set_entry(at, Bytes::from(sum.to_string()), write).await? == SetOutcome::Stored {
            return Ok(sum);
        }
        stand_back(lost).await;
    }
    Err(contended())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_a_counter() {
        for (text, number) in
            [("0", 0), ("15", 15), ("-15", -15), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(parse_counter(text.as_bytes()).unwrap(), number);
        }
        for text in ["", "-", "-0", "007", "+1", " 1", "1 ", "1.0", "1e3", "9223372036854775808", "x", "١"] {
            assert_eq!(parse_counter(text.as_bytes()).unwrap_err().kind(), ErrorKind::NotAnInteger, "{text}");
        }
        assert!(parse_counter(b"\xff").is_err());
    }

    #[test]
    fn a_sum_outside_i64_is_refused() {
        assert_eq!(checked_counter_sum(i64::MAX, 0).unwrap(), i64::MAX);
        assert_eq!(checked_counter_sum(i64::MAX, 1).unwrap_err().kind(), ErrorKind::OutOfRange);
        assert_eq!(checked_counter_sum(i64::MIN, -1).unwrap_err().kind(), ErrorKind::OutOfRange);
    }
}
