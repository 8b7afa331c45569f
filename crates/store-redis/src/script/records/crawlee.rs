//! The scripts that list in Crawlee's layout: it keeps no order, so all keys are read first, and then what is on the page.

use store_core::{AccessTimes, KeyBuf, OpenedStore, RecordPageOptions};

use super::{READ, call, text, tolerance};
use crate::keyspace::CollectionKeys;
use crate::request::{Request, Script};

static ALL_KEYS: Script = script!("../crawlee", "all_keys");
static LIST_KEYS: Script = script!("../crawlee", "list_keys");
static LIST_RECORDS: Script = script!("../crawlee", "list_records");

/// Answers the keys of all records.
pub(crate) fn all_keys(keys: &CollectionKeys, store: &OpenedStore, access: AccessTimes) -> Request {
    call(READ, &ALL_KEYS, keys, vec![text(&store.id), tolerance(access)])
}

/// Answers those of the keys that are there, and their descriptions.
pub(crate) fn list_keys(keys: &CollectionKeys, store: &OpenedStore, on_page: &[KeyBuf]) -> Request {
    call(READ, &LIST_KEYS, keys, [text(&store.id)].into_iter().chain(on_page.iter().map(text)).collect())
}

/// Answers how many of the keys were looked for, those that are there, their descriptions, and values.
pub(crate) fn list_records(keys: &CollectionKeys, store: &OpenedStore, on_page: &[KeyBuf]) -> Request {
    let arguments = [text(&store.id), text(RecordPageOptions::MAX_BYTES)].into_iter().chain(on_page.iter().map(text));
    call(READ, &LIST_RECORDS, keys, arguments.collect())
}
