//! The awkward cases of every operation, on a real server and in both versions of the protocol.

mod access;
mod enumeration;
mod lifetimes;
mod support;
mod values;
