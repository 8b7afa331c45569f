//! Crawlee's `RedisKeyValueStoreClient`: hashes of values and of their metadata, indexes that all stores share, and a JSON
//! document a store.

mod concurrent;
mod documents;
mod forms;
mod lifecycle;
mod names;
mod sentinel;
mod storage;
mod suite;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use store_redis::{
    AccessTimes, Config, ErrorKind, KeyValueStore, KeyValueStoreClient, OpenOptions, RecordLayout, RecordPageOptions,
    RedisKeyValueStoreClient, StoreAlias, StoreName,
};
use store_testkit::Reply;

use crate::case::Case;
use crate::sides::Sides;

pub(crate) const CASES: &[&[Case]] = &[
    names::CASES,
    values::CASES,
    forms::CASES,
    documents::CASES,
    lifecycle::CASES,
    storage::CASES,
    concurrent::CASES,
    sentinel::CASES,
    suite::CASES,
];

const TEXTS: &str = "key_value_stores:id_to_name";
const IDS: &str = "key_value_stores:name_to_id";

/// One of the four keys that a store has for itself.
fn key(store: &str, word: &str) -> String {
    format!("key_value_stores:{store}:{word}")
}

async fn client(sides: &Sides, layout: RecordLayout) -> Result<Arc<dyn KeyValueStoreClient>> {
    connect(sides.config()?, layout).await
}

async fn connect(config: Config, layout: RecordLayout) -> Result<Arc<dyn KeyValueStoreClient>> {
    let builder = RedisKeyValueStoreClient::builder(config).layout(layout);
    Ok(Arc::new(builder.access_times(AccessTimes::Exact).connect().await?))
}

/// Opens a store on the Rust side, over a connection of its own.
async fn open(sides: &Sides, options: impl Into<OpenOptions>) -> Result<KeyValueStore> {
    Ok(KeyValueStore::open(client(sides, RecordLayout::crawlee()).await?, options).await?)
}

fn name(text: &str) -> Result<StoreName> {
    Ok(StoreName::new(text)?)
}

fn alias(text: &str) -> Result<StoreAlias> {
    Ok(StoreAlias::new(text)?)
}

/// The id that Python sees in the metadata.
async fn python_id(store: &crate::python::Object<'_>) -> Result<String> {
    let metadata = store.call("metadata", json!([])).await?;
    Ok(metadata["id"].as_str().context("metadata without an id")?.to_owned())
}

/// The keys of all records on the Rust side, page by page.
async fn keys(store: &KeyValueStore, page: usize) -> Result<Vec<String>> {
    let (mut keys, mut options) = (Vec::new(), RecordPageOptions::default().with_limit(page));
    loop {
        let page = store.list_keys(options.clone()).await?;
        keys.extend(page.items.iter().map(|item| item.key.as_str().to_owned()));
        match page.next_start_key {
            Some(key) => options = options.with_exclusive_start_key(key),
            None => return Ok(keys),
        }
    }
}

/// A field of each item of a list that Python gave.
fn each<'a>(list: &'a Value, field: &str) -> Result<Vec<&'a Value>> {
    Ok(list.as_array().context("Python gave no list")?.iter().map(|item| &item[field]).collect())
}

/// What something that must fail failed with.
fn kind<T>(outcome: store_redis::Result<T>) -> Result<ErrorKind> {
    match outcome {
        Ok(_) => bail!("Rust has refused nothing"),
        Err(error) => Ok(error.kind()),
    }
}

/// The bytes past both sides.
impl Sides {
    fn hash(&self, key: &str) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
        let Reply::Array(replies) = self.wire.command(&["HGETALL", key])? else { bail!("HGETALL gave no list") };
        let mut fields = replies.into_iter().map(|reply| match reply {
            Reply::Bulk(bytes) => Ok(bytes),
            other => bail!("HGETALL gave {other:?}"),
        });
        let mut hash = BTreeMap::new();
        while let (Some(field), Some(value)) = (fields.next(), fields.next()) {
            hash.insert(field?, value?);
        }
        Ok(hash)
    }

    /// The field of a hash, as text.
    fn field(&self, key: &str, field: &str) -> Result<String> {
        let found = self.hash(key)?.remove(field.as_bytes()).with_context(|| format!("{key} has no field {field}"))?;
        Ok(String::from_utf8(found)?)
    }

    fn put_field(&self, key: &str, field: &str, value: &str) -> Result<()> {
        self.wire.command(&["HSET", key, field, value]).map(drop)
    }

    /// The document of a store, with its fields in the order in which they are kept.
    fn document(&self, store: &str) -> Result<String> {
        let reply = self.wire.command(&["JSON.GET", &key(store, "metadata"), "."])?;
        Ok(reply.as_text().with_context(|| format!("{store} has no document"))?.to_owned())
    }

    fn put_document(&self, store: &str, document: &Value) -> Result<()> {
        self.wire.command(&["JSON.SET", &key(store, "metadata"), "$", &document.to_string()]).map(drop)
    }
}
