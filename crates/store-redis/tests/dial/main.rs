//! How connections are made: over TLS, as whom, and with what code of the user's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod certificates;
#[path = "../support/common.rs"]
mod common;
mod credentials;
#[path = "../support/deployments.rs"]
mod deployments;
mod hook;
#[path = "../support/killing.rs"]
mod killing;
mod support;
mod topologies;
