//! A store with code of the user's in it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::config::Config;
use crate::connection::OnConnect;
#[cfg(feature = "deadpool-redis")]
use crate::connection::Pooled;
use crate::credentials::CredentialProvider;
use crate::environment::Components;
use crate::layout::Layout;
use crate::records::{RecordSettings, RedisKeyValueStoreClient};
use crate::store::{RedisCache, RedisStore};

/// Connects a [`RedisStore`](crate::RedisStore), a [`RedisCache`](crate::RedisCache) or a
/// [`RedisKeyValueStoreClient`](crate::RedisKeyValueStoreClient) with more than settings: settings are plain data and
/// stand in the [`Config`], what runs is given here.
///
/// ```no_run
/// use std::sync::Arc;
/// use store_redis::{Config, CredentialProvider, RedisStore};
///
/// # async fn run(tokens: Arc<dyn CredentialProvider>) -> store_redis::Result<()> {
/// let config = Config::tcp("store.example", 6379);
/// let store = RedisStore::builder(config).credentials(tokens).connect().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is dialled until `connect`"]
pub struct Builder<S> {
    pub(crate) config: Config,
    /// Of entries, so that a client for records is not told it.
    pub(crate) layout: Layout,
    pub(crate) components: Components,
    /// Only a client for records is told these.
    pub(crate) records: RecordSettings,
    store: PhantomData<fn() -> S>,
}

impl<S> Builder<S> {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            layout: Layout::native(),
            components: Components::default(),
            records: RecordSettings::default(),
            store: PhantomData,
        }
    }

    /// Who knows the user and the password on the servers that hold the data, in place of
    /// [`Config::username`] and [`Config::password`].
    pub fn credentials(mut self, provider: Arc<dyn CredentialProvider>) -> Self {
        self.components.credentials = Some(provider);
        self
    }

    /// Who knows the user and the password on the sentinels, in place of
    /// [`Sentinel::username`](crate::Sentinel::username) and [`Sentinel::password`](crate::Sentinel::password).
    pub fn sentinel_credentials(mut self, provider: Arc<dyn CredentialProvider>) -> Self {
        self.components.sentinel_credentials = Some(provider);
        self
    }

    /// A pool of the program's own, which all connections come from; the settings begin with [`Config::pooled`].
    ///
    /// For programs that have such a pool anyway, and few connections to spare. Each request takes a connection out of
    /// it and gives it back, and deadpool sends a `PING` ahead each time: two round trips for one, and at 64 tasks less
    /// than a third of what the store does over its own connections. A step of a walk (`list`, `clear`), `ping` and
    /// `delete_whole_database` take a third, to learn which process the connection leads to, so the user of the pool
    /// needs the right to `INFO`, and for deadpool those to `PING` and `UNWATCH`.
    ///
    /// What is promised is the same, with what others do to the pool's connections taken for granted: all lead to one
    /// server and one database, and none is left in a transaction or to a subscriber. A failed write over a connection
    /// that broke is `Unknown` more often: whether anything left before is not known. A connection whose call was
    /// dropped, or got no reply, is taken out of the pool and closed.
    ///
    /// The [`deadline`](Config::deadline) and the [`response_timeout`](Config::response_timeout) hold in place of the
    /// pool's timeouts. Who waits longer than [`exclusive_wait`](Config::exclusive_wait) for a connection gets
    /// [`Overloaded`](store_core::ErrorKind::Overloaded). Closing the store leaves the pool as it is.
    /// [`Stats`](crate::Stats) do not see what the pool dials.
    #[cfg(feature = "deadpool-redis")]
    pub fn pool(mut self, pool: deadpool_redis::Pool) -> Self {
        self.components.pool = Some(Arc::new(Pooled::new(pool)));
        self
    }

    /// What every handle is told.
    fn debug<'a, 'f>(&self, f: &'a mut fmt::Formatter<'f>) -> fmt::DebugStruct<'a, 'f> {
        let mut shown = f.debug_struct("Builder");
        shown.field("config", &self.config).field("components", &self.components);
        shown
    }

    /// What is done with each new connection to a server that holds data, before anybody uses it.
    pub fn on_connect(mut self, hook: Arc<dyn OnConnect>) -> Self {
        self.components.on_connect = Some(hook);
        self
    }
}

impl fmt::Debug for Builder<RedisStore> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug(f).field("layout", &self.layout).finish()
    }
}

impl fmt::Debug for Builder<RedisCache> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug(f).field("layout", &self.layout).finish()
    }
}

impl fmt::Debug for Builder<RedisKeyValueStoreClient> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug(f).field("records", &self.records).finish()
    }
}
