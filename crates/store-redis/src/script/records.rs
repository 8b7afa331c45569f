//! The registry of scripts of collections, in each layout. All take the keys of a collection and, first, its id; all
//! answer a status first.

use store_core::{AccessTimes, Bytes, ContentType, Key, OpenedStore, RecordPageOptions, whole_millis};

use super::text;
use crate::keyspace::CollectionKeys;
use crate::request::{Class, Request, Script};

/// A script behind what every script of its layout begins with.
macro_rules! script {
    ($directory:literal, $name:literal) => {
        Script::new(concat!(
            include_str!(concat!($directory, "/collection.lua")),
            include_str!(concat!($directory, "/", $name, ".lua"))
        ))
    };
}

/// The scripts that every layout has, for the same arguments and with the same answers.
#[derive(Debug)]
pub(crate) struct RecordScripts {
    open: Script,
    open_by_id: Script,
    metadata: Script,
    get: Script,
    has: Script,
    set: Script,
    delete: Script,
    purge: Script,
    drop: Script,
}

macro_rules! scripts {
    ($directory:literal) => {
        RecordScripts {
            open: script!($directory, "open"),
            open_by_id: script!($directory, "open_by_id"),
            metadata: script!($directory, "metadata"),
            get: script!($directory, "get"),
            has: script!($directory, "has"),
            set: script!($directory, "set"),
            delete: script!($directory, "delete"),
            purge: script!($directory, "purge"),
            drop: script!($directory, "drop"),
        }
    };
}

pub(crate) static NATIVE: RecordScripts = scripts!("records");
static MARK: Script = script!("records", "mark");
static LIST_KEYS: Script = script!("records", "list_keys");
static LIST_RECORDS: Script = script!("records", "list_records");

pub(crate) static CRAWLEE: RecordScripts = scripts!("crawlee");

pub(crate) mod crawlee;

/// What reads are counted as, although they move the time of the last access: to do that twice does no harm.
const READ: Class = Class::Read;

impl RecordScripts {
    /// Opens or creates, by what the layout has to know beside. Answers the id, and what else the layout answers.
    ///
    /// Idempotent, because the second time finds what the first has created. It is no read: a late first time would
    /// bring back a collection that was dropped meanwhile, under its old id.
    pub(crate) fn open(
        &'static self,
        keys: &CollectionKeys,
        new_id: &str,
        access: AccessTimes,
        of_layout: Vec<Vec<u8>>,
    ) -> Request {
        let arguments = [text(new_id), tolerance(access)].into_iter().chain(of_layout).collect();
        call(Class::Idempotent, &self.open, keys, arguments)
    }

    /// Opens what has to be there.
    pub(crate) fn open_by_id(&'static self, keys: &CollectionKeys, id: &str, access: AccessTimes) -> Request {
        call(READ, &self.open_by_id, keys, vec![text(id), tolerance(access)])
    }

    /// Answers three times.
    pub(crate) fn metadata(&'static self, keys: &CollectionKeys, store: &OpenedStore) -> Request {
        call(READ, &self.metadata, keys, vec![text(&store.id)])
    }

    /// Answers description and value, or nil twice.
    pub(crate) fn get(
        &'static self,
        keys: &CollectionKeys,
        store: &OpenedStore,
        key: Key<'_>,
        access: AccessTimes,
    ) -> Request {
        call(READ, &self.get, keys, vec![text(&store.id), tolerance(access), key.as_bytes().to_vec()])
    }

    /// Answers 1 or 0.
    pub(crate) fn has(
        &'static self,
        keys: &CollectionKeys,
        store: &OpenedStore,
        key: Key<'_>,
        access: AccessTimes,
    ) -> Request {
        call(READ, &self.has, keys, vec![text(&store.id), tolerance(access), key.as_bytes().to_vec()])
    }

    /// Answers nothing more.
    pub(crate) fn set(
        &'static self,
        keys: &CollectionKeys,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: &ContentType,
        value: Bytes,
    ) -> Request {
        let arguments = vec![text(&store.id), key.as_bytes().to_vec(), text(content_type), value.into()];
        call(Class::Idempotent, &self.set, keys, arguments)
    }

    /// Answers 1 or 0.
    pub(crate) fn delete(&'static self, keys: &CollectionKeys, store: &OpenedStore, key: Key<'_>) -> Request {
        let arguments = vec![text(&store.id), key.as_bytes().to_vec()];
        call(Class::IdempotentAnswerChanges, &self.delete, keys, arguments)
    }

    /// Answers nothing more.
    pub(crate) fn purge(&'static self, keys: &CollectionKeys, store: &OpenedStore) -> Request {
        call(Class::Idempotent, &self.purge, keys, vec![text(&store.id)])
    }

    /// Answers nothing more. The second time the collection is gone already.
    pub(crate) fn drop(&'static self, keys: &CollectionKeys, store: &OpenedStore) -> Request {
        call(Class::IdempotentAnswerChanges, &self.drop, keys, vec![text(&store.id)])
    }
}

/// Notes that the id leads to the collection.
pub(crate) fn mark(keys: &CollectionKeys, id: &str) -> Request {
    call(Class::Idempotent, &MARK, keys, vec![text(id)])
}

/// Answers whether there are more, keys, and descriptions.
pub(crate) fn list_keys(
    keys: &CollectionKeys,
    store: &OpenedStore,
    options: &RecordPageOptions,
    access: AccessTimes,
) -> Request {
    let arguments = vec![text(&store.id), tolerance(access), text(options.max_keys()), start(options)];
    call(READ, &LIST_KEYS, keys, arguments)
}

/// Answers whether there are more, keys, descriptions, and values.
pub(crate) fn list_records(
    keys: &CollectionKeys,
    store: &OpenedStore,
    options: &RecordPageOptions,
    access: AccessTimes,
) -> Request {
    let (limit, bytes) = (text(options.max_records()), text(RecordPageOptions::MAX_BYTES));
    let arguments = vec![text(&store.id), tolerance(access), limit, start(options), bytes];
    call(READ, &LIST_RECORDS, keys, arguments)
}

fn call(class: Class, script: &'static Script, keys: &CollectionKeys, arguments: Vec<Vec<u8>>) -> Request {
    Request::script(class, script, keys.all().iter().map(text).collect(), arguments).to(keys.route())
}

/// In milliseconds; nothing where reads move no time.
fn tolerance(access: AccessTimes) -> Vec<u8> {
    access.tolerance().map(|tolerance| text(whole_millis(tolerance))).unwrap_or_default()
}

/// Where a page begins: at the first key, or behind one.
fn start(options: &RecordPageOptions) -> Vec<u8> {
    match &options.exclusive_start_key {
        None => b"-".to_vec(),
        Some(key) => [b"(", key.as_str().as_bytes()].concat(),
    }
}
