//! A batch through a cache of ours, and what its user would write without it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, SetExpiry, SetOptions};
use store_redis::{Bytes, Cache, CacheExt, SetItem};

use crate::burst::Work;
use crate::get_set::VALUE;

/// Longer than any run, so that reads meet what was written.
const LIFETIME: Duration = Duration::from_secs(3600);
const LIFETIME_MILLIS: u64 = 3_600_000;

/// The keys of a task, as they are called in a cache and as they are called on the server.
pub(super) struct Batch {
    keys: Vec<String>,
    wire_keys: Vec<String>,
}

impl Batch {
    pub(super) fn of_task(task: usize, size: usize) -> Self {
        let keys: Vec<_> = (0..size).map(|number| format!("{task}-of-{size}-{number:04}")).collect();
        Self { wire_keys: keys.iter().map(|key| format!(":{key}")).collect(), keys }
    }

    /// A miss would be cheap, and worth nothing as a figure.
    fn check(&self, lengths: impl Iterator<Item = Option<usize>>) -> Result<()> {
        let met = lengths.filter(|length| *length == Some(VALUE.len())).count();
        ensure!(met == self.keys.len(), "the server returned {met} of {} values", self.keys.len());
        Ok(())
    }
}

pub(super) struct SetMany {
    pub(super) cache: Arc<dyn Cache>,
    pub(super) batch: Batch,
}

impl Work for SetMany {
    async fn turn(&mut self, _: usize) -> Result<()> {
        let items = self.batch.keys.iter().map(|key| SetItem::new(key.as_str(), VALUE).ttl(LIFETIME));
        Ok(self.cache.set_many(items).await?)
    }
}

pub(super) struct SetPipeline {
    pub(super) connection: MultiplexedConnection,
    pub(super) batch: Batch,
}

impl Work for SetPipeline {
    async fn turn(&mut self, _: usize) -> Result<()> {
        let options = SetOptions::default().with_expiration(SetExpiry::PX(LIFETIME_MILLIS));
        let mut pipeline = redis::pipe();
        for key in &self.batch.wire_keys {
            pipeline.set_options(key, VALUE, options.clone()).ignore();
        }
        Ok(pipeline.query_async(&mut self.connection).await?)
    }
}

pub(super) struct GetMany {
    pub(super) cache: Arc<dyn Cache>,
    pub(super) batch: Batch,
}

impl Work for GetMany {
    async fn turn(&mut self, _: usize) -> Result<()> {
        let values = self.cache.get_many(&self.batch.keys).await?;
        self.batch.check(values.iter().map(|value| value.as_ref().map(Bytes::len)))
    }
}

pub(super) struct Mget {
    pub(super) connection: MultiplexedConnection,
    pub(super) batch: Batch,
}

impl Work for Mget {
    async fn turn(&mut self, _: usize) -> Result<()> {
        let values: Vec<Option<Vec<u8>>> = self.connection.mget(&self.batch.wire_keys).await?;
        self.batch.check(values.iter().map(|value| value.as_ref().map(Vec::len)))
    }
}
