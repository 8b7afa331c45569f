//! The callers: too many of them, ones that go away, on other runtimes or on none, and after the end.

use std::num::NonZeroU32;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use store_redis::prelude::*;
use store_redis::{Error, ErrorKind, Outcome, RedisCache, RedisStore, Retry};
use store_testkit::{Random, ServerOptions};
use tokio::runtime::{Builder, Runtime};

use crate::dropping::drop_after;
use crate::support::{PROTOCOLS, assert_is, config, connect, eventually, failure, info, start};

const DROPPED: u64 = 100_000;
const KEYS: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_leave_no_wrong_reply_no_error_and_no_new_connection() {
    let server = start(ServerOptions::new());
    for protocol in PROTOCOLS {
        let cache = connect(&server, protocol).await;
        for key in (0..KEYS).map(key) {
            cache.set(&key, key.clone()).await.unwrap();
        }
        let before = info(&server, "stats", "total_connections_received");
        let tasks: Vec<_> = (0..8)
            .map(|task| tokio::spawn(drop_calls(cache.clone(), Random::stream(1, task), DROPPED / 2 / 8)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let after = info(&server, "stats", "total_connections_received");
        assert!(after - before <= 1 + DROPPED / 2 / 1000, "{before} {after}");
    }
}

/// Every value is its own key, so that a reply tells whose it is.
fn key(n: u64) -> String {
    format!("key-{n}-{}", "x".repeat(usize::try_from(n * 40).unwrap()))
}

async fn drop_calls(cache: RedisCache, mut random: Random, drops: u64) {
    for n in 0..drops {
        let (polls, key) = (random.below(16), key(random.below(KEYS)));
        match n % 4 {
            0 => drop_after(polls, cache.get(&key).into_future()).await.map(|read| check(&key, read)),
            1 => drop_after(polls, cache.set(&key, key.clone()).into_future()).await.map(|set| set.unwrap()),
            2 => {
                let keys = [key.as_str(), "missing", key.as_str()];
                drop_after(polls, cache.get_many(&keys).into_future()).await.map(|read| {
                    let value = Some(Bytes::from(key.clone()));
                    assert_eq!(read.unwrap(), [value.clone(), None, value]);
                })
            }
            _ => {
                let swap = cache.set(&key, key.clone()).if_value(key.clone());
                drop_after(polls, swap.into_future()).await.map(|swapped| assert!(swapped.unwrap().is_stored()))
            }
        };
        if n % 16 == 0 {
            check(&key, cache.get(&key).await);
        }
    }
}

fn check(key: &str, read: Result<Option<Bytes>, Error>) {
    assert_eq!(read.unwrap().as_deref(), Some(key.as_bytes()));
}

#[tokio::test]
async fn a_dialler_that_gives_up_leaves_the_connection_to_the_others() {
    let server = start(ServerOptions::new());
    let cache = connect(&server, PROTOCOLS[0]).await;
    server.restart().unwrap();
    let before = info(&server, "stats", "total_connections_received");
    let mut first = Box::pin(cache.increment("n", 1).into_future());
    // As far as the first one gets alone: it has begun to dial.
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let second = tokio::spawn({
        let cache = cache.clone();
        async move { cache.increment("n", 1).await }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert_eq!(second.await.unwrap().unwrap(), 1);
    assert_eq!(info(&server, "stats", "total_connections_received") - before, 2);
}

#[tokio::test]
async fn more_calls_than_places_are_overloaded_at_their_deadline() {
    let deadline = Duration::from_millis(300);
    let server = start(ServerOptions::new());
    let config = config(&server, PROTOCOLS[0]).with_max_in_flight(NonZeroU32::new(2).unwrap()).with_deadline(deadline);
    let cache = RedisCache::connect_with(config).await.unwrap();
    server.stop().unwrap();
    let mut calls: Vec<_> = (0..4).map(|_| Box::pin(cache.increment("n", 1).into_future())).collect();
    for call in &mut calls {
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    // The thread is busy until the last one is late too; else that could get the place of the first, and be sent.
    let late = Instant::now() + deadline;
    while Instant::now() <= late {
        std::thread::yield_now();
    }
    for (n, call) in calls.into_iter().enumerate() {
        let error = failure(call.await);
        let (kind, outcome) = match n {
            0 | 1 => (ErrorKind::Timeout, Outcome::Unknown),
            _ => (ErrorKind::Overloaded, Outcome::NotApplied),
        };
        assert_is(&error, kind, Retry::AfterBackoff, outcome);
    }
    server.cont().unwrap();
    crate::support::recovers(&cache).await;
}

#[test]
fn a_store_outlives_the_runtime_it_was_made_on() {
    for (protocol, several_threads) in PROTOCOLS.into_iter().zip([runtime as fn() -> Runtime, one_thread]) {
        let server = start(ServerOptions::new());
        let first = several_threads();
        let cache = first.block_on(connect(&server, protocol));
        first.block_on(cache.set("k", "v").into_future()).unwrap();
        drop(first);
        for n in 1..=3 {
            let next = several_threads();
            assert_eq!(next.block_on(cache.increment("n", 1).into_future()).unwrap(), n);
        }
    }
}

#[test]
fn a_dial_on_a_runtime_that_stands_still_holds_up_no_other_runtime() {
    let server = start(ServerOptions::new());
    let config = config(&server, PROTOCOLS[0]).with_connect_timeout(Duration::from_millis(100));
    let first = one_thread();
    let cache = first.block_on(RedisCache::connect_with(config)).unwrap();
    // With its runtime the connection ends.
    drop(first);
    let (still, live) = (one_thread(), runtime());
    let mut begun = pin!(cache.increment("n", 1).into_future());
    let polled = still.block_on(std::future::poll_fn(|cx| Poll::Ready(begun.as_mut().poll(cx))));
    assert!(polled.is_pending());
    assert_eq!(live.block_on(cache.increment("n", 1).into_future()).unwrap(), 1);
    // The first one goes on when its runtime does, and takes no connection from anybody.
    assert_eq!(still.block_on(begun).unwrap(), 2);
    assert_eq!(live.block_on(cache.increment("n", 1).into_future()).unwrap(), 3);
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_call_outside_any_runtime_is_a_config_error() {
    let server = start(ServerOptions::new());
    let cache = one_thread().block_on(connect(&server, PROTOCOLS[0]));
    let mut context = Context::from_waker(Waker::noop());
    let mut call = pin!(cache.get("k").into_future());
    let Poll::Ready(result) = call.as_mut().poll(&mut context) else { panic!("it waits for nothing") };
    assert_is(&failure(result), ErrorKind::Config, Retry::Never, Outcome::NotApplied);
    let mut connecting = pin!(RedisStore::connect(server.url()));
    let Poll::Ready(result) = connecting.as_mut().poll(&mut context) else { panic!("it waits for nothing") };
    assert_is(&failure(result), ErrorKind::Config, Retry::Never, Outcome::NotApplied);
}

#[test]
fn close_outside_any_runtime_closes_without_waiting() {
    let server = start(ServerOptions::new());
    let runtime = runtime();
    let cache = runtime.block_on(connect(&server, PROTOCOLS[0]));
    let mut closing = pin!(cache.close());
    let closed = closing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(closed, Poll::Ready(Ok(()))), "{closed:?}");
    let error = failure(runtime.block_on(cache.get("k").into_future()));
    assert_is(&error, ErrorKind::Closed, Retry::Never, Outcome::NotApplied);
    eventually("the connection is gone", || info(&server, "clients", "connected_clients") == 1);
}

/// Each of them has a reference to the connection, and may make no call any more.
#[test]
fn threads_that_have_made_calls_keep_no_connection_open() {
    let server = start(ServerOptions::new());
    let runtime = runtime();
    let cache = runtime.block_on(connect(&server, PROTOCOLS[0]));
    for _ in 0..3 {
        let call = || runtime.block_on(cache.set("k", "v").into_future());
        std::thread::scope(|threads| threads.spawn(call).join().unwrap()).unwrap();
    }
    runtime.block_on(cache.close()).unwrap();
    eventually("the connection is gone", || info(&server, "clients", "connected_clients") == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_is_final_for_every_handle_and_lets_calls_under_way_finish() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        // Polled in this order, so that the increment is under way when the store is closed.
        let (counted, closed) = tokio::join!(biased; cache.increment("n", 1).into_future(), cache.close());
        assert_eq!(counted.unwrap(), 1);
        closed.unwrap();
        cache.close().await.unwrap();
        for error in [failure(cache.get("k").await), failure(cache.clone().ping().await)] {
            assert_is(&error, ErrorKind::Closed, Retry::Never, Outcome::NotApplied);
        }
        eventually("the connection is gone", || {
            // What is left is the connection that asks.
            info(&server, "clients", "connected_clients") == 1
        });
    }
}

#[tokio::test]
async fn closing_while_the_server_hangs_ends_within_the_deadline() {
    let server = start(ServerOptions::new());
    let config = config(&server, PROTOCOLS[1]).with_deadline(Duration::from_millis(200));
    let cache = RedisCache::connect_with(config).await.unwrap();
    server.stop().unwrap();
    let other = cache.clone();
    let under_way = tokio::spawn(async move { other.increment("n", 1).await });
    tokio::task::yield_now().await;
    cache.close().await.unwrap();
    let error = failure(under_way.await.unwrap());
    assert_is(&error, ErrorKind::Timeout, Retry::AfterBackoff, Outcome::Unknown);
    server.cont().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_last_handle_closes_the_connection() {
    let server = start(ServerOptions::new());
    let cache = connect(&server, PROTOCOLS[0]).await;
    let other = cache.clone();
    drop(cache);
    other.set("k", "v").await.unwrap();
    drop(other);
    eventually("the connection is gone", || info(&server, "clients", "connected_clients") == 1);
}
