//! The contract of a client for named collections of records.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::capability::Capabilities;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::records::{
    ContentType, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions, StoreMetadata,
};

/// Keeps named collections of records.
///
/// This trait is what drivers implement. What people call (`get_value`, `set_value`, `iterate_keys`, …) stands above
/// it, at [`KeyValueStore`](crate::KeyValueStore), and shares no name with it. Names, keys, content types and the sizes
/// of values are checked there, so a driver gets valid ones.
///
/// A record has a key, a content type, a size and the bytes of its value. Collections are not entries:
/// [`Store`](crate::Store) never sees them, so neither `clear` nor `list` touches them.
///
/// Opening is one step: it opens, creates or repairs a collection and returns its stored id, so that any number of
/// concurrent opens of one new name yield one id. An unknown id is [`ErrorKind::NotFound`](crate::ErrorKind::NotFound).
///
/// Value and metadata of a record are written and read in one step, so that nobody sees the one without the other. A
/// record whose value is nothing exists; it differs from an absent one. Keys are ordered by their UTF-8 bytes; a page
/// starts behind a key that need not exist, and costs what is on it, not what is in the collection.
///
/// What is done to a collection moves its times, in the step that does it and by the backend's clock, which never takes
/// one back: opening it and reading records (`get`, `has`, both lists, found or not) `accessed_at`, as exactly as
/// [`AccessTimes`](crate::AccessTimes) says; writing a record, removing one that was there, and purging both that and
/// `modified_at`. Reading the metadata and removing what is not there move nothing.
///
/// Every operation checks in its own step that the collection is still the one that was opened: after it was dropped,
/// or dropped and created again, the old handle gets [`ErrorKind::Dropped`](crate::ErrorKind::Dropped) and leaves
/// nothing behind. What the backend holds in its place but is no metadata of ours is
/// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) (or [`ErrorKind::WrongType`](crate::ErrorKind::WrongType)), and
/// nothing is written.
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
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped), [`ErrorKind::Full`](crate::ErrorKind::Full); any kind of
    /// transport.
    ///
    /// # Cancel safety
    /// The record is as before or as after.
    async fn set_record(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()>;

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

    /// A part of the keys with their metadata, in byte order: at most
    /// [`max_keys`](RecordPageOptions::max_keys).
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

    /// A part of the records, in byte order of their keys: at most [`max_records`](RecordPageOptions::max_records), and
    /// no further one once their values have [`MAX_BYTES`](RecordPageOptions::MAX_BYTES) together.
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

    /// Removes the collection and all in it, and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped), also when it was dropped before; any kind of transport.
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
