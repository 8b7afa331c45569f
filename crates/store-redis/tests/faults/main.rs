//! What callers see when something is wrong with the server, the line to it, or the way they are called themselves:
//! the kind, the advice on retrying and the outcome, and that everything works again afterwards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod callers;
mod codes;
#[path = "../support/common.rs"]
mod common;
#[path = "../support/dropping.rs"]
mod dropping;
#[path = "../support/info.rs"]
mod info;
#[path = "../support/killing.rs"]
mod killing;
mod lines;
mod outages;
mod refusals;
#[path = "../support/snapshots.rs"]
mod snapshots;
mod support;
