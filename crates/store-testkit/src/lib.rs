//! Redis servers for tests, benches and examples: local processes that never outlive their owner.
//!
//! ```no_run
//! use store_testkit::{RedisServer, ServerOptions};
//!
//! let server = RedisServer::start(ServerOptions::new().directive("maxmemory", "4mb"))?;
//! server.command(&["RPUSH", "a-list-of-someone-else", "x"])?;
//! println!("{} {} at {}", server.server_name(), server.version(), server.url());
//! # Ok::<(), store_testkit::Error>(())
//! ```
//!
//! [`RedisServer::start`] gives a test a server of its own, [`shared`] one server to all tests of a binary.
//! [`DetachedServer`] is the one kind that stays after its starter, until it is shut down.
//!
//! Where servers come from is chosen by the environment variable [`BACKEND_VARIABLE`]: `process` (the default) starts
//! `redis-server` or `valkey-server` from `PATH`, a URL names a server that is already there. A server that cannot be
//! had is an error that says what to do; nothing here ever skips.
//!
//! The servers listen on loopback or on a unix socket, keep their files in a temporary directory, and are gone after
//! drop, panic, abort and `kill -9` of their owner: on Linux the kernel ends them, elsewhere only drop and panic do.

mod backend;
mod detached;
mod endpoint;
mod error;
mod keeper;
mod launch;
mod lifetime;
mod options;
mod resp;
mod scratch;
mod server;
mod wait;

pub use backend::{BACKEND_VARIABLE, Backend, find_program};
pub use detached::DetachedServer;
pub use error::Error;
pub use options::{Listen, ServerOptions};
pub use resp::{Connection, Reply};
pub use server::{RedisServer, shared};
pub use wait::wait_until;
