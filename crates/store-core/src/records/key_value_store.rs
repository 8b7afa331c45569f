//! What people call on a collection of records.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use super::{
    ContentType, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions, StoreMetadata,
};
use crate::call::{Origin, check_key, check_value};
use crate::client::KeyValueStoreClient;
use crate::error::Result;
use crate::key::Key;

/// An opened collection of records.
///
/// Clones are handles on one collection. Arguments are checked here, before anything is sent: a wrong key, content type
/// or size is a typed error and changes nothing. Every error names operation, driver and key.
///
/// Each operation is one round trip to a backend, unless it says otherwise.
///
/// # Errors
/// Besides those that an operation names, each can answer [`Dropped`](crate::ErrorKind::Dropped) once somebody has
/// dropped the collection, [`Corrupt`](crate::ErrorKind::Corrupt) where the backend holds something else in its place,
/// the kinds of transport told at [`ErrorKind`](crate::ErrorKind), and those of a wrong key.
///
/// # Cancel safety
/// Dropping one that reads changes nothing but the time of the last access; dropping one that writes leaves each record
/// as before or as after, and it may still take effect.
#[derive(Clone, Debug)]
pub struct KeyValueStore {
    client: Arc<dyn KeyValueStoreClient>,
    opened: Arc<OpenedStore>,
}

impl KeyValueStore {
    /// Opens a collection, and creates it unless it is chosen by its id. One round trip where it exists, by id two.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for an id that no collection has;
    /// [`Corrupt`](crate::ErrorKind::Corrupt) and [`WrongType`](crate::ErrorKind::WrongType) where the backend holds
    /// something else in its place.
    ///
    /// # Cancel safety
    /// The collection may have been created; the next open finds it.
    pub async fn open(client: Arc<dyn KeyValueStoreClient>, options: impl Into<OpenOptions>) -> Result<Self> {
        let origin = Origin { operation: "open", driver: client.capabilities().driver, key: None };
        let opened = client.open_store(options.into()).await.map_err(|error| origin.name(error))?;
        Ok(Self { client, opened: Arc::new(opened) })
    }

    /// The client that it was opened by.
    #[must_use]
    pub fn client(&self) -> &Arc<dyn KeyValueStoreClient> {
        &self.client
    }

    /// The collection as it was opened: its id, and what it is called.
    #[must_use]
    pub fn opened(&self) -> &OpenedStore {
        &self.opened
    }

    /// The id, by which other programs can open it too.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.opened.id
    }

    /// Reads what is known about the collection. It moves none of its times.
    ///
    /// # Errors
    /// None of its own.
    pub async fn metadata(&self) -> Result<StoreMetadata> {
        self.on_store("metadata", self.client.store_metadata(&self.opened)).await
    }

    /// Reads a record with its content type; `None` when there is none.
    ///
    /// # Errors
    /// None of its own.
    pub async fn get_record(&self, key: &str) -> Result<Option<Record>> {
        self.at_key("get_record", key, |key| self.client.get_record(&self.opened, key)).await
    }

    /// Writes a record over any that is there.
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge), [`Full`](crate::ErrorKind::Full).
    pub async fn set_record(&self, key: &str, content_type: ContentType, value: Bytes) -> Result<()> {
        let operation = "set_record";
        let checked = check_value(self.client.capabilities(), &value);
        checked.map_err(|error| self.origin(operation, Key::new(key).ok()).name(error))?;
        self.at_key(operation, key, |key| self.client.set_record(&self.opened, key, content_type, value)).await
    }

    /// Removes a record; whether one was there and is gone.
    ///
    /// # Errors
    /// None of its own.
    pub async fn delete_value(&self, key: &str) -> Result<bool> {
        self.at_key("delete_value", key, |key| self.client.delete_record(&self.opened, key)).await
    }

    /// Whether there is a record, also one whose value is nothing.
    ///
    /// # Errors
    /// None of its own.
    pub async fn record_exists(&self, key: &str) -> Result<bool> {
        self.at_key("record_exists", key, |key| self.client.has_record(&self.opened, key)).await
    }

    /// A part of the keys with content types and sizes, in byte order, 1000 of them at most. A limit of 0 is an empty
    /// page.
    ///
    /// # Errors
    /// None of its own.
    pub async fn list_keys(&self, options: RecordPageOptions) -> Result<RecordPage<RecordMetadata>> {
        self.on_store("list_keys", self.client.list_record_keys(&self.opened, options)).await
    }

    /// A part of the records, in byte order of their keys, 100 of them at most, and none further once their values have
    /// 8 MiB together. A limit of 0 is an empty page.
    ///
    /// # Errors
    /// None of its own.
    pub async fn list_records(&self, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        self.on_store("list_records", self.client.list_records(&self.opened, options)).await
    }

    /// Removes all records, and keeps the collection with its id, its name and its time of creation.
    ///
    /// # Errors
    /// None of its own.
    pub async fn purge(&self) -> Result<()> {
        self.on_store("purge", self.client.purge_store(&self.opened)).await
    }

    /// Removes the collection and all in it. Two round trips. Every handle on it answers
    /// [`Dropped`](crate::ErrorKind::Dropped) from then on; opening it again makes a new one.
    ///
    /// # Errors
    /// None of its own.
    pub async fn drop(&self) -> Result<()> {
        self.on_store("drop", self.client.drop_store(&self.opened)).await
    }

    /// The public address of a record, whether it exists or not. Nothing is sent.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the client was not given a
    /// [template](crate::UrlTemplate); [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a key that has no
    /// address.
    pub async fn public_url(&self, key: &str) -> Result<String> {
        self.at_key("public_url", key, |key| self.client.record_url(&self.opened, key)).await
    }

    async fn on_store<T>(&self, operation: &'static str, asked: impl Future<Output = Result<T>> + Send) -> Result<T> {
        asked.await.map_err(|error| self.origin(operation, None).name(error))
    }

    async fn at_key<'a, T, F>(
        &self,
        operation: &'static str,
        key: &'a str,
        ask: impl FnOnce(Key<'a>) -> F + Send,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let checked = check_key(self.client.capabilities(), key);
        let key = checked.map_err(|error| self.origin(operation, None).name(error))?;
        ask(key).await.map_err(|error| self.origin(operation, Some(key)).name(error))
    }

    fn origin<'a>(&self, operation: &'static str, key: Option<Key<'a>>) -> Origin<'a> {
        Origin { operation, driver: self.client.capabilities().driver, key }
    }
}
