//! What the suite does not ask of a client for records: what lies on the server, what becomes of collections that
//! others have damaged or dropped, and what it costs where servers fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/common.rs"]
mod common;
mod crawlee;
mod damage;
#[path = "../support/deployments.rs"]
mod deployments;
mod dropping;
mod limits;
mod opening;
mod refusals;
#[path = "../support/snapshots.rs"]
mod snapshots;
mod support;
mod tearing;
mod topologies;
