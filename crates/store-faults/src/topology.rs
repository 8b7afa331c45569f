//! The deployments that fail, and how the driver is told of them.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use store_redis::{Cluster, Config, Sentinel, Server};
use store_testkit::{
    ClusterDeployment, ClusterNode, ClusterOptions, RedisServer, Reply, SentinelDeployment, SentinelOptions,
    ServerOptions, wait_until,
};

/// The namespace of all counters. A root lies in one slot, so all writers depend on one primary.
pub(crate) const NAMESPACE: &str = "faults";

/// How long a deployment may take to do what it was told, on a machine that does other things too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Topology {
    Standalone,
    Sentinel,
    Cluster,
}

impl Topology {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        }
    }
}

/// How long a server may be silent before it is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replacement {
    /// 500 ms behind Sentinel, 1 s in a Cluster.
    Prompt,
    /// Half a minute: not within any scenario.
    Reluctant,
}

pub(crate) enum Deployment {
    Standalone(Box<RedisServer>),
    Sentinel(SentinelDeployment),
    Cluster(ClusterDeployment),
}

impl Deployment {
    pub(crate) fn start(topology: Topology, replacement: Replacement, servers: ServerOptions) -> Result<Self> {
        Self::start_with(topology, replacement, servers, 1)
    }

    /// So that somebody is left to copy from a replica which has become the primary. Behind Sentinel there always is.
    pub(crate) fn start_with_replica_to_spare(topology: Topology, replacement: Replacement) -> Result<Self> {
        Self::start_with(topology, replacement, ServerOptions::new(), 2)
    }

    fn start_with(
        topology: Topology,
        replacement: Replacement,
        servers: ServerOptions,
        replicas_in_cluster: usize,
    ) -> Result<Self> {
        let silence = |prompt| match replacement {
            Replacement::Prompt => Duration::from_millis(prompt),
            Replacement::Reluctant => Duration::from_secs(30),
        };
        let deployment = match topology {
            Topology::Standalone => Self::Standalone(Box::new(RedisServer::start_process(servers)?)),
            Topology::Sentinel => {
                let options = SentinelOptions::new().servers(servers).down_after(silence(500));
                Self::Sentinel(SentinelDeployment::start(options)?)
            }
            Topology::Cluster => {
                let options = ClusterOptions::new().nodes(servers).replicas_per_primary(replicas_in_cluster);
                Self::Cluster(ClusterDeployment::start(options.node_timeout(silence(1000)))?)
            }
        };
        deployment.await_replication()?;
        Ok(deployment)
    }

    /// A replica is linked up to a second before its primary passes the first write on to it; until then everything
    /// is lost with the primary.
    fn await_replication(&self) -> Result<()> {
        let replicas = match self {
            Self::Standalone(_) => return Ok(()),
            Self::Sentinel(deployment) => deployment.servers().len() - 1,
            Self::Cluster(deployment) => deployment.nodes().len() / deployment.primaries().len() - 1,
        };
        let mut connection = self.primary()?.connect()?;
        let mut reached = || {
            connection.command(&["SET", &wire_key("probe"), ""]).ok()?;
            let reached = connection.command(&["WAIT", &replicas.to_string(), "100"]).ok()?.as_integer()?;
            (usize::try_from(reached).ok()? >= replicas).then_some(())
        };
        Ok(wait_until("replicas that have a write", PATIENCE, &mut reached)?)
    }

    /// How the driver is told of it, with every setting at its default.
    pub(crate) fn config(&self) -> Config {
        match self {
            Self::Standalone(server) => Config::tcp("127.0.0.1", server.port().unwrap_or_default()),
            Self::Sentinel(deployment) => {
                Config::sentinel(Sentinel::new(places(deployment.sentinels()), deployment.service()))
            }
            Self::Cluster(deployment) => Config::cluster(Cluster::new(places(deployment.nodes().iter().map(|n| &**n)))),
        }
    }

    /// All servers that have, or copy, data.
    pub(crate) fn servers(&self) -> Vec<&RedisServer> {
        match self {
            Self::Standalone(server) => vec![server],
            Self::Sentinel(deployment) => deployment.servers().iter().collect(),
            Self::Cluster(deployment) => deployment.nodes().iter().map(|node| &**node).collect(),
        }
    }

    /// The server that takes the writes of [`NAMESPACE`]. Waits for one while there is none.
    pub(crate) fn primary(&self) -> Result<&RedisServer> {
        Ok(match self {
            Self::Standalone(server) => server,
            Self::Sentinel(deployment) => deployment.primary()?,
            Self::Cluster(deployment) => deployment.primary_of_slot(slot(deployment)?)?,
        })
    }

    /// Waits until `former` is replaced and follows, if it runs, and nothing is left to repair. One node is never
    /// replaced.
    pub(crate) fn await_replaced(&self, former: &RedisServer) -> Result<()> {
        match self {
            Self::Standalone(_) => {}
            Self::Sentinel(deployment) => deployment.await_failover(former).map(drop)?,
            Self::Cluster(deployment) => deployment.await_failover(node_of(deployment, former)?)?,
        }
        Ok(())
    }

    /// Waits until another server than `former` takes the writes of [`NAMESPACE`]. Others may still have to follow it.
    pub(crate) fn await_another_primary(&self, former: &RedisServer) -> Result<()> {
        let another = || self.primary().is_ok_and(|now| now.port() != former.port()).then_some(());
        Ok(wait_until("another primary", PATIENCE, another)?)
    }

    /// Has `primary` replaced although nothing has failed; it may not be over yet.
    pub(crate) fn fail_over(&self, primary: &RedisServer) -> Result<()> {
        match self {
            Self::Standalone(_) => bail!("one node has nobody to fail over to"),
            Self::Sentinel(deployment) => deployment.fail_over().map(drop)?,
            Self::Cluster(deployment) => deployment.fail_over(node_of(deployment, primary)?)?,
        }
        Ok(())
    }

    /// Gives a user a new password on all servers that run.
    pub(crate) fn rotate_password(&self, user: &str, password: &str) -> Result<()> {
        match self {
            Self::Standalone(server) => server.rotate_password(user, password)?,
            Self::Sentinel(deployment) => deployment.rotate_password(user, password)?,
            Self::Cluster(deployment) => deployment.rotate_password(user, password)?,
        }
        Ok(())
    }

    /// Waits until nothing is left to repair.
    pub(crate) fn await_settled(&self) -> Result<()> {
        match self {
            Self::Standalone(server) => {
                wait_until("a server that answers", PATIENCE, || server.command(&["PING"]).ok()).map(drop)?;
            }
            Self::Sentinel(deployment) => deployment.await_settled().map(drop)?,
            Self::Cluster(deployment) => deployment.await_settled()?,
        }
        Ok(())
    }

    /// What the primary has at `key` of [`NAMESPACE`], read without the driver: 0 where there is nothing.
    pub(crate) fn counter(&self, key: &str) -> Result<i64> {
        match self.primary()?.command(&["GET", &wire_key(key)])? {
            Reply::Nil => Ok(0),
            reply => reply.as_text().and_then(|text| text.parse().ok()).context("a counter that is no number"),
        }
    }

    pub(crate) fn version(&self) -> String {
        let server = match self {
            Self::Standalone(server) => Some(&**server),
            Self::Sentinel(deployment) => deployment.servers().first(),
            Self::Cluster(deployment) => deployment.nodes().first().map(|node| &**node),
        };
        server.map(|server| format!("{} {}", server.server_name(), server.version())).unwrap_or_default()
    }
}

/// The node that this server is.
pub(crate) fn node_of<'a>(cluster: &'a ClusterDeployment, server: &RedisServer) -> Result<&'a ClusterNode> {
    let node = cluster.nodes().iter().find(|node| node.port() == server.port());
    node.context("a server of another deployment")
}

/// The slot of [`NAMESPACE`].
pub(crate) fn slot(cluster: &ClusterDeployment) -> Result<u16> {
    Ok(cluster.slot_of(wire_key("any"))?)
}

/// As the driver spells it.
pub(crate) fn wire_key(key: &str) -> String {
    format!("{{{NAMESPACE}}}:{key}")
}

fn places<'a>(servers: impl IntoIterator<Item = &'a RedisServer>) -> Vec<Server> {
    let ports = servers.into_iter().filter_map(RedisServer::port);
    ports.map(|port| Server::tcp("127.0.0.1", port)).collect()
}

/// A server whose acknowledged writes survive its process and its machine.
pub(crate) fn durable() -> ServerOptions {
    ServerOptions::new().directive("appendonly", "yes").directive("appendfsync", "always")
}
