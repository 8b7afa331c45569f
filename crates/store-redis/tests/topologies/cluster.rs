//! On a cluster.

use store_redis::prelude::*;
use store_redis::{Cluster, Config, Coverage, Error, ErrorKind, Outcome, ReadFrom, RedisCache, SlotPolicy};
use store_testkit::{ClusterDeployment, ClusterOptions, RedisServer, ServerOptions, proxy::FaultProxy};

use crate::support::{
    PATIENCE, address, at_port, calls, cluster, comes_through, connect, eventually, failure, give_documented_rights,
    increments_during,
};

fn start() -> ClusterDeployment {
    ClusterDeployment::start(ClusterOptions::new()).unwrap()
}

fn without_replicas() -> ClusterDeployment {
    ClusterDeployment::start(ClusterOptions::new().replicas_per_primary(0)).unwrap()
}

fn owner<'a>(deployment: &'a ClusterDeployment, wire_key: &str) -> &'a store_testkit::ClusterNode {
    deployment.primary_of_slot(deployment.slot_of(wire_key).unwrap()).unwrap()
}

async fn survives(fault: fn(&RedisServer)) {
    let deployment = start();
    let cache = connect(Config::cluster(cluster(&deployment))).await;
    let tally = increments_during(&cache, "counter", || {
        let former = owner(&deployment, ":counter");
        fault(former);
        deployment.await_failover(former).unwrap();
    })
    .await;
    assert!(tally.unknown <= 1, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_go_on_after_a_primary_was_killed() {
    survives(|primary| primary.kill().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_go_on_after_a_primary_has_hung() {
    survives(|primary| primary.stop().unwrap()).await;
}

#[tokio::test]
async fn a_store_that_starts_during_a_failover_waits_for_its_end() {
    let deployment = start();
    owner(&deployment, ":k").kill().unwrap();
    let cache = connect(Config::cluster(cluster(&deployment)).with_connect_timeout(PATIENCE)).await;
    cache.set("k", "v").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planned_failover_costs_no_call() {
    let deployment = start();
    let cache = connect(Config::cluster(cluster(&deployment))).await;
    let tally = increments_during(&cache, "counter", || {
        let former = owner(&deployment, ":counter");
        deployment.replica_of(former).unwrap().command(&["CLUSTER", "FAILOVER"]).unwrap();
        deployment.await_failover(former).unwrap();
    })
    .await;
    assert_eq!((tally.unknown, tally.value), (0, tally.acknowledged), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seeds_may_go_once_the_others_are_known_and_are_asked_again_when_those_are_gone() {
    let deployment = without_replicas();
    let nodes = deployment.nodes();
    let config = Config::cluster(Cluster::new([address(&nodes[0])]).with_coverage(Coverage::Partial));
    let cache = connect(config).await;
    let key_of = |node: &store_testkit::ClusterNode| {
        let is_there = |key: &String| owner(&deployment, &format!(":{key}")).id() == node.id();
        (0..).map(|number| format!("k{number}")).find(is_there).unwrap()
    };
    let (on_seed, elsewhere) = (key_of(&nodes[0]), key_of(&nodes[1]));
    nodes[0].kill().unwrap();
    let error = failure(cache.set(&on_seed, "v").await);
    assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
    nodes[0].restart().unwrap();
    deployment.await_settled().unwrap();
    comes_through(|| async { cache.set(&on_seed, "v").await }).await;
    comes_through(|| async { cache.set(&elsewhere, "v").await }).await;
}

#[tokio::test]
async fn a_slot_without_a_node_fails_the_whole_or_its_own_keys() {
    let deployment = without_replicas();
    let slot = deployment.slot_of(":k").unwrap();
    for node in deployment.nodes() {
        node.command(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]).unwrap();
    }
    // The owner first; what it has said before may still reach the others, and give it the slot back.
    owner(&deployment, ":k").command(&["CLUSTER", "DELSLOTS", &slot.to_string()]).unwrap();
    eventually("nobody has the slot", || {
        deployment.nodes().iter().all(|node| {
            let _unassigned_already = node.command(&["CLUSTER", "DELSLOTS", &slot.to_string()]);
            let info = node.command(&["CLUSTER", "INFO"]).unwrap();
            info.as_text().unwrap().contains("cluster_slots_assigned:16383")
        })
    });
    let error = failure(RedisCache::connect_with(Config::cluster(cluster(&deployment))).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("slots=1 option=coverage"), "{error}");
    let partial = cluster(&deployment).with_coverage(Coverage::Partial);
    let cache = connect(Config::cluster(partial).with_deadline(std::time::Duration::from_millis(500))).await;
    cache.set("other", "v").await.unwrap();
    let error = failure(cache.set("k", "v").await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied), "{error}");
}

#[tokio::test]
async fn nodes_are_reached_where_the_address_map_says() {
    let deployment = without_replicas();
    let proxies: Vec<_> = deployment.nodes().iter().map(|node| FaultProxy::start(node.url()).unwrap()).collect();
    let seeds = Cluster::new(proxies.iter().map(|proxy| at_port(proxy.port())));
    let nodes = deployment.nodes().iter().zip(&proxies);
    let mapped = nodes.fold(seeds, |seeds, (node, proxy)| seeds.with_address(address(node), at_port(proxy.port())));
    let cache = connect(Config::cluster(mapped).with_client_name("mapped")).await;
    for number in 0..30 {
        cache.set(&format!("k{number}"), "v").await.unwrap();
    }
    for (node, proxy) in deployment.nodes().iter().zip(&proxies) {
        let passed = proxy.counts();
        assert!(passed.requests > 5, "{passed:?}");
        let clients = node.command(&["CLIENT", "LIST"]).unwrap();
        let ours = clients.as_text().unwrap().lines().filter(|line| line.contains("name=mapped")).count();
        assert_eq!(ours as u64, 1, "every connection of ours goes through the proxy");
    }
}

#[tokio::test]
async fn the_documented_rights_suffice_also_for_a_slot_that_moves() {
    let deployment = start();
    let rights = ["+cluster|slots", "+cluster|info", "+cluster|nodes", "+asking", "+readonly"];
    deployment.nodes().iter().for_each(|node| give_documented_rights(node, "app", &rights));
    let config = Config::cluster(cluster(&deployment)).with_user("app", "secret");
    let cache = connect(config.with_read_from(ReadFrom::PreferReplica)).await;
    let app = cache.namespace("app").unwrap();
    app.set("k", "v").await.unwrap();
    let slot = deployment.slot_of("{app}:k").unwrap();
    let former = owner(&deployment, "{app}:k");
    let other = deployment.primaries().into_iter().find(|node| node.id() != former.id()).unwrap();
    let migration = deployment.begin_migration(slot, other).unwrap();
    migration.move_key("{app}:k").unwrap();
    app.increment("n", 1).await.unwrap();
    assert_eq!(app.take("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(app.clear().await.unwrap(), 1);
    migration.finish().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_answer_reads_where_they_may() {
    let deployment = start();
    let cache = connect(Config::cluster(cluster(&deployment)).with_read_from(ReadFrom::Replica)).await;
    cache.set("k", "v").await.unwrap();
    let primary = owner(&deployment, ":k");
    let replica = deployment.replica_of(primary).unwrap();
    comes_through(|| async { cache.get("k").await?.ok_or_else(Error::closed) }).await;
    let (of_primary, of_replica) = (calls(primary, "get"), calls(replica, "get"));
    for _ in 0..10 {
        cache.get("k").await.unwrap();
    }
    assert_eq!((calls(primary, "get"), calls(replica, "get")), (of_primary, of_replica + 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_answer_batches_over_several_nodes() {
    let deployment = start();
    let config = Config::cluster(cluster(&deployment)).with_slot_policy(SlotPolicy::PerKey);
    let cache = connect(config.with_read_from(ReadFrom::Replica)).await;
    let keys: Vec<_> = (0..12).map(|number| format!("k{number}")).collect();
    cache.set_many(keys.iter().map(|key| (key, "v"))).await.unwrap();
    let all = async || match cache.get_many(&keys).await? {
        values if values.iter().all(Option::is_some) => Ok(()),
        _ => Err(Error::closed()),
    };
    comes_through(all).await;
    let answered = || deployment.primaries().iter().map(|node| calls(node, "get") + calls(node, "mget")).sum::<u64>();
    let before = answered();
    comes_through(all).await;
    assert_eq!(answered(), before);
}

#[tokio::test]
async fn a_server_that_is_no_node_is_a_wrong_setting() {
    let server = RedisServer::start_process(ServerOptions::new()).unwrap();
    let error = failure(RedisCache::connect_with(Config::cluster(Cluster::new([address(&server)]))).await);
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("no node of a cluster"), "{error}");
}

#[tokio::test]
async fn a_node_without_slots_is_a_half_configured_cluster() {
    let options = ServerOptions::new().directive("cluster-enabled", "yes");
    let server = RedisServer::start_process(options).unwrap();
    let error = failure(RedisCache::connect_with(Config::cluster(Cluster::new([address(&server)]))).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("knows of no slots"), "{error}");
}

#[tokio::test]
async fn a_node_of_a_cluster_taken_for_a_lone_server_says_what_it_is() {
    let deployment = without_replicas();
    let node = &deployment.nodes()[0];
    let cache = connect(Config::tcp("127.0.0.1", node.port().unwrap())).await;
    let elsewhere = (0..).map(|number| format!("k{number}"));
    let elsewhere = elsewhere.into_iter().find(|key| owner(&deployment, &format!(":{key}")).id() != node.id()).unwrap();
    let error = failure(cache.set(&elsewhere, "v").await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied));
    assert!(error.to_string().contains("cluster"), "{error}");
}
