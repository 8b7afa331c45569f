//! What most programs need: `use store_core::prelude::*`, or the same from the driver crate.

pub use bytes::Bytes;

pub use crate::cache::Cache;
pub use crate::cache_ext::CacheExt;
pub use crate::client::KeyValueStoreClient;
pub use crate::codec;
pub use crate::entry::{Cursor, SetOutcome};
pub use crate::error::{Error, ErrorKind, Outcome, Retry};
pub use crate::expiry::{Expiry, Remaining, Ttl};
pub use crate::lock_ext::LockExt;
pub use crate::namespace::Namespace;
pub use crate::namespaced::Namespaced;
#[cfg(feature = "json")]
pub use crate::records::{AsJson, AutoSaved};
pub use crate::records::{
    ContentType, KeyValueStore, KeyValueStores, RecordValue, StoreAlias, StoreLabel, StoreName, StoreSelector,
};
pub use crate::registry::StoreRegistry;
pub use crate::store::Store;
pub use crate::store_ext::StoreExt;
pub use crate::typed::{OnCorrupt, Typed};
