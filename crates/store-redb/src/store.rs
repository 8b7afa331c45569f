//! `RedbStore` and `RedbCache`: the contract, method by method, on one engine.

use std::path::PathBuf;
use std::sync::Arc;

use store_core::{
    Address, BatchItem, Bytes, Cache, Capabilities, CounterOptions, DEFAULT_CACHE_TTL, DeleteOptions, Entry,
    ExpireOptions, FencingToken, GetOptions, Key, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Page,
    Remaining, Result, SetOptions, SetOutcome, Store, Ttl, WriteOptions, async_trait,
};

use crate::builder::{Builder, DRIVER};
use crate::engine::Engine;

/// A [`Store`] in a file. Entries never expire by default.
///
/// Clones are handles on one file, and so are the [`RedbCache`] and the
/// [`RedbKeyValueStoreClient`](crate::RedbKeyValueStoreClient) that are made from one:
/// [`close`](Store::close) ends all of them, and so does the file with the last handle. See the
/// [crate's documentation](crate) for what survives a crash, for time and for costs.
///
/// ```
/// use std::time::Duration;
/// use store_redb::{RedbStore, prelude::*};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_redb::Result<()> {
/// # let directory = tempfile::tempdir().expect("a directory for the example");
/// # let path = directory.path().join("data.redb");
/// let store = RedbStore::open(&path).await?;
/// store.namespace("sessions")?.set("s-81", "cookie").ttl(Duration::from_secs(3600)).await?;
/// store.close().await?;
///
/// let sessions = RedbStore::open(&path).await?.namespace("sessions")?;
/// let cookie = sessions.get("s-81").renew(Duration::from_secs(3600)).await?;
/// assert_eq!(cookie.as_deref(), Some(&b"cookie"[..]));
/// # sessions.close().await
/// # }
/// ```
///
/// # Cancel safety
/// A write whose future is dropped happens or not, as a whole; `clear` may be partly done. Reads change nothing.
///
/// # Cost
/// A read looks into the file where it is called, mostly into pages that are in memory. A write is one step on the
/// thread that writes, and shares its commit, and so its wait for the disk, with all others of that moment.
#[derive(Clone, Debug)]
pub struct RedbStore {
    pub(crate) engine: Arc<Engine>,
    default_lifetime: Lifetime,
}

/// A [`Cache`] in a file: a [`RedbStore`] with batches, counters and a default lifetime of 300 s.
///
/// Clones are handles on one file. Batches are atomic, also when the process dies half-way, and reads of several entries
/// are of one instant.
///
/// ```
/// use std::time::Duration;
/// use store_redb::{RedbCache, RedbStore, prelude::*};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_redb::Result<()> {
/// # let directory = tempfile::tempdir().expect("a directory for the example");
/// # let path = directory.path().join("data.redb");
/// let cache = RedbCache::from_store(&RedbStore::open(path).await?);
/// let minute = Duration::from_secs(60);
/// assert_eq!(cache.increment("ip:10.0.0.7", 1).ttl_on_create(minute).await?, 1);
/// assert_eq!(cache.increment("ip:10.0.0.7", 1).ttl_on_create(minute).await?, 2);
/// # cache.close().await
/// # }
/// ```
///
/// # Cancel safety
/// As [`RedbStore`].
#[derive(Clone, Debug)]
pub struct RedbCache {
    engine: Arc<Engine>,
    default_lifetime: Lifetime,
}

impl RedbStore {
    /// Opens a file with the default settings, and makes it if there is none: what is acknowledged is on the disk, and
    /// expired entries are freed every second.
    ///
    /// # Errors
    /// As [`Builder::open`].
    ///
    /// # Cancel safety
    /// As [`Builder::open`].
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::builder().open(path).await
    }

    /// Settings to start from.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, default_lifetime: Lifetime::Never }
    }

    /// Removes every entry of every namespace, and those without one. Locks and collections of records stay.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// A part of the entries may be gone.
    pub async fn delete_whole_database(&self) -> Result<()> {
        named("delete_whole_database", self.engine.clear_subtree(&Namespace::EMPTY).await.map(drop))
    }

    /// Brings to the disk what was written before. Of use with [`Flush::Within`](crate::Flush::Within). One wait for the
    /// disk.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// It may still be done.
    pub async fn flush(&self) -> Result<()> {
        named("flush", self.engine.flush().await)
    }

    /// Moves what is in the file together, and shortens it; whether it became shorter. Without it the file keeps the
    /// size it once had, and what is free in it is used again.
    ///
    /// It takes as long as it takes to write what is in the file, and all other calls wait meanwhile.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// It is still done. It changes nothing that could be read.
    pub async fn compact(&self) -> Result<bool> {
        named("compact", self.engine.compact().await)
    }
}

impl RedbCache {
    /// A cache on the entries of a store. Its default lifetime is 300 s. Closing one of the two closes both.
    #[must_use]
    pub fn from_store(store: &RedbStore) -> Self {
        Self { engine: Arc::clone(&store.engine), default_lifetime: Lifetime::In(DEFAULT_CACHE_TTL) }
    }
}

/// Names what people call on a handle itself, above which core does not stand.
pub(crate) fn named<T>(operation: &'static str, done: Result<T>) -> Result<T> {
    done.map_err(|error| error.with_context(operation, None).with_driver(DRIVER))
}

/// What both handles have alike.
macro_rules! handle {
    ($handle:ident) => {
        impl $handle {
            /// The same with another default lifetime. Clones made before keep theirs.
            #[must_use]
            pub fn with_default_lifetime(mut self, default_lifetime: Lifetime) -> Self {
                self.default_lifetime = default_lifetime;
                self
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
                self.engine.get(at, options).await
            }

            async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
                self.engine.set(at, value, options).await
            }

            async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
                self.engine.delete(at, options).await
            }

            async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
                self.engine.expire(at, options.lifetime).await
            }

            async fn take_entry(&self, at: Address<'_>, _options: WriteOptions) -> Result<Option<Bytes>> {
                self.engine.take(at).await
            }

            async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
                self.engine.remaining(at).await
            }

            async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
                self.engine.list(namespace, &options).await
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
                self.engine.acquire(at, owner, options).await
            }

            async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
                self.engine.extend(at, owner, ttl).await
            }

            async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
                self.engine.release(at, owner).await
            }

            async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
                self.engine.lock_is_held(at, owner).await
            }

            async fn ping(&self) -> Result<()> {
                named("ping", self.engine.ping().await)
            }

            async fn close(&self) -> Result<()> {
                named("close", self.engine.close().await)
            }
        }
    };
}

handle!(RedbStore);
handle!(RedbCache);

#[async_trait]
#[deny(clippy::missing_trait_methods, reason = "every provided method has a faster form here")]
impl Cache for RedbCache {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.engine.get_many(namespace, keys).await
    }

    async fn set_entries(
        &self,
        namespace: &Namespace,
        items: Vec<BatchItem<'_>>,
        _options: WriteOptions,
    ) -> Result<()> {
        self.engine.set_many(namespace, items).await
    }

    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        _options: WriteOptions,
    ) -> Result<Vec<bool>> {
        self.engine.delete_many(namespace, keys).await
    }

    async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        self.engine.expire_many(namespace, keys, options.lifetime).await
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.engine.add(at, delta, options.on_create).await
    }
}
