//! A topology whose servers stay.

use std::path::Path;

use super::{DetachedServer, absolute, refuse_tls};
use crate::process::DetachedProcesses;
use crate::{ClusterDeployment, ClusterOptions, Error, SentinelDeployment, SentinelOptions, ServerOptions};

/// The servers of one topology, each in a session of its own. Dropping this value changes nothing;
/// [`shut_down`](Self::shut_down) ends them.
///
/// The URL and the servers, by their parts, can be kept anywhere and put together again by
/// [`from_parts`](Self::from_parts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachedDeployment {
    url: String,
    servers: Vec<DetachedServer>,
}

impl DetachedDeployment {
    /// Starts one server with its files in `directory`, which must exist.
    ///
    /// # Errors
    /// Those of [`DetachedServer::start`].
    pub fn standalone(options: &ServerOptions, directory: &Path) -> Result<Self, Error> {
        let server = DetachedServer::start(options, directory)?;
        Ok(Self { url: server.url().to_owned(), servers: vec![server] })
    }

    /// Starts a primary, its replicas and their sentinels, as local processes with their files in `directory`, which
    /// must exist. When that fails, none of them stays.
    ///
    /// # Errors
    /// Those of [`SentinelDeployment::start`], and [`Error::Options`] for TLS.
    pub fn sentinel(options: &SentinelOptions, directory: &Path) -> Result<Self, Error> {
        refuse_tls(&options.servers)?;
        let processes = DetachedProcesses::in_directory(absolute(directory)?);
        let deployment = SentinelDeployment::launch(&processes, options)?;
        // Shut down in this order, nobody has the time to replace a primary, or waits for a replica.
        let servers = deployment.sentinels().iter().chain(deployment.servers().iter().rev());
        let servers = servers.map(DetachedServer::of).collect::<Result<_, _>>()?;
        processes.keep();
        Ok(Self { url: deployment.url().to_owned(), servers })
    }

    /// Starts a Cluster, as local processes with their files in `directory`, which must exist. When that fails, none of
    /// them stays.
    ///
    /// # Errors
    /// Those of [`ClusterDeployment::start`], and [`Error::Options`] for TLS.
    pub fn cluster(options: &ClusterOptions, directory: &Path) -> Result<Self, Error> {
        refuse_tls(&options.nodes)?;
        let processes = DetachedProcesses::in_directory(absolute(directory)?);
        let deployment = ClusterDeployment::launch(&processes, options)?;
        let servers = deployment.nodes().iter().rev().map(|node| DetachedServer::of(node));
        let servers = servers.collect::<Result<_, _>>()?;
        processes.keep();
        Ok(Self { url: deployment.url().to_owned(), servers })
    }

    /// Names a deployment that was started earlier.
    #[must_use]
    pub fn from_parts(url: String, servers: Vec<DetachedServer>) -> Self {
        Self { url, servers }
    }

    /// The URL to give to a client.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All servers, sentinels among them, in the order in which they are shut down.
    #[must_use]
    pub fn servers(&self) -> &[DetachedServer] {
        &self.servers
    }

    /// Whether any of its servers still runs.
    ///
    /// # Errors
    /// Those of [`DetachedServer::is_running`].
    pub fn is_running(&self) -> Result<bool, Error> {
        for server in &self.servers {
            if server.is_running()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends all servers that still run, and returns when they are gone.
    ///
    /// # Errors
    /// The first of those of [`DetachedServer::shut_down`]; the other servers are ended all the same.
    pub fn shut_down(&self) -> Result<(), Error> {
        let ends: Vec<_> = self.servers.iter().map(DetachedServer::shut_down).collect();
        ends.into_iter().collect()
    }
}
