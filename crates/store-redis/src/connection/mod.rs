//! The way to the server: dialling, sharing a line, replacing it, repeating what may be repeated.
//!
//! Top down: the [`Executor`] repeats attempts within one deadline; the resolver knows the endpoint; the endpoint holds
//! the connections and dials them; a connection sends and receives; the line below it knows whether bytes left.

mod answer;
mod deadline;
mod dial;
mod driver;
mod endpoint;
mod executor;
mod identity;
mod line;
mod node;
mod resolver;
mod retry;

pub(crate) use executor::Executor;
pub(crate) use identity::ServerId;
