//! The memory driver, watched: it counts what it is asked, fails when it is told to, and stops before a write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use store_core::prelude::*;
use store_core::{
    Capabilities, Key, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions, Result,
    StoreMetadata, async_trait,
};
use store_memory::MemoryKeyValueStoreClient;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

#[derive(Debug)]
pub(crate) struct Watched {
    inner: MemoryKeyValueStoreClient,
    opens: AtomicUsize,
    reads: AtomicUsize,
    writes: AtomicUsize,
    purges: AtomicUsize,
    pages: AtomicUsize,
    failing: AtomicBool,
    /// How many more writes may go on.
    gate: Semaphore,
}

impl Watched {
    pub(crate) fn new() -> Arc<Self> {
        let count = AtomicUsize::default;
        Arc::new(Self {
            inner: MemoryKeyValueStoreClient::new(),
            opens: count(),
            reads: count(),
            writes: count(),
            purges: count(),
            pages: count(),
            failing: AtomicBool::new(false),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    pub(crate) fn opens(&self) -> usize {
        self.opens.load(Ordering::SeqCst)
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    pub(crate) fn purges(&self) -> usize {
        self.purges.load(Ordering::SeqCst)
    }

    pub(crate) fn pages(&self) -> usize {
        self.pages.load(Ordering::SeqCst)
    }

    /// Whether everything fails from now on.
    pub(crate) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Holds writes up before they happen, until [`let_writes_go`](Self::let_writes_go).
    pub(crate) fn hold_writes(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn let_writes_go(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS);
    }

    fn ask(&self, counter: &AtomicUsize) -> Result<()> {
        counter.fetch_add(1, Ordering::SeqCst);
        if self.failing.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "told to fail"));
        }
        Ok(())
    }
}

#[async_trait]
impl KeyValueStoreClient for Watched {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn open_store(&self, options: OpenOptions) -> Result<OpenedStore> {
        self.ask(&self.opens)?;
        yield_now().await;
        self.inner.open_store(options).await
    }

    async fn store_metadata(&self, store: &OpenedStore) -> Result<StoreMetadata> {
        self.inner.store_metadata(store).await
    }

    async fn get_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>> {
        yield_now().await;
        self.ask(&self.reads)?;
        self.inner.get_record(store, key).await
    }

    async fn set_record(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()> {
        self.ask(&self.writes)?;
        drop(self.gate.acquire().await);
        self.inner.set_record(store, key, content_type, value).await
    }

    async fn delete_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.inner.delete_record(store, key).await
    }

    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.inner.has_record(store, key).await
    }

    async fn list_record_keys(
        &self,
        store: &OpenedStore,
        options: RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        yield_now().await;
        self.ask(&self.pages)?;
        self.inner.list_record_keys(store, options).await
    }

    async fn list_records(&self, store: &OpenedStore, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        yield_now().await;
        self.ask(&self.pages)?;
        self.inner.list_records(store, options).await
    }

    async fn purge_store(&self, store: &OpenedStore) -> Result<()> {
        self.ask(&self.purges)?;
        self.inner.purge_store(store).await
    }

    async fn drop_store(&self, store: &OpenedStore) -> Result<()> {
        self.inner.drop_store(store).await
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

/// A collection, and the driver that it is on.
pub(crate) async fn collection() -> (Arc<Watched>, KeyValueStore) {
    let driver = Watched::new();
    let store = KeyValueStore::open(driver.clone(), StoreName::new("pages").unwrap()).await.unwrap();
    (driver, store)
}

/// What is stored under a key, as text.
pub(crate) async fn stored(store: &KeyValueStore, key: &str) -> Option<String> {
    let record = store.get_record(key).await.unwrap();
    record.map(|record| String::from_utf8(record.value.to_vec()).unwrap())
}
