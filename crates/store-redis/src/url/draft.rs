//! A [`Config`] while the options of its URL are read.

use std::path::PathBuf;

use store_core::Result;

use crate::config::{Cluster, Config, Deployment, Identity, Pem, Sentinel, Server, Tls, config_error};

/// The config so far, and what becomes a part of it only together with something else.
pub(super) struct Draft {
    pub(super) config: Config,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Draft {
    pub(super) fn new(config: Config) -> Self {
        Self { config, certificate: None, key: None }
    }

    /// The sentinels, for `option`, which only they have.
    pub(super) fn sentinel(&mut self, option: &str) -> Result<&mut Sentinel> {
        match &mut self.config.deployment {
            Deployment::Sentinel(sentinel) => Ok(sentinel),
            _ => Err(config_error(option, "this is an option of redis+sentinel://")),
        }
    }

    /// The cluster, for `option`, which only it has.
    pub(super) fn cluster(&mut self, option: &str) -> Result<&mut Cluster> {
        match &mut self.config.deployment {
            Deployment::Cluster(cluster) => Ok(cluster),
            _ => Err(config_error(option, "this is an option of redis+cluster://")),
        }
    }

    /// The address map, for `option`, of a deployment whose servers are named by others.
    pub(super) fn address_map(&mut self, option: &str) -> Result<&mut Vec<(Server, Server)>> {
        match &mut self.config.deployment {
            Deployment::Sentinel(sentinel) => Ok(&mut sentinel.address_map),
            Deployment::Cluster(cluster) => Ok(&mut cluster.address_map),
            Deployment::Standalone(_) => {
                Err(config_error(option, "this is an option of redis+sentinel:// and redis+cluster://"))
            }
        }
    }

    /// TLS, for `option`, which means nothing without.
    pub(super) fn tls(&mut self, option: &str) -> Result<&mut Tls> {
        let without = "this is an option of rediss://, redis+sentinels:// and redis+clusters://";
        self.config.tls.as_mut().ok_or_else(|| config_error(option, without))
    }

    pub(super) fn set_certificate(&mut self, option: &str, file: PathBuf) -> Result<()> {
        self.tls(option)?;
        self.certificate = Some(file);
        Ok(())
    }

    pub(super) fn set_key(&mut self, option: &str, file: PathBuf) -> Result<()> {
        self.tls(option)?;
        self.key = Some(file);
        Ok(())
    }

    /// The config, if what belongs together is there.
    pub(super) fn finish(self) -> Result<Config> {
        let Self { mut config, certificate, key } = self;
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                Some(Identity { certificate: Pem::File(certificate), key: Pem::File(key) })
            }
            (Some(_), None) => return Err(config_error("tls_key_file", "a certificate needs its key")),
            (None, Some(_)) => return Err(config_error("tls_cert_file", "a key needs its certificate")),
            (None, None) => None,
        };
        if let Some(tls) = &mut config.tls {
            tls.identity = identity;
        }
        // A URL has one set of TLS options, for the sentinels as for the servers.
        if let Deployment::Sentinel(sentinel) = &mut config.deployment {
            sentinel.tls.clone_from(&config.tls);
        }
        Ok(config)
    }
}
