//! What is done over connections that nobody shares, and what is counted and told of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod durability;
mod pool;
mod raw;
mod stats;
mod support;
mod transactions;
