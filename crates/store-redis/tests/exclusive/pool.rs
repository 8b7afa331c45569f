//! The pool of exclusive connections: its limits, and what calls leave behind in it.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::raw::RawRoute;
use store_redis::redis;
use store_redis::{Config, Error, Outcome, RedisCache};
use store_testkit::RedisServer;

use crate::support::{assert_is, clients, config, connect, eventually, failure, info, start};

const SHORT: Duration = Duration::from_millis(100);

fn one(config: Config) -> Config {
    config.with_exclusive_connections(NonZeroUsize::MIN)
}

fn ping() -> redis::Cmd {
    redis::cmd("PING")
}

fn block() -> redis::Cmd {
    let mut command = redis::cmd("BLPOP");
    command.arg("a-list").arg(0);
    command
}

async fn use_one(cache: &RedisCache) -> Result<(), Error> {
    cache.raw().execute(&ping(), RawRoute::AnyPrimary).await.map(drop)
}

/// Begins to wait for a list that stays empty, and returns when the server is at it.
fn blocked(cache: &RedisCache, server: &RedisServer) -> tokio::task::JoinHandle<()> {
    let cache = cache.clone();
    let task = tokio::spawn(async move {
        let _ = cache.raw().execute(&block(), RawRoute::AnyPrimary).await;
    });
    eventually("the command blocks", || info(server, "clients", "blocked_clients") == 1);
    task
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_made_at_first_use_and_used_again() {
    let server = start();
    let cache = connect(config(&server)).await;
    assert_eq!((clients(&server), cache.stats().exclusive_connections), (1, 0));
    for _ in 0..20 {
        use_one(&cache).await.unwrap();
    }
    assert_eq!((clients(&server), cache.stats().exclusive_connections), (2, 1));
    assert_eq!((cache.stats().dials, cache.stats().exclusive_waits), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_gets_no_connection_in_time_is_overloaded_and_names_the_limit() {
    let server = start();
    let cache = connect(one(config(&server)).with_exclusive_wait(SHORT)).await;
    let task = blocked(&cache, &server);
    let error = failure(use_one(&cache).await);
    assert_is(&error, ErrorKind::Overloaded, Outcome::NotApplied);
    assert!(error.to_string().contains("exclusive_connections=1"), "{error}");
    assert_eq!(cache.stats().exclusive_waits, 1);
    task.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_leaves_no_connection_behind() {
    let server = start();
    let cache = connect(one(config(&server))).await;
    let task = blocked(&cache, &server);
    task.abort();
    // The next one does not wait for a list that stays empty.
    use_one(&cache).await.unwrap();
    eventually("only the other connection is left", || clients(&server) == 2);
    assert_eq!(cache.stats().exclusive_connections, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_reply_leaves_no_connection_behind() {
    let server = start();
    let cache = connect(one(config(&server)).with_deadline(SHORT)).await;
    let error = failure(cache.raw().execute(&block(), RawRoute::AnyPrimary).await);
    assert_is(&error, ErrorKind::Timeout, Outcome::Unknown);
    eventually("the connection is gone", || clients(&server) == 1);
    assert_eq!(cache.stats().exclusive_connections, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_leaves_its_connection_to_others() {
    let server = start();
    let cache = connect(config(&server)).await;
    for _ in 0..20 {
        failure(cache.raw().execute(&redis::cmd("NOSUCHCOMMAND"), RawRoute::AnyPrimary).await);
    }
    assert_eq!(cache.stats().dials, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ended_while_idle_is_replaced() {
    let server = start();
    let cache = connect(config(&server)).await;
    for n in 1..=20 {
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        let sum = cache.transaction(&["n"], |draft| draft.increment("n", 1)).await.unwrap();
        assert_eq!(sum, n);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_idle_connections_and_lets_calls_under_way_finish() {
    let server = start();
    let cache = connect(config(&server)).await;
    use_one(&cache).await.unwrap();
    let mut call = pin!(cache.transaction(&["n"], |draft| draft.increment("n", 1)).into_future());
    // So that it cannot have ended by then: what it sends leaves at once.
    server.stop().unwrap();
    assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    server.cont().unwrap();
    let (sum, closed) = tokio::join!(biased; call, cache.close());
    closed.unwrap();
    assert_eq!(sum.unwrap(), 1);
    assert_is(&failure(use_one(&cache).await), ErrorKind::Closed, Outcome::NotApplied);
    eventually("no connection is left", || clients(&server) == 0);
}
