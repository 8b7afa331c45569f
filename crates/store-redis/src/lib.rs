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
//! [`enable_all`]: https://docs.rs/tokio/latest/tokio/runtime/struct.Builder.html#method.enable_all
#![forbid(unsafe_code)]

mod command;
mod config;
mod connection;
mod enumerate;
mod error;
mod keyspace;
mod operations;
mod reply;
mod request;
mod script;
mod store;
mod url;

// Whoever depends on this crate needs no other one.
pub use store_core;
#[doc(no_inline)]
pub use store_core::*;

/// What most programs need, in one import.
pub mod prelude {
    #[doc(no_inline)]
    pub use store_core::prelude::*;

    pub use crate::{RedisCache, RedisStore};
}

pub use config::{AtLeastOnce, Coalescing, Config, Keepalive, Protocol, RetryPolicy, Secret, Server};
pub use store::{RedisCache, RedisStore};
