//! Values of records, one at a time, beside what Crawlee sends for them from Python, and beside our own entries.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use store_redis::{Bytes, KeyValueStore, KeyValueStoreClient, RedisStore, Store, StoreExt};

use super::{GROUP, open};
use crate::burst::Work;
use crate::contest::Contest;
use crate::effort::Effort;
use crate::get_set::VALUE;
use crate::python::Interpreters;
use crate::report::{Bar, Row};

const TASKS: usize = 64;

const PEER_PYTHON: &str = "Crawlee's commands by redis-py, SET for JSON.SET";

#[derive(Clone, Copy)]
enum Operation {
    Get,
    Set,
}

pub(super) async fn measure(
    client: &Arc<dyn KeyValueStoreClient>,
    url: &str,
    python: Option<&Path>,
    effort: Effort,
) -> Result<Vec<Row>> {
    let interpreters = Interpreters::find(python)?;
    let records = open(client, "values").await?;
    let store: Arc<dyn Store> = Arc::new(RedisStore::connect(url).await?);
    let mut rows = Vec::new();
    for (name, entries, operation) in
        [("set_value", "our set", Operation::Set), ("get_value", "our get", Operation::Get)]
    {
        eprintln!("{GROUP}: {name}");
        let in_python = interpreters.redis("crawlee_commands.py", &[url, name])?;
        let contest = Contest::of(|task| OfRecord { records: records.clone(), operation, key: key(task) })
            .against(PEER_PYTHON, Bar::ratio_at_least(15.0), in_python)
            .against(entries, Bar::ratio_at_least(0.5), |task| OfEntry {
                store: Arc::clone(&store),
                operation,
                key: key(task),
            });
        rows.extend(contest.hold(TASKS, effort).await?.throughput(GROUP, name));
    }
    Ok(rows)
}

fn key(task: usize) -> String {
    format!("record-{task:03}")
}

struct OfRecord {
    records: KeyValueStore,
    operation: Operation,
    key: String,
}

impl Work for OfRecord {
    async fn turn(&mut self, number: usize) -> Result<()> {
        match self.operation {
            // The value has to be there first.
            Operation::Get if number > 0 => check(self.records.get_value(&self.key).await?),
            _ => Ok(self.records.set_value(&self.key, VALUE.as_bytes()).await?),
        }
    }
}

struct OfEntry {
    store: Arc<dyn Store>,
    operation: Operation,
    key: String,
}

impl Work for OfEntry {
    async fn turn(&mut self, number: usize) -> Result<()> {
        match self.operation {
            Operation::Get if number > 0 => check(self.store.get(&self.key).await?),
            _ => Ok(self.store.set(&self.key, VALUE).await?),
        }
    }
}

fn check(value: Option<Bytes>) -> Result<()> {
    ensure!(value.is_some_and(|value| value.len() == VALUE.len()), "the server did not return what was written");
    Ok(())
}
