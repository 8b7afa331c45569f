#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builder;
mod check;
mod engine;
mod entries;
mod error;
#[cfg(test)]
mod faults;
mod file_clock;
mod line;
mod locks;
mod records;
mod row;
mod shared;
mod snapshot;
mod step;
mod store;
mod sweep;
mod table;
mod tables;
mod timeline;
mod touched;
mod waiters;
mod walk;
mod writer;

// Whoever depends on this crate needs no other one.
pub use store_core;
#[doc(no_inline)]
pub use store_core::*;

/// What most programs need, in one import.
pub mod prelude {
    #[doc(no_inline)]
    pub use store_core::prelude::*;

    pub use crate::{RedbCache, RedbKeyValueStoreClient, RedbStore};
}

pub use builder::Builder;
pub use check::{Contents, check};
pub use records::RedbKeyValueStoreClient;
pub use store::{RedbCache, RedbStore};
pub use writer::Flush;
