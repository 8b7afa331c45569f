//! TLS by rustls, with `ring` for the cryptography.
//!
//! The provider is named wherever rustls asks for one: a process-wide default would have to be installed by somebody, and
//! rustls panics where two crates have left that to each other.

mod settings;
mod verdict;

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use store_core::{Error, Outcome, Result};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Server, Tls, config_error};
use crate::connection::line::Stream;
use crate::error;

/// TLS over a stream that keeps its books.
pub(super) type Secured = Box<TlsStream<Stream>>;

pub(crate) use verdict::verdict_on;

/// Makes TLS out of streams, in the way that the settings of one kind of server ask for. Made once for each store, so
/// that its connections resume each other's sessions.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Arc<ClientConfig>,
    /// Whose certificate to expect instead of the dialled host's.
    server_name: Option<ServerName<'static>>,
}

/// Without the private key.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

impl Connector {
    /// Reads certificates and keys; blocks while it does. `option` is how errors call the settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](store_core::ErrorKind::Config), naming the option and showing nothing of what was read.
    pub(crate) fn new(settings: &Tls, option: &'static str) -> Result<Self> {
        let server_name = match &settings.server_name {
            Some(name) => Some(ServerName::try_from(name.clone()).map_err(|_| {
                config_error(&format!("{option}_server_name"), "a server name is a host name or an address")
            })?),
            None => None,
        };
        Ok(Self { config: Arc::new(settings::client_config(settings, option)?), server_name })
    }

    /// Encrypts `stream`, once `server` has proved to be the one that the settings name.
    pub(super) async fn secure(&self, stream: Stream, server: &Server) -> Result<Secured> {
        let name = self.name_of(server)?;
        match TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(cause) => Err(error::tls_refused(server, &cause)),
        }
    }

    fn name_of(&self, server: &Server) -> Result<ServerName<'static>> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        let host = match server {
            Server::Tcp { host, .. } => host.clone(),
            Server::Unix { .. } | Server::Pooled => String::new(),
        };
        ServerName::try_from(host).map_err(|_| {
            let reason = format!("no certificate can be for this host, so server_name has to be set; server={server}");
            Error::new(store_core::ErrorKind::Config, reason).with_outcome(Outcome::NotApplied)
        })
    }
}
