//! Names every Redis command that is sent. What runs inside the server is named by the scripts.
//!
//! All of them exist since Redis 7.0 and in every Valkey.

use std::iter;
use std::num::NonZeroU32;
use std::time::Duration;

use redis::{Arg, Cmd, Pipeline, RedisWrite, ToRedisArgs};
use store_core::{Lifetime, Timestamp, Ttl, WriteExpiry, whole_millis};

use crate::config::{Config, Protocol, Secret};
use crate::credentials::Credentials;
use crate::keyspace::{IdKey, LockKeys, WireKey, crawlee};

/// The user that a password alone belongs to.
const DEFAULT_USER: &str = "default";

/// Room for the small arguments of a command, so that key and value never move while it is put together.
const SMALL_ARGUMENTS_BYTES: usize = 64;

/// Room for a script's digest, keys and arguments; longer ones are moved as they grow.
const SCRIPT_ARGUMENTS_BYTES: usize = 512;

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

pub(crate) fn get(key: WireKey<'_>) -> Cmd {
    of_key("GET", key)
}

/// The owner of a lock, and its token.
pub(crate) fn get_lock(keys: &LockKeys) -> Cmd {
    let mut get = redis::cmd("GET");
    get.arg(&keys.lock);
    get
}

/// Where the id of a collection leads.
pub(crate) fn get_tag(id: &IdKey) -> Cmd {
    let mut get = redis::cmd("GET");
    get.arg(id.as_str());
    get
}

pub(crate) fn set_tag(id: &IdKey, tag: &str) -> Cmd {
    let mut set = redis::cmd("SET");
    set.arg(id.as_str()).arg(tag);
    set
}

/// 1 when it led anywhere; else 0.
pub(crate) fn delete_tag(id: &IdKey) -> Cmd {
    let mut delete = redis::cmd("UNLINK");
    delete.arg(id.as_str());
    delete
}

/// What a collection with this id is called, in Crawlee's layout: an array of one. HGET would do on any server
/// but fakeredis, on which the interop cases run: it answers a text that is in no array as a status.
pub(crate) fn get_crawlee_text(id: &str) -> Cmd {
    let mut get = redis::cmd("HMGET");
    get.arg(crawlee::TEXTS).arg(id);
    get
}

/// A JSON document, if there is one.
pub(crate) fn get_document(wire_key: &str) -> Cmd {
    let mut get = redis::cmd("JSON.GET");
    get.arg(wire_key).arg(".");
    get
}

/// The expiry in milliseconds since the Unix epoch; -1 without one, -2 without an entry.
pub(crate) fn expires_at(key: WireKey<'_>) -> Cmd {
    of_key("PEXPIRETIME", key)
}

/// The remaining milliseconds; -1 without an expiry, -2 without an entry.
pub(crate) fn remaining(key: WireKey<'_>) -> Cmd {
    of_key("PTTL", key)
}

pub(crate) fn exists(key: WireKey<'_>) -> Cmd {
    of_key("EXISTS", key)
}

pub(crate) fn take(key: WireKey<'_>) -> Cmd {
    of_key("GETDEL", key)
}

/// UNLINK, because a key of ours may hold a large collection of somebody else's, which DEL would free on the spot.
pub(crate) fn delete(key: WireKey<'_>) -> Cmd {
    of_key("UNLINK", key)
}

pub(crate) fn delete_all(wire_keys: &[Vec<u8>]) -> Cmd {
    let mut command = Cmd::with_capacity(1 + wire_keys.len(), wire_keys.iter().map(Vec::len).sum());
    command.arg("UNLINK").arg(wire_keys);
    command
}

pub(crate) fn set(key: WireKey<'_>, value: &[u8], expiry: SetExpiry, presence: Presence) -> Cmd {
    let mut command = sized("SET", 5, key.len() + value.len());
    command.arg(key).arg(value).arg(expiry).arg(presence);
    command
}

/// An unconditional write in one command, or in two that have to be executed in one step.
///
/// KEEPTTL alone gives a missing entry no expiry. Where it has to get one, the first command puts an empty entry with
/// that expiry in its place and the second writes the value over whatever is there then; so the value travels once.
pub(crate) fn overwrite(key: WireKey<'_>, value: &[u8], expiry: WriteExpiry) -> (Option<Cmd>, Cmd) {
    match expiry {
        WriteExpiry::Replace(lifetime) => (None, set(key, value, lifetime.into(), Presence::Any)),
        WriteExpiry::Keep { missing: Lifetime::Never } => (None, set(key, value, SetExpiry::Keep, Presence::Any)),
        WriteExpiry::Keep { missing } => {
            (Some(set(key, b"", missing.into(), Presence::Absent)), set(key, value, SetExpiry::Keep, Presence::Present))
        }
    }
}

/// 1 when there was an entry, which now expires after the lifetime; else 0.
pub(crate) fn expire_in(key: WireKey<'_>, ttl: Ttl) -> Cmd {
    with_number("PEXPIRE", key, ttl.as_millis().get())
}

/// 1 when there was an entry, which now expires at that time, or is gone when the time is past; else 0.
pub(crate) fn expire_at(key: WireKey<'_>, time: Timestamp) -> Cmd {
    with_number("PEXPIREAT", key, time.as_unix_millis())
}

/// Two commands for one step, of which the first answers: PERSIST says 0 also for an entry that never expires.
pub(crate) fn expire_never(key: WireKey<'_>) -> [Cmd; 2] {
    [exists(key), of_key("PERSIST", key)]
}

pub(crate) fn get_many<'a>(keys: impl ExactSizeIterator<Item = WireKey<'a>> + Clone) -> Cmd {
    let mut command = sized("MGET", keys.len(), keys.clone().map(WireKey::len).sum());
    for key in keys {
        command.arg(key);
    }
    command
}

pub(crate) fn increment(key: WireKey<'_>, delta: i64) -> Cmd {
    let mut command = sized("INCRBY", 2, key.len());
    command.arg(key).arg(delta);
    command
}

pub(crate) fn scan(cursor: u64, pattern: &str, count: usize) -> Cmd {
    let mut command = sized("SCAN", 5, pattern.len());
    command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(count);
    command
}

/// Chooses the protocol, and says who we are as far as the settings do.
pub(crate) fn hello(config: &Config, credentials: Option<&Credentials>) -> Cmd {
    let mut hello = redis::cmd("HELLO");
    hello.arg(match config.protocol {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    });
    if let Some(credentials) = credentials {
        hello.arg("AUTH").arg(user_name(credentials)).arg(credentials.password.reveal());
    }
    if let Some(name) = &config.client_name {
        hello.arg("SETNAME").arg(name);
    }
    hello
}

/// Says who we are from now on.
pub(crate) fn auth(credentials: &Credentials) -> Cmd {
    let mut command = redis::cmd("AUTH");
    command.arg(user_name(credentials)).arg(credentials.password.reveal());
    command
}

fn user_name(credentials: &Credentials) -> &str {
    credentials.username.as_ref().map_or(DEFAULT_USER, Secret::reveal)
}

pub(crate) fn select(db: u32) -> Cmd {
    let mut command = redis::cmd("SELECT");
    command.arg(db);
    command
}

pub(crate) fn server_info() -> Cmd {
    let mut command = redis::cmd("INFO");
    command.arg("server");
    command
}

/// Whether the server is a primary or a replica, and of whom.
pub(crate) fn role() -> Cmd {
    redis::cmd("ROLE")
}

/// Has a replica in a cluster answer reads for the slots of its primary.
pub(crate) fn read_only() -> Cmd {
    redis::cmd("READONLY")
}

/// Has a node of a cluster answer the next command for a slot that it is still taking over.
pub(crate) fn asking() -> Cmd {
    redis::cmd("ASKING")
}

/// Which nodes have which slots.
pub(crate) fn cluster_slots() -> Cmd {
    of_two_words("CLUSTER", "SLOTS")
}

/// The state of the cluster as a node sees it.
pub(crate) fn cluster_info() -> Cmd {
    of_two_words("CLUSTER", "INFO")
}

/// All nodes as a node sees them, with the slots that are leaving or reaching it.
pub(crate) fn cluster_nodes() -> Cmd {
    of_two_words("CLUSTER", "NODES")
}

/// The primary of a service, as a sentinel sees it.
pub(crate) fn sentinel_primary(service: &str) -> Cmd {
    let mut command = of_two_words("SENTINEL", "MASTER");
    command.arg(service);
    command
}

/// Where a sentinel sends clients of a service: already to the successor of a primary that it is replacing.
pub(crate) fn sentinel_address(service: &str) -> Cmd {
    let mut command = of_two_words("SENTINEL", "GET-MASTER-ADDR-BY-NAME");
    command.arg(service);
    command
}

/// The replicas of a service, as a sentinel sees them.
pub(crate) fn sentinel_replicas(service: &str) -> Cmd {
    let mut command = of_two_words("SENTINEL", "REPLICAS");
    command.arg(service);
    command
}

fn of_two_words(first: &str, second: &str) -> Cmd {
    let mut command = redis::cmd(first);
    command.arg(second);
    command
}

/// Waits until so many replicas have all that this connection has written; answers how many have.
pub(crate) fn wait(replicas: NonZeroU32, timeout: Duration) -> Cmd {
    let mut command = redis::cmd("WAIT");
    // The server takes 0 for as long as it takes.
    command.arg(replicas.get()).arg(whole_millis(timeout).max(1));
    command
}

/// Has the next transaction of this connection come to nothing if any of the keys is written to before it.
pub(crate) fn watch(wire_keys: &[Vec<u8>]) -> Cmd {
    let mut command = redis::cmd("WATCH");
    command.arg(wire_keys);
    command
}

/// Forgets the watched keys.
pub(crate) fn unwatch() -> Cmd {
    redis::cmd("UNWATCH")
}

/// What begins a transaction, as it is sent.
pub(crate) const BEGIN: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";

/// What executes a transaction, as it is sent.
pub(crate) const EXECUTE: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// The commands of a transaction, with what begins and executes it.
pub(crate) fn transaction(commands: &Pipeline) -> impl Iterator<Item = Cmd> {
    let (begin, execute) = (redis::cmd("MULTI"), redis::cmd("EXEC"));
    iter::once(begin).chain(commands.cmd_iter().cloned()).chain(iter::once(execute))
}

/// A script by its digest: a server that has seen the script before needs no more.
pub(crate) fn script_by_digest(sha1: &str, keys: impl ToRedisArgs, args: impl ToRedisArgs) -> Cmd {
    let (number_of_keys, number_of_args) = (keys.num_of_args(), args.num_of_args());
    let mut command = Cmd::with_capacity(3 + number_of_keys + number_of_args, SCRIPT_ARGUMENTS_BYTES);
    command.arg("EVALSHA").arg(sha1).arg(number_of_keys).arg(keys).arg(args);
    command
}

/// The same call by the script's text, which any server can execute and which leaves the script in its cache.
pub(crate) fn script_by_text(source: &str, by_digest: &Cmd) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(source);
    for argument in by_digest.args_iter().skip(2) {
        // No script has a cursor among its arguments.
        if let Arg::Simple(argument) = argument {
            command.arg(argument);
        }
    }
    command
}

pub(crate) fn ping() -> Cmd {
    redis::cmd("PING")
}

pub(crate) fn memory_info() -> Cmd {
    let mut command = redis::cmd("INFO");
    command.arg("memory");
    command
}

/// Empties the selected database. Only `delete_whole_database` sends it.
pub(crate) fn delete_whole_database() -> Cmd {
    let mut command = redis::cmd("FLUSHDB");
    command.arg("ASYNC");
    command
}

fn of_key(name: &str, key: WireKey<'_>) -> Cmd {
    let mut command = sized(name, 1, key.len());
    command.arg(key);
    command
}

fn with_number(name: &str, key: WireKey<'_>, number: u64) -> Cmd {
    let mut command = sized(name, 2, key.len());
    command.arg(key).arg(number);
    command
}

/// Commands that leave in one write.
pub(crate) fn pipeline(commands: impl IntoIterator<Item = Cmd>) -> Pipeline {
    let commands = commands.into_iter();
    let mut pipeline = Pipeline::with_capacity(commands.size_hint().0);
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

/// A command with room for `arguments`, of which the large ones take `bytes`.
fn sized(name: &str, arguments: usize, bytes: usize) -> Cmd {
    let mut command = Cmd::with_capacity(1 + arguments, SMALL_ARGUMENTS_BYTES + bytes);
    command.arg(name);
    command
}
