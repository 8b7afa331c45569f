//! What calls do with the pool's connections, and leave behind in it.

use std::num::NonZeroU32;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::raw::RawRoute;
use store_redis::redis;
use store_redis::{Config, Error, Outcome, RedisCache, RedisStore, Role, Server, Topology};
use tokio::task::{JoinHandle, yield_now};

use crate::support::{assert_is, clients, config, eventually, failure, over, pool, start};

/// Begins to wait for a list that stays empty, and returns when the server is at it.
async fn blocked(cache: &RedisCache, server: &store_testkit::RedisServer) -> JoinHandle<()> {
    let cache = cache.clone();
    let task = tokio::spawn(async move {
        let mut block = redis::cmd("BLPOP");
        block.arg("a-list").arg(0);
        drop(cache.raw().execute(&block, RawRoute::AnyPrimary).await);
    });
    let mut looks = 0;
    while clients(server, "blocked_clients") == 0 {
        looks += 1;
        assert!(looks < 1_000_000, "the command never blocks");
        yield_now().await;
    }
    task
}

#[tokio::test]
async fn a_store_and_a_cache_are_made_of_a_pool_alone() {
    let server = start();
    let pool = pool(server.url(), 2);
    let store = RedisStore::from_pool(pool.clone()).await.unwrap();
    store.set("k", "v").await.unwrap();
    let cache = RedisCache::from_pool(pool).await.unwrap();
    assert_eq!(cache.get("k").await.unwrap(), Some("v".into()));
    let servers = cache.topology().unwrap();
    assert_eq!((servers.topology, cache.capabilities().topology), (Topology::Standalone, Topology::Standalone));
    let [member] = &servers.members[..] else { panic!("{servers:?}") };
    assert_eq!((&member.server, member.role), (&Server::Pooled, Role::Standalone));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_takes_its_connection_out_of_the_pool() {
    let server = start();
    let pool = pool(server.url(), 1);
    let cache = over(&pool, config()).await;
    blocked(&cache, &server).await.abort();
    // The next one does not wait for a list that stays empty.
    cache.set("k", "v").await.unwrap();
    eventually("nobody waits any more", || clients(&server, "blocked_clients") == 0);
    assert_eq!((pool.status().size, cache.stats().exclusive_connections), (1, 1));
}

#[tokio::test]
async fn calls_that_are_dropped_anywhere_mix_no_replies_up() {
    let server = start();
    let pool = pool(server.url(), 2);
    let cache = over(&pool, config()).await;
    cache.set("other", "other").await.unwrap();
    cache.set("k", "own").await.unwrap();
    for polls in 0..200 {
        {
            let mut dropped = pin!(cache.get("other").into_future());
            for _ in 0..polls % 8 {
                if let Poll::Ready(ended) = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    assert_eq!(ended.unwrap(), Some("other".into()));
                    break;
                }
                yield_now().await;
            }
        }
        assert_eq!(cache.get("k").await.unwrap(), Some("own".into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_reply_in_time_is_unknown_and_takes_its_connection_along() {
    let server = start();
    let pool = pool(server.url(), 1);
    let cache = over(&pool, config().with_deadline(Duration::from_millis(200))).await;
    let mut block = redis::cmd("BLPOP");
    block.arg("a-list").arg(0);
    let error = failure(cache.raw().execute(&block, RawRoute::AnyPrimary).await);
    assert_is(&error, ErrorKind::Timeout, Outcome::Unknown);
    eventually("the connection is gone", || clients(&server, "blocked_clients") == 0);
    assert_eq!(pool.status().size, 0);
}

#[tokio::test]
async fn a_reply_may_take_longer_than_the_pool_would_wait() {
    let server = start();
    let pool = pool(server.url(), 1);
    let cache = over(&pool, config()).await;
    // The pool's own limit is half a second.
    let mut block = redis::cmd("BLPOP");
    block.arg("a-list").arg("0.8");
    assert_eq!(cache.raw().execute(&block, RawRoute::AnyPrimary).await.unwrap(), redis::Value::Nil);
}

#[tokio::test]
async fn transactions_begin_again_when_others_write_and_leave_nothing_watched() {
    let server = start();
    let pool = pool(server.url(), 4);
    let cache = over(&pool, config()).await;
    cache.set("n", "0").await.unwrap();
    let add = || async {
        for _ in 0..25 {
            let adding = cache.transaction(&["n"], |draft| draft.increment("n", 1));
            adding.attempts(NonZeroU32::MAX).await.unwrap();
        }
    };
    tokio::join!(add(), add(), add(), add());
    assert_eq!(cache.get("n").await.unwrap(), Some("100".into()));
    let aborted = cache.try_transaction(&["n"], |_| Err::<(), _>(Error::unsupported("this")));
    assert_is(&failure(aborted.await), ErrorKind::Unsupported, Outcome::NotApplied);
    assert_eq!(cache.increment("n", 1).await.unwrap(), 101);
}

#[tokio::test]
async fn a_write_that_asks_for_replicas_says_how_many_there_were() {
    let server = start();
    let cache = over(&pool(server.url(), 1), config()).await;
    let error = failure(cache.set("k", "v").replicated(1, Duration::from_millis(50)).await);
    assert_is(&error, ErrorKind::Timeout, Outcome::Unknown);
    assert!(error.to_string().contains("wanted=1 got=0"), "{error}");
    assert_eq!(cache.get("k").await.unwrap(), Some("v".into()));
}

#[tokio::test]
async fn connections_that_ended_while_idle_are_replaced() {
    let server = start();
    let cache = over(&pool(server.url(), 2), config()).await;
    for n in 1..=20 {
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        assert_eq!(cache.increment("n", 1).await.unwrap(), n);
    }
}

#[tokio::test]
async fn a_server_that_was_demoted_keeps_no_connection() {
    let (server, primary) = (start(), start());
    let pool = pool(server.url(), 1);
    let cache = over(&pool, config().with_retry(Config::pooled().retry.with_retries(0))).await;
    server.replicate(&primary).unwrap();
    let error = failure(cache.set("k", "v").await);
    assert_is(&error, ErrorKind::Unavailable, Outcome::NotApplied);
    assert_eq!(pool.status().size, 0);
}

#[tokio::test]
async fn calls_are_counted() {
    let server = start();
    let cache = over(&pool(server.url(), 1), config()).await;
    let before = cache.stats();
    cache.set("k", "v").await.unwrap();
    failure(cache.increment("k", 1).await);
    let after = cache.stats();
    assert_eq!((after.calls - before.calls, after.successes - before.successes), (2, 1));
    assert_eq!((after.errors_of(ErrorKind::NotAnInteger), after.dials), (1, 0));
}

#[tokio::test]
async fn closing_waits_for_calls_and_leaves_the_pool_to_others() {
    let server = start();
    let pool = pool(server.url(), 2);
    let (cache, other) = (over(&pool, config()).await, over(&pool, config()).await);
    let mut call = pin!(cache.increment("n", 1).into_future());
    while pool.status().available == pool.status().size {
        assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        yield_now().await;
    }
    let (sum, closed) = tokio::join!(biased; call, cache.close());
    closed.unwrap();
    assert_eq!(sum.unwrap(), 1);
    assert_is(&failure(cache.get("n").await), ErrorKind::Closed, Outcome::NotApplied);
    assert_eq!(other.increment("n", 1).await.unwrap(), 2);
    pool.close();
    assert_is(&failure(other.get("n").await), ErrorKind::Closed, Outcome::NotApplied);
}
