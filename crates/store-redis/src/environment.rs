//! What all connections of a store have in common.

use std::sync::Arc;

use store_core::{Error, ErrorKind, Outcome, Result};
use tokio::sync::Notify;

use crate::config::{Config, Deployment, OTHERS_CONNECT, Secret, Server, Tls, config_error};
use crate::connection::tls::Connector;
use crate::connection::{OnConnect, Pooled};
use crate::credentials::{CredentialProvider, Login};
use crate::stats::Counters;

/// What a store is given beside its settings: code that takes part in making connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Components {
    pub(crate) credentials: Option<Arc<dyn CredentialProvider>>,
    pub(crate) sentinel_credentials: Option<Arc<dyn CredentialProvider>>,
    pub(crate) on_connect: Option<Arc<dyn OnConnect>>,
    pub(crate) pool: Option<Arc<Pooled>>,
}

/// The settings, what was made of them, and what the parts of a store tell each other.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) config: Config,
    /// How the servers that hold the data let us in.
    pub(crate) servers: Access,
    /// How the sentinels do.
    pub(crate) sentinels: Access,
    pub(crate) on_connect: Option<Arc<dyn OnConnect>>,
    /// Where all connections come from, if they are not ours.
    pub(crate) pool: Option<Arc<Pooled>>,
    /// Rung by calls that wait long for a reply: whoever watches the topology should look whether it has changed.
    pub(crate) alarm: Notify,
    /// What has happened so far.
    pub(crate) counters: Counters,
}

/// How one kind of server is talked to, and as whom.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) tls: Option<Connector>,
    pub(crate) login: Login,
}

impl Environment {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], naming the option.
    pub(crate) async fn prepare(config: Config, components: Components) -> Result<Self> {
        validate(&config, &components)?;
        let Components { credentials, sentinel_credentials, on_connect, pool } = components;
        let login = login(SERVERS, config.username.as_ref(), config.password.as_ref(), credentials)?;
        let tls = connector(SERVERS, config.tls.clone()).await?;
        let sentinels = match &config.deployment {
            Deployment::Sentinel(sentinel) => {
                let (username, password) = (sentinel.username.as_ref(), sentinel.password.as_ref());
                let login = self::login(SENTINELS, username, password, sentinel_credentials)?;
                Access { tls: connector(SENTINELS, sentinel.tls.clone()).await?, login }
            }
            _ if sentinel_credentials.is_some() => {
                return Err(config_error("sentinel_credentials", "only a Sentinel deployment has sentinels"));
            }
            _ => Access { tls: None, login: Login::Anonymous },
        };
        let servers = Access { tls, login };
        let (alarm, counters) = (Notify::new(), Counters::default());
        Ok(Self { config, servers, sentinels, on_connect, pool, alarm, counters })
    }

    /// In the clear, as nobody, and without code of the user's.
    #[cfg(test)]
    pub(crate) fn new(config: Config) -> Self {
        let access = || Access { tls: None, login: Login::Anonymous };
        let (alarm, counters) = (Notify::new(), Counters::default());
        Self { config, servers: access(), sentinels: access(), on_connect: None, pool: None, alarm, counters }
    }
}

/// Refuses components that contradict the settings, and those that a pool of the program's makes useless.
fn validate(config: &Config, components: &Components) -> Result<()> {
    let is_pooled = matches!(config.deployment, Deployment::Standalone(Server::Pooled));
    match &components.pool {
        None if is_pooled => Err(config_error("pool", "a store over a pool is given the pool, by Builder::pool")),
        Some(_) if !is_pooled => Err(config_error("pool", "a pool goes with Config::pooled, which names no server")),
        Some(_) if components.credentials.is_some() || components.sentinel_credentials.is_some() => {
            Err(config_error("credentials", OTHERS_CONNECT))
        }
        Some(_) if components.on_connect.is_some() => Err(config_error("on_connect", OTHERS_CONNECT)),
        Some(_) | None => Ok(()),
    }
}

/// How the options of one kind of server are called in errors.
struct Names {
    tls: &'static str,
    credentials: &'static str,
}

const SERVERS: Names = Names { tls: "tls", credentials: "credentials" };
const SENTINELS: Names = Names { tls: "sentinel_tls", credentials: "sentinel_credentials" };

fn login(
    names: Names,
    username: Option<&Secret>,
    password: Option<&Secret>,
    provider: Option<Arc<dyn CredentialProvider>>,
) -> Result<Login> {
    match provider {
        Some(_) if username.is_some() || password.is_some() => {
            Err(config_error(names.credentials, "a user comes from the settings or from a provider, not from both"))
        }
        Some(provider) => Ok(Login::Provided(provider)),
        None => Ok(Login::fixed(username, password)),
    }
}

/// Away from the runtime's own threads, for it reads files.
async fn connector(names: Names, settings: Option<Tls>) -> Result<Option<Connector>> {
    let Some(settings) = settings else { return Ok(None) };
    let made = tokio::task::spawn_blocking(move || Connector::new(&settings, names.tls)).await;
    match made {
        Ok(connector) => connector.map(Some),
        Err(_) => Err(Error::new(ErrorKind::Other, "the runtime was shut down").with_outcome(Outcome::NotApplied)),
    }
}
