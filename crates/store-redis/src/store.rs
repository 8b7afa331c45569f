//! `RedisStore` and `RedisCache`: the contract, method by method, on the same operations.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use store_core::{
    Address, BatchItem, Cache, Capabilities, CounterOptions, DEFAULT_CACHE_TTL, DeleteOptions, Entry, ExpireOptions,
    FencingToken, GetOptions, Key, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Page, Remaining, Result,
    SetOptions, SetOutcome, Store, Ttl, WriteOptions, async_trait,
};

use crate::builder::Builder;
use crate::config::Config;
use crate::operations::Operations;
use crate::raw::Raw;
use crate::slot::Slot;
use crate::stats::Stats;
use crate::topology::Servers;

/// A [`Store`] on a Redis server. Entries never expire by default.
///
/// Clones are handles on one store: they share its connections, and [`close`](Store::close) ends it for all of them.
///
/// ```no_run
/// use std::time::Duration;
/// use store_redis::RedisStore;
/// use store_redis::prelude::*;
///
/// # async fn run() -> store_redis::Result<()> {
/// let sessions = RedisStore::connect("redis://localhost:6379").await?.namespace("sessions")?;
/// sessions.set("s-81", "cookie").ttl(Duration::from_secs(3600)).await?;
/// let cookie = sessions.get("s-81").renew(Duration::from_secs(3600)).await?;
/// assert_eq!(cookie.as_deref(), Some(&b"cookie"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisStore {
    operations: Arc<Operations>,
    default_lifetime: Lifetime,
}

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

/// What both handles have alike.
macro_rules! handle {
    ($handle:ident, $default_lifetime:expr) => {
        impl $handle {
            /// Connects to the server that a URL names; [`Config`] lists the forms and options.
            ///
            /// # Errors
            /// [`Config`](store_core::ErrorKind::Config) for a URL that does not parse, with the name of the part that
            /// is wrong; otherwise as [`connect_with`](Self::connect_with).
            pub async fn connect(url: &str) -> Result<Self> {
                Self::connect_with(url.parse()?).await
            }

            /// Connects to a server. It has answered when this returns.
            ///
            /// Behind Sentinel and on a Cluster, servers that are just changing their parts are given
            /// [`connect_timeout`](Config::connect_timeout) to settle in.
            ///
            /// # Errors
            /// [`Config`](store_core::ErrorKind::Config) for a setting that makes no sense,
            /// [`PermissionDenied`](store_core::ErrorKind::PermissionDenied) for a wrong password, and any kind of
            /// transport.
            ///
            /// # Cancel safety
            /// Dropping the future closes what was opened.
            pub async fn connect_with(config: Config) -> Result<Self> {
                Self::builder(config).connect().await
            }

            /// Connects with more than settings: in the layout of a Python library, or with code of the program's own.
            pub fn builder(config: Config) -> Builder<Self> {
                Builder::new(config)
            }

            /// Uses a pool of the program's own, with every setting at its default. The server has answered when this
            /// returns. It is slower than connections of the store's own: see [`Builder::pool`].
            ///
            /// # Errors
            /// [`PermissionDenied`](store_core::ErrorKind::PermissionDenied) where the server refuses the login of the
            /// pool, and its user the right to `INFO`; any kind of transport.
            ///
            /// # Cancel safety
            /// Dropping the future closes the connection that it had taken, if any.
            #[cfg(feature = "deadpool-redis")]
            pub async fn from_pool(pool: deadpool_redis::Pool) -> Result<Self> {
                Self::builder(Config::pooled()).pool(pool).connect().await
            }

            /// The servers behind the store, as it knows them now; nobody is asked.
            ///
            /// # Errors
            /// [`Closed`](store_core::ErrorKind::Closed) after `close`, and
            /// [`Unavailable`](store_core::ErrorKind::Unavailable) while no sentinel has named a primary.
            pub fn topology(&self) -> Result<Servers> {
                self.operations.servers()
            }

            /// The hash slot that a Cluster gives to an entry. It depends on the
            /// [`Layout`](crate::Layout) and the [`SlotPolicy`](crate::SlotPolicy), so it is told for stores on one server
            /// too.
            ///
            /// ```no_run
            /// # async fn run() -> store_redis::Result<()> {
            /// use store_redis::{Key, Namespace, RedisStore};
            ///
            /// let store = RedisStore::connect("redis://localhost:6379").await?;
            /// let carts = Namespace::try_from(["shop", "carts"])?;
            /// let (one, other) = (store.slot_of(&carts, Key::new("1")?), store.slot_of(&carts, Key::new("2")?));
            /// assert_eq!(one, other);
            /// # Ok(())
            /// # }
            /// ```
            #[must_use]
            pub fn slot_of(&self, namespace: &Namespace, key: Key<'_>) -> Slot {
                self.operations.keyspace.slot(Address { namespace, key })
            }

            /// Removes every key of the selected database, whoever wrote it: the keys of all namespaces, those without
            /// one, and those of other programs. The memory is freed in the background. One round trip; on a Cluster,
            /// where every primary is emptied, one after the other, two more.
            ///
            /// To remove what is one's own, call `clear` on a namespace.
            ///
            /// # Errors
            /// Any kind of transport. With an unknown outcome it may happen a little later, to entries written since.
            ///
            /// # Cancel safety
            /// The database is as before or empty; on a Cluster some primaries may be empty already.
            pub async fn delete_whole_database(&self) -> Result<()> {
                self.operations.traced("delete_whole_database", pin!(self.operations.delete_whole_database())).boxed().await
            }

            /// The way past the promises of the store, for any command.
            #[must_use]
            pub fn raw(&self) -> Raw<'_> {
                Raw::new(&self.operations)
            }

            pub(crate) fn operations(&self) -> &Operations {
                &self.operations
            }

            /// What has been done so far over the connections of this handle, in numbers. It sends nothing.
            #[must_use]
            pub fn stats(&self) -> Stats {
                self.operations.executor.stats()
            }
        }

        impl Builder<$handle> {
            /// Connects to the server. It has answered when this returns.
            ///
            /// # Errors
            #[doc = concat!("As [`", stringify!($handle), "::connect_with`], and those of the provider and of the hook.")]
            ///
            /// # Cancel safety
            /// Dropping the future closes what was opened.
            pub async fn connect(self) -> Result<$handle> {
                let default_lifetime = self.config.default_lifetime.unwrap_or($default_lifetime);
                // Boxed, here and below: the compiler gives up on callers whose own futures nest deeply on top of ours.
                let operations = Arc::new(Operations::connect(&self.config, self.layout, self.components).boxed().await?);
                Ok($handle { operations, default_lifetime })
            }
        }

        #[async_trait]
        impl Store for $handle {
            fn capabilities(&self) -> &Capabilities {
                &self.operations.capabilities
            }

            fn default_lifetime(&self) -> Lifetime {
                self.default_lifetime
            }

            async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
                self.operations.traced("get_entry", pin!(self.operations.get_entry(at, options))).await
            }

            async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
                self.operations.traced("set_entry", pin!(self.operations.set_entry(at, value, options))).await
            }

            async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
                self.operations.traced("delete_entry", pin!(self.operations.delete_entry(at, options))).await
            }

            async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
                self.operations.traced("expire_entry", pin!(self.operations.expire_entry(at, options))).await
            }

            async fn take_entry(&self, at: Address<'_>, options: WriteOptions) -> Result<Option<Bytes>> {
                self.operations.traced("take_entry", pin!(self.operations.take_entry(at, options.durability))).await
            }

            async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
                self.operations.traced("entry_exists", pin!(self.operations.entry_exists(at))).await
            }

            async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
                self.operations.traced("entry_remaining", pin!(self.operations.entry_remaining(at))).await
            }

            async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
                self.operations.traced("list_page", pin!(self.operations.list_page(namespace, options))).await
            }

            async fn clear_subtree(&self, namespace: &Namespace, _options: WriteOptions) -> Result<u64> {
                self.operations.traced("clear_subtree", pin!(self.operations.clear_subtree(namespace))).await
            }

            async fn acquire_lock(
                &self,
                at: Address<'_>,
                owner: LockOwner,
                options: LockOptions,
            ) -> Result<Option<FencingToken>> {
                self.operations.traced("acquire_lock", pin!(self.operations.acquire_lock(at, owner, options))).await
            }

            async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
                self.operations.traced("extend_lock", pin!(self.operations.extend_lock(at, owner, ttl))).await
            }

            async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
                self.operations.traced("release_lock", pin!(self.operations.release_lock(at, owner))).await
            }

            async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
                self.operations.traced("lock_is_held", pin!(self.operations.lock_is_held(at, owner))).await
            }

            async fn ping(&self) -> Result<()> {
                self.operations.traced("ping", pin!(self.operations.ping())).await
            }

            async fn close(&self) -> Result<()> {
                self.operations.executor.close().await;
                Ok(())
            }
        }
    };
}

handle!(RedisStore, Lifetime::Never);
handle!(RedisCache, DEFAULT_CACHE_LIFETIME);

const DEFAULT_CACHE_LIFETIME: Lifetime = Lifetime::In(DEFAULT_CACHE_TTL);

impl RedisCache {
    /// A cache over the connections of a store, on the same entries. Its default lifetime is 300 s.
    ///
    /// Closing one of the two closes both.
    #[must_use]
    pub fn from_store(store: &RedisStore) -> Self {
        Self { operations: Arc::clone(&store.operations), default_lifetime: DEFAULT_CACHE_LIFETIME }
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
impl Cache for RedisCache {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.operations.traced("get_entries", pin!(self.operations.get_entries(namespace, keys))).await
    }

    async fn set_entries(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>, options: WriteOptions) -> Result<()> {
        self.operations
            .traced("set_entries", pin!(self.operations.set_entries(namespace, items, options.durability)))
            .await
    }

    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: WriteOptions,
    ) -> Result<Vec<bool>> {
        self.operations
            .traced("delete_entries", pin!(self.operations.delete_entries(namespace, keys, options.durability)))
            .await
    }

    async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        self.operations.traced("expire_entries", pin!(self.operations.expire_entries(namespace, keys, options))).await
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.operations.traced("add_to_counter", pin!(self.operations.add_to_counter(at, delta, options))).await
    }
}
