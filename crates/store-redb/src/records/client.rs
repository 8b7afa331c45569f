//! `RedbKeyValueStoreClient`: the contract, method by method, on the engine of a file.

use std::sync::Arc;

use store_core::{
    AccessTimes, Bytes, Capabilities, ContentType, Error, Key, KeyValueStoreClient, OpenOptions, OpenedStore, Record,
    RecordMetadata, RecordPage, RecordPageOptions, Result, StoreMetadata, StoreSelector, UrlTemplate, async_trait,
};

use super::collection::{Reader, Records};
use super::collections::{self, Collections};
use crate::engine::Engine;
use crate::error::Failure;
use crate::snapshot::Snapshot;
use crate::step::Writing;
use crate::store::{RedbStore, named};
use crate::timeline::Moment;

/// A [`KeyValueStoreClient`] in a file.
///
/// Clones are handles on the same collections. They lie in the file of the [`RedbStore`] that the client is made from, and
/// [`close`](KeyValueStoreClient::close) ends both.
///
/// ```
/// use std::sync::Arc;
/// use store_redb::{Bytes, ContentType, KeyValueStore, KeyValueStoreClient, StoreName};
/// use store_redb::{RedbKeyValueStoreClient, RedbStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_redb::Result<()> {
/// # let directory = tempfile::tempdir().expect("a directory for the example");
/// # let path = directory.path().join("data.redb");
/// let store = RedbStore::open(path).await?;
/// let client: Arc<dyn KeyValueStoreClient> = Arc::new(RedbKeyValueStoreClient::from_store(&store));
/// let pages = KeyValueStore::open(Arc::clone(&client), StoreName::new("pages")?).await?;
///
/// pages.set_record("index.html", ContentType::new("text/html")?, Bytes::from("<h1>Hello</h1>")).await?;
/// let page = pages.get_record("index.html").await?;
/// assert_eq!(page.map(|page| page.content_type), Some(ContentType::new("text/html")?));
/// # client.close().await
/// # }
/// ```
///
/// # Cancel safety
/// A write whose future is dropped happens or not, as a whole.
///
/// # Cost
/// An operation on a single record is O(log n) of the records of the collection, and a page O(page); a page of keys reads
/// no values. `purge_store` and `drop_store` are one small step each: the records are freed afterwards, 256 in a
/// transaction. A read that moves `accessed_at` is a write too, and waits for the disk: with [`AccessTimes::Exact`] nearly
/// each, with [`AccessTimes::Coarse`] one in a second.
#[derive(Clone, Debug)]
pub struct RedbKeyValueStoreClient {
    engine: Arc<Engine>,
    access_times: AccessTimes,
    url_template: Option<UrlTemplate>,
}

impl RedbKeyValueStoreClient {
    /// A client for the collections in the file of a store. It keeps `accessed_at` coarsely and has no public addresses.
    #[must_use]
    pub fn from_store(store: &RedbStore) -> Self {
        Self { engine: Arc::clone(&store.engine), access_times: AccessTimes::default(), url_template: None }
    }

    /// The same with another setting of how exactly `accessed_at` follows reads.
    #[must_use]
    pub fn with_access_times(mut self, access_times: AccessTimes) -> Self {
        self.access_times = access_times;
        self
    }

    /// The same with public addresses of records.
    #[must_use]
    pub fn with_url_template(mut self, template: UrlTemplate) -> Self {
        self.url_template = Some(template);
        self
    }

    /// Does something to the collections in one step.
    async fn write<T: Send + 'static>(
        &self,
        bytes: usize,
        step: impl Fn(&Writing<'_>, &mut Collections<'_, '_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        let access_times = self.access_times;
        self.engine.write(bytes, move |writing| step(writing, &mut Collections::open(writing, access_times)?)).await
    }

    /// Reads records of an opened collection: from a snapshot where that leaves `accessed_at` as it is, and else in one
    /// step with moving it.
    async fn read<T, F>(&self, opened: &OpenedStore, bytes: usize, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Reader<'_>) -> Result<T, Failure> + Send + Sync + 'static,
    {
        let (access_times, read) = (self.access_times, Arc::new(read));
        let (place, reads) = (opened.clone(), Arc::clone(&read));
        let look = move |snapshot: &Snapshot<'_>, moment: &Moment| {
            let mut collection = collections::find(snapshot, &place)?;
            match collection.is_read(access_times, moment.now()) {
                true => Ok(None),
                false => reads(&Reader::open(snapshot, collection.generation)?).map(Some),
            }
        };
        if let Some(answer) = self.engine.read(bytes, look).await? {
            return Ok(answer);
        }
        let opened = opened.clone();
        let step = move |writing: &Writing<'_>, collections: &mut Collections<'_, '_>| {
            let collection = collections.for_reading(&opened)?;
            read(&Reader::open(&writing.snapshot().0, collection.generation)?)
        };
        self.write(bytes, step).await
    }
}

#[async_trait]
impl KeyValueStoreClient for RedbKeyValueStoreClient {
    fn capabilities(&self) -> &Capabilities {
        &self.engine.capabilities
    }

    async fn open_store(&self, options: OpenOptions) -> Result<OpenedStore> {
        self.write(0, move |_, collections| match &options.selector {
            StoreSelector::Label(label) => collections.open_by_label(label.clone()),
            StoreSelector::Id(id) => collections.open_by_id(id),
        })
        .await
    }

    async fn store_metadata(&self, store: &OpenedStore) -> Result<StoreMetadata> {
        let opened = store.clone();
        let look = move |snapshot: &Snapshot<'_>, _: &Moment| {
            Ok(collections::find(snapshot, &opened)?.metadata(opened.id.clone()))
        };
        self.engine.read(0, look).await
    }

    async fn get_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>> {
        let key = key.to_buf();
        self.read(store, key.len(), move |records| records.get(&key)).await
    }

    async fn set_record(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()> {
        let (opened, key) = (store.clone(), key.to_buf());
        let bytes = key.len() + value.len();
        let step = move |writing: &Writing<'_>, collections: &mut Collections<'_, '_>| {
            let collection = collections.for_writing(&opened)?;
            Records::open(writing, collection.generation)?.set(&key, &content_type, &value)?;
            collections.note_written(&opened, collection)
        };
        self.write(bytes, step).await
    }

    async fn delete_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        let (opened, key) = (store.clone(), key.to_buf());
        let bytes = key.len();
        let step = move |writing: &Writing<'_>, collections: &mut Collections<'_, '_>| {
            let collection = collections.for_writing(&opened)?;
            let is_removed = Records::open(writing, collection.generation)?.remove(&key)?;
            if is_removed {
                collections.note_written(&opened, collection)?;
            }
            Ok(is_removed)
        };
        self.write(bytes, step).await
    }

    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        let key = key.to_buf();
        self.read(store, key.len(), move |records| records.has(&key)).await
    }

    async fn list_record_keys(
        &self,
        store: &OpenedStore,
        options: RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        self.read(store, 0, move |records| records.list_keys(&options)).await
    }

    async fn list_records(&self, store: &OpenedStore, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        self.read(store, 0, move |records| records.list_records(&options)).await
    }

    async fn purge_store(&self, store: &OpenedStore) -> Result<()> {
        let opened = store.clone();
        self.write(0, move |_, collections| collections.purge(&opened)).await
    }

    async fn drop_store(&self, store: &OpenedStore) -> Result<()> {
        let opened = store.clone();
        self.write(0, move |_, collections| collections.remove(&opened)).await
    }

    /// Made from the id and the key alone: neither the collection nor the record is looked at.
    async fn record_url(&self, store: &OpenedStore, key: Key<'_>) -> Result<String> {
        self.engine.ping().await?;
        let template = self.url_template.as_ref().ok_or_else(|| Error::unsupported("record_url"))?;
        template.url(store, key)
    }

    async fn ping(&self) -> Result<()> {
        named("ping", self.engine.ping().await)
    }

    async fn close(&self) -> Result<()> {
        named("close", self.engine.close().await)
    }
}
