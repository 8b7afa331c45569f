//! Any command, past everything that the store promises: the place where types of the `redis` crate are public.
//!
//! For what the contract does not offer, such as a list or a stream, or `CLIENT LIST`. The commands see wire keys
//! ([`Raw::wire_key`]), not the keys of the store.

use std::fmt;
use std::pin::pin;

use futures_util::FutureExt;
use redis::{Arg, Cmd, ToRedisArgs, Value};
use store_core::{Address, Error, ErrorKind, Key, Namespace, Result};

use crate::operations::{DRIVER, Operations};
use crate::request::{Class, Request, Route};
use crate::slot::Slot;

/// Who has to carry a raw command out.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum RawRoute<'a> {
    /// The server that has this wire key.
    WireKey(&'a [u8]),
    /// Any server that takes writes.
    AnyPrimary,
}

/// Shows no key.
impl fmt::Debug for RawRoute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WireKey(_) => "WireKey",
            Self::AnyPrimary => "AnyPrimary",
        })
    }
}

/// Sends raw commands over the connections of a store. Made by [`RedisStore::raw`](crate::RedisStore::raw).
///
/// Each command has an exclusive connection for as long as it takes, so one that blocks (`BLPOP`) holds up nobody else;
/// there are [`exclusive_connections`](crate::Config::exclusive_connections) to each server. The deadline of the store
/// counts. What would outlast the command on its connection (`SELECT`, `MULTI`, `SUBSCRIBE` …) is refused as
/// [`InvalidArgument`](ErrorKind::InvalidArgument) before anything is sent. What the server refuses is an error by the
/// same table as everywhere; within an array, error replies stay as they are.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    operations: &'a Operations,
}

impl<'a> Raw<'a> {
    pub(crate) fn new(operations: &'a Operations) -> Self {
        Self { operations }
    }

    /// The key under which the store keeps an entry.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for what is no key, and for what a strict [`Layout`](crate::Layout) refuses.
    pub fn wire_key(&self, namespace: &Namespace, key: &str) -> Result<Vec<u8>> {
        let wire_key = self.operations.keyspace.wire_key(Address { namespace, key: Key::new(key)? })?;
        Ok(wire_key.to_redis_args().concat())
    }

    /// Sends a command at most once: it is repeated only where it certainly was not executed. Redirections of a cluster
    /// are followed.
    ///
    /// # Errors
    /// Any kind that a server's refusal or a transport can have. After a lost reply the outcome is `Unknown`.
    ///
    /// # Cancel safety
    /// A command that was dropped may have been executed, and its connection is closed.
    pub async fn execute(&self, command: &Cmd, route: RawRoute<'_>) -> Result<Value> {
        self.operations
            .traced("raw", pin!(self.send(Class::NotRepeatable, command, route)))
            .boxed()
            .await
            .map_err(named)
    }

    /// Sends a command of which the caller says that it only reads, so that it may be repeated whatever happened.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    ///
    /// # Cancel safety
    /// Nothing changes.
    pub async fn read(&self, command: &Cmd, route: RawRoute<'_>) -> Result<Value> {
        self.operations.traced("raw", pin!(self.send(Class::Read, command, route))).boxed().await.map_err(named)
    }

    /// Sends a command once to every server that takes writes, to all of them at a time; a reply or an error for each.
    /// Nothing is repeated, and nobody is asked twice.
    ///
    /// # Errors
    /// Those that keep it from being sent to anybody.
    ///
    /// # Cancel safety
    /// As [`execute`](Self::execute), on each server by itself.
    pub async fn execute_on_every_primary(&self, command: &Cmd) -> Result<Vec<Result<Value>>> {
        let request = request(Class::NotRepeatable, command).map_err(named)?;
        let sent = pin!(self.operations.executor.on_every_primary(&request));
        let replies = self.operations.traced("raw", sent).boxed().await.map_err(named)?;
        Ok(replies.into_iter().map(|reply| reply.map_err(named)).collect())
    }

    async fn send(&self, class: Class, command: &Cmd, route: RawRoute<'_>) -> Result<Value> {
        let request = request(class, command)?;
        self.operations
            .executor
            .one(request.to(match route {
                RawRoute::WireKey(wire_key) => Route::Slot(Slot::of_wire_key(wire_key)),
                RawRoute::AnyPrimary => Route::Any,
            }))
            .await
    }
}

fn request(class: Class, command: &Cmd) -> Result<Request> {
    let Some(Arg::Simple(name)) = command.args_iter().next() else {
        return Err(Error::new(ErrorKind::InvalidArgument, "a command has a name"));
    };
    if let Some(name) = OF_CONNECTIONS.iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
        let message = format!("the command is about its connection, which is not the caller's; command={name}");
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    Ok(Request::one(class, command.into()).exclusively())
}

/// Commands whose effect stays on the connection, or which change how it speaks.
const OF_CONNECTIONS: [&str; 20] = [
    "ASKING",
    "AUTH",
    "DISCARD",
    "EXEC",
    "HELLO",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "READONLY",
    "READWRITE",
    "RESET",
    "SELECT",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SYNC",
    "UNWATCH",
    "WATCH",
];

fn named(error: Error) -> Error {
    error.with_driver(DRIVER).with_context("raw", None)
}
