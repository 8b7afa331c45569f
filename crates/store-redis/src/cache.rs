//! `RedisCache`: the cache contract on Redis.

use std::sync::Arc;

use bytes::Bytes;
use store_core::{
    Address, BatchItem, Cache, Capabilities, CounterOptions, DEFAULT_CACHE_TTL, DeleteOptions, Entry, ExpireOptions,
    GetOptions, Key, Lifetime, ListOptions, Namespace, Page, Remaining, Result, SetOptions, SetOutcome, Store,
    WriteOptions, async_trait,
};

use crate::config::Config;
use crate::operations::Operations;
use crate::store::RedisStore;

/// What entries of a cache get by default unless it is configured otherwise.
const DEFAULT_LIFETIME: Lifetime = Lifetime::In(DEFAULT_CACHE_TTL);

/// A [`Cache`] on a Redis server. Entries expire after 300 s by default.
///
/// Clones are handles on one cache: they share its connections, and [`close`](Store::close) ends it for all of them.
///
/// ```no_run
/// use std::time::Duration;
/// use store_redis::RedisCache;
/// use store_redis::prelude::*;
///
/// # async fn run() -> store_redis::Result<()> {
/// let cache = RedisCache::connect("redis://localhost:6379").await?;
/// let hits = cache.increment("ip:10.0.0.7", 1).ttl_on_create(Duration::from_secs(60)).await?;
/// cache.set_many([("a", "1"), ("b", "2")]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisCache {
    operations: Arc<Operations>,
    default_lifetime: Lifetime,
}

impl RedisCache {
    /// Connects to the server that a URL names; [`Config`] lists the forms and options.
    ///
    /// # Errors
    /// As [`RedisStore::connect`].
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url.parse()?).await
    }

    /// Connects to a server. It has answered when this returns.
    ///
    /// # Errors
    /// As [`RedisStore::connect_with`].
    ///
    /// # Cancel safety
    /// Dropping the future closes what was opened.
    pub async fn connect_with(config: Config) -> Result<Self> {
        let operations = Arc::new(Operations::connect(&config).await?);
        Ok(Self { operations, default_lifetime: config.default_lifetime.unwrap_or(DEFAULT_LIFETIME) })
    }

    /// A cache over the connections of a store, on the same entries. Its default lifetime is 300 s.
    ///
    /// Closing one of the two closes both.
    #[must_use]
    pub fn from_store(store: &RedisStore) -> Self {
        Self { operations: Arc::clone(&store.operations), default_lifetime: DEFAULT_LIFETIME }
    }

    /// The same cache with another default lifetime. Clones made before keep theirs.
    #[must_use]
    pub fn with_default_lifetime(mut self, default_lifetime: Lifetime) -> Self {
        self.default_lifetime = default_lifetime;
        self
    }

    /// Removes every key of the selected database, whoever wrote it.
    ///
    /// # Errors
    /// As [`RedisStore::delete_whole_database`], which says more.
    ///
    /// # Cancel safety
    /// The database is as before or empty.
    pub async fn delete_whole_database(&self) -> Result<()> {
        self.operations.delete_whole_database().await
    }
}

#[async_trait]
impl Store for RedisCache {
    fn capabilities(&self) -> &Capabilities {
        &self.operations.capabilities
    }

    fn default_lifetime(&self) -> Lifetime {
        self.default_lifetime
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.operations.get_entry(at, options).await
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.operations.set_entry(at, value, options).await
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        self.operations.delete_entry(at, options).await
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.operations.expire_entry(at, options.lifetime).await
    }

    async fn take_entry(&self, at: Address<'_>, _options: WriteOptions) -> Result<Option<Bytes>> {
        self.operations.take_entry(at).await
    }

    async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        self.operations.entry_exists(at).await
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.operations.entry_remaining(at).await
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.operations.list_page(namespace, options).await
    }

    async fn clear_subtree(&self, namespace: &Namespace, _options: WriteOptions) -> Result<u64> {
        self.operations.clear_subtree(namespace).await
    }

    async fn ping(&self) -> Result<()> {
        self.operations.ping().await
    }

    async fn close(&self) -> Result<()> {
        self.operations.executor.close().await;
        Ok(())
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.operations.get_entries(namespace, keys).await
    }

    async fn set_entries(
        &self,
        namespace: &Namespace,
        items: Vec<BatchItem<'_>>,
        _options: WriteOptions,
    ) -> Result<()> {
        self.operations.set_entries(namespace, items).await
    }

    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        _options: WriteOptions,
    ) -> Result<Vec<bool>> {
        self.operations.delete_entries(namespace, keys).await
    }

    async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        self.operations.expire_entries(namespace, keys, options.lifetime).await
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.operations.add_to_counter(at, delta, options.on_create).await
    }
}
