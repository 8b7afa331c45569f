//! The driver on a real Cluster: where keys lie, and what holds while slots move.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod moving;
mod placement;
mod support;
