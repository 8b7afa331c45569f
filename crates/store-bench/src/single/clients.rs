//! The clients, each used as its documentation says.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use deadpool_redis::Pool;
use fred::prelude::{Builder, ClientLike, Config, KeysInterface, TcpConfig};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncCommands, ConnectionInfo, IntoConnectionInfo};
use rustis::commands::StringCommands;
use rustis::resp::BulkString;
use store_redis::{RedisStore, Store, StoreExt};

use super::burst::{self, Burst, VALUE};

/// Connections of the pool.
const POOL_CONNECTIONS: usize = 16;

/// What is compared. All send the same commands: a key without a namespace differs by one byte.
pub(super) trait Client: Clone + Send + Sync + 'static {
    /// How long the value is.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<usize>>> + Send;

    fn set(&self, key: &str) -> impl Future<Output = Result<()>> + Send;
}

/// Whom we are compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    Shared,
    Fred,
    Rustis,
    Pool,
}

impl Peer {
    pub(super) const ALL: [Self; 4] = [Self::Shared, Self::Fred, Self::Rustis, Self::Pool];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Shared => "redis-rs MultiplexedConnection",
            Self::Fred => "fred 10",
            Self::Rustis => "rustis 0.27",
            Self::Pool => "deadpool-redis, a checkout an operation",
        }
    }
}

pub(super) struct Clients {
    pub(super) ours: Arc<dyn Store>,
    shared: MultiplexedConnection,
    fred: fred::prelude::Client,
    rustis: rustis::client::Client,
    pool: Pool,
}

impl Clients {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let ours: Arc<dyn Store> = Arc::new(RedisStore::connect(url).await?);
        let shared = redis::Client::open(without_delay(url)?)?.get_multiplexed_async_connection().await?;
        let fred = Builder::from_config(Config::from_url(url)?)
            .with_connection_config(|config| config.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() })
            .build()?;
        fred.init().await?;
        let rustis = rustis::client::Client::connect(url).await?;
        let manager = deadpool_redis::Manager::new(without_delay(url)?)?;
        let pool = Pool::builder(manager).max_size(POOL_CONNECTIONS).build()?;
        Ok(Self { ours, shared, fred, rustis, pool })
    }

    pub(super) async fn burst_of(&self, peer: Peer, tasks: usize, length: Duration) -> Result<Burst> {
        match peer {
            Peer::Shared => burst::of(&self.shared, tasks, length).await,
            Peer::Fred => burst::of(&self.fred, tasks, length).await,
            Peer::Rustis => burst::of(&self.rustis, tasks, length).await,
            Peer::Pool => burst::of(&self.pool, tasks, length).await,
        }
    }
}

/// The others switch it off by default, as anybody would who measures.
fn without_delay(url: &str) -> Result<ConnectionInfo> {
    Ok(url.into_connection_info()?.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

impl Client for Arc<dyn Store> {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        Ok(StoreExt::get(self, key).await?.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(StoreExt::set(self, key, VALUE).await?)
    }
}

impl Client for MultiplexedConnection {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        let value: Option<Vec<u8>> = AsyncCommands::get(&mut self.clone(), key).await?;
        Ok(value.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(AsyncCommands::set(&mut self.clone(), key, VALUE).await?)
    }
}

impl Client for fred::prelude::Client {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        let value: Option<fred::bytes::Bytes> = KeysInterface::get(self, key).await?;
        Ok(value.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(KeysInterface::set(self, key, VALUE, None, None, false).await?)
    }
}

impl Client for rustis::client::Client {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        let value: Option<BulkString> = StringCommands::get(self, key).await?;
        Ok(value.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(StringCommands::set(self, key, VALUE).await?)
    }
}

impl Client for Pool {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        let value: Option<Vec<u8>> = AsyncCommands::get(&mut Self::get(self).await?, key).await?;
        Ok(value.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(AsyncCommands::set(&mut Self::get(self).await?, key, VALUE).await?)
    }
}
