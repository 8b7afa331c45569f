//! Stores over a pool of the program's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
mod limits;
mod support;
