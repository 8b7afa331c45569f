//! The registry of scripts: what cannot be said in commands. Each file explains its keys, arguments and reply.

mod records;

use redis::ToRedisArgs;
use store_core::{Timestamp, Ttl};

use crate::command::SetExpiry;
use crate::keyspace::{LockKeys, WireKey};
use crate::request::{Class, Request, Script};

pub(crate) use records::{CRAWLEE, Collection, NATIVE};

static GET_AND_RENEW: Script = Script::new(include_str!("get_and_renew.lua"));
static COMPARE_AND_SET: Script = Script::new(include_str!("compare_and_set.lua"));
static COMPARE_AND_DELETE: Script = Script::new(include_str!("compare_and_delete.lua"));
static ADD_TO_COUNTER: Script = Script::new(include_str!("add_to_counter.lua"));
static ACQUIRE_LOCK: Script = Script::new(include_str!("acquire_lock.lua"));
static EXTEND_LOCK: Script = Script::new(include_str!("extend_lock.lua"));
static RELEASE_LOCK: Script = Script::new(include_str!("release_lock.lua"));

/// Reads a value and renews the entry if it expires. Answers nil or the value.
pub(crate) fn get_and_renew(key: WireKey<'_>, ttl: Ttl) -> Request {
    call(Class::Idempotent, &GET_AND_RENEW, key, ttl.as_millis().get())
}

/// As [`get_and_renew`], and answers nil, or value and expiry.
pub(crate) fn get_and_renew_with_expiry(key: WireKey<'_>, ttl: Ttl) -> Request {
    call(Class::Idempotent, &GET_AND_RENEW, key, (ttl.as_millis().get(), "expiry"))
}

/// Writes over exactly these bytes. Answers 1 or 0.
pub(crate) fn compare_and_set(key: WireKey<'_>, expected: &[u8], value: &[u8], expiry: SetExpiry) -> Request {
    call(Class::NotRepeatable, &COMPARE_AND_SET, key, (expected, value, expiry))
}

/// Removes exactly these bytes. Answers 1 or 0.
pub(crate) fn compare_and_delete(key: WireKey<'_>, expected: &[u8]) -> Request {
    call(Class::NotRepeatable, &COMPARE_AND_DELETE, key, expected)
}

/// Adds to a counter that is created with an absolute expiry. Answers the sum as text.
pub(crate) fn add_to_counter(key: WireKey<'_>, delta: i64, on_create: Timestamp) -> Request {
    // SET refuses 0, which is as much in the past as 1.
    let expires_at = on_create.as_unix_millis().max(1);
    call(Class::NotRepeatable, &ADD_TO_COUNTER, key, (delta, expires_at))
}

/// Acquires a lock. Answers the fencing token as text, or nil when another holds it.
pub(crate) fn acquire_lock(keys: &LockKeys, owner: &str, ttl: Ttl) -> Request {
    let (both, arguments) = ([&*keys.lock, &*keys.last_token], (owner, ttl.as_millis().get()));
    Request::script(Class::Idempotent, &ACQUIRE_LOCK, &both[..], arguments).to(keys.route())
}

/// Replaces the lifetime of a lock that this owner holds. Answers 1 or 0.
pub(crate) fn extend_lock(keys: &LockKeys, owner: &str, ttl: Ttl) -> Request {
    let arguments = (owner, ttl.as_millis().get());
    Request::script(Class::Idempotent, &EXTEND_LOCK, &*keys.lock, arguments).to(keys.route())
}

/// Frees a lock that this owner holds. Answers 1 or 0.
pub(crate) fn release_lock(keys: &LockKeys, owner: &str) -> Request {
    let class = Class::IdempotentAnswerChanges;
    Request::script(class, &RELEASE_LOCK, &*keys.lock, owner).to(keys.route())
}

/// A script of entries has one key: more of them could lie in different slots.
fn call(class: Class, script: &'static Script, key: WireKey<'_>, arguments: impl ToRedisArgs) -> Request {
    Request::script(class, script, key, arguments).to(key.route())
}

fn text(argument: impl std::fmt::Display) -> Vec<u8> {
    argument.to_string().into_bytes()
}
