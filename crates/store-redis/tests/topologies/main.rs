//! The driver on deployments of several servers, whose parts change while it is at work.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
#[path = "../support/common.rs"]
mod common;
#[path = "../support/deployments.rs"]
mod deployments;
mod sentinel;
mod support;
