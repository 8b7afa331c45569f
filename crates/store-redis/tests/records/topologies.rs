//! Behind Sentinel and on a Cluster.

use std::sync::Arc;

use store_redis::prelude::*;
use store_redis::{
    AccessTimes, Config, ErrorKind, KeyValueStore, KeyValueStoreClient, RedisKeyValueStoreClient, SlotPolicy,
    StoreLabel,
};
use store_testkit::{ClusterDeployment, ClusterOptions, SentinelDeployment, SentinelOptions};

use crate::deployments;
use crate::support::{
    PATIENCE, all_answer, every_operation, failure, id, id_key, keys, named, open, set, try_open, value, wire_keys,
};

async fn connect(config: Config) -> Arc<dyn KeyValueStoreClient> {
    let config = config.with_deadline(PATIENCE).with_connect_timeout(PATIENCE);
    let client = RedisKeyValueStoreClient::connect_with(config).await.unwrap();
    Arc::new(client.with_access_times(AccessTimes::Exact))
}

fn start() -> ClusterDeployment {
    ClusterDeployment::start(ClusterOptions::new().replicas_per_primary(0)).unwrap()
}

async fn on(cluster: &ClusterDeployment) -> Arc<dyn KeyValueStoreClient> {
    connect(Config::cluster(deployments::cluster(cluster))).await
}

/// Runs a command on the node that has the key, its first argument.
fn command(cluster: &ClusterDeployment, command: &[&str]) {
    cluster.primary_of_slot(cluster.slot_of(command[1]).unwrap()).unwrap().command(command).unwrap();
}

fn all_keys(cluster: &ClusterDeployment) -> i64 {
    let count = |node: &&store_testkit::ClusterNode| node.command(&["DBSIZE"]).unwrap().as_integer().unwrap();
    cluster.primaries().iter().map(count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_goes_on_after_a_failover() {
    let deployment = SentinelDeployment::start(SentinelOptions::new()).unwrap();
    let store = open(&connect(Config::sentinel(deployments::sentinel(&deployment))).await, named("a")).await;
    set(&store, "k", "v").await;
    let former = deployment.primary().unwrap();
    for replica in deployment.replicas().unwrap() {
        replica.await_link(former).unwrap();
    }
    former.command(&["WAIT", "2", "10000"]).unwrap();
    former.kill().unwrap();
    // Each waits until there is a primary again.
    assert_eq!(value(&store, "k").await.as_deref(), Some("v"));
    set(&store, "l", "w").await;
    deployment.await_failover(former).unwrap();
    assert_eq!(keys(&store).await, ["k", "l"]);
    assert_eq!(open(store.client(), id(store.id())).await.opened(), store.opened());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_goes_on_while_and_after_the_slot_of_a_collection_moves() {
    let cluster = start();
    let store = open(&on(&cluster).await, named("a")).await;
    set(&store, "k", "v").await;
    let slot = cluster.slot_of(&wire_keys("a")[0]).unwrap();
    let owner = cluster.primary_of_slot(slot).unwrap();
    let other = cluster.primaries().into_iter().find(|node| node.id() != owner.id()).unwrap();
    let migration = cluster.begin_migration(slot, other).unwrap();
    assert_eq!(value(&store, "k").await.as_deref(), Some("v"));
    // With some keys here and some there, no node answers for all of them.
    migration.move_key(&wire_keys("a")[1]).unwrap();
    let reading = tokio::spawn({
        let store = store.clone();
        async move { value(&store, "k").await }
    });
    migration.finish().unwrap();
    assert_eq!(reading.await.unwrap().as_deref(), Some("v"));
    set(&store, "l", "w").await;
    assert_eq!(keys(&store).await, ["k", "l"]);
    assert_eq!(open(store.client(), id(store.id())).await.opened(), store.opened());
}

#[tokio::test]
async fn a_creator_that_died_after_any_step_leaves_a_collection_that_opens_on_a_cluster() {
    let cluster = start();
    let client = on(&cluster).await;
    let (creator, metadata) = (on(&cluster).await, wire_keys("a")[0].clone());
    for steps in 1..=3 {
        let created = open(&creator, named("a")).await;
        if steps < 3 {
            command(&cluster, &["HDEL", &metadata, "by_id"]);
        }
        if steps < 2 {
            command(&cluster, &["UNLINK", &id_key(created.id())]);
        }
        let opened = open(&client, named("a")).await;
        assert_eq!(opened.opened(), created.opened());
        assert_eq!(open(&client, id(opened.id())).await.opened(), created.opened());
        opened.drop().await.unwrap();
        assert_eq!(all_keys(&cluster), 0);
    }
}

#[tokio::test]
async fn collections_on_a_cluster_are_dropped_without_a_key_left_and_their_siblings_stay() {
    let cluster = start();
    let client = on(&cluster).await;
    let labels = ["a", "b", "c", "d", "e", "f"].map(named).into_iter().chain([StoreLabel::Default]);
    let mut stores: Vec<KeyValueStore> = Vec::new();
    for label in labels {
        let store = open(&client, label).await;
        set(&store, "k", "v").await;
        stores.push(store);
    }
    while let Some(store) = stores.pop() {
        store.drop().await.unwrap();
        assert_eq!(failure(try_open(&client, id(store.id())).await).kind(), ErrorKind::NotFound);
        all_answer(&store, ErrorKind::Dropped).await;
        assert_eq!(all_keys(&cluster), 5 * i64::try_from(stores.len()).unwrap());
        for sibling in &stores {
            assert_eq!(open(&client, id(sibling.id())).await.opened(), sibling.opened());
        }
    }
    let store = open(&client, named("a")).await;
    set(&store, "k", "v").await;
    for (name, operation) in every_operation(&store) {
        operation.await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(all_keys(&cluster), 0);
}

/// All that a store has without a namespace and in all namespaces.
async fn listed(cache: &RedisCache) -> Vec<String> {
    let mut page = cache.list().subtree().await.unwrap();
    let mut keys = page.keys;
    while let Some(cursor) = page.next {
        page = cache.list().subtree().after(cursor).await.unwrap();
        keys.append(&mut page.keys);
    }
    keys.into_iter().map(|listed| listed.key.to_string()).collect()
}

#[tokio::test]
async fn no_store_lists_collections_or_clears_them() {
    let cluster = start();
    let store = open(&on(&cluster).await, named("a")).await;
    set(&store, "k", "v").await;
    for policy in [SlotPolicy::Root, SlotPolicy::PerNamespace, SlotPolicy::PerKey] {
        let config = Config::cluster(deployments::cluster(&cluster)).with_slot_policy(policy);
        let cache = deployments::connect(config).await;
        cache.set("k", "v").await.unwrap();
        assert_eq!(listed(&cache).await, ["k"], "{policy:?}");
        for namespace in ["n:a", "a", "%r", "n", "%r{n:a}m"] {
            assert_eq!(cache.namespace(namespace).unwrap().clear().await.unwrap(), 0, "{policy:?}");
        }
        assert!(cache.delete("k").await.unwrap());
    }
    assert_eq!(all_keys(&cluster), 5);
    assert_eq!(value(&store, "k").await.as_deref(), Some("v"));
}
