//! The way to the server: dialling, sharing a line, replacing it, repeating what may be repeated.

mod executor;
mod identity;

pub(crate) use executor::{Executor, Replies};
pub(crate) use identity::ServerId;
