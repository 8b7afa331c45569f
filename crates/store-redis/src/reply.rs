//! Says what the replies of the server mean, in RESP2 and in RESP3.
//!
//! Error replies never come here: the executor has turned them into errors before. A reply of any other shape than the
//! command promises is an error that names both shapes and shows nothing of the content.

use std::time::Duration;

use bytes::Bytes;
pub(crate) use redis::Value;
use store_core::{Error, ErrorKind, ExpiresAt, FencingToken, Remaining, Result, SetOutcome, Timestamp};

use crate::error;

mod records;
mod topology;

pub(crate) use records::{
    IdIndex, Opening, crawlee, damaged, done, existed, keys_page, label, metadata, opening, record, records_page, taken,
};
pub(crate) use topology::{
    ClusterNode, OwnSlots, ServerRole, SlotRange, Watched, own_slots, server_role, slot_ranges, watched_address,
    watched_primary, watched_replicas,
};

/// PTTL and PEXPIRETIME of a missing key.
const NO_ENTRY: i64 = -2;
/// PTTL and PEXPIRETIME of a key without an expiry.
const NO_EXPIRY: i64 = -1;

/// A step of a walk through the keys.
#[derive(Debug)]
pub(crate) struct ScanStep {
    /// Where the next step begins; 0 when there is none.
    pub(crate) cursor: u64,
    /// The keys that this step met.
    pub(crate) wire_keys: Vec<Vec<u8>>,
}

/// A value, or nil.
pub(crate) fn value(reply: Value) -> Result<Option<Bytes>> {
    match plain(reply) {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes.into())),
        other => Err(unexpected("a string or nil", &other)),
    }
}

/// An array of values and nils, as many as were asked for.
pub(crate) fn values(reply: Value, expected: usize) -> Result<Vec<Option<Bytes>>> {
    as_many(expected, array(reply)?)?.into_iter().map(value).collect()
}

/// A value and its expiry, or nil: the reply of `get_and_renew.lua`.
pub(crate) fn value_and_expiry(reply: Value) -> Result<Option<(Bytes, ExpiresAt)>> {
    match plain(reply) {
        Value::Nil => Ok(None),
        other => {
            let [found, expiry] = exactly(array(other)?)?;
            entry(found, expiry)
        }
    }
}

/// The replies of GET and PEXPIRETIME in one step.
pub(crate) fn entry(found: Value, expiry: Value) -> Result<Option<(Bytes, ExpiresAt)>> {
    let (value, expires_at) = (value(found)?, expires_at(expiry)?);
    Ok(value.zip(expires_at))
}

fn expires_at(reply: Value) -> Result<Option<ExpiresAt>> {
    match integer(reply)? {
        NO_ENTRY => Ok(None),
        NO_EXPIRY => Ok(Some(ExpiresAt::Never)),
        millis => {
            let millis = u64::try_from(millis).map_err(|_| out_of_bounds("an expiry"))?;
            // Another program may have set an expiry beyond the last year that we can write.
            Ok(Some(ExpiresAt::At(Timestamp::from_unix_millis(millis).unwrap_or(Timestamp::MAX))))
        }
    }
}

/// The reply of PTTL.
pub(crate) fn remaining(reply: Value) -> Result<Option<Remaining>> {
    match integer(reply)? {
        NO_ENTRY => Ok(None),
        NO_EXPIRY => Ok(Some(Remaining::Never)),
        millis => {
            let millis = u64::try_from(millis).map_err(|_| out_of_bounds("a remaining lifetime"))?;
            Ok(Some(Remaining::In(Duration::from_millis(millis))))
        }
    }
}

/// The reply of a SET: OK, or nil when its condition did not hold.
pub(crate) fn set_outcome(reply: Value) -> Result<SetOutcome> {
    match plain(reply) {
        Value::Okay => Ok(SetOutcome::Stored),
        Value::Nil => Ok(SetOutcome::Refused),
        other => Err(unexpected("OK or nil", &other)),
    }
}

/// The replies of two SETs in one step, of which one stores the value whatever the other finds.
pub(crate) fn set_in_two(reply: Value) -> Result<SetOutcome> {
    let replies = array(reply)?.into_iter().map(error::checked).collect::<Result<_>>()?;
    let [_, _] = exactly(replies)?;
    Ok(SetOutcome::Stored)
}

/// The reply of a script that says with 1 or 0 whether it did what it was asked for.
pub(crate) fn swapped(reply: Value) -> Result<SetOutcome> {
    Ok(if flag(reply)? { SetOutcome::Stored } else { SetOutcome::Refused })
}

/// 1 or 0.
pub(crate) fn flag(reply: Value) -> Result<bool> {
    match plain(reply) {
        Value::Int(0) | Value::Boolean(false) => Ok(false),
        Value::Int(1) | Value::Boolean(true) => Ok(true),
        other => Err(unexpected("1 or 0", &other)),
    }
}

/// A number of things.
pub(crate) fn count(reply: Value) -> Result<u64> {
    u64::try_from(integer(reply)?).map_err(|_| out_of_bounds("a count"))
}

/// A number.
pub(crate) fn integer(reply: Value) -> Result<i64> {
    match plain(reply) {
        Value::Int(number) => Ok(number),
        other => Err(unexpected("an integer", &other)),
    }
}

/// A number that a script returned as text.
pub(crate) fn decimal(reply: Value) -> Result<i64> {
    let text = value(reply)?.ok_or_else(|| unexpected("a decimal number", &Value::Nil))?;
    store_core::parse_counter(&text).map_err(|_| out_of_bounds("a decimal number"))
}

/// The reply of `acquire_lock.lua`.
pub(crate) fn fencing_token(reply: Value) -> Result<Option<FencingToken>> {
    match plain(reply) {
        Value::Nil => Ok(None),
        other => {
            let number = u64::try_from(decimal(other)?).map_err(|_| out_of_bounds("a fencing token"))?;
            Ok(Some(FencingToken::new(number)))
        }
    }
}

/// Whether the reply of a write, or each of several, says by nil or 0 that there was nothing to change.
pub(crate) fn changed_nothing(reply: &Value) -> bool {
    match reply {
        Value::Nil | Value::Int(0) | Value::Boolean(false) => true,
        Value::Array(replies) => replies.iter().all(changed_nothing),
        Value::Attribute { data, .. } => changed_nothing(data),
        _ => false,
    }
}

/// Whether any of several commands was refused.
pub(crate) fn has_refusals(reply: &Value) -> bool {
    matches!(reply, Value::Array(replies) if replies.iter().any(|reply| matches!(reply, Value::ServerError(_))))
}

/// OK, or whatever else says that it was done.
pub(crate) fn status(reply: Value) -> Result<()> {
    match plain(reply) {
        Value::Okay | Value::SimpleString(_) => Ok(()),
        other => Err(unexpected("a status", &other)),
    }
}

/// The reply of SCAN: the next cursor and the keys.
pub(crate) fn scan_step(reply: Value) -> Result<ScanStep> {
    let [cursor, keys] = exactly(array(reply)?)?;
    let cursor = match plain(cursor) {
        Value::BulkString(digits) => std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok()),
        _ => None,
    };
    let cursor = cursor.ok_or_else(|| out_of_bounds("a scan cursor"))?;
    let wire_keys = array(keys)?.into_iter().map(|key| match plain(key) {
        Value::BulkString(bytes) => Ok(bytes),
        other => Err(unexpected("a key", &other)),
    });
    Ok(ScanStep { cursor, wire_keys: wire_keys.collect::<Result<_>>()? })
}

/// The value of a field in the text that INFO answers; `None` without such a field, and when it is no text.
pub(crate) fn info_field<'a>(reply: &'a Value, field: &str) -> Option<&'a str> {
    let text = match reply {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok()?,
        Value::VerbatimString { text, .. } => text,
        _ => return None,
    };
    text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
}

/// As many replies as were asked for.
pub(crate) fn as_many<T>(expected: usize, replies: Vec<T>) -> Result<Vec<T>> {
    if replies.len() == expected { Ok(replies) } else { Err(wrong_length(expected, replies.len())) }
}

/// The reply to a request that sent one command.
pub(crate) fn only(replies: Vec<Result<Value>>) -> Result<Value> {
    let [reply] = exactly(replies.into_iter().collect::<Result<_>>()?)?;
    Ok(reply)
}

/// The replies to a request that sent `N` commands.
pub(crate) fn exactly<const N: usize>(replies: Vec<Value>) -> Result<[Value; N]> {
    replies.try_into().map_err(|replies: Vec<Value>| wrong_length(N, replies.len()))
}

pub(crate) fn array(reply: Value) -> Result<Vec<Value>> {
    match plain(reply) {
        Value::Array(replies) => Ok(replies),
        other => Err(unexpected("an array", &other)),
    }
}

/// The reply itself, where RESP3 wraps it in attributes.
fn plain(reply: Value) -> Value {
    match reply {
        Value::Attribute { data, .. } => *data,
        reply => reply,
    }
}

fn unexpected(expected: &str, reply: &Value) -> Error {
    protocol(format!("unexpected reply; expected={expected} got={}", shape(reply)))
}

fn wrong_length(expected: usize, got: usize) -> Error {
    protocol(format!("unexpected number of replies; expected={expected} got={got}"))
}

fn out_of_bounds(expected: &str) -> Error {
    protocol(format!("unexpected reply; expected={expected} got=another content"))
}

fn protocol(message: String) -> Error {
    Error::new(ErrorKind::Other, message)
}

fn shape(reply: &Value) -> &'static str {
    match reply {
        Value::Nil => "nil",
        Value::Int(_) => "an integer",
        Value::BulkString(_) => "a string",
        Value::Array(_) => "an array",
        Value::SimpleString(_) | Value::Okay => "a status",
        Value::Map(_) => "a map",
        Value::Set(_) => "a set",
        Value::Double(_) => "a double",
        Value::Boolean(_) => "a boolean",
        Value::VerbatimString { .. } => "a verbatim string",
        Value::BigNumber(_) => "a big number",
        Value::Attribute { .. } => "an attribute",
        Value::Push { .. } => "a push message",
        Value::ServerError(_) => "an error",
        _ => "something unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn a_value_is_a_string_or_nothing() {
        assert_eq!(value(Value::Nil).unwrap(), None);
        assert_eq!(value(bulk("")).unwrap(), Some(Bytes::new()));
        assert_eq!(value(bulk("OK")).unwrap(), Some(Bytes::from("OK")));
        let wrapped = Value::Attribute { data: Box::new(bulk("v")), attributes: vec![(bulk("ttl"), Value::Int(1))] };
        assert_eq!(value(wrapped).unwrap(), Some(Bytes::from("v")));
    }

    #[test]
    fn batches_have_one_answer_for_each_key() {
        let reply = || Value::Array(vec![bulk("a"), Value::Nil]);
        assert_eq!(values(reply(), 2).unwrap(), [Some(Bytes::from("a")), None]);
        assert_eq!(values(reply(), 3).unwrap_err().kind(), ErrorKind::Other);
    }

    #[test]
    fn lifetimes_have_three_answers() {
        assert_eq!(remaining(Value::Int(-2)).unwrap(), None);
        assert_eq!(remaining(Value::Int(-1)).unwrap(), Some(Remaining::Never));
        assert_eq!(remaining(Value::Int(0)).unwrap(), Some(Remaining::In(Duration::ZERO)));
        assert!(remaining(Value::Int(-3)).is_err());
    }

    #[test]
    fn an_entry_comes_with_its_expiry_or_not_at_all() {
        let at = |millis| Some((Bytes::from("v"), ExpiresAt::At(Timestamp::from_unix_millis(millis).unwrap())));
        assert_eq!(entry(bulk("v"), Value::Int(5)).unwrap(), at(5));
        assert_eq!(entry(bulk("v"), Value::Int(-1)).unwrap(), Some((Bytes::from("v"), ExpiresAt::Never)));
        assert_eq!(entry(Value::Nil, Value::Int(-2)).unwrap(), None);
        assert_eq!(entry(bulk("v"), Value::Int(i64::MAX)).unwrap(), at(Timestamp::MAX.as_unix_millis()));
        assert_eq!(value_and_expiry(Value::Array(vec![bulk("v"), Value::Int(5)])).unwrap(), at(5));
        assert_eq!(value_and_expiry(Value::Nil).unwrap(), None);
    }

    #[test]
    fn outcomes_are_told_by_status_or_number() {
        assert_eq!(set_outcome(Value::Okay).unwrap(), SetOutcome::Stored);
        assert_eq!(set_outcome(Value::Nil).unwrap(), SetOutcome::Refused);
        assert_eq!(swapped(Value::Int(1)).unwrap(), SetOutcome::Stored);
        assert_eq!(swapped(Value::Int(0)).unwrap(), SetOutcome::Refused);
        assert!(flag(Value::Boolean(true)).unwrap());
        assert!(flag(Value::Int(2)).is_err());
    }

    #[test]
    fn numbers_as_text_keep_64_bits() {
        assert_eq!(decimal(bulk("9223372036854775807")).unwrap(), i64::MAX);
        assert_eq!(decimal(bulk("1e3")).unwrap_err().kind(), ErrorKind::Other);
    }

    #[test]
    fn a_fencing_token_is_a_number_or_nothing() {
        assert_eq!(fencing_token(bulk("1763740000000000")).unwrap(), Some(FencingToken::new(1_763_740_000_000_000)));
        assert_eq!(fencing_token(Value::Nil).unwrap(), None);
        assert_eq!(fencing_token(bulk("-1")).unwrap_err().kind(), ErrorKind::Other);
        assert_eq!(fencing_token(Value::Int(1)).unwrap_err().kind(), ErrorKind::Other);
    }

    #[test]
    fn a_scan_step_is_a_cursor_and_keys() {
        let step = scan_step(Value::Array(vec![bulk("18446744073709551615"), Value::Array(vec![bulk("k")])])).unwrap();
        assert_eq!((step.cursor, step.wire_keys), (u64::MAX, vec![b"k".to_vec()]));
        assert!(scan_step(Value::Array(vec![bulk("x"), Value::Array(vec![])])).is_err());
        assert!(scan_step(Value::Array(vec![bulk("0")])).is_err());
    }

    #[test]
    fn info_fields_are_found_in_both_protocols() {
        let text = "# Memory\r\nused_memory:1\r\nmaxmemory_policy:allkeys-lru\r\n";
        let verbatim = Value::VerbatimString { format: redis::VerbatimFormat::Text, text: text.to_owned() };
        for reply in [&bulk(text), &verbatim] {
            assert_eq!(info_field(reply, "maxmemory_policy"), Some("allkeys-lru"));
            assert_eq!(info_field(reply, "used"), None);
        }
        assert_eq!(info_field(&Value::Nil, "used_memory"), None);
    }

    #[test]
    fn an_unexpected_reply_is_named_by_its_shape_alone() {
        let canary = bulk("s3cret");
        for error in [
            integer(canary.clone()).unwrap_err(),
            flag(canary.clone()).unwrap_err(),
            set_outcome(canary.clone()).unwrap_err(),
            scan_step(canary.clone()).unwrap_err(),
            decimal(canary.clone()).unwrap_err(),
            status(canary.clone()).unwrap_err(),
            value(Value::Array(vec![canary.clone()])).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Other);
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }
}
