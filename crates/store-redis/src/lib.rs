//! The Redis driver of store-core.

#![forbid(unsafe_code)]

mod config;
mod connection;
mod error;
mod request;
mod url;

pub use config::{AtLeastOnce, Config, Protocol, Secret, Server};
