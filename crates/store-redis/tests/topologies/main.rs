//! The driver on deployments of several servers, whose parts change while it is at work.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod sentinel;
mod support;
