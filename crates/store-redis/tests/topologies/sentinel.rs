//! Behind sentinels.

use std::time::{Duration, Instant};

use store_redis::prelude::*;
use store_redis::raw::RawRoute;
use store_redis::redis::cmd;
use store_redis::{Config, ErrorKind, Outcome, ReadFrom, RedisCache, Retry, Sentinel, Server};
use store_testkit::proxy::FaultProxy;
use store_testkit::{RedisServer, SentinelDeployment, SentinelOptions, ServerOptions};

use crate::support::{
    PATIENCE, address, at_port, calls, comes_through, connect, eventually, failure, give_documented_rights,
    increments_during, sentinel,
};

fn start() -> SentinelDeployment {
    SentinelDeployment::start(SentinelOptions::new()).unwrap()
}

fn config(deployment: &SentinelDeployment) -> Config {
    Config::sentinel(sentinel(deployment))
}

async fn survives(fault: fn(&RedisServer)) {
    let deployment = start();
    let cache = connect(config(&deployment)).await;
    let tally = increments_during(&cache, "counter", || {
        let former = deployment.primary().unwrap();
        fault(former);
        deployment.await_failover(former).unwrap();
    })
    .await;
    // One writer has one call under way when the primary goes.
    assert!(tally.unknown <= 1, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_go_on_after_the_primary_was_killed() {
    survives(|primary| primary.kill().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_go_on_after_the_primary_has_hung() {
    survives(|primary| primary.stop().unwrap()).await;
}

#[tokio::test]
async fn a_store_that_starts_during_a_failover_waits_for_its_end() {
    let deployment = start();
    deployment.primary().unwrap().kill().unwrap();
    let cache = connect(config(&deployment).with_connect_timeout(PATIENCE)).await;
    cache.set("k", "v").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_with_a_connection_for_itself_ends_when_its_server_is_replaced() {
    let deployment = start();
    let cache = connect(config(&deployment).with_deadline(PATIENCE)).await;
    let primary = deployment.primary().unwrap();
    let blocked =
        tokio::spawn(
            async move { cache.raw().execute(cmd("BLPOP").arg("nothing").arg(0), RawRoute::AnyPrimary).await },
        );
    tokio::task::block_in_place(|| {
        eventually("a blocked call", || {
            let clients = primary.command(&["INFO", "clients"]).unwrap();
            clients.as_text().unwrap().contains("blocked_clients:1")
        });
    });
    primary.stop().unwrap();
    let error = failure(blocked.await.unwrap());
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planned_failover_is_followed_before_the_old_primary_says_anything() {
    let deployment = start();
    let cache = connect(config(&deployment).with_client_name("follower")).await;
    let former = deployment.primary().unwrap();
    let tally = increments_during(&cache, "counter", || {
        deployment.sentinels()[0].command(&["SENTINEL", "FAILOVER", deployment.service()]).unwrap();
        deployment.await_failover(former).unwrap();
    })
    .await;
    assert_eq!(tally.unknown, 0, "{tally:?}");
    let clients = former.command(&["CLIENT", "LIST"]).unwrap();
    assert!(!clients.as_text().unwrap().contains("name=follower"), "still connected to the old primary");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_was_demoted_by_hand_is_not_taken_for_one() {
    let deployment = start();
    let cache = connect(config(&deployment).with_deadline(Duration::from_millis(500))).await;
    let primary = deployment.primary().unwrap();
    primary.replicate(deployment.replicas().unwrap()[0]).unwrap();
    let error = failure(cache.set("k", "v").await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied), "{error}");
    let error = failure(RedisCache::connect_with(config(&deployment)).await);
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::AfterRefresh), "{error}");
    assert!(error.to_string().contains("no primary"), "{error}");
    primary.promote().unwrap();
    comes_through(|| async { cache.set("k", "v").await }).await;
}

#[tokio::test]
async fn a_service_that_nobody_watches_is_a_wrong_setting() {
    let deployment = start();
    let config = Config::sentinel(Sentinel::new(deployment.sentinels().iter().map(address), "nobody"));
    let error = failure(RedisCache::connect_with(config).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotApplied));
    assert!(error.to_string().contains("option=service") && error.to_string().contains("nobody"), "{error}");
}

#[tokio::test]
async fn sentinels_that_do_not_answer_are_named() {
    let dead: Vec<Server> = (0..2).map(|_| at_port(unused_port())).collect();
    let names = dead.iter().map(ToString::to_string).collect::<Vec<_>>();
    let config = Config::sentinel(Sentinel::new(dead, "mymaster")).with_connect_timeout(Duration::from_secs(2));
    let begin = Instant::now();
    let error = failure(RedisCache::connect_with(config).await);
    assert!(begin.elapsed() < PATIENCE);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied));
    assert!(names.iter().all(|name| error.to_string().contains(name)), "{error}");
}

fn unused_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_sentinel_that_knows_too_few_others_is_not_believed() {
    let deployment = start();
    let config = |others| Config::sentinel(sentinel(&deployment).with_min_other_sentinels(others));
    connect(config(2)).await.ping().await.unwrap();
    let error = failure(RedisCache::connect_with(config(3)).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("knows=2 min_other_sentinels=3"), "{error}");
}

#[tokio::test]
async fn sentinels_and_servers_have_users_of_their_own() {
    let options = SentinelOptions::new()
        .servers(ServerOptions::new().password("of-the-servers"))
        .sentinels(ServerOptions::new().password("of-the-sentinels"));
    let deployment = SentinelDeployment::start(options).unwrap();
    let sentinels = || sentinel(&deployment);
    let right = Config::sentinel(sentinels().with_password("of-the-sentinels")).with_password("of-the-servers");
    connect(right).await.ping().await.unwrap();
    for wrong in [
        Config::sentinel(sentinels().with_password("of-the-servers")).with_password("of-the-servers"),
        Config::sentinel(sentinels()).with_password("of-the-servers"),
        Config::sentinel(sentinels().with_password("of-the-sentinels")).with_password("of-the-sentinels"),
        Config::sentinel(sentinels().with_password("of-the-sentinels")),
    ] {
        let error = failure(RedisCache::connect_with(wrong).await);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(!error.to_string().contains("of-the-servers"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_rights_suffice_through_a_failover() {
    let deployment = start();
    deployment.servers().iter().for_each(|server| give_documented_rights(server, "app", &["+role"]));
    deployment.sentinels().iter().for_each(|sentinel| give_documented_rights(sentinel, "watcher", &[]));
    let config = Config::sentinel(sentinel(&deployment).with_user("watcher", "secret")).with_user("app", "secret");
    let cache = connect(config.with_read_from(ReadFrom::PreferReplica)).await;
    let app = cache.namespace("app").unwrap();
    app.set("k", "v").await.unwrap();
    tokio::task::block_in_place(|| {
        eventually("a subscription", || {
            let clients = deployment.sentinels()[0].command(&["CLIENT", "LIST", "TYPE", "PUBSUB"]).unwrap();
            clients.as_text().unwrap().contains("user=watcher")
        });
    });
    let former = deployment.primary().unwrap();
    former.kill().unwrap();
    tokio::task::block_in_place(|| deployment.await_failover(former).unwrap());
    app.set("k", "w").await.unwrap();
    assert_eq!(app.clear().await.unwrap(), 1);
}

#[tokio::test]
async fn replicas_take_turns_where_reads_may_come_from_them() {
    let deployment = start();
    let cache = connect(config(&deployment).with_read_from(ReadFrom::Replica)).await;
    cache.set("k", "v").await.unwrap();
    eventually_read(&cache).await;
    let (primary, replicas) = (deployment.primary().unwrap(), deployment.replicas().unwrap());
    let before: Vec<_> = replicas.iter().map(|replica| calls(replica, "get")).collect();
    let of_the_primary = calls(primary, "get");
    for _ in 0..10 {
        cache.get("k").await.unwrap();
    }
    let after = replicas.iter().map(|replica| calls(replica, "get"));
    assert!(after.zip(before).all(|(after, before)| after == before + 5));
    assert_eq!(calls(primary, "get"), of_the_primary);
}

/// A replica lags behind.
async fn eventually_read(cache: &RedisCache) {
    let limit = Instant::now() + PATIENCE;
    let mut in_a_row = 0;
    while in_a_row < 4 {
        in_a_row = if cache.get("k").await.unwrap().is_some() { in_a_row + 1 } else { 0 };
        assert!(Instant::now() < limit);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_replicas_the_primary_answers_if_it_may() {
    let deployment = start();
    let prefer = connect(config(&deployment).with_read_from(ReadFrom::PreferReplica)).await;
    let only = connect(config(&deployment).with_read_from(ReadFrom::Replica)).await;
    prefer.set("k", "v").await.unwrap();
    eventually_read(&prefer).await;
    for replica in deployment.replicas().unwrap() {
        replica.kill().unwrap();
    }
    let found = comes_through(|| async { prefer.get("k").await }).await;
    assert_eq!(found.as_deref(), Some(&b"v"[..]));
    let error = failure(only.get("k").await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied), "{error}");
    only.set("k", "w").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_hangs_holds_no_read_for_long() {
    let deployment = start();
    let cache = connect(config(&deployment).with_read_from(ReadFrom::PreferReplica)).await;
    cache.set("k", "v").await.unwrap();
    eventually_read(&cache).await;
    deployment.replicas().unwrap()[0].stop().unwrap();
    // Until the sentinels have noticed, every other read waits for them to.
    for _ in 0..10 {
        assert!(cache.get("k").await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_that_is_gone_is_not_missed() {
    let deployment = start();
    let cache = connect(config(&deployment)).await;
    // The first one in the list, which would be asked first.
    deployment.sentinels()[0].kill().unwrap();
    let tally = increments_during(&cache, "counter", || {
        let former = deployment.primary().unwrap();
        former.kill().unwrap();
        deployment.await_failover(former).unwrap();
    })
    .await;
    assert!(tally.unknown <= 1, "{tally:?}");
}

#[tokio::test]
async fn servers_are_reached_where_the_address_map_says() {
    let deployment = start();
    let primary = deployment.primary().unwrap();
    let proxy = FaultProxy::start(primary.url()).unwrap();
    let mapped = sentinel(&deployment).with_address(address(primary), at_port(proxy.port()));
    let cache = connect(Config::sentinel(mapped).with_client_name("mapped")).await;
    cache.set("k", "v").await.unwrap();
    assert!(proxy.counts().requests > 0);
    let clients = primary.command(&["CLIENT", "LIST"]).unwrap();
    let ours = clients.as_text().unwrap().lines().filter(|line| line.contains("name=mapped")).count();
    assert_eq!(ours, 1, "every connection of ours goes through the proxy");
}

#[test]
fn a_failover_is_followed_after_the_runtime_that_watched_is_gone() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let deployment = start();
    let first = runtime();
    let cache = first.block_on(connect(config(&deployment)));
    first.block_on(async { cache.set("k", "v").await.unwrap() });
    drop(first);
    let former = deployment.primary().unwrap();
    former.kill().unwrap();
    deployment.await_failover(former).unwrap();
    runtime().block_on(async { comes_through(|| async { cache.set("k", "w").await }).await });
    eventually("the write on the new primary", || {
        deployment.primary().unwrap().command(&["GET", ":k"]).unwrap().as_text() == Some("w")
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_store_stays_closed_and_lets_go_of_everybody() {
    let deployment = start();
    let cache = connect(config(&deployment).with_client_name("closer")).await;
    cache.ping().await.unwrap();
    cache.close().await.unwrap();
    assert_eq!(failure(cache.get("k").await).kind(), ErrorKind::Closed);
    drop(cache);
    for server in deployment.servers().iter().chain(deployment.sentinels()) {
        eventually("no connection of ours", || {
            !server.command(&["CLIENT", "LIST"]).unwrap().as_text().unwrap().contains("name=closer")
        });
    }
}
