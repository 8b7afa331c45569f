//! One Cluster for all tests of this binary, and caches on it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use store_redis::prelude::*;
use store_redis::{Cluster, Config, Key, Namespace, Namespaced, RedisCache, Server, SlotPolicy};
use store_testkit::{ClusterDeployment, ClusterNode, ClusterOptions, Reply, SlotMigration};

pub(crate) const POLICIES: [SlotPolicy; 3] = [SlotPolicy::Root, SlotPolicy::PerNamespace, SlotPolicy::PerKey];

/// A Cluster of three primaries. Tests keep to roots, and to slots, of their own.
pub(crate) fn cluster() -> &'static ClusterDeployment {
    static CLUSTER: LazyLock<ClusterDeployment> = LazyLock::new(start);
    &CLUSTER
}

pub(crate) fn start() -> ClusterDeployment {
    ClusterDeployment::start(ClusterOptions::new().replicas_per_primary(0)).unwrap()
}

pub(crate) async fn connect(cluster: &ClusterDeployment, policy: SlotPolicy) -> RedisCache {
    RedisCache::connect_with(config(cluster, policy)).await.unwrap()
}

pub(crate) fn config(cluster: &ClusterDeployment, policy: SlotPolicy) -> Config {
    let address = |node: &ClusterNode| Server::tcp("127.0.0.1", node.port().unwrap());
    Config::cluster(Cluster::new(cluster.nodes().iter().map(address))).with_slot_policy(policy)
}

/// A namespace of a policy's own in which every key lies in one slot, where keys begin with `{t}`.
pub(crate) struct Place {
    pub(crate) cache: Namespaced<RedisCache>,
    pub(crate) slot: u16,
    pub(crate) head: String,
}

pub(crate) async fn place(policy: SlotPolicy, name: &str) -> Place {
    let root = format!("{name}-{policy:?}");
    let cache = connect(cluster(), policy).await;
    let namespace = Namespace::try_from(&root).unwrap();
    // The braces choose the slot under `PerKey`, and are part of the key under the others.
    let slot = cache.slot_of(&namespace, Key::new(&key(&root, 0)).unwrap()).number();
    let head = if policy == SlotPolicy::PerKey { format!("{root}:") } else { format!("{{{root}}}:") };
    Place { cache: cache.namespace(&namespace).unwrap(), slot, head }
}

/// A key that lies in the slot of the place under every policy.
pub(crate) fn key(root: &str, number: usize) -> String {
    format!("{{{root}}}{number}")
}

impl Place {
    /// The first `count` keys.
    pub(crate) fn keys(&self, count: usize) -> Vec<String> {
        let root = self.head.trim_matches(['{', '}', ':']);
        (0..count).map(|number| key(root, number)).collect()
    }

    pub(crate) fn wire_key(&self, key: &str) -> String {
        format!("{}{key}", self.head)
    }

    /// Keys of somebody else in the slot of this place: `{tag}` decides for both.
    pub(crate) fn foreign(&self) -> Vec<String> {
        let root = self.head.trim_matches(['{', '}', ':']);
        ["{T}", "{T}foreign", "{T}x:k", "x{T}:k", "{T}/:k", "%r{T}:k"].map(|key| key.replace('T', root)).to_vec()
    }

    /// Begins to move the slot to a node that does not have it.
    pub(crate) fn begin_migration(&self) -> SlotMigration<'static> {
        let owner = cluster().primary_of_slot(self.slot).unwrap();
        let other = cluster().primaries().into_iter().find(|node| node.id() != owner.id()).unwrap();
        cluster().begin_migration(self.slot, other).unwrap()
    }
}

/// All keys of a namespace, page by page, with something done after the first.
pub(crate) async fn list(cache: &Namespaced<RedisCache>, after_first: impl FnOnce()) -> BTreeSet<String> {
    let mut page = cache.list().subtree().limit(100).await.unwrap();
    after_first();
    let mut keys = BTreeSet::new();
    loop {
        keys.extend(page.keys.into_iter().map(|listed| listed.key.to_string()));
        match page.next {
            Some(cursor) => page = cache.list().subtree().limit(100).after(cursor).await.unwrap(),
            None => return keys,
        }
    }
}

/// How many of these keys a node has, whichever slots it owns.
pub(crate) fn held(node: &ClusterNode, slot: u16) -> BTreeSet<String> {
    let reply = node.command(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), "100000"]).unwrap();
    let Reply::Array(keys) = reply else { panic!("{reply:?}") };
    keys.iter().map(|key| key.as_text().unwrap().to_owned()).collect()
}
