//! `get` and `set` by turns, 100 bytes each: what is compared on one server, on a Cluster and with Python.

use std::future::Future;

use anyhow::{Result, ensure};
use fred::prelude::KeysInterface;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use redis::cluster_async::ClusterConnection;
use store_redis::{Store, StoreExt};

use crate::burst::Work;

/// 100 bytes, which are text for clients that would rather have text.
pub(crate) const VALUE: &str =
    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";

/// What is compared, used as its documentation says.
pub(crate) trait Client: Clone + Send + Sync + 'static {
    /// How long the value is.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<usize>>> + Send;

    fn set(&self, key: &str) -> impl Future<Output = Result<()>> + Send;
}

/// Writes an entry, reads it, and so on.
pub(crate) struct GetSet<C> {
    pub(crate) client: C,
    pub(crate) key: String,
}

impl<C: Client> Work for GetSet<C> {
    async fn turn(&mut self, number: usize) -> Result<()> {
        if number.is_multiple_of(2) {
            return self.client.set(&self.key).await;
        }
        // A miss would be cheap, and worth nothing as a figure.
        ensure!(self.client.get(&self.key).await? == Some(VALUE.len()), "the server did not return what was written");
        Ok(())
    }
}

/// A store of ours.
#[derive(Clone)]
pub(crate) struct Ours<S>(pub(crate) S);

impl<S: Store + Clone> Client for Ours<S> {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        Ok(self.0.get(key).await?.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(self.0.set(key, VALUE).await?)
    }
}

/// redis-rs's connections that tasks can share: a client is a clone, whose methods want it mutable.
macro_rules! connections {
    ($($connection:ty),*) => {$(
        impl Client for $connection {
            async fn get(&self, key: &str) -> Result<Option<usize>> {
                let value: Option<Vec<u8>> = AsyncCommands::get(&mut self.clone(), key).await?;
                Ok(value.map(|value| value.len()))
            }

            async fn set(&self, key: &str) -> Result<()> {
                Ok(AsyncCommands::set(&mut self.clone(), key, VALUE).await?)
            }
        }
    )*};
}

connections!(MultiplexedConnection, ClusterConnection);

impl Client for fred::prelude::Client {
    async fn get(&self, key: &str) -> Result<Option<usize>> {
        let value: Option<fred::bytes::Bytes> = KeysInterface::get(self, key).await?;
        Ok(value.map(|value| value.len()))
    }

    async fn set(&self, key: &str) -> Result<()> {
        Ok(KeysInterface::set(self, key, VALUE, None, None, false).await?)
    }
}
