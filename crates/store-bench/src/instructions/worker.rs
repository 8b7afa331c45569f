//! What is counted: one client, shared by some tasks of a current-thread runtime, each with an entry of its own.

use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use redis::aio::ConnectionLike;
use store_redis::{RedisStore, Store, StoreExt};
use tokio::task::JoinSet;

use crate::cluster::{Roots, connect_redis, key, wire_key_under_root};

const VALUE: &[u8; VALUE_BYTES] = &[b'v'; VALUE_BYTES];
const VALUE_BYTES: usize = 100;

/// Who carries out the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// A `RedisStore` as an `Arc<dyn Store>`.
    DynStore,
    /// A `RedisStore` as itself.
    Store,
    /// What users of redis-rs share on one server: a connection with its default response timeout.
    Bare,
    /// Namespaces of a `RedisStore` on a Cluster as an `Arc<dyn Store>`.
    Roots,
    /// What users of redis-rs share on a Cluster.
    BareCluster,
}

impl Client {
    /// What users know it as.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DynStore | Self::Store | Self::Roots => "RedisStore",
            Self::Bare => "redis-rs MultiplexedConnection",
            Self::BareCluster => "redis-rs ClusterConnection",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    Get,
    Set,
}

/// One run of a worker.
#[derive(Args)]
pub(crate) struct Work {
    pub(crate) client: Client,
    pub(crate) operation: Operation,
    pub(crate) tasks: usize,
    /// Operations of each task.
    pub(crate) calls: u64,
    pub(crate) url: String,
}

impl Work {
    pub(crate) fn carry_out(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match self.client {
                Client::DynStore => {
                    let store: Arc<dyn Store> = Arc::new(RedisStore::connect(&self.url).await?);
                    self.through_stores(|_| store.clone()).await
                }
                Client::Store => {
                    let store = RedisStore::connect(&self.url).await?;
                    self.through_stores(|_| store.clone()).await
                }
                Client::Bare => {
                    let client = redis::Client::open(self.url.as_str())?;
                    self.through_connection(client.get_multiplexed_async_connection().await?, wire_key).await
                }
                Client::Roots => {
                    let roots = Roots::connect(&self.url).await?;
                    self.through_stores(|task| roots.of_task(task).clone()).await
                }
                Client::BareCluster => {
                    self.through_connection(connect_redis(&self.url).await?, wire_key_under_root).await
                }
            }
        })
    }

    async fn through_stores<S: Store>(&self, store_of: impl Fn(usize) -> S) -> Result<()> {
        let (operation, calls) = (self.operation, self.calls);
        let mut tasks = JoinSet::new();
        for task in 0..self.tasks {
            let (store, key) = (store_of(task), key(task));
            tasks.spawn(async move {
                store.set(&key, &VALUE[..]).await?;
                for _ in 0..calls {
                    match operation {
                        Operation::Get => check(store.get(&key).await?.as_deref())?,
                        Operation::Set => store.set(&key, &VALUE[..]).await?,
                    }
                }
                Ok(())
            });
        }
        all(tasks).await
    }

    async fn through_connection<C>(&self, connection: C, key_of: impl Fn(usize) -> String) -> Result<()>
    where
        C: ConnectionLike + Clone + Send + 'static,
    {
        let (operation, calls) = (self.operation, self.calls);
        let mut tasks = JoinSet::new();
        for task in 0..self.tasks {
            let (mut connection, key) = (connection.clone(), key_of(task));
            tasks.spawn(async move {
                set(&mut connection, &key).await?;
                for _ in 0..calls {
                    match operation {
                        Operation::Get => check(get(&mut connection, &key).await?.as_deref())?,
                        Operation::Set => set(&mut connection, &key).await?,
                    }
                }
                Ok(())
            });
        }
        all(tasks).await
    }
}

async fn get(connection: &mut impl ConnectionLike, key: &str) -> redis::RedisResult<Option<Vec<u8>>> {
    redis::cmd("GET").arg(key).query_async(connection).await
}

async fn set(connection: &mut impl ConnectionLike, key: &str) -> redis::RedisResult<()> {
    redis::cmd("SET").arg(key).arg(VALUE).query_async(connection).await
}

/// What `RedisStore` makes of a key without a namespace, so that both send the same bytes.
fn wire_key(task: usize) -> String {
    format!(":{}", key(task))
}

/// A miss would be cheap, and worth nothing as a figure.
fn check(value: Option<&[u8]>) -> Result<()> {
    ensure!(value.is_some_and(|value| value.len() == VALUE_BYTES), "the server did not return what was written");
    Ok(())
}

async fn all(mut tasks: JoinSet<Result<()>>) -> Result<()> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
