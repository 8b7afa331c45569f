//! What a store tells those who trace it, and what it never tells.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod capture;
mod events;
mod secrets;
