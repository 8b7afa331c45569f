//! `MemoryKeyValueStoreClient`: the contract, method by method, on plain maps.
//!
//! Two locks, taken in this order and never held across an `await`: one for which collections there are, and one for
//! each collection. An operation on a collection holds the first for reading, so that nobody drops the collection
//! under it. Values are copied before the locks are taken, and what was removed is freed after.

use std::fmt;
use std::sync::Arc;

use parking_lot::{MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store_core::{
    AccessTimes, Bytes, Capabilities, Clock, ContentType, Error, Key, KeyValueStoreClient, OpenOptions, OpenedStore,
    Record, RecordMetadata, RecordPage, RecordPageOptions, Result, StoreMetadata, StoreSelector, Timestamp,
    UrlTemplate, async_trait,
};

use super::builder::ClientBuilder;
use super::collection::{Collection, Content, Records};
use super::collections::Collections;

/// A [`KeyValueStoreClient`] in this process.
///
/// Clones are handles on the same collections, and [`close`](KeyValueStoreClient::close) ends it for all of them. The
/// collections go with the last handle; a name lasts no longer than they do.
///
/// Nothing limits how much is kept. A value is copied when it is written, so that a small slice of a large buffer does
/// not keep the buffer alive, and shared without a copy when it is read. Every operation on a single record and every
/// page is O(log n) of the records of the collection, and O(page).
///
/// ```
/// use std::sync::Arc;
/// use store_memory::{Bytes, ContentType, KeyValueStore, KeyValueStoreClient, MemoryKeyValueStoreClient, StoreName};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_memory::Result<()> {
/// let client: Arc<dyn KeyValueStoreClient> = Arc::new(MemoryKeyValueStoreClient::new());
/// let pages = KeyValueStore::open(client, StoreName::new("pages")?).await?;
///
/// pages.set_record("index.html", ContentType::new("text/html")?, Bytes::from("<h1>Hello</h1>")).await?;
/// let page = pages.get_record("index.html").await?;
/// assert_eq!(page.map(|page| page.content_type), Some(ContentType::new("text/html")?));
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// No operation waits: all but those that free much at once (`purge_store`, `drop_store`, `close`) complete when they
/// are first polled, and those have taken effect by then.
#[derive(Clone)]
pub struct MemoryKeyValueStoreClient(Arc<Inner>);

struct Inner {
    capabilities: Capabilities,
    clock: Box<dyn Clock>,
    access_times: AccessTimes,
    url_template: Option<UrlTemplate>,
    /// `None` once the client is closed.
    collections: RwLock<Option<Collections>>,
}

impl MemoryKeyValueStoreClient {
    /// With the default settings: the system's clock, `accessed_at` kept coarsely, no public addresses.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings to start from.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(super) fn from_parts(
        capabilities: Capabilities,
        clock: Box<dyn Clock>,
        access_times: AccessTimes,
        url_template: Option<UrlTemplate>,
    ) -> Self {
        let collections = RwLock::new(Some(Collections::default()));
        Self(Arc::new(Inner { capabilities, clock, access_times, url_template, collections }))
    }

    fn read(&self) -> Result<MappedRwLockReadGuard<'_, Collections>> {
        RwLockReadGuard::try_map(self.0.collections.read(), Option::as_ref).map_err(|_| Error::closed())
    }

    fn write(&self) -> Result<MappedRwLockWriteGuard<'_, Collections>> {
        RwLockWriteGuard::try_map(self.0.collections.write(), Option::as_mut).map_err(|_| Error::closed())
    }

    /// Does something to an opened collection in one step. The clock is read under the lock, so that whoever comes
    /// later has a time that is no earlier.
    fn on<T>(&self, opened: &OpenedStore, step: impl FnOnce(&mut Collection, Timestamp) -> T) -> Result<T> {
        let collections = self.read()?;
        let mut collection = collections.lock(opened)?;
        Ok(step(&mut collection, self.0.clock.now()))
    }
}

impl Default for MemoryKeyValueStoreClient {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl KeyValueStoreClient for MemoryKeyValueStoreClient {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn open_store(&self, options: OpenOptions) -> Result<OpenedStore> {
        let mut collections = self.write()?;
        let now = self.0.clock.now();
        match options.selector {
            StoreSelector::Label(label) => collections.open(label, self.0.access_times, now),
            StoreSelector::Id(id) => collections.open_by_id(&id, now),
        }
    }

    async fn store_metadata(&self, store: &OpenedStore) -> Result<StoreMetadata> {
        self.on(store, |collection, _| collection.metadata())
    }

    async fn get_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>> {
        self.on(store, |collection, now| collection.get(key, now))
    }

    async fn set_record(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()> {
        let (key, content) = (key.to_buf(), Content::new(&content_type, &value));
        self.on(store, |collection, now| collection.set(key, content, now)).map(drop)
    }

    async fn delete_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.on(store, |collection, now| collection.remove(key, now)).map(|removed| removed.is_some())
    }

    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.on(store, |collection, now| collection.has(key, now))
    }

    async fn list_record_keys(
        &self,
        store: &OpenedStore,
        options: RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        self.on(store, |collection, now| collection.list_keys(&options, now))
    }

    async fn list_records(&self, store: &OpenedStore, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        self.on(store, |collection, now| collection.list_records(&options, now))
    }

    async fn purge_store(&self, store: &OpenedStore) -> Result<()> {
        let purged = self.on(store, Collection::purge)?;
        free(purged).await;
        Ok(())
    }

    async fn drop_store(&self, store: &OpenedStore) -> Result<()> {
        let dropped = self.write()?.remove(store)?;
        free(dropped).await;
        Ok(())
    }

    /// Made from the id and the key alone: neither the collection nor the record is looked at.
    async fn record_url(&self, store: &OpenedStore, key: Key<'_>) -> Result<String> {
        self.ping().await?;
        let template = self.0.url_template.as_ref().ok_or_else(|| Error::unsupported("record_url"))?;
        template.url(store, key)
    }

    async fn ping(&self) -> Result<()> {
        self.read().map(drop)
    }

    async fn close(&self) -> Result<()> {
        let collections = self.0.collections.write().take();
        for records in collections.into_iter().flat_map(Collections::into_records) {
            free(records).await;
        }
        Ok(())
    }
}

/// Frees records a few at a time, with a turn for other tasks after each: a million of them take a while.
async fn free(records: Records) {
    const STEP: usize = 256;
    let mut records = records.into_iter();
    while records.by_ref().take(STEP).count() == STEP {
        tokio::task::yield_now().await;
    }
}

/// Shows how much there is, never what.
impl fmt::Debug for MemoryKeyValueStoreClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<_> = self.read().map(|all| all.iter().map(|one| one.len()).collect()).unwrap_or_default();
        f.debug_struct("MemoryKeyValueStoreClient")
            .field("collections", &sizes.len())
            .field("records", &sizes.iter().sum::<usize>())
            .field("access_times", &self.0.access_times)
            .field("url_template", &self.0.url_template)
            .finish_non_exhaustive()
    }
}
