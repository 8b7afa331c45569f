#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod batch;
mod budget;
mod builder;
mod coarse_clock;
mod engine;
mod entries;
mod expiry_queue;
mod growth;
mod locks;
mod namespaces;
mod records;
mod shard;
mod slot;
mod store;
mod sweeper;
mod walk;

// Whoever depends on this crate needs no other one.
pub use store_core;
#[doc(no_inline)]
pub use store_core::*;

/// What most programs need, in one import.
pub mod prelude {
    #[doc(no_inline)]
    pub use store_core::prelude::*;

    pub use crate::{MemoryCache, MemoryKeyValueStoreClient, MemoryStore};
}

pub use builder::Builder;
pub use coarse_clock::CoarseClock;
pub use records::{ClientBuilder, MemoryKeyValueStoreClient};
pub use store::{MemoryCache, MemoryStore};
