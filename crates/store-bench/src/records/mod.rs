//! Collections of records: what reading and writing a value costs, what a page costs in a small collection and in a
//! large one, whether a walk meets every record, and what it takes of the client's memory.
//!
//! All collections lie on one server and are paged through one client, by turns. Memory is that of a process of its own
//! for each collection, which opens it and walks through it, and does nothing else.

mod pages;
mod values;
mod walk;

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use store_redis::{Bytes, ContentType, KeyValueStore, KeyValueStoreClient, RedisKeyValueStoreClient, StoreName};
use store_testkit::{RedisServer, ServerOptions};
use tokio::task::JoinSet;

use crate::effort::Effort;
use crate::report::{Bar, Figures, Row};
use crate::runtime::runtime;

pub(crate) use walk::Walk;

const GROUP: &str = "records";

/// A collection with so many records.
#[derive(Clone, Copy)]
struct Collection {
    name: &'static str,
    records: u64,
}

const SMALL: Collection = Collection { name: "small", records: 1_000 };
const MEDIUM: Collection = Collection { name: "medium", records: 100_000 };
const LARGE: Collection = Collection { name: "large", records: 1_000_000 };

/// How many tasks write records at the same time.
const WRITERS: u64 = 64;

/// Measures all of it.
pub(crate) fn measure(effort: Effort, python: Option<&Path>) -> Result<Vec<Row>> {
    let server = RedisServer::start_process(ServerOptions::new())?;
    let runtime = runtime()?;
    let client = runtime.block_on(connect(server.url()))?;
    let mut rows = runtime.block_on(values::measure(&client, server.url(), python, effort))?;
    for collection in [SMALL, MEDIUM, LARGE] {
        eprintln!("{GROUP}: writing {} records", collection.records);
        runtime.block_on(fill(&client, collection))?;
    }
    rows.extend(runtime.block_on(pages::measure(&client, effort))?);
    rows.extend(walk::measure(server.url(), effort)?);
    Ok(rows)
}

fn row(name: &str, peer: &str, unit: &'static str, figures: Figures, bar: Option<Bar>) -> Row {
    Row { group: GROUP, name: name.to_owned(), tasks: 1, entries: None, peer: peer.to_owned(), unit, figures, bar }
}

async fn connect(url: &str) -> Result<Arc<dyn KeyValueStoreClient>> {
    Ok(Arc::new(RedisKeyValueStoreClient::connect(url).await?))
}

async fn open(client: &Arc<dyn KeyValueStoreClient>, name: &str) -> Result<KeyValueStore> {
    Ok(KeyValueStore::open(Arc::clone(client), StoreName::new(name)?).await?)
}

/// The key that is so many behind the first in byte order.
fn key(number: u64) -> String {
    format!("record-{number:07}")
}

/// Writes all records, in another order than that of their keys.
async fn fill(client: &Arc<dyn KeyValueStoreClient>, collection: Collection) -> Result<()> {
    /// It has no factor in common with a power of ten, so that its multiples meet every record.
    const STRIDE: u64 = 7_919;
    let store = open(client, collection.name).await?;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            for number in (writer..collection.records).step_by(WRITERS as usize) {
                let key = key(number * STRIDE % collection.records);
                store.set_record(&key, ContentType::OCTET_STREAM, Bytes::from_static(b"a value")).await?;
            }
            Ok::<(), store_redis::Error>(())
        });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    Ok(())
}
