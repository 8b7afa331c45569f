#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cache;
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

pub use cache::RedisCache;
pub use config::{AtLeastOnce, Coalescing, Config, Keepalive, Protocol, RetryPolicy, Secret, Server};
pub use store::RedisStore;
