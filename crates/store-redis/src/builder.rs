//! A store with code of the user's in it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::config::Config;
use crate::connection::OnConnect;
use crate::credentials::CredentialProvider;
use crate::environment::Components;

/// Connects a [`RedisStore`](crate::RedisStore) or a [`RedisCache`](crate::RedisCache) with more than settings: settings
/// are plain data and stand in the [`Config`], what runs is given here.
///
/// ```no_run
/// use std::sync::Arc;
/// use store_redis::{Config, CredentialProvider, RedisStore};
///
/// # async fn run(tokens: Arc<dyn CredentialProvider>) -> store_redis::Result<()> {
/// let config = Config::tcp("store.example", 6379);
/// let store = RedisStore::builder(config).credentials(tokens).connect().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is dialled until `connect`"]
pub struct Builder<S> {
    pub(crate) config: Config,
    pub(crate) components: Components,
    store: PhantomData<fn() -> S>,
}

impl<S> Builder<S> {
    pub(crate) fn new(config: Config) -> Self {
        Self { config, components: Components::default(), store: PhantomData }
    }

    /// Who knows the user and the password on the servers that hold the data, in place of
    /// [`Config::username`] and [`Config::password`].
    pub fn credentials(mut self, provider: Arc<dyn CredentialProvider>) -> Self {
        self.components.credentials = Some(provider);
        self
    }

    /// Who knows the user and the password on the sentinels, in place of
    /// [`Sentinel::username`](crate::Sentinel::username) and [`Sentinel::password`](crate::Sentinel::password).
    pub fn sentinel_credentials(mut self, provider: Arc<dyn CredentialProvider>) -> Self {
        self.components.sentinel_credentials = Some(provider);
        self
    }

    /// What is done with each new connection to a server that holds data, before anybody uses it.
    pub fn on_connect(mut self, hook: Arc<dyn OnConnect>) -> Self {
        self.components.on_connect = Some(hook);
        self
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("config", &self.config).field("components", &self.components).finish()
    }
}
