//! What is counted: one client, shared by some tasks of a current-thread runtime, each with an entry of its own.

use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use redis::aio::MultiplexedConnection;
use store_redis::{RedisStore, Store, StoreExt};
use tokio::task::JoinSet;

const VALUE: &[u8; VALUE_BYTES] = &[b'v'; VALUE_BYTES];
const VALUE_BYTES: usize = 100;

/// Who carries out the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// A `RedisStore` as an `Arc<dyn Store>`.
    DynStore,
    /// A `RedisStore` as itself.
    Store,
    /// The connection that `RedisStore` is built on, as its own users share it: with its default response timeout.
    Bare,
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
                    self.through_store(&store).await
                }
                Client::Store => self.through_store(&RedisStore::connect(&self.url).await?).await,
                Client::Bare => {
                    let client = redis::Client::open(self.url.as_str())?;
                    self.through_connection(&client.get_multiplexed_async_connection().await?).await
                }
            }
        })
    }

    async fn through_store<S: Store + Clone>(&self, store: &S) -> Result<()> {
        let (operation, calls) = (self.operation, self.calls);
        let mut tasks = JoinSet::new();
        for task in 0..self.tasks {
            let (store, key) = (store.clone(), key_of(task));
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

    async fn through_connection(&self, connection: &MultiplexedConnection) -> Result<()> {
        let (operation, calls) = (self.operation, self.calls);
        let mut tasks = JoinSet::new();
        for task in 0..self.tasks {
            let (mut connection, key) = (connection.clone(), wire_key(&key_of(task)));
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

async fn get(connection: &mut MultiplexedConnection, key: &str) -> redis::RedisResult<Option<Vec<u8>>> {
    redis::cmd("GET").arg(key).query_async(connection).await
}

async fn set(connection: &mut MultiplexedConnection, key: &str) -> redis::RedisResult<()> {
    redis::cmd("SET").arg(key).arg(VALUE).query_async(connection).await
}

fn key_of(task: usize) -> String {
    format!("session-{task:02}")
}

/// What `RedisStore` makes of a key without a namespace, so that both send the same bytes.
fn wire_key(key: &str) -> String {
    format!(":{key}")
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
