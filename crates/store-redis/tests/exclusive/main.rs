//! What is done over connections that nobody shares, and what is counted and told of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/common.rs"]
mod common;
#[path = "../support/deployments.rs"]
mod deployments;
#[path = "../support/dropping.rs"]
mod dropping;
mod durability;
#[path = "../support/info.rs"]
mod info;
mod pool;
mod raw;
mod stats;
mod support;
mod transactions;
