//! Named collections of records: the client, how labels are spelled, collections and their records in the tables, and
//! what is left of those that are gone.

mod client;
mod collection;
mod collections;
mod garbage;
mod label;

pub use client::RedbKeyValueStoreClient;
pub(crate) use garbage::Garbage;
pub(crate) use label::parse as parse_label;
