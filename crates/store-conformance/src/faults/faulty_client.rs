//! The wrapper, as a client for records.

use store_core::{
    Bytes, Capabilities, ContentType, Key, KeyValueStoreClient, OpenOptions, OpenedStore, Record, RecordMetadata,
    RecordPage, RecordPageOptions, Result, StoreMetadata, async_trait,
};

use super::faulty_store::{FaultyStore, named};
use super::operation::Operation;

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the rules")]
#[async_trait]
impl<C: KeyValueStoreClient> KeyValueStoreClient for FaultyStore<C> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn open_store(&self, options: OpenOptions) -> Result<OpenedStore> {
        self.meet(Operation::OpenStore, &[], self.inner.open_store(options)).await
    }

    async fn store_metadata(&self, store: &OpenedStore) -> Result<StoreMetadata> {
        self.meet(Operation::StoreMetadata, &[], self.inner.store_metadata(store)).await
    }

    async fn get_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>> {
        self.meet(Operation::GetRecord, &[key], self.inner.get_record(store, key)).await
    }

    async fn set_record(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()> {
        self.meet(Operation::SetRecord, &[key], self.inner.set_record(store, key, content_type, value)).await
    }

    async fn delete_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.meet(Operation::DeleteRecord, &[key], self.inner.delete_record(store, key)).await
    }

    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        self.meet(Operation::HasRecord, &[key], self.inner.has_record(store, key)).await
    }

    async fn list_record_keys(
        &self,
        store: &OpenedStore,
        options: RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        self.meet(Operation::ListRecordKeys, &[], self.inner.list_record_keys(store, options)).await
    }

    async fn list_records(&self, store: &OpenedStore, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        self.meet(Operation::ListRecords, &[], self.inner.list_records(store, options)).await
    }

    async fn purge_store(&self, store: &OpenedStore) -> Result<()> {
        self.meet(Operation::PurgeStore, &[], self.inner.purge_store(store)).await
    }

    async fn drop_store(&self, store: &OpenedStore) -> Result<()> {
        self.meet(Operation::DropStore, &[], self.inner.drop_store(store)).await
    }

    async fn record_url(&self, store: &OpenedStore, key: Key<'_>) -> Result<String> {
        self.meet(Operation::RecordUrl, &[key], self.inner.record_url(store, key)).await
    }

    async fn ping(&self) -> Result<()> {
        let answer = self.meet(Operation::Ping, &[], self.inner.ping()).await;
        answer.map_err(|error| named(error, "ping", self.capabilities()))
    }

    async fn close(&self) -> Result<()> {
        let answer = self.meet(Operation::Close, &[], self.inner.close()).await;
        answer.map_err(|error| named(error, "close", self.capabilities()))
    }
}
