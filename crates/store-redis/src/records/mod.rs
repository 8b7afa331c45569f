//! Named collections of records: the client, its settings, and each operation as the script that carries it out.

mod builder;
mod client;
mod layout;
mod operations;
mod picking;
mod recent;

pub(crate) use builder::RecordSettings;
pub use client::RedisKeyValueStoreClient;
pub use layout::RecordLayout;
