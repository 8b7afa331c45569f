//! Redis servers for tests, benches and examples: processes or containers that never outlive their owner.
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
//! [`SentinelDeployment`] and [`ClusterDeployment`] are several servers that know each other:
//!
//! ```no_run
//! use store_testkit::{ClusterDeployment, ClusterOptions};
//!
//! let cluster = ClusterDeployment::start(ClusterOptions::new())?;
//! let former = cluster.primary_of_slot(0)?;
//! former.kill()?;
//! cluster.await_failover(former)?;
//! # Ok::<(), store_testkit::Error>(())
//! ```
//!
//! What the world does to servers is done to them by methods: [`RedisServer`] has those for one server (kill, stop,
//! restart, pause, no memory, other users), the deployments those for a topology (failovers, slots that move, new
//! passwords) and the waits for the state after. [`Certificates`] and [`Tls`] put any of them behind TLS.
//!
//! [`RedisServer::start`] gives a test a server of its own, [`shared`] one server to all tests of a binary.
//! [`DetachedServer`] and [`DetachedDeployment`] are the kinds that stay after their starter, until they are shut down.
//!
//! [`proxy`] puts a proxy in front of a server that delays, holds, cuts, changes or swallows what passes.
//!
//! # Where servers come from
//!
//! The environment chooses, and a test is the same on all of it:
//!
//! | [`BACKEND_VARIABLE`] | servers are |
//! | --- | --- |
//! | unset or `process` | processes of `redis-server` or `valkey-server` from `PATH` |
//! | `docker` | containers, with the feature `containers` of this crate |
//! | a URL | the one that is already there, which is neither configured nor ended |
//!
//! [`SERVER_VARIABLE`] names a [`Release`], whatever the machine has installed: processes run from where
//! `cargo xtask images` unpacked it, containers from the image that it made. A server that cannot be had is an error that
//! says what to do; nothing here ever skips.
//!
//! [`PROTOCOL_VARIABLE`] names the [`Protocol`] for tests that leave it open what their client speaks.
//!
//! Servers listen on loopback or on a unix socket, keep their files in a temporary directory, and are gone after drop,
//! panic, abort and `kill -9` of their owner. On Linux the kernel ends processes, elsewhere only drop and panic do.
//! Containers are removed by a shell that waits for their owner's end, and what it misses by the next owner of containers.
//!
//! # How nodes are launched, and how they become a topology
//!
//! The seam between the two is `node.rs`. A `Launcher` starts a single node on 127.0.0.1 and gives back its address and
//! a `Runtime`, the controls over what it runs in. `running.rs` is both, on any `Runner` (`launch.rs`) of a server's
//! program: an operating system (`process.rs`) or an engine (`container.rs`). A topology (`sentinel/assembly.rs`,
//! `cluster/assembly.rs`) is made of launched nodes by commands over connections, and takes any `Launcher`. What a node's
//! configuration file says is `config.rs`, for every launcher.

mod backend;
mod certificates;
mod cluster;
mod config;
#[cfg(feature = "containers")]
mod container;
mod detached;
mod endpoint;
mod error;
mod faults;
mod identity;
mod info;
mod keeper;
mod launch;
mod lifetime;
mod node;
mod options;
mod port;
mod process;
mod protocol;
pub mod proxy;
mod random;
mod release;
mod resp;
mod role;
mod running;
mod scratch;
mod sentinel;
mod server;
mod tls;
mod wait;

pub use backend::{BACKEND_VARIABLE, Backend, find_program};
pub use certificates::{Certificates, CertifiedKey, Pem};
pub use cluster::{ClusterDeployment, ClusterNode, ClusterOptions, SlotMigration};
pub use detached::{DetachedDeployment, DetachedServer};
pub use error::Error;
pub use faults::Pause;
pub use node::State;
pub use options::{Listen, ServerOptions};
pub use protocol::{PROTOCOL_VARIABLE, Protocol};
pub use random::Random;
pub use release::{PROGRAM, Release, SERVER_VARIABLE};
pub use resp::{Connection, Reply};
pub use role::{Link, Role};
pub use sentinel::{SentinelDeployment, SentinelOptions};
pub use server::{RedisServer, shared};
pub use tls::{ClientCertificate, Tls};
pub use wait::wait_until;
