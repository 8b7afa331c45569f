//! What a case works with: the Python side, the Rust side, and the bytes between them.

use anyhow::Result;
use serde_json::Value;
use store_redis::Config;
use store_testkit::{RedisServer, SentinelDeployment, SentinelOptions};

use crate::python::Object;
use crate::server::Server;
use crate::wire::Wire;
use crate::worker::Worker;

pub(crate) struct Sides {
    pub(crate) wire: Wire,
    worker: Worker,
    server: Server,
}

impl Sides {
    pub(crate) fn new(server: Server, worker: Worker) -> Result<Self> {
        let wire = Wire::new(server.redis.connect()?);
        Ok(Self { wire, worker, server })
    }

    /// An empty database, and no object from before.
    pub(crate) async fn begin(&self) -> Result<()> {
        self.worker.forget().await?;
        self.wire.begin()
    }

    /// Whether another case can be run with them.
    pub(crate) async fn are_usable(&self) -> bool {
        self.worker.is_there().await
    }

    /// Opens the system's store or cache in Python. Which options there are says the worker of the system.
    pub(crate) async fn python(&self, options: Value) -> Result<Object<'_>> {
        self.worker.open(options).await
    }

    /// Sentinels that have the server for their primary.
    pub(crate) fn sentinels(&self, options: SentinelOptions) -> Result<SentinelDeployment> {
        let primary = RedisServer::at_url(self.server.redis.url())?;
        Ok(SentinelDeployment::start_over(primary, options.replica_count(0))?)
    }

    /// Where the Rust side connects.
    pub(crate) fn config(&self) -> Result<Config> {
        Ok(self.server.redis.url().parse()?)
    }
}
