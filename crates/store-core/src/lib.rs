#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod batch;
mod cache;
mod cache_ext;
mod call;
mod capability;
mod client;
mod clock;
pub mod codec;
mod contention;
mod counter;
mod counting;
mod durability;
mod encoding;
mod entry;
mod error;
mod expiry;
mod forward;
mod key;
mod listing;
mod lock;
mod lock_ext;
mod locking;
mod namespace;
mod namespaced;
pub mod prelude;
mod random;
mod records;
mod registry;
mod request;
mod store;
mod store_ext;
mod typed;
mod update;
mod value;

pub use async_trait::async_trait;
pub use bytes::Bytes;

pub use batch::{DeleteMany, ExpireMany, GetMany, SetItem, SetMany};
pub use cache::{Cache, DEFAULT_CACHE_TTL};
pub use cache_ext::CacheExt;
pub use call::Call;
pub use capability::{BatchAtomicity, Capabilities, Eviction, Listing, Reads, Support, Topology};
pub use client::KeyValueStoreClient;
pub use clock::{Clock, ManualClock, SystemClock};
pub use codec::{Codec, CodecError, Decode, Encode};
pub use counter::{checked_counter_sum, parse_counter};
pub use counting::Increment;
pub use durability::Durability;
pub use entry::{
    Address, BatchItem, Condition, CounterOptions, Cursor, DeleteOptions, Entry, ExpireOptions, ExpiryRead, GetOptions,
    ListOptions, ListedKey, Page, Scope, SetOptions, SetOutcome, WriteOptions,
};
pub use error::{Error, ErrorKind, Outcome, Result, Retry};
pub use expiry::{ExpiresAt, Expiry, Lifetime, Remaining, Timestamp, Ttl, WriteExpiry, whole_millis};
pub use key::{Key, KeyBuf};
pub use listing::{Keys, List};
pub use lock::{FencingToken, LockOptions, LockOwner};
pub use lock_ext::LockExt;
pub use locking::{Lock, LockGuard, TryLock};
pub use namespace::Namespace;
pub use namespaced::Namespaced;
pub use records::{
    AccessTimes, ContentType, FromRecord, GetValue, GetValueOr, IntoRecordValue, Iterate, Iteration, KeyValueStore,
    KeyValueStores, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions, RecordValue,
    SetValue, StoreAlias, StoreLabel, StoreMetadata, StoreName, StoreSelector, UrlTemplate,
};
#[cfg(feature = "json")]
pub use records::{AsJson, AutoSaved};
pub use registry::StoreRegistry;
pub use request::{Add, Clear, ConditionalSet, Delete, Expire, Get, GetWithExpiry, Set, Take};
pub use store::Store;
pub use store_ext::StoreExt;
pub use typed::{OnCorrupt, Typed, TypedGet};
pub use update::Update;
pub use value::IntoValue;
