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
