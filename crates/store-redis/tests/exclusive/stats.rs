//! Numbers that say what happened.

use std::task::{Context, Waker};

use store_redis::prelude::*;
use store_testkit::{ClusterDeployment, ClusterOptions};

use crate::support::{cluster, config, connect, eventually, failure, start};

#[tokio::test]
async fn calls_are_counted_by_their_ends() {
    let server = start();
    let cache = connect(config(&server)).await;
    let before = cache.stats();
    assert_eq!((before.dials, before.failed_dials, before.in_flight), (1, 0, 0));
    cache.set("k", "v").await.unwrap();
    cache.get("k").await.unwrap();
    failure(cache.increment("k", 1).await);
    let mut dropped = Box::pin(cache.get("k").into_future());
    assert!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(dropped);
    let after = cache.stats();
    assert_eq!((after.calls - before.calls, after.successes - before.successes), (4, 2));
    assert_eq!((after.errors_of(ErrorKind::NotAnInteger), after.dropped, after.in_flight), (1, 1, 0));
    assert_eq!((after.retries, after.moved, after.asked, after.topology_changes), (0, 0, 0, 0));
}

#[tokio::test]
async fn a_call_under_way_is_in_flight() {
    let server = start();
    let cache = connect(config(&server)).await;
    server.stop().unwrap();
    let other = cache.clone();
    let call = tokio::spawn(async move { other.get("k").await });
    tokio::task::yield_now().await;
    assert_eq!(cache.stats().in_flight, 1);
    server.cont().unwrap();
    call.await.unwrap().unwrap();
    assert_eq!(cache.stats().in_flight, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_shows_as_dials_and_repetitions() {
    let server = start();
    let cache = connect(config(&server)).await;
    let before = cache.stats();
    server.kill().unwrap();
    let other = cache.clone();
    let call = tokio::spawn(async move { other.get("k").await });
    eventually("somebody dials in vain", || cache.stats().failed_dials > 0);
    server.restart().unwrap();
    // Whether the repetitions lasted until the server was back is another test's matter.
    drop(call.await.unwrap());
    cache.ping().await.unwrap();
    let after = cache.stats();
    assert!(after.retries > before.retries && after.dials > before.dials, "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_shows_as_a_topology_change() {
    let deployment = ClusterDeployment::start(ClusterOptions::new()).unwrap();
    let cache = connect(cluster(&deployment)).await;
    let app = cache.namespace("app").unwrap();
    app.set("k", "v").await.unwrap();
    assert_eq!(cache.stats().topology_changes, 0);
    let former = deployment.primary_of_slot(deployment.slot_of("{app}:k").unwrap()).unwrap();
    former.kill().unwrap();
    app.get("k").await.unwrap();
    eventually("the change is counted", || cache.stats().topology_changes > 0);
}
