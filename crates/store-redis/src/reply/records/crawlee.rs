//! What the scripts of Crawlee's layout answer otherwise than those of the native one.

use redis::Value;
use store_core::{KeyBuf, OpenedStore, Record, RecordMetadata, Result, StoreLabel};

use super::{answers, damaged, described, text, text_if_any, whole};
use crate::keyspace::crawlee;
use crate::reply::{array, count, exactly};

/// Where an id leads, as far as the text tells that a collection is called; `None` for one that leads nowhere.
pub(crate) fn label(reply: Value) -> Result<Option<StoreLabel>> {
    let [called] = exactly(array(reply)?)?;
    super::label(called, |called| crawlee::label(called, None))
}

/// The collection that was opened by what it is called.
pub(crate) fn opening(reply: Value, called: &str) -> Result<OpenedStore> {
    let [id, name] = answers(reply)?;
    store(text(id)?, called, name)
}

/// The collection that was opened by its id.
pub(crate) fn existing(reply: Value, id: String, called: &str) -> Result<OpenedStore> {
    let [name] = answers(reply)?;
    store(id, called, name)
}

fn store(id: String, called: &str, name: Value) -> Result<OpenedStore> {
    let label = crawlee::label(called, text_if_any(name)?.as_deref()).ok_or_else(damaged)?;
    Ok(OpenedStore::new(id, label))
}

/// The keys of all records, in no order. Crawlee takes an empty key and one of any length; those are passed over, as
/// nothing here could name them.
pub(crate) fn all_keys(reply: Value) -> Result<Vec<KeyBuf>> {
    let [keys] = answers(reply)?;
    Ok(array(keys)?.into_iter().filter_map(|key| KeyBuf::new(text(key).ok()?).ok()).collect())
}

/// Keys and descriptions of those records that are still there.
pub(crate) fn some_keys(reply: Value) -> Result<Vec<RecordMetadata>> {
    let [keys, descriptions] = answers(reply)?;
    described(keys, descriptions)
}

/// How many records were looked for, and those of them that are still there.
pub(crate) fn some_records(reply: Value) -> Result<(usize, Vec<Record>)> {
    let [looked_for, keys, descriptions, values] = answers(reply)?;
    let looked_for = usize::try_from(count(looked_for)?).unwrap_or(usize::MAX);
    Ok((looked_for, whole(keys, descriptions, values)?))
}
