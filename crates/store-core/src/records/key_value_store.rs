//! What people call on a collection of records.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::access::{GetValue, SetValue};
use super::iterate::Iterate;
#[cfg(feature = "json")]
use super::saving::Values;
use super::{
    ContentType, FromRecord, IntoRecordValue, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage,
    RecordPageOptions, StoreMetadata,
};
use crate::call::{Origin, check_key, check_value};
use crate::client::KeyValueStoreClient;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// An opened collection of records.
///
/// Clones are handles on one collection. Arguments are checked here, before anything is sent: a wrong key, content type
/// or size is a typed error and changes nothing. Every error names operation, driver and key.
///
/// Each operation is one round trip to a backend, unless it says otherwise.
///
/// # Contract
/// * `content_type_is_inferred`: a value that is set without a content type gets the one of its kind: bytes `application/octet-stream`, text `text/plain; charset=utf-8`, JSON `application/json; charset=utf-8`, nothing `application/x-none` with no bytes; one that is given is kept.
/// * `values_read_as_their_type`: a value reads as what its content type says it is, and reads back as it was set; what does not is [`Corrupt`](ErrorKind::Corrupt), an error that names the key, or a miss with [`OnCorrupt::Miss`](crate::OnCorrupt::Miss), and stays as it is.
/// * `nothing_is_not_the_default`: a read with a default gives it where there is no record, and nothing where the record is nothing.
///
/// ```
/// use std::sync::Arc;
/// use store_memory::{StoreName, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let client = Arc::new(MemoryKeyValueStoreClient::new());
/// let pages = KeyValueStore::open(client, StoreName::new("pages")?).await?;
///
/// pages.set_value("title", "Hello").await?;
/// pages.set_value("index.html", "<h1>Hello</h1>").content_type("text/html; charset=utf-8").await?;
/// pages.set_value("summary", None::<String>).await?;
///
/// let title: Option<String> = pages.get_value("title").await?;
/// assert_eq!(title.as_deref(), Some("Hello"));
/// // What is known to be nothing differs from what is not known.
/// assert_eq!(pages.get_value::<Option<String>>("summary").await?, Some(None));
/// assert_eq!(pages.get_value::<Option<String>>("author").await?, None);
/// assert_eq!(pages.get_value("author").or("nobody".to_owned()).await?, "nobody");
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// ```
///
/// # Errors
/// Besides those that an operation names, each can answer [`Dropped`](ErrorKind::Dropped) once somebody has
/// dropped the collection, [`Corrupt`](ErrorKind::Corrupt) where the backend holds something else in its place,
/// the kinds of transport told at [`ErrorKind`](crate::ErrorKind), and those of a wrong key.
///
/// # Cancel safety
/// Dropping one that reads changes nothing but the time of the last access; dropping one that writes leaves each record
/// as before or as after, and it may still take effect.
#[derive(Clone, Debug)]
pub struct KeyValueStore {
    client: Arc<dyn KeyValueStoreClient>,
    shared: Arc<Shared>,
}

/// What all handles on one opened collection share.
#[derive(Debug)]
struct Shared {
    opened: OpenedStore,
    /// Whether any of them has found out that somebody dropped it.
    dropped: AtomicBool,
    #[cfg(feature = "json")]
    values: Values,
}

impl KeyValueStore {
    /// Opens a collection, and creates it unless it is chosen by its id. One round trip where it exists, by id two.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) for an id that no collection has;
    /// [`Corrupt`](ErrorKind::Corrupt) and [`WrongType`](ErrorKind::WrongType) where the backend holds
    /// something else in its place.
    ///
    /// # Cancel safety
    /// The collection may have been created; the next open finds it.
    pub async fn open(client: Arc<dyn KeyValueStoreClient>, options: impl Into<OpenOptions>) -> Result<Self> {
        let origin = Origin { operation: "open", driver: client.capabilities().driver, key: None };
        let opened = client.open_store(options.into()).await.map_err(|error| origin.name(error))?;
        let shared = Shared {
            opened,
            dropped: AtomicBool::new(false),
            #[cfg(feature = "json")]
            values: Values::default(),
        };
        Ok(Self { client, shared: Arc::new(shared) })
    }

    /// The client that it was opened by.
    #[must_use]
    pub fn client(&self) -> &Arc<dyn KeyValueStoreClient> {
        &self.client
    }

    /// The collection as it was opened: its id, and what it is called.
    #[must_use]
    pub fn opened(&self) -> &OpenedStore {
        &self.shared.opened
    }

    /// The id, by which other programs can open it too.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.opened().id
    }

    /// Reads what is known about the collection. It moves none of its times.
    ///
    /// # Errors
    /// None of its own.
    pub async fn metadata(&self) -> Result<StoreMetadata> {
        self.on_store("metadata", self.client.store_metadata(self.opened())).await
    }

    /// Reads a record with its content type; `None` when there is none.
    ///
    /// # Errors
    /// None of its own.
    pub async fn get_record(&self, key: &str) -> Result<Option<Record>> {
        self.read("get_record", key).await
    }

    /// Writes a record over any that is there. An auto-saved value that is open at the key stays as it is, and a save after
    /// a change writes it over this.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge), [`Full`](ErrorKind::Full).
    pub async fn set_record(&self, key: &str, content_type: ContentType, value: Bytes) -> Result<()> {
        self.write("set_record", key, Ok((content_type, value))).await
    }

    /// Reads a value as a `T`, as the [content type](ContentType) of its record says; `None` when there is none.
    /// [`or`](GetValue::or) gives a default in its place. [`FromRecord`] tells the types.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt) for a record that does not read as `T`.
    pub fn get_value<'a, T: FromRecord>(&'a self, key: &'a str) -> GetValue<'a, T> {
        GetValue::new(self, key)
    }

    /// Writes a value over any that is there. Its content type follows from its kind, as [`IntoRecordValue`] tells it by
    /// the type, unless [`content_type`](SetValue::content_type) gives one. An auto-saved value that is open at the key
    /// stays as it is, and a save after a change writes it over this.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a value that does not encode, and for a wrong content type;
    /// [`TooLarge`](ErrorKind::TooLarge), [`Full`](ErrorKind::Full).
    pub fn set_value<'a>(&'a self, key: &'a str, value: impl IntoRecordValue) -> SetValue<'a> {
        SetValue::new(self, key, value)
    }

    /// Removes a record; whether one was there and is gone. An auto-saved value that is open at the key stays as it is:
    /// only a save after a change makes a record of it again.
    ///
    /// # Errors
    /// None of its own.
    pub async fn delete_value(&self, key: &str) -> Result<bool> {
        self.at_key("delete_value", key, |key| self.client.delete_record(self.opened(), key)).await
    }

    /// Whether there is a record, also one whose value is nothing.
    ///
    /// # Errors
    /// None of its own.
    pub async fn record_exists(&self, key: &str) -> Result<bool> {
        self.at_key("record_exists", key, |key| self.client.has_record(self.opened(), key)).await
    }

    /// A part of the keys with content types and sizes, in byte order, 1000 of them at most. A limit of 0 is an empty
    /// page.
    ///
    /// # Errors
    /// None of its own.
    pub async fn list_keys(&self, options: RecordPageOptions) -> Result<RecordPage<RecordMetadata>> {
        self.on_store("list_keys", self.client.list_record_keys(self.opened(), options)).await
    }

    /// A part of the records, in byte order of their keys, 100 of them at most, and none further once their values have
    /// 8 MiB together. A limit of 0 is an empty page.
    ///
    /// # Errors
    /// None of its own.
    pub async fn list_records(&self, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        self.on_store("list_records", self.client.list_records(self.opened(), options)).await
    }

    /// Walks over the keys with content types and sizes, in byte order. One round trip for each 1000 of them.
    ///
    /// # Errors
    /// Those of each page, where it is read; [`InvalidKey`](ErrorKind::InvalidKey) for a start that is no key.
    pub fn iterate_keys(&self) -> Iterate<'_, RecordMetadata> {
        Iterate::over_keys(self)
    }

    /// Walks over the values, each read as a `T` as by [`get_value`](Self::get_value), in byte order of their keys. One
    /// round trip for each 100 of them or 8 MiB.
    ///
    /// # Errors
    /// As [`iterate_keys`](Self::iterate_keys); [`Corrupt`](ErrorKind::Corrupt) in the place of a value that does not read
    /// as `T`, after which it goes on.
    pub fn iterate_values<T: FromRecord>(&self) -> Iterate<'_, T> {
        Iterate::over_values(self)
    }

    /// Walks over whole records, in byte order of their keys. One round trip for each 100 of them or 8 MiB.
    ///
    /// # Errors
    /// As [`iterate_keys`](Self::iterate_keys).
    pub fn iterate_entries(&self) -> Iterate<'_, Record> {
        Iterate::over_entries(self)
    }

    /// Removes all records, and keeps the collection with its id, its name and its time of creation. Auto-saved values that
    /// are open stay as they are: only a save after a change makes records of them again.
    ///
    /// # Errors
    /// None of its own.
    pub async fn purge(&self) -> Result<()> {
        self.on_store("purge", self.client.purge_store(self.opened())).await
    }

    /// Removes the collection and all in it. Two round trips. Every handle on it answers
    /// [`Dropped`](ErrorKind::Dropped) from then on; opening it again makes a new one. Its auto-saved values take no
    /// changes any more.
    ///
    /// # Errors
    /// None of its own.
    pub async fn drop(&self) -> Result<()> {
        self.on_store("drop", self.client.drop_store(self.opened())).await?;
        self.shared.dropped.store(true, Ordering::Release);
        Ok(())
    }

    /// The public address of a record, whether it exists or not. Nothing is sent.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the client was not given a
    /// [template](crate::UrlTemplate); [`InvalidArgument`](ErrorKind::InvalidArgument) for a key that has no
    /// address.
    pub async fn public_url(&self, key: &str) -> Result<String> {
        self.at_key("public_url", key, |key| self.client.record_url(self.opened(), key)).await
    }

    pub(super) async fn read(&self, operation: &'static str, key: &str) -> Result<Option<Record>> {
        self.at_key(operation, key, |key| self.client.get_record(self.opened(), key)).await
    }

    pub(super) async fn write(
        &self,
        operation: &'static str,
        key: &str,
        record: Result<(ContentType, Bytes)>,
    ) -> Result<()> {
        let checked = record.and_then(|(content_type, value)| {
            check_value(self.client.capabilities(), &value)?;
            Ok((content_type, value))
        });
        let (content_type, value) = checked.map_err(|error| self.failed(operation, Key::new(key).ok(), error))?;
        self.at_key(operation, key, |key| self.client.set_record(self.opened(), key, content_type, value)).await
    }

    pub(super) async fn on_store<T>(
        &self,
        operation: &'static str,
        asked: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        asked.await.map_err(|error| self.failed(operation, None, error))
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
        let key = checked.map_err(|error| self.failed(operation, None, error))?;
        ask(key).await.map_err(|error| self.failed(operation, Some(key), error))
    }

    /// Tells an error where it comes from, and remembers what it says about the collection.
    pub(super) fn failed(&self, operation: &'static str, key: Option<Key<'_>>, error: Error) -> Error {
        if error.kind() == ErrorKind::Dropped {
            self.shared.dropped.store(true, Ordering::Release);
        }
        Origin { operation, driver: self.client.capabilities().driver, key }.name(error)
    }

    /// Whether a handle on it has found out that somebody dropped the collection.
    pub(super) fn is_dropped(&self) -> bool {
        self.shared.dropped.load(Ordering::Acquire)
    }

    #[cfg(feature = "json")]
    pub(super) fn values(&self) -> &Values {
        &self.shared.values
    }
}
