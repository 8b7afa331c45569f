//! The clients, each connected as its documentation says.

use std::sync::Arc;

use anyhow::Result;
use deadpool_redis::Pool;
use fred::prelude::{Builder, ClientLike, Config, TcpConfig};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncCommands, ConnectionInfo, IntoConnectionInfo};
use rustis::commands::StringCommands;
use rustis::resp::BulkString;
use store_redis::{RedisStore, Store};

use crate::contest::Contestant;
use crate::get_set::{Client, GetSet, Ours, VALUE};

/// Connections of the pool.
const POOL_CONNECTIONS: usize = 16;

pub(super) struct Clients {
    pub(super) ours: Ours<Arc<dyn Store>>,
    pub(super) shared: MultiplexedConnection,
    pub(super) fred: fred::prelude::Client,
    pub(super) rustis: rustis::client::Client,
    pub(super) pool: Pool,
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
        Ok(Self { ours: Ours(ours), shared, fred, rustis, pool })
    }
}

/// The others switch it off by default, as anybody would who measures.
fn without_delay(url: &str) -> Result<ConnectionInfo> {
    Ok(url.into_connection_info()?.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// One client, which all tasks share, each with an entry of its own. All send the same commands: a key without a
/// namespace differs by one byte.
pub(super) fn shared_by_tasks<C: Client>(client: &C) -> impl Contestant + use<'_, C> {
    |task| GetSet { client: client.clone(), key: format!("session-{task:03}") }
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

/// With a checkout for each operation.
impl Client for Pool {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        let value: Option<Vec<u8>> = AsyncCommands::get(&mut Self::get(self).await?, key).await?;
        Ok(value.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(AsyncCommands::set(&mut Self::get(self).await?, key, VALUE).await?)
    }
}
