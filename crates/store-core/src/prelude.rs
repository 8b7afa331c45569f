//! What most programs need: `use store_core::prelude::*`, or the same from the driver crate.

pub use bytes::Bytes;

pub use crate::cache::Cache;
pub use crate::cache_ext::CacheExt;
pub use crate::client::KeyValueStoreClient;
pub use crate::error::{Error, ErrorKind};
pub use crate::expiry::{Expiry, Remaining, Ttl};
pub use crate::namespace::Namespace;
pub use crate::registry::StoreRegistry;
pub use crate::store::Store;
pub use crate::store_ext::StoreExt;
