//! `MemoryStore` and `MemoryCache`: the contract, method by method, on one engine.

use std::sync::Arc;

use store_core::{
    Address, BatchItem, Bytes, Cache, Capabilities, CounterOptions, DEFAULT_CACHE_TTL, DeleteOptions, Entry,
    ExpireOptions, FencingToken, GetOptions, Key, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Page,
    Remaining, Result, SetOptions, SetOutcome, Store, Ttl, WriteOptions, async_trait,
};

use crate::builder::Builder;
use crate::engine::Engine;

/// A [`Store`] in this process. Entries never expire by default.
///
/// Clones are handles on one store: they see the same entries, and [`close`](Store::close) ends it for all of them. The
/// entries go with the last handle. See the [crate's documentation](crate) for expiry, limits and costs.
///
/// ```
/// use std::time::Duration;
/// use store_memory::{MemoryStore, prelude::*};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_memory::Result<()> {
/// let sessions = MemoryStore::new().namespace("sessions")?;
/// sessions.set("s-81", "cookie").ttl(Duration::from_secs(3600)).await?;
/// let cookie = sessions.get("s-81").renew(Duration::from_secs(3600)).await?;
/// assert_eq!(cookie.as_deref(), Some(&b"cookie"[..]));
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// No operation waits for anything but a `lock` that is told to: all but that one, `clear` and `close` complete when they
/// are first polled. Dropping a future before that means nothing happened.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    engine: Arc<Engine>,
    default_lifetime: Lifetime,
}

/// A [`Cache`] in this process: a [`MemoryStore`] with batches, counters and a default lifetime of 300 s.
///
/// Clones are handles on one cache. Batches are atomic and reads of several entries are of one instant.
///
/// ```
/// use std::time::Duration;
/// use store_memory::{MemoryCache, prelude::*};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_memory::Result<()> {
/// let cache = MemoryCache::new();
/// let minute = Duration::from_secs(60);
/// assert_eq!(cache.increment("ip:10.0.0.7", 1).ttl_on_create(minute).await?, 1);
/// assert_eq!(cache.increment("ip:10.0.0.7", 1).ttl_on_create(minute).await?, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// As [`MemoryStore`].
#[derive(Clone, Debug)]
pub struct MemoryCache {
    engine: Arc<Engine>,
    default_lifetime: Lifetime,
}

/// What both handles have alike.
macro_rules! handle {
    ($handle:ident, $default_lifetime:expr) => {
        impl $handle {
            /// With the default settings: no limit, the system's clock, and a sweeper where a tokio runtime is at hand.
            #[must_use]
            pub fn new() -> Self {
                Self::builder().build()
            }

            /// Settings to start from.
            pub fn builder() -> Builder<Self> {
                Builder::new($default_lifetime)
            }

            /// What all entries cost, in bytes, as a limit counts it: keys, values and overhead, of expired entries too
            /// until they are freed. Zero once the store is closed.
            #[must_use]
            pub fn bytes_used(&self) -> usize {
                self.engine.bytes()
            }

            /// Removes every entry of every namespace, and those without one.
            ///
            /// # Errors
            /// [`Closed`](store_core::ErrorKind::Closed).
            ///
            /// # Cancel safety
            /// A part of the entries may be gone.
            pub async fn delete_whole_database(&self) -> Result<()> {
                let removed = self.engine.clear_subtree(&Namespace::EMPTY).await;
                removed
                    .map(drop)
                    .map_err(|error| error.with_context("delete_whole_database", None).with_driver("memory"))
            }
        }

        impl Builder<$handle> {
            /// Builds it. Where a tokio runtime is at hand, this starts the sweeper.
            #[must_use]
            pub fn build(self) -> $handle {
                let default_lifetime = self.default_lifetime;
                $handle { engine: self.build_engine(), default_lifetime }
            }
        }

        impl Default for $handle {
            fn default() -> Self {
                Self::new()
            }
        }

        #[async_trait]
        impl Store for $handle {
            fn capabilities(&self) -> &Capabilities {
                &self.engine.capabilities
            }

            fn default_lifetime(&self) -> Lifetime {
                self.default_lifetime
            }

            async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
                self.engine.get(at, options)
            }

            async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
                self.engine.set(at, &value, &options)
            }

            async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
                self.engine.delete(at, &options)
            }

            async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
                self.engine.expire(at, options.lifetime)
            }

            async fn take_entry(&self, at: Address<'_>, _options: WriteOptions) -> Result<Option<Bytes>> {
                self.engine.take(at)
            }

            async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
                self.engine.exists(at)
            }

            async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
                self.engine.remaining(at)
            }

            async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
                self.engine.list(namespace, &options)
            }

            async fn clear_subtree(&self, namespace: &Namespace, _options: WriteOptions) -> Result<u64> {
                self.engine.clear_subtree(namespace).await
            }

            async fn acquire_lock(
                &self,
                at: Address<'_>,
                owner: LockOwner,
                options: LockOptions,
            ) -> Result<Option<FencingToken>> {
                self.engine.locks.acquire(&*self.engine.clock, at, owner, options).await
            }

            async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
                self.engine.locks.extend(&*self.engine.clock, at, owner, ttl)
            }

            async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
                self.engine.locks.release(&*self.engine.clock, at, owner)
            }

            async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
                self.engine.locks.is_held(&*self.engine.clock, at, owner)
            }

            async fn ping(&self) -> Result<()> {
                self.engine.ping().map_err(|error| error.with_context("ping", None).with_driver("memory"))
            }

            async fn close(&self) -> Result<()> {
                self.engine.close().await;
                Ok(())
            }
        }
    };
}

handle!(MemoryStore, Lifetime::Never);
handle!(MemoryCache, DEFAULT_CACHE_LIFETIME);

const DEFAULT_CACHE_LIFETIME: Lifetime = Lifetime::In(DEFAULT_CACHE_TTL);

impl MemoryCache {
    /// A cache on the entries of a store. Its default lifetime is 300 s. Closing one of the two closes both.
    #[must_use]
    pub fn from_store(store: &MemoryStore) -> Self {
        Self { engine: Arc::clone(&store.engine), default_lifetime: DEFAULT_CACHE_LIFETIME }
    }

    /// The same cache with another default lifetime. Clones made before keep theirs.
    #[must_use]
    pub fn with_default_lifetime(mut self, default_lifetime: Lifetime) -> Self {
        self.default_lifetime = default_lifetime;
        self
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods, reason = "every provided method has a faster form here")]
impl Cache for MemoryCache {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.engine.get_many(namespace, keys)
    }

    async fn set_entries(
        &self,
        namespace: &Namespace,
        items: Vec<BatchItem<'_>>,
        _options: WriteOptions,
    ) -> Result<()> {
        self.engine.set_many(namespace, items)
    }

    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        _options: WriteOptions,
    ) -> Result<Vec<bool>> {
        self.engine.delete_many(namespace, keys)
    }

    async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        self.engine.expire_many(namespace, keys, options.lifetime)
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.engine.add(at, delta, options.on_create)
    }
}
