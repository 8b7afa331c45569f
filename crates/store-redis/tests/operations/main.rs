//! The awkward cases of every operation, on a real server and in both versions of the protocol.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod enumeration;
mod lifetimes;
mod locks;
mod support;
mod values;
