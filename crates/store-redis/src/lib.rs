#![doc = include_str!("../README.md")]
//! # What the errors of a server mean
//!
//! A transaction that was aborted is judged by the first error inside it; an error inside a script by that error.
//!
#![doc = include_str!("error_codes.md")]
//!
//! A connection that cannot be made, and one that ends before a byte of the request left, are `Unavailable` and
//! `NotApplied`. One that ends after bytes may have left is `Unavailable` and `Unknown`; a reply that does not come
//! within the deadline is `Timeout` and `Unknown`.
//!
//! What is wrong with a certificate stays wrong until somebody changes something, so it is no reason to try again. Before
//! a connection is made:
//!
//! | failure of TLS | kind | retry | outcome |
//! | --- | --- | --- | --- |
//! | a PEM text or file that cannot be read, or holds nothing of use | `Config` | `Never` | `NotApplied` |
//! | the server's certificate: expired, not valid yet, of an authority that is not trusted, for another host | `Config` | `Never` | `NotApplied` |
//! | no version or cipher in common; the server speaks no TLS | `Config` | `Never` | `NotApplied` |
//! | the server refuses our certificate, or asks for one where we have none | `PermissionDenied` | `Never` | `NotApplied` |
//! | no answer to the handshake in time; the connection ends in it | `Unavailable` | `AfterBackoff` | `NotApplied` |
//!
//! A server that asks for a certificate by TLS 1.2 says of a missing one only that the handshake failed: `Config`.
//!
//! # Runtimes
//!
//! The driver needs a tokio runtime with I/O and time enabled ([`enable_all`]); a call outside any runtime is
//! [`ErrorKind::Config`], and one inside a runtime without them panics in tokio. Handles may be used on several runtimes,
//! one after another or at the same time. A connection lives on the runtime whose caller dialled it: when that runtime
//! is shut down, the next call dials on its own; while it stands still, as a current-thread runtime does that nobody
//! blocks on, calls on the others time out until the connection is replaced, after
//! [`timeouts_before_probe`](Config::timeouts_before_probe). So a program with several runtimes gives each a store of
//! its own.
//!
//! Deadlines do not depend on the runtime of a connection. One thread of the process, `store-redis-watch`, wakes calls that
//! have waited for some 50 ms, and each sets a timer on the runtime of its own caller; while no call waits, it sleeps.
//!
//! [`enable_all`]: https://docs.rs/tokio/latest/tokio/runtime/struct.Builder.html#method.enable_all
#![forbid(unsafe_code)]

mod batches;
mod builder;
pub mod cachelib;
mod command;
mod config;
mod connection;
mod credentials;
mod draft;
mod enumerate;
mod environment;
mod error;
mod keyspace;
mod layout;
mod locks;
mod operations;
#[cfg(feature = "pickle")]
pub mod pickle;
mod plain;
pub mod raw;
mod records;
mod reply;
mod request;
mod script;
mod sharded;
mod slot;
mod stats;
mod store;
mod topology;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "no_trace.rs"]
mod trace;
mod transaction;
mod url;

// Whoever depends on this crate needs no other one.
/// For the escape hatches that take or give commands and replies as they are: [`NewConnection::raw_command`].
#[cfg(feature = "deadpool-redis")]
/// Whose pools [`RedisStore::from_pool`] takes.
pub use deadpool_redis;
pub use redis;
pub use store_core;
#[doc(no_inline)]
pub use store_core::*;

/// What most programs need, in one import.
pub mod prelude {
    #[doc(no_inline)]
    pub use store_core::prelude::*;

    pub use crate::{RedisCache, RedisKeyValueStoreClient, RedisStore, Transactions};
}

pub use builder::Builder;
pub use config::{
    AtLeastOnce, Cluster, Coalescing, Config, Coverage, Deployment, Identity, Keepalive, Pem, Protocol, ReadFrom,
    RetryPolicy, Roots, Secret, Sentinel, Server, SlotPolicy, Tls,
};
pub use connection::{NewConnection, OnConnect, Role};
pub use credentials::{CredentialProvider, Credentials};
pub use draft::Draft;
pub use layout::Layout;
pub use plain::Plain;
pub use records::{RecordLayout, RedisKeyValueStoreClient};
pub use slot::Slot;
pub use stats::Stats;
pub use store::{RedisCache, RedisStore};
pub use topology::{Member, Servers};
pub use transaction::{Transaction, Transactions};

/// What `fuzz/` calls; no part of the crate. Panics where our reader of replies and the client crate's parser differ.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn fuzz_replies(bytes: &[u8], piece_sizes: &[usize]) {
    connection::compare(bytes, piece_sizes);
}
