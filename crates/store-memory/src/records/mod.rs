//! Named collections of records: the client, all collections, one collection.

mod builder;
mod client;
mod collection;
mod collections;

pub use builder::ClientBuilder;
pub use client::MemoryKeyValueStoreClient;
