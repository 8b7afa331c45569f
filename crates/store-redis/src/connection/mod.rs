//! The way to the server: dialling, sharing a line, replacing it, repeating what may be repeated.
//!
//! Top down: the [`Executor`] repeats attempts within one deadline; the resolver knows the endpoint; the endpoint holds
//! the connections and dials them; a connection sends and receives; the line below it knows whether bytes left.

mod answer;
mod attempt;
mod carrier;
mod channel;
mod checkout;
mod deadline;
mod dial;
mod endpoint;
mod exclusive;
mod executor;
mod handshake;
mod hook;
mod identity;
mod line;
mod lock;
mod multiplex;
mod node;
mod optimistic;
mod peer;
mod placement;
#[cfg(feature = "deadpool-redis")]
mod pooled;
#[cfg(not(feature = "deadpool-redis"))]
#[path = "no_pool.rs"]
mod pooled;
mod renewal;
mod resolver;
mod retry;
mod socket;
mod task;
#[cfg(feature = "tls")]
pub(crate) mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
pub(crate) mod tls;

pub(crate) use executor::Executor;
pub use hook::{NewConnection, OnConnect, Role};
pub(crate) use identity::ServerId;
#[cfg(fuzzing)]
pub(crate) use multiplex::compare;
pub(crate) use optimistic::Optimistic;
pub(crate) use placement::Placement;
pub(crate) use pooled::Pooled;
pub(crate) use retry::random_pause;
