//! How connections are made: over TLS, as whom, and with what code of the user's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod certificates;
mod credentials;
mod hook;
mod support;
mod topologies;
