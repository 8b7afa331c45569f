//! The clients, each connected as its documentation says, and what each calls the same entry.

use std::sync::Arc;

use anyhow::{Context, Result};
use fred::prelude::{Builder, ClientLike, Config, TcpConfig};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use store_redis::{Namespaced, RedisStore, Store, StoreExt};

use crate::contest::Contestant;
use crate::get_set::{Client, GetSet, Ours};

/// How many namespaces the entries are in. Each is a hash slot.
const ROOTS: usize = 64;

/// Namespaces of one store, which tasks use by turns.
pub(crate) struct Roots(Vec<Namespaced<Arc<dyn Store>>>);

impl Roots {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let store: Arc<dyn Store> = Arc::new(RedisStore::connect(url).await?);
        Ok(Self((0..ROOTS).map(|root| store.namespace(root_name(root).as_str())).collect::<Result<_, _>>()?))
    }

    pub(crate) fn of_task(&self, task: usize) -> &Namespaced<Arc<dyn Store>> {
        &self.0[task % ROOTS]
    }
}

fn root_name(root: usize) -> String {
    format!("root-{root:02}")
}

pub(crate) fn key(task: usize) -> String {
    format!("session-{task:03}")
}

/// What `RedisStore` makes of the namespace of a task and its key, so that all send the same bytes.
pub(crate) fn wire_key_under_root(task: usize) -> String {
    format!("{{{}}}:{}", root_name(task % ROOTS), key(task))
}

pub(crate) async fn connect_redis(url: &str) -> Result<ClusterConnection> {
    let nodes = nodes(url)?.map(|node| format!("redis://{node}"));
    // The others switch the delay off by default, as anybody would who measures.
    let tcp = TcpSettings::default().set_nodelay(true);
    Ok(ClusterClientBuilder::new(nodes).tcp_settings(tcp).build()?.get_async_connection().await?)
}

pub(super) async fn connect_fred(url: &str) -> Result<fred::prelude::Client> {
    let mut nodes = nodes(url)?;
    let first = nodes.next().context("a Cluster without a node")?;
    let others = nodes.map(|node| format!("node={node}")).collect::<Vec<_>>().join("&");
    let fred = Builder::from_config(Config::from_url(&format!("redis-cluster://{first}?{others}"))?)
        .with_connection_config(|config| config.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() })
        .build()?;
    fred.init().await?;
    Ok(fred)
}

/// Each as `host:port`.
fn nodes(url: &str) -> Result<impl Iterator<Item = &str>> {
    Ok(url.strip_prefix("redis+cluster://").context("not the URL of a Cluster")?.split(','))
}

/// One store, which all tasks share.
pub(super) fn ours(roots: &Roots) -> impl Contestant + '_ {
    |task| GetSet { client: Ours(roots.of_task(task).clone()), key: key(task) }
}

/// One client, which all tasks share.
pub(super) fn shared_by_tasks<C: Client>(client: C) -> impl Contestant {
    move |task| GetSet { client: client.clone(), key: wire_key_under_root(task) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_of_a_cluster_are_read_from_its_url() {
        let nodes: Vec<_> = nodes("redis+cluster://127.0.0.1:7001,127.0.0.1:7002").unwrap().collect();
        assert_eq!(nodes, ["127.0.0.1:7001", "127.0.0.1:7002"]);
    }

    #[test]
    fn tasks_use_the_roots_by_turns() {
        assert_eq!(wire_key_under_root(1), "{root-01}:session-001");
        assert_eq!(wire_key_under_root(65), "{root-01}:session-065");
    }
}
