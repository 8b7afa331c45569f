#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cache;
mod capability;
mod client;
mod clock;
mod counter;
mod encoding;
mod entry;
mod error;
mod expiry;
mod forward;
mod key;
mod namespace;
mod namespaced;
mod store;

pub use async_trait::async_trait;
pub use bytes::Bytes;

pub use cache::{Cache, DEFAULT_CACHE_TTL};
pub use capability::{BatchAtomicity, Capabilities, Eviction, Listing, Support, Topology};
pub use client::{
    KeyValueStoreClient, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions,
    StoreMetadata, StoreSelector,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use counter::{add_to, parse_counter};
pub use entry::{
    Address, BatchItem, Condition, Cursor, DeleteOptions, Entry, ExpiryRead, GetOptions, ListOptions, ListedKey, Page,
    Scope, SetOptions, SetOutcome,
};
pub use error::{Error, ErrorKind, Outcome, Result, Retry};
pub use expiry::{ExpiresAt, Expiry, Lifetime, Remaining, Timestamp, Ttl, WriteExpiry};
pub use key::{Key, KeyBuf};
pub use namespace::Namespace;
pub use namespaced::Namespaced;
pub use store::{Store, refuse_clear_without};
