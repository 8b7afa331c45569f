//! The registry of scripts of collections. All take the keys of a collection and, first, its id; all answer a status
//! first.

use store_core::{AccessTimes, Bytes, ContentType, Key, OpenedStore, RecordPageOptions};

use super::text;
use crate::command::NANOS_PER_MILLI;
use crate::keyspace::CollectionKeys;
use crate::request::{Class, Request, Script};

/// A script behind what every script of collections begins with.
macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(include_str!("records/collection.lua"), include_str!(concat!("records/", $name, ".lua"))))
    };
}

/// The scripts of one layout.
#[derive(Debug)]
pub(crate) struct RecordScripts {
    open: Script,
    mark: Script,
    open_by_id: Script,
    metadata: Script,
    get: Script,
    has: Script,
    set: Script,
    delete: Script,
    list_keys: Script,
    list_records: Script,
    purge: Script,
    drop: Script,
}

/// Those of the native layout.
pub(crate) static NATIVE: RecordScripts = RecordScripts {
    open: script!("open"),
    mark: script!("mark"),
    open_by_id: script!("open_by_id"),
    metadata: script!("metadata"),
    get: script!("get"),
    has: script!("has"),
    set: script!("set"),
    delete: script!("delete"),
    list_keys: script!("list_keys"),
    list_records: script!("list_records"),
    purge: script!("purge"),
    drop: script!("drop"),
};

/// What reads are counted as, although they move the time of the last access: to do that twice does no harm.
const READ: Class = Class::Read;

impl RecordScripts {
    /// Opens or creates. Answers the id, and whether it leads to the collection already.
    ///
    /// Idempotent, because the second time finds what the first has created. It is no read: a late first time would
    /// bring back a collection that was dropped meanwhile, under its old id.
    pub(crate) fn open(&'static self, keys: &CollectionKeys, new_id: &str, access: AccessTimes) -> Request {
        call(Class::Idempotent, &self.open, keys, vec![text(new_id), tolerance(access)])
    }

    /// Notes that the id leads to the collection.
    pub(crate) fn mark(&'static self, keys: &CollectionKeys, id: &str) -> Request {
        call(Class::Idempotent, &self.mark, keys, vec![text(id)])
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

    /// Answers whether there are more, keys, and descriptions.
    pub(crate) fn list_keys(
        &'static self,
        keys: &CollectionKeys,
        store: &OpenedStore,
        options: &RecordPageOptions,
        access: AccessTimes,
    ) -> Request {
        let arguments = vec![text(&store.id), tolerance(access), text(options.max_keys()), start(options)];
        call(READ, &self.list_keys, keys, arguments)
    }

    /// Answers whether there are more, keys, descriptions, and values.
    pub(crate) fn list_records(
        &'static self,
        keys: &CollectionKeys,
        store: &OpenedStore,
        options: &RecordPageOptions,
        access: AccessTimes,
    ) -> Request {
        let (limit, bytes) = (text(options.max_records()), text(RecordPageOptions::MAX_BYTES));
        let arguments = vec![text(&store.id), tolerance(access), limit, start(options), bytes];
        call(READ, &self.list_records, keys, arguments)
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

fn call(class: Class, script: &'static Script, keys: &CollectionKeys, arguments: Vec<Vec<u8>>) -> Request {
    Request::script(class, script, keys.all().map(text).into(), arguments).to(keys.route())
}

/// In milliseconds; nothing where reads move no time.
fn tolerance(access: AccessTimes) -> Vec<u8> {
    access.tolerance().map(|tolerance| text(tolerance.as_nanos() / NANOS_PER_MILLI)).unwrap_or_default()
}

/// Where a page begins, as `ZRANGE … BYLEX` takes it.
fn start(options: &RecordPageOptions) -> Vec<u8> {
    match &options.exclusive_start_key {
        None => b"-".to_vec(),
        Some(key) => [b"(", key.as_str().as_bytes()].concat(),
    }
}
