//! Names every Redis command that is sent. What runs inside the server is named by the scripts.
//!
//! All of them exist since Redis 7.0 and in every Valkey.

mod resp;

use std::iter;
use std::num::NonZeroU32;
use std::time::Duration;

use redis::{RedisWrite, ToRedisArgs};
use store_core::{Lifetime, Timestamp, Ttl, WriteExpiry, whole_millis};

use crate::config::{Config, Protocol, Secret};
use crate::credentials::Credentials;
use crate::keyspace::{IdKey, LockKeys, WireKey, crawlee};
pub(crate) use resp::Command;

/// The user that a password alone belongs to.
const DEFAULT_USER: &str = "default";

/// Room for a script's digest, its keys, and what else is long among the arguments of most calls.
const SCRIPT_BYTES: usize = 256;

/// The expiry as SET takes it. Everything in whole milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SetExpiry {
    Never,
    In(u64),
    At(u64),
    Keep,
}

impl SetExpiry {
    /// The expiry of a write to an entry that is known to exist.
    pub(crate) fn over_existing(expiry: WriteExpiry) -> Self {
        match expiry {
            WriteExpiry::Replace(lifetime) => lifetime.into(),
            WriteExpiry::Keep { .. } => Self::Keep,
        }
    }

    /// The expiry of a write to an entry that is known to be missing.
    pub(crate) fn over_missing(expiry: WriteExpiry) -> Self {
        match expiry {
            WriteExpiry::Replace(lifetime) | WriteExpiry::Keep { missing: lifetime } => lifetime.into(),
        }
    }
}

impl From<Lifetime> for SetExpiry {
    fn from(lifetime: Lifetime) -> Self {
        match lifetime {
            Lifetime::Never => Self::Never,
            Lifetime::In(ttl) => Self::In(ttl.as_millis().get()),
            // The server refuses 0, which is as much in the past as 1.
            Lifetime::At(time) => Self::At(time.as_unix_millis().max(1)),
        }
    }
}

impl ToRedisArgs for SetExpiry {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        match self {
            Self::Never => {}
            Self::In(millis) => ("PX", millis).write_redis_args(out),
            Self::At(millis) => ("PXAT", millis).write_redis_args(out),
            Self::Keep => out.write_arg(b"KEEPTTL"),
        }
    }

    fn num_of_args(&self) -> usize {
        match self {
            Self::Never => 0,
            Self::In(_) | Self::At(_) => 2,
            Self::Keep => 1,
        }
    }
}

/// What SET asks of the entry that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presence {
    Any,
    Absent,
    Present,
}

impl ToRedisArgs for Presence {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        match self {
            Self::Any => {}
            Self::Absent => out.write_arg(b"NX"),
            Self::Present => out.write_arg(b"XX"),
        }
    }

    fn num_of_args(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Absent | Self::Present => 1,
        }
    }
}

pub(crate) fn get(key: WireKey<'_>) -> Command {
    of_key("GET", key)
}

/// The owner of a lock, and its token.
pub(crate) fn get_lock(keys: &LockKeys) -> Command {
    Command::new("GET").arg(&keys.lock)
}

/// Where the id of a collection leads.
pub(crate) fn get_tag(id: &IdKey) -> Command {
    Command::new("GET").arg(id.as_str())
}

pub(crate) fn set_tag(id: &IdKey, tag: &str) -> Command {
    Command::new("SET").arg(id.as_str()).arg(tag)
}

/// 1 when it led anywhere; else 0.
pub(crate) fn delete_tag(id: &IdKey) -> Command {
    Command::new("UNLINK").arg(id.as_str())
}

/// What a collection with this id is called, in Crawlee's layout: an array of one. HGET would do on any server
/// but fakeredis, on which the interop cases run: it answers a text that is in no array as a status.
pub(crate) fn get_crawlee_text(id: &str) -> Command {
    Command::new("HMGET").arg(crawlee::TEXTS).arg(id)
}

/// A JSON document, if there is one.
pub(crate) fn get_document(wire_key: &str) -> Command {
    Command::new("JSON.GET").arg(wire_key).arg(".")
}

/// The expiry in milliseconds since the Unix epoch; -1 without one, -2 without an entry.
pub(crate) fn expires_at(key: WireKey<'_>) -> Command {
    of_key("PEXPIRETIME", key)
}

/// The remaining milliseconds; -1 without an expiry, -2 without an entry.
pub(crate) fn remaining(key: WireKey<'_>) -> Command {
    of_key("PTTL", key)
}

pub(crate) fn exists(key: WireKey<'_>) -> Command {
    of_key("EXISTS", key)
}

pub(crate) fn take(key: WireKey<'_>) -> Command {
    of_key("GETDEL", key)
}

/// UNLINK, because a key of ours may hold a large collection of somebody else's, which DEL would free on the spot.
pub(crate) fn delete(key: WireKey<'_>) -> Command {
    of_key("UNLINK", key)
}

pub(crate) fn delete_all(wire_keys: &[Vec<u8>]) -> Command {
    Command::with_room("UNLINK", wire_keys.len(), wire_keys.iter().map(Vec::len).sum()).arg(wire_keys)
}

pub(crate) fn set(key: WireKey<'_>, value: &[u8], expiry: SetExpiry, presence: Presence) -> Command {
    Command::with_room("SET", 5, key.len() + value.len()).arg(key).arg(value).arg(expiry).arg(presence)
}

/// An unconditional write in one command, or in two that have to be executed in one step.
///
/// KEEPTTL alone gives a missing entry no expiry. Where it has to get one, the first command puts an empty entry with
/// that expiry in its place and the second writes the value over whatever is there then; so the value travels once.
pub(crate) fn overwrite(key: WireKey<'_>, value: &[u8], expiry: WriteExpiry) -> (Option<Command>, Command) {
    match expiry {
        WriteExpiry::Replace(lifetime) => (None, set(key, value, lifetime.into(), Presence::Any)),
        WriteExpiry::Keep { missing: Lifetime::Never } => (None, set(key, value, SetExpiry::Keep, Presence::Any)),
        WriteExpiry::Keep { missing } => {
            (Some(set(key, b"", missing.into(), Presence::Absent)), set(key, value, SetExpiry::Keep, Presence::Present))
        }
    }
}

/// 1 when there was an entry, which now expires after the lifetime; else 0.
pub(crate) fn expire_in(key: WireKey<'_>, ttl: Ttl) -> Command {
    with_number("PEXPIRE", key, ttl.as_millis().get())
}

/// 1 when there was an entry, which now expires at that time, or is gone when the time is past; else 0.
pub(crate) fn expire_at(key: WireKey<'_>, time: Timestamp) -> Command {
    with_number("PEXPIREAT", key, time.as_unix_millis())
}

/// Two commands for one step, of which the first answers: PERSIST says 0 also for an entry that never expires.
pub(crate) fn expire_never(key: WireKey<'_>) -> [Command; 2] {
    [exists(key), of_key("PERSIST", key)]
}

pub(crate) fn get_many<'a>(keys: impl ExactSizeIterator<Item = WireKey<'a>> + Clone) -> Command {
    let room = Command::with_room("MGET", keys.len(), keys.clone().map(WireKey::len).sum());
    keys.fold(room, Command::arg)
}

pub(crate) fn increment(key: WireKey<'_>, delta: i64) -> Command {
    Command::with_room("INCRBY", 2, key.len()).arg(key).arg(delta)
}

pub(crate) fn scan(cursor: u64, pattern: &str, count: usize) -> Command {
    Command::with_room("SCAN", 5, pattern.len()).arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(count)
}

/// Chooses the protocol, and says who we are as far as the settings do.
pub(crate) fn hello(config: &Config, credentials: Option<&Credentials>) -> Command {
    let protocol = match config.protocol {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    };
    let user = credentials.map(|credentials| ("AUTH", user_name(credentials), credentials.password.reveal()));
    let name = config.client_name.as_ref().map(|name| ("SETNAME", name));
    Command::new("HELLO").arg(protocol).arg(user).arg(name)
}

/// Says who we are from now on.
pub(crate) fn auth(credentials: &Credentials) -> Command {
    Command::new("AUTH").arg(user_name(credentials)).arg(credentials.password.reveal())
}

fn user_name(credentials: &Credentials) -> &str {
    credentials.username.as_ref().map_or(DEFAULT_USER, Secret::reveal)
}

pub(crate) fn select(db: u32) -> Command {
    Command::new("SELECT").arg(db)
}

pub(crate) fn server_info() -> Command {
    Command::new("INFO").arg("server")
}

/// Whether the server is a primary or a replica, and of whom.
pub(crate) fn role() -> Command {
    Command::new("ROLE")
}

/// Has a replica in a cluster answer reads for the slots of its primary.
pub(crate) fn read_only() -> Command {
    Command::new("READONLY")
}

/// Has a node of a cluster answer the next command for a slot that it is still taking over.
pub(crate) fn asking() -> Command {
    Command::new("ASKING")
}

/// Which nodes have which slots.
pub(crate) fn cluster_slots() -> Command {
    of_two_words("CLUSTER", "SLOTS")
}

/// The state of the cluster as a node sees it.
pub(crate) fn cluster_info() -> Command {
    of_two_words("CLUSTER", "INFO")
}

/// All nodes as a node sees them, with the slots that are leaving or reaching it.
pub(crate) fn cluster_nodes() -> Command {
    of_two_words("CLUSTER", "NODES")
}

/// The primary of a service, as a sentinel sees it.
pub(crate) fn sentinel_primary(service: &str) -> Command {
    of_two_words("SENTINEL", "MASTER").arg(service)
}

/// Where a sentinel sends clients of a service: already to the successor of a primary that it is replacing.
pub(crate) fn sentinel_address(service: &str) -> Command {
    of_two_words("SENTINEL", "GET-MASTER-ADDR-BY-NAME").arg(service)
}

/// The replicas of a service, as a sentinel sees them.
pub(crate) fn sentinel_replicas(service: &str) -> Command {
    of_two_words("SENTINEL", "REPLICAS").arg(service)
}

fn of_two_words(first: &str, second: &str) -> Command {
    Command::new(first).arg(second)
}

/// Waits until so many replicas have all that this connection has written; answers how many have.
pub(crate) fn wait(replicas: NonZeroU32, timeout: Duration) -> Command {
    // The server takes 0 for as long as it takes.
    Command::new("WAIT").arg(replicas.get()).arg(whole_millis(timeout).max(1))
}

/// Has the next transaction of this connection come to nothing if any of the keys is written to before it.
pub(crate) fn watch(wire_keys: &[Vec<u8>]) -> Command {
    Command::new("WATCH").arg(wire_keys)
}

/// Forgets the watched keys.
pub(crate) fn unwatch() -> Command {
    Command::new("UNWATCH")
}

/// What begins a transaction, as it is sent.
pub(crate) const BEGIN: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";

/// What executes a transaction, as it is sent.
pub(crate) const EXECUTE: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// The commands of a transaction, with what begins and executes it.
pub(crate) fn transaction(commands: &[Command]) -> impl Iterator<Item = Command> {
    let (begin, execute) = (Command::new("MULTI"), Command::new("EXEC"));
    iter::once(begin).chain(commands.iter().cloned()).chain(iter::once(execute))
}

/// Commands that leave in one write, over a connection that is not ours.
#[cfg(feature = "deadpool-redis")]
pub(crate) fn pipeline(commands: impl Iterator<Item = redis::Cmd>) -> redis::Pipeline {
    commands.fold(redis::Pipeline::new(), |mut pipeline, command| {
        pipeline.add_command(command);
        pipeline
    })
}

/// A script by its digest: a server that has seen the script before needs no more.
pub(crate) fn script_by_digest(sha1: &str, keys: impl ToRedisArgs, args: impl ToRedisArgs) -> Command {
    let (number_of_keys, number_of_args) = (keys.num_of_args(), args.num_of_args());
    let room = Command::with_room("EVALSHA", 2 + number_of_keys + number_of_args, SCRIPT_BYTES);
    room.arg(sha1).arg(number_of_keys).arg(keys).arg(args)
}

/// The same call by the script's text, which any server can execute and which leaves the script in its cache.
pub(crate) fn script_by_text(source: &str, by_digest: &Command) -> Command {
    by_digest.arguments().skip(2).fold(Command::new("EVAL").arg(source), Command::arg)
}

pub(crate) fn ping() -> Command {
    Command::new("PING")
}

pub(crate) fn memory_info() -> Command {
    Command::new("INFO").arg("memory")
}

/// Empties the selected database. Only `delete_whole_database` sends it.
pub(crate) fn delete_whole_database() -> Command {
    Command::new("FLUSHDB").arg("ASYNC")
}

fn of_key(name: &str, key: WireKey<'_>) -> Command {
    Command::with_room(name, 1, key.len()).arg(key)
}

fn with_number(name: &str, key: WireKey<'_>, number: u64) -> Command {
    Command::with_room(name, 2, key.len()).arg(key).arg(number)
}
