//! The server is well, and the line to it is not.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Config, ErrorKind, Outcome, RedisCache, Retry};
use store_testkit::{RedisServer, ServerOptions};

use crate::killing::{Load, writes_under_kills};
use crate::support::{
    CANARY, PATIENCE, PROTOCOLS, Router, assert_is, command, config, connect, eventually, failure, recovers, start,
};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_killed_connection_goes_unnoticed_while_idle() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        for n in 1..=20 {
            command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
            assert_eq!(cache.increment("n", 1).await.unwrap(), n);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_killed_under_load_lose_no_acknowledged_increment_and_apply_none_twice() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        let load = Load { writers: 16, increments: 2000, pause: Duration::from_millis(5) };
        writes_under_kills(&server, &cache, load).await;
    }
}

#[tokio::test]
async fn a_frozen_line_is_replaced_after_timeouts_in_a_row() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let router = Router::start(&server).await;
        let config = Config::tcp("127.0.0.1", router.port).with_protocol(protocol).with_deadline(SHORT);
        let cache = RedisCache::connect_with(config).await.unwrap();
        assert_eq!(router.lines(), 1);
        router.freeze();
        for _ in 0..3 {
            let error = failure(cache.increment("n", 1).await);
            assert_is(&error, ErrorKind::Timeout, Retry::AfterBackoff, Outcome::Unknown);
        }
        recovers(&cache).await;
        assert_eq!(router.lines(), 2);
        // What the frozen line swallowed never arrived.
        assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_read_tries_again_where_the_response_timeout_leaves_time() {
    let server = start(ServerOptions::new());
    let router = Router::start(&server).await;
    let config = Config::tcp("127.0.0.1", router.port)
        .with_timeouts_before_probe(NonZeroU32::MIN)
        .with_response_timeout(Some(SHORT))
        .with_deadline(PATIENCE);
    let cache = RedisCache::connect_with(config).await.unwrap();
    cache.set("k", "v").await.unwrap();
    router.freeze();
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(router.lines(), 2);
}

#[tokio::test]
async fn a_line_frozen_while_idle_is_found_by_the_health_check_before_anything_is_sent() {
    let server = start(ServerOptions::new());
    let router = Router::start(&server).await;
    let config = Config::tcp("127.0.0.1", router.port)
        .with_health_check_interval(Some(Duration::from_millis(10)))
        .with_connect_timeout(Duration::from_secs(1));
    let cache = RedisCache::connect_with(config).await.unwrap();
    cache.set("k", "v").await.unwrap();
    router.freeze();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
    assert_eq!(router.lines(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_pause_nobody_sends_anything_on_an_unproved_line() {
    let server = start(ServerOptions::new());
    let router = Router::start(&server).await;
    let config = Config::tcp("127.0.0.1", router.port)
        .with_health_check_interval(Some(Duration::from_millis(10)))
        .with_connect_timeout(Duration::from_secs(1));
    let cache = RedisCache::connect_with(config).await.unwrap();
    router.freeze();
    tokio::time::sleep(Duration::from_millis(20)).await;
    // One asks and gives up; the others do not depend on it.
    let asking = tokio::time::timeout(SHORT, cache.increment("n", 1).into_future()).await;
    assert!(asking.is_err());
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.increment("n", 1).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(cache.increment("n", 0).await.unwrap(), 50);
    assert_eq!(router.lines(), 2);
}

#[tokio::test]
async fn a_health_check_that_a_caller_in_a_hurry_gives_up_leaves_the_line_to_the_others() {
    let server = start(ServerOptions::new());
    let config = config(&server, PROTOCOLS[0])
        .with_client_name(NAME)
        .with_health_check_interval(Some(Duration::from_millis(10)))
        .with_deadline(SHORT);
    let cache = RedisCache::connect_with(config).await.unwrap();
    let connected = client_ids(&server);
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.stop().unwrap();
    let error = failure(cache.increment("n", 1).await);
    assert_is(&error, ErrorKind::Timeout, Retry::AfterBackoff, Outcome::NotApplied);
    server.cont().unwrap();
    recovers(&cache).await;
    assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
    assert_eq!(client_ids(&server), connected);
}

#[tokio::test]
async fn callers_with_limits_of_their_own_get_away_from_a_frozen_line() {
    let server = start(ServerOptions::new());
    let router = Router::start(&server).await;
    let cache = RedisCache::connect_with(Config::tcp("127.0.0.1", router.port)).await.unwrap();
    router.freeze();
    let limit = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::timeout(3 * SHORT, cache.ping()).await.is_err() {
        assert!(tokio::time::Instant::now() < limit);
    }
    assert_eq!(router.lines(), 2);
}

const NAME: &str = "under-test";

/// The connections of this test, as the server numbers them.
fn client_ids(server: &RedisServer) -> Vec<String> {
    let clients = server.command(&["CLIENT", "LIST"]).unwrap();
    let lines = clients.as_text().unwrap().lines().filter(|line| line.contains(&format!(" name={NAME} ")));
    lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_as_many_as_asked_for_and_are_replaced_one_by_one() {
    let server = start(ServerOptions::new());
    for protocol in PROTOCOLS {
        let config = config(&server, protocol).with_connections(NonZeroUsize::new(3).unwrap()).with_client_name(NAME);
        let cache = RedisCache::connect_with(config).await.unwrap();
        for n in 1..=30 {
            assert_eq!(cache.increment("n", 1).await.unwrap(), n);
        }
        let connected = client_ids(&server);
        assert_eq!(connected.len(), 3);
        let (_, killed) = connected[1].split_once('=').unwrap();
        command(&server, &["CLIENT", "KILL", "ID", killed]);
        for n in 31..=60 {
            assert_eq!(cache.increment("n", 1).await.unwrap(), n);
        }
        let now = client_ids(&server);
        assert_eq!((now.len(), now.contains(&connected[1])), (3, false));
        assert!(now.contains(&connected[0]) && now.contains(&connected[2]));
        cache.delete("n").await.unwrap();
        cache.close().await.unwrap();
        eventually("the connections are gone", || client_ids(&server).is_empty());
    }
}

#[tokio::test]
async fn a_walk_over_several_connections_ends_also_where_the_server_may_not_be_asked_who_it_is() {
    let server = start(ServerOptions::new().directive("user", format!("app on >{CANARY} ~* +@all -info")));
    let config = config(&server, PROTOCOLS[0]).with_user("app", CANARY);
    let cache = RedisCache::connect_with(config.with_connections(NonZeroUsize::new(3).unwrap())).await.unwrap();
    let app = cache.namespace("app").unwrap();
    app.set_many((0..3000).map(|n| (format!("k{n}"), "v"))).await.unwrap();
    let mut page = app.list().await.unwrap();
    let mut listed = page.keys.len();
    while let Some(next) = page.next {
        page = app.list().after(next).await.unwrap();
        listed += page.keys.len();
        assert!(listed <= 2 * 3000);
    }
    assert!(listed >= 3000);
    assert_eq!(tokio::time::timeout(PATIENCE, app.clear().into_future()).await.unwrap().unwrap(), 3000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_keeps_its_connection() {
    let server = start(ServerOptions::new());
    let config = config(&server, PROTOCOLS[0]).with_client_name(NAME).with_deadline(SHORT).with_connect_timeout(SHORT);
    let cache = RedisCache::connect_with(config).await.unwrap();
    let connected = client_ids(&server);
    server.stop().unwrap();
    // Three bring a probe about, and two more outlast it.
    for _ in 0..5 {
        failure(cache.get("k").await);
    }
    server.cont().unwrap();
    recovers(&cache).await;
    // The probe got no answer, so it did not take over.
    eventually("the probe is gone", || client_ids(&server) == connected);
    cache.set("k", "v").await.unwrap();
}
