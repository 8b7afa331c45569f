//! The contract of a client for named collections of records.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::capability::Capabilities;
use crate::entry::HiddenValue;
use crate::error::{Error, Result};
use crate::expiry::Timestamp;
use crate::key::{Key, KeyBuf};

/// Keeps named collections of records.
///
/// This trait is what drivers implement. What people call (`get_value`, `set_value`, `iterate_keys`, …) stands above
/// it and shares no name with it.
///
/// A record has a key, a content type, a size and the bytes of its value. Collections are not entries:
/// [`Store`](crate::Store) never sees them, so neither `clear` nor `list` touches them.
///
/// Opening is one step: it opens, creates or repairs a collection and returns its stored id, so that any number of
/// concurrent opens of one new name yield one id. A name consists of letters, digits and inner hyphens; an alias is not
/// empty, has no `/`, `\` or NUL and is neither `.` nor `..`; an alias and a name with one text are two collections. An
/// unknown id is [`ErrorKind::NotFound`](crate::ErrorKind::NotFound).
///
/// Value and metadata of a record are written and read in one step, so that nobody sees the one without the other. A
/// record whose value is nothing exists; it differs from an absent one. Keys are ordered by their UTF-8 bytes; a page
/// starts behind a key that need not exist.
///
/// Every operation checks in its own step that the collection is still the one that was opened: after it was dropped,
/// or dropped and created again, the old handle gets [`ErrorKind::Dropped`](crate::ErrorKind::Dropped) and leaves
/// nothing behind.
#[async_trait]
pub trait KeyValueStoreClient: fmt::Debug + Send + Sync + 'static {
    /// What this client declares: the driver's name, and its limits on keys and values.
    fn capabilities(&self) -> &Capabilities;

    /// Opens a collection, and creates it unless it is chosen by id.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id; any kind of transport.
    ///
    /// # Cancel safety
    /// The collection may have been created; the next open finds it.
    async fn open_store(&self, options: OpenOptions) -> Result<OpenedStore>;

    /// Reads what is known about the collection.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn store_metadata(&self, store: &OpenedStore) -> Result<StoreMetadata>;

    /// Reads a record; `None` when there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing but the time of the last access.
    async fn get_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>>;

    /// Writes a record over any that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped), [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge); any kind of transport.
    ///
    /// # Cancel safety
    /// The record is as before or as after.
    async fn set_record(&self, store: &OpenedStore, record: Record) -> Result<()>;

    /// Removes a record; whether one was there and is gone.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// The record is there or gone.
    async fn delete_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool>;

    /// Whether there is a record.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool>;

    /// A part of the keys with their metadata, in byte order.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn list_record_keys(
        &self,
        store: &OpenedStore,
        options: RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>>;

    /// A part of the records, in byte order of their keys.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn list_records(&self, store: &OpenedStore, options: RecordPageOptions) -> Result<RecordPage<Record>>;

    /// Removes all records and keeps the collection with its id, its name and its time of creation.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// The records are there or gone.
    async fn purge_store(&self, store: &OpenedStore) -> Result<()>;

    /// Removes the collection and all in it.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// The collection is there or gone.
    async fn drop_store(&self, store: &OpenedStore) -> Result<()>;

    /// The public address of a record, where the driver is configured with a template for it.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) without a template.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn record_url(&self, _store: &OpenedStore, _key: Key<'_>) -> Result<String> {
        Err(Error::unsupported("record_url"))
    }

    /// Proves that the backend can be reached and used now.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn ping(&self) -> Result<()>;

    /// Ends the client for every handle. Idempotent.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// The client may be closed already.
    async fn close(&self) -> Result<()>;
}

/// Which collection to open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum StoreSelector {
    /// The one without a name.
    #[default]
    Default,
    /// The one with this id; it must exist.
    Id(String),
    /// The one with this name, lasting beyond the run.
    Name(String),
    /// The one with this alias, meant for this run.
    Alias(String),
}

/// How a collection is opened.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Which one.
    pub selector: StoreSelector,
}

impl From<StoreSelector> for OpenOptions {
    fn from(selector: StoreSelector) -> Self {
        Self { selector }
    }
}

/// An opened collection: what every further operation is checked against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OpenedStore {
    /// The id that the backend keeps.
    pub id: String,
    /// How it was chosen.
    pub selector: StoreSelector,
}

impl OpenedStore {
    /// A collection as a driver opened it.
    #[must_use]
    pub fn new(id: String, selector: StoreSelector) -> Self {
        Self { id, selector }
    }
}

/// What is known about a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreMetadata {
    /// The id.
    pub id: String,
    /// The name, where it has one.
    pub name: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last read or written.
    pub accessed_at: Timestamp,
    /// When it was last written.
    pub modified_at: Timestamp,
}

impl StoreMetadata {
    /// The metadata of a collection that was just created.
    #[must_use]
    pub fn created(id: String, name: Option<String>, at: Timestamp) -> Self {
        Self { id, name, created_at: at, accessed_at: at, modified_at: at }
    }

    /// Sets when it was last read or written.
    #[must_use]
    pub fn with_accessed_at(mut self, at: Timestamp) -> Self {
        self.accessed_at = at;
        self
    }

    /// Sets when it was last written.
    #[must_use]
    pub fn with_modified_at(mut self, at: Timestamp) -> Self {
        self.modified_at = at;
        self
    }
}

/// A record.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The key in its collection.
    pub key: KeyBuf,
    /// The content type of the value.
    pub content_type: String,
    /// The value.
    pub value: Bytes,
}

impl Record {
    /// A record.
    #[must_use]
    pub fn new(key: KeyBuf, content_type: String, value: Bytes) -> Self {
        Self { key, content_type, value }
    }

    /// What is known about it without its value.
    #[must_use]
    pub fn metadata(&self) -> RecordMetadata {
        let bytes = u64::try_from(self.value.len()).unwrap_or(u64::MAX);
        RecordMetadata::new(self.key.clone(), self.content_type.clone(), bytes)
    }
}

/// Shows the length of the value, never the value.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .field("content_type", &self.content_type)
            .field("value", &HiddenValue(&self.value))
            .finish()
    }
}

/// What is known about a record without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordMetadata {
    /// The key in its collection.
    pub key: KeyBuf,
    /// The content type of the value.
    pub content_type: String,
    /// The size of the value in bytes.
    pub size: u64,
}

impl RecordMetadata {
    /// What is known about a record of `size` bytes.
    #[must_use]
    pub fn new(key: KeyBuf, content_type: String, size: u64) -> Self {
        Self { key, content_type, size }
    }
}

/// What a page of records covers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecordPageOptions {
    /// Starts behind this key, which need not exist.
    pub exclusive_start_key: Option<KeyBuf>,
    /// At most this many; 0 is an empty page, `None` as many as the driver puts into one.
    pub limit: Option<usize>,
}

impl RecordPageOptions {
    /// Starts behind `key`.
    #[must_use]
    pub fn with_exclusive_start_key(mut self, key: KeyBuf) -> Self {
        self.exclusive_start_key = Some(key);
        self
    }

    /// Sets how many items a page has at most.
    #[must_use]
    pub fn with_limit(mut self, items: usize) -> Self {
        self.limit = Some(items);
        self
    }
}

/// A part of the records of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordPage<T> {
    /// The items, in byte order of their keys.
    pub items: Vec<T>,
    /// The key behind which the next page starts; `None` when this was the last.
    pub next_start_key: Option<KeyBuf>,
}

impl<T> RecordPage<T> {
    /// A page.
    #[must_use]
    pub fn new(items: Vec<T>, next_start_key: Option<KeyBuf>) -> Self {
        Self { items, next_start_key }
    }
}
