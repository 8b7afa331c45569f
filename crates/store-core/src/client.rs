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
/// # Contract
/// Opening:
/// * `open_is_atomic`: opening is one step that opens, creates or repairs a collection and returns its stored id: any number of concurrent opens of what is called so, new or not, yield one id, through every client, until it is dropped.
/// * `ids_open_what_exists`: an id opens the collection that has it, however that is called; any other text is [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) and makes nothing.
/// * `labels_are_apart`: a name, an alias of the same text and the collection without a name are different collections.
///
/// Records:
/// * `get_record_after_set`: a `get` that starts after `set` returned sees that record or the effect of a later operation: the key, the content type and the bytes as they were given, through every client.
/// * `record_is_never_torn`: value and metadata of a record are written in one step and read in one step, so that nobody sees the one of one write with the other of another, nor none between two.
/// * `absent_differs_from_none`: a record whose value is nothing exists, and is listed; an absent one does not.
/// * `delete_record_reports_removal`: `delete` says whether a record was there and is gone; of concurrent ones, one is told so.
/// * `record_operations_are_linearizable`: on one node, operations on one record take effect one after another, each between its call and its return, seen alike through every client.
/// * `record_lists_agree_with_reads`: `get`, `has` and both lists tell the same: which records there are, their content types, their sizes in bytes, whatever was written at the same time.
///
/// Pages:
/// * `record_keys_are_in_byte_order`: both lists follow the UTF-8 bytes of the keys.
/// * `record_pages_start_behind_a_key`: a page starts behind the key that was given, which need not exist.
/// * `record_pages_are_bounded`: a page has no more than was asked for, than [`MAX_KEYS`](RecordPageOptions::MAX_KEYS) keys or [`MAX_RECORDS`](RecordPageOptions::MAX_RECORDS) records, and no record behind the one that brings its values to [`MAX_BYTES`](RecordPageOptions::MAX_BYTES). A page is empty only for a limit of 0, and then the last, or where nothing is behind its start.
/// * `record_paging_is_complete`: page after page shows each record that is there throughout once and none twice, whatever comes and goes meanwhile; a page names a next one exactly if something is behind it.
///
/// Metadata:
/// * `metadata_counts`: what is done to a collection moves its times, in the step that does it and by the backend's clock, which never takes one back. Opening it and reading records (`get`, `has`, both lists, found or not) moves `accessed_at`, as exactly as [`AccessTimes`](crate::AccessTimes) says; writing a record, removing one that was there, and purging move that and `modified_at`. Reading the metadata and removing what is not there move nothing.
/// * `purge_keeps_the_store`: purging removes all records; the id, what it is called and `created_at` stay.
///
/// The end of a collection:
/// * `drop_removes_it`: dropping removes the collection, all that is in it and its id; opened again, it is a new one, empty and with another id.
/// * `dropped_is_final`: every operation but `record_url`, which asks for nothing that was dropped, checks in its own step that the collection is still the one that was opened: after it was dropped, or dropped and created again, it answers [`ErrorKind::Dropped`](crate::ErrorKind::Dropped) and leaves nothing behind.
/// * `collections_are_isolated`: no operation on one collection, its end included, is seen in another, however alike they are called.
/// * `collections_are_not_entries`: no operation on entries sees, changes or removes a collection, `list` and `clear` included, nor the other way round.
/// * `damaged_collections_stay`: what the backend holds in the place of a collection but is no metadata of ours is [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) or [`ErrorKind::WrongType`](crate::ErrorKind::WrongType) in every operation, opening included, and nothing is written.
///
/// Limits and errors:
/// * `record_limits`: keys and values as long as the client declares, and values of no bytes, are kept; a longer or an empty key is [`ErrorKind::InvalidKey`](crate::ErrorKind::InvalidKey) (or [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge)), a longer value [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge), before anything is sent.
/// * `record_errors_never_show_values`: no error shows a value, in text or as `Debug`; it names operation, driver and key.
/// * `public_urls`: where there is a template, the address of a record is that with id and key percent-encoded in it, and the keys `.` and `..`, which are no segment of a path, are [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument); without one it is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
///
/// Life cycle:
/// * `client_close_is_final`: `close` is idempotent; afterwards every handle answers [`ErrorKind::Closed`](crate::ErrorKind::Closed); calls under way finish or fail.
/// * `client_ping_answers`: `ping` proves that the backend can be reached and used now.
/// * `cancelled_record_calls_are_before_or_after`: dropping a future leaves each record, and the collection, as before or as after, never between; it never hands its reply to another call. Whatever was dropped of an open, the next open finds or makes the collection.
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
    /// Dropping the future changes nothing but the time of the last access.
    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool>;

    /// A part of the keys with their metadata, in byte order: at most
    /// [`max_keys`](RecordPageOptions::max_keys).
    ///
    /// # Errors
    /// [`ErrorKind::Dropped`](crate::ErrorKind::Dropped); any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing but the time of the last access.
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
    /// Dropping the future changes nothing but the time of the last access.
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

    /// The public address of a record, where the driver is configured with a template for it. It is made from the id and
    /// the key alone, so it is also told of a collection that was dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) without a template;
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for the keys `.` and `..`;
    /// [`ErrorKind::Closed`](crate::ErrorKind::Closed).
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
