//! `RedisKeyValueStoreClient`: the contract, method by method.

use std::pin::{Pin, pin};
use std::sync::Arc;

use store_core::{
    AccessTimes, Bytes, Capabilities, ContentType, Error, Key, KeyValueStoreClient, OpenOptions, OpenedStore, Record,
    RecordMetadata, RecordPage, RecordPageOptions, Result, StoreMetadata, UrlTemplate, async_trait,
};

use super::builder::RecordSettings;
use super::operations::Collections;
use crate::builder::Builder;
use crate::config::Config;
use crate::operations::{DRIVER, Operations};
use crate::stats::Stats;
use crate::store::RedisStore;

/// A [`KeyValueStoreClient`] on a Redis server, behind Sentinel, or on a Cluster.
///
/// Clones are handles on the same connections, and [`close`](KeyValueStoreClient::close) ends them for all. Any number of
/// clients, in any number of processes, work on the same collections: each operation is one step on the server.
///
/// Every operation is one round trip to the primary, but for opening by id and dropping, which are two, and creating,
/// which is three. A page costs what is on it, not what is in the collection. All records of a collection lie on one
/// server, on a Cluster too. The README of this crate tells the keys, and what becomes of collections on a server that
/// evicts.
///
/// `accessed_at` is kept [coarsely](AccessTimes::Coarse) by default, so that most reads write nothing. Times are the
/// server's, in whole milliseconds, and never go back. A client remembers until when a read has no time to move, which
/// halves what `get` costs the server: so `accessed_at` may lag behind by a second and as long as one read takes; and where
/// a failover loses a time that was moved, by a second more.
///
/// ```no_run
/// use std::sync::Arc;
/// use store_redis::{AccessTimes, Bytes, Config, ContentType, KeyValueStore, RedisKeyValueStoreClient, StoreName};
///
/// # async fn run() -> store_redis::Result<()> {
/// let config = Config::tcp("localhost", 6379);
/// let client = RedisKeyValueStoreClient::builder(config).access_times(AccessTimes::Off).connect().await?;
/// let pages = KeyValueStore::open(Arc::new(client), StoreName::new("pages")?).await?;
///
/// pages.set_record("index.html", ContentType::new("text/html")?, Bytes::from("<h1>Hello</h1>")).await?;
/// let page = pages.get_record("index.html").await?;
/// assert_eq!(page.map(|page| page.content_type), Some(ContentType::new("text/html")?));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Besides those that an operation names: [`WrongType`](store_core::ErrorKind::WrongType) where one of the keys of a
/// collection holds something of another type, [`Corrupt`](store_core::ErrorKind::Corrupt) where its metadata is not
/// legible or the server has evicted a part of it, and nothing is written in either case; any kind of transport, as for
/// entries. A read is repeated as reads of entries are, although it may move the time of the last access; a write whose
/// reply was lost is [`Unknown`](store_core::Outcome::Unknown), unless [`Config`] allows to repeat it.
///
/// # Cancel safety
/// A call that is dropped may still be executed, as a whole. Dropping one that creates leaves a collection that the next
/// open finds.
#[derive(Clone, Debug)]
pub struct RedisKeyValueStoreClient {
    collections: Collections,
    url_template: Option<UrlTemplate>,
    capabilities: Arc<Capabilities>,
}

impl RedisKeyValueStoreClient {
    /// Connects to the server that a URL names; [`Config`] lists the forms and options.
    ///
    /// # Errors
    /// [`Config`](store_core::ErrorKind::Config) for a URL that does not parse, with the name of the part that is wrong;
    /// otherwise as [`connect_with`](Self::connect_with).
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url.parse()?).await
    }

    /// Connects to a server, as [`RedisStore::connect_with`] does.
    ///
    /// # Errors
    /// As [`RedisStore::connect_with`].
    ///
    /// # Cancel safety
    /// Dropping the future closes what was opened.
    pub async fn connect_with(config: Config) -> Result<Self> {
        Self::builder(config).connect().await
    }

    /// Connects with more than settings of the connection.
    pub fn builder(config: Config) -> Builder<Self> {
        Builder::new(config)
    }

    /// A client over the connections of a store. Closing one of the two closes both.
    #[must_use]
    pub fn from_store(store: &RedisStore) -> Self {
        Self::new(store.shared_operations(), RecordSettings::default())
    }

    /// The same client with `accessed_at` kept so exactly. Clones made before keep theirs.
    #[must_use]
    pub fn with_access_times(mut self, access_times: AccessTimes) -> Self {
        self.collections.access_times = access_times;
        self
    }

    /// The same client with public addresses that are made so. Clones made before keep theirs.
    #[must_use]
    pub fn with_url_template(mut self, template: UrlTemplate) -> Self {
        self.url_template = Some(template);
        self
    }

    /// What has been done so far over the connections of this handle, in numbers. It sends nothing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.collections.operations.executor.stats()
    }

    pub(super) fn new(operations: Arc<Operations>, settings: RecordSettings) -> Self {
        let RecordSettings { layout, access_times, url_template } = settings;
        let store = &operations.capabilities;
        let capabilities = Capabilities::minimal(DRIVER, store.topology)
            .with_max_value_bytes(store.max_value_bytes)
            .with_eviction(store.eviction);
        let collections = Collections { operations, layout: layout.layout(), access_times, recent: Arc::default() };
        Self { collections, url_template, capabilities: Arc::new(capabilities) }
    }

    fn traced<'a, T, F>(
        &self,
        name: &'static str,
        operation: Pin<&'a mut F>,
    ) -> impl Future<Output = Result<T>> + Send + use<'a, T, F>
    where
        F: Future<Output = Result<T>> + Send,
    {
        self.collections.operations.traced(name, operation)
    }
}

#[async_trait]
impl KeyValueStoreClient for RedisKeyValueStoreClient {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn open_store(&self, options: OpenOptions) -> Result<OpenedStore> {
        self.traced("open_store", pin!(self.collections.open(options))).await
    }

    async fn store_metadata(&self, store: &OpenedStore) -> Result<StoreMetadata> {
        self.traced("store_metadata", pin!(self.collections.metadata(store))).await
    }

    async fn get_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>> {
        self.traced("get_record", pin!(self.collections.get(store, key))).await
    }

    async fn set_record(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()> {
        self.traced("set_record", pin!(self.collections.set(store, key, content_type, value))).await
    }

    async fn delete_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.traced("delete_record", pin!(self.collections.delete(store, key))).await
    }

    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.traced("has_record", pin!(self.collections.has(store, key))).await
    }

    async fn list_record_keys(
        &self,
        store: &OpenedStore,
        options: RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        self.traced("list_record_keys", pin!(self.collections.list_keys(store, &options))).await
    }

    async fn list_records(&self, store: &OpenedStore, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        self.traced("list_records", pin!(self.collections.list_records(store, &options))).await
    }

    async fn purge_store(&self, store: &OpenedStore) -> Result<()> {
        self.traced("purge_store", pin!(self.collections.purge(store))).await
    }

    async fn drop_store(&self, store: &OpenedStore) -> Result<()> {
        self.traced("drop_store", pin!(self.collections.drop(store))).await
    }

    /// Made from the id and the key alone: neither the collection nor the record is looked at.
    async fn record_url(&self, store: &OpenedStore, key: Key<'_>) -> Result<String> {
        self.collections.operations.executor.refuse_if_closed()?;
        let template = self.url_template.as_ref().ok_or_else(|| Error::unsupported("record_url"))?;
        template.url(store, key)
    }

    async fn ping(&self) -> Result<()> {
        self.traced("ping", pin!(self.collections.operations.ping())).await
    }

    async fn close(&self) -> Result<()> {
        self.collections.operations.executor.close().await;
        Ok(())
    }
}
