//! Operations, connections and the topology as events.

use std::future::IntoFuture;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Cluster, Config, RedisCache, Server};
use store_testkit::{ClusterDeployment, ClusterOptions, RedisServer, ServerOptions};
use tracing::Level;

use crate::capture::{Capture, Said};

/// Long enough for whatever has to happen on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn start() -> RedisServer {
    RedisServer::start_process(ServerOptions::new()).unwrap()
}

fn config(server: &RedisServer) -> Config {
    server.url().parse::<Config>().unwrap().with_deadline(PATIENCE)
}

/// How an operation ended: its name, outcome, error and attempts.
fn ended(said: &Said) -> [&str; 4] {
    ["operation", "outcome", "error", "attempts"].map(|name| said.field(name))
}

#[tokio::test]
async fn each_operation_says_what_it_was_where_it_went_and_how_it_ended() {
    let server = start();
    let (capture, _listening) = Capture::listen();
    let cache = RedisCache::connect_with(config(&server)).await.unwrap();
    assert!(capture.take_operations().is_empty());
    cache.set("k", "v").await.unwrap();
    cache.get("k").await.unwrap();
    cache.increment("k", 1).await.unwrap_err();
    cache.transaction(&["n"], |draft| draft.increment("n", 1)).await.unwrap();
    let said = capture.take_operations();
    let expected = [
        ["set_entry", "ok", "", "1"],
        ["get_entry", "ok", "", "1"],
        ["add_to_counter", "not_applied", "NotAnInteger", "1"],
        ["transaction", "ok", "", "1"],
    ];
    assert_eq!(said.iter().map(ended).collect::<Vec<_>>(), expected);
    for said in said {
        assert_eq!((said.level, said.field("topology"), said.field("redirects")), (Level::DEBUG, "Standalone", "0"));
        assert!(said.field("microseconds").parse::<u64>().unwrap() > 0);
    }
}

#[tokio::test]
async fn an_operation_of_many_requests_is_one_event() {
    let server = start();
    let (capture, _listening) = Capture::listen();
    let cache = RedisCache::connect_with(config(&server)).await.unwrap();
    let app = cache.namespace("app").unwrap();
    app.set("k", "v").await.unwrap();
    capture.take_operations();
    app.clear().await.unwrap();
    let said = capture.take_operations();
    // One step of the walk at least, and the removal.
    assert!(matches!(&said[..], [clear] if ended(clear)[..2] == ["clear_subtree", "ok"]), "{said:?}");
    assert!(said[0].field("attempts").parse::<u64>().unwrap() >= 2, "{said:?}");
}

#[tokio::test]
async fn an_operation_that_is_dropped_says_so() {
    let server = start();
    let (capture, _listening) = Capture::listen();
    let cache = RedisCache::connect_with(config(&server)).await.unwrap();
    {
        let mut call = pin!(cache.get("k").into_future());
        assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    }
    assert_eq!(capture.take_operations().iter().map(ended).collect::<Vec<_>>(), [["get_entry", "dropped", "", "1"]]);
}

#[tokio::test]
async fn a_server_that_is_gone_shows_as_repeated_attempts_and_failed_dials() {
    let server = start();
    let (capture, _listening) = Capture::listen();
    let cache = RedisCache::connect_with(config(&server)).await.unwrap();
    let connected = capture.of("store_redis::connections");
    let address = format!("127.0.0.1:{}", server.port().unwrap());
    assert!(connected.iter().all(|said| said.level == Level::DEBUG && said.field("server") == address));
    assert!(!connected.is_empty());
    server.kill().unwrap();
    cache.get("k").await.unwrap_err();
    let retries = cache.stats().retries;
    let attempts = (1 + retries).to_string();
    let said = capture.take_operations();
    assert_eq!(said.iter().map(ended).collect::<Vec<_>>(), [["get_entry", "not_applied", "Unavailable", &*attempts]]);
    let failed = capture.of("store_redis::connections").into_iter().find(|said| said.level == Level::WARN).unwrap();
    assert_eq!((failed.field("server"), failed.field("error")), (&*address, "Unavailable"));
    assert!(retries > 0 && failed.field("reason").contains("connection refused"), "{retries} {failed:?}");
}

#[tokio::test]
async fn a_failover_shows_as_a_topology_change() {
    let deployment = ClusterDeployment::start(ClusterOptions::new()).unwrap();
    let (capture, _listening) = Capture::listen();
    let seeds = deployment.nodes().iter().map(|node| Server::tcp("127.0.0.1", node.port().unwrap()));
    let config = Config::cluster(Cluster::new(seeds)).with_deadline(PATIENCE);
    let app = RedisCache::connect_with(config).await.unwrap().namespace("app").unwrap();
    app.set("k", "v").await.unwrap();
    assert!(capture.of("store_redis::topology").is_empty());
    deployment.primary_of_slot(deployment.slot_of("{app}:k").unwrap()).unwrap().kill().unwrap();
    app.get("k").await.unwrap();
    assert!(capture.of("store_redis::topology").iter().any(|said| said.level == Level::INFO));
    assert!(capture.take_operations().iter().all(|said| said.field("topology") == "Cluster"));
}
