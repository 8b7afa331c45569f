//! Transactions: what they see, what they write, and how they end.

use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};

use store_redis::prelude::*;
use store_redis::{Error, Namespaced, Outcome, RedisCache, SlotPolicy, Store};
use store_testkit::proxy::{Cut, FaultProxy, Faults, When};
use store_testkit::{ClusterDeployment, ClusterOptions};

use crate::dropping::drop_after;
use crate::support::{PATIENCE, assert_is, clients, cluster, config, connect, eventually, failure, start, text};

const WRITERS: i64 = 50;

async fn counted_together<S: Transactions + Store + Clone>(store: &S) {
    let tasks: Vec<_> = (0..WRITERS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .transaction(&["n", "m"], |draft| {
                        draft.increment("m", -1)?;
                        draft.increment("n", 1)
                    })
                    .await
            })
        })
        .collect();
    let mut sums = Vec::new();
    for task in tasks {
        sums.push(task.await.unwrap().unwrap());
    }
    sums.sort_unstable();
    assert_eq!(sums, (1..=WRITERS).collect::<Vec<_>>());
    assert_eq!(text(store.get("n").await.unwrap()), Some(WRITERS.to_string()));
    assert_eq!(text(store.get("m").await.unwrap()), Some((-WRITERS).to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_increments_at_once_are_fifty() {
    let server = start();
    let cache = connect(config(&server)).await.namespace("app").unwrap();
    counted_together(&cache).await;
    assert!(cache.inner().stats().exclusive_connections <= 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_fifty_increments_at_once_are_fifty() {
    let deployment = ClusterDeployment::start(ClusterOptions::new()).unwrap();
    let cache = connect(cluster(&deployment)).await;
    for root in ["a", "b"] {
        counted_together(&cache.namespace(root).unwrap()).await;
    }
}

async fn place() -> (store_testkit::RedisServer, Namespaced<RedisCache>) {
    let server = start();
    let cache = connect(config(&server)).await.namespace("app").unwrap();
    (server, cache)
}

#[tokio::test]
async fn a_draft_shows_what_was_read_and_what_was_decided() {
    let (_server, cache) = place().await;
    cache.set("old", "v").never_expires().await.unwrap();
    let day = std::time::Duration::from_secs(86_400);
    let seen = cache
        .transaction(&["old", "new", "gone", "n"], |draft| {
            assert_eq!((text(draft.get("old")?), draft.get("new")?), (Some("v".to_owned()), None));
            assert!(!draft.delete("gone")? && !draft.expire("gone", day)?);
            draft.set("new", "w")?;
            assert!(draft.expire("new", Expiry::Never)?);
            assert!(draft.delete("old")? && draft.get("old")?.is_none());
            draft.set_with_expiry("gone", "x", day)?;
            draft.increment("n", 2)?;
            draft.increment("n", 3)
        })
        .await
        .unwrap();
    assert_eq!(seen, 5);
    assert_eq!(
        cache.get_many(&["old", "new", "gone", "n"]).await.unwrap(),
        [None, Some("w".into()), Some("x".into()), Some("5".into())]
    );
    assert_eq!(cache.ttl("new").await.unwrap(), Some(Remaining::Never));
    assert!(matches!(cache.ttl("gone").await.unwrap(), Some(Remaining::In(left)) if left > day / 2));
    assert!(matches!(cache.ttl("n").await.unwrap(), Some(Remaining::In(_))));
}

#[tokio::test]
async fn an_increment_keeps_the_expiry_of_its_counter() {
    let (_server, cache) = place().await;
    cache.set("n", "1").never_expires().await.unwrap();
    assert_eq!(cache.transaction(&["n"], |draft| draft.increment("n", 1)).await.unwrap(), 2);
    assert_eq!(cache.ttl("n").await.unwrap(), Some(Remaining::Never));
}

#[derive(Debug)]
enum Refusal {
    NotEnough,
    Store(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

#[tokio::test]
async fn an_aborted_transaction_writes_nothing_and_keeps_its_connection() {
    let (server, cache) = place().await;
    for _ in 0..20 {
        let ended = cache
            .try_transaction(
                &["n"],
                |draft| {
                    if draft.increment("n", -5)? < 0 { Err(Refusal::NotEnough) } else { Ok(()) }
                },
            )
            .await;
        assert!(matches!(ended, Err(Refusal::NotEnough)), "{ended:?}");
    }
    assert!(!cache.exists("n").await.unwrap());
    assert_eq!((clients(&server), cache.inner().stats().dials), (2, 2));
    // A key that was still watched would undo this.
    let written = cache
        .transaction(&["other"], |draft| {
            server.command(&["SET", "{app}:n", "1"]).unwrap();
            draft.set("other", "v")
        })
        .attempts(NonZeroU32::MIN)
        .await;
    written.unwrap();
    let missing = cache.try_transaction(&["n"], |draft| draft.get("x").map_err(Refusal::Store)).await;
    assert!(matches!(missing, Err(Refusal::Store(error)) if error.kind() == ErrorKind::InvalidArgument));
}

#[tokio::test]
async fn a_transaction_that_always_loses_gives_up() {
    let (server, cache) = place().await;
    let calls = AtomicU32::new(0);
    let lost = cache
        .transaction(&["n"], |draft| {
            calls.fetch_add(1, Ordering::Relaxed);
            server.command(&["INCR", "{app}:n"]).unwrap();
            draft.set("n", "0")
        })
        .attempts(NonZeroU32::new(5).unwrap())
        .await;
    let error = failure(lost);
    assert_is(&error, ErrorKind::Overloaded, Outcome::NotApplied);
    assert!(error.to_string().contains("attempts=5"), "{error}");
    assert_eq!((error.operation(), error.driver()), (Some("transaction"), Some("redis")));
    assert_eq!((calls.into_inner(), text(cache.get("n").await.unwrap())), (5, Some("5".to_owned())));
}

#[tokio::test]
async fn a_transaction_that_only_reads_sees_one_instant() {
    let (server, cache) = place().await;
    let mut planted = false;
    let seen = cache
        .transaction(&["a", "b"], |draft| {
            if !std::mem::replace(&mut planted, true) {
                server.command(&["MSET", "{app}:a", "1", "{app}:b", "1"]).unwrap();
            }
            Ok((draft.get("a")?, draft.get("b")?))
        })
        .await
        .unwrap();
    assert_eq!(seen, (Some("1".into()), Some("1".into())));
}

#[tokio::test]
async fn wrong_keys_are_refused_before_anything_is_sent() {
    let server = start();
    let root = connect(config(&server)).await;
    let spread = connect(config(&server).with_slot_policy(SlotPolicy::PerKey)).await.namespace("app").unwrap();
    let before = root.stats();
    let long = "x".repeat(1 << 20);
    for (keys, kind) in [
        (&[][..], ErrorKind::InvalidArgument),
        (&["a", "b"], ErrorKind::InvalidArgument),
        (&[""], ErrorKind::InvalidKey),
        (&[&*long], ErrorKind::InvalidKey),
    ] {
        let refused = failure(root.transaction(keys, |_| Ok(())).await);
        assert_is(&refused, kind, Outcome::NotApplied);
    }
    let refused = failure(spread.transaction(&["a", "b"], |_| Ok(())).await);
    assert_is(&refused, ErrorKind::InvalidArgument, Outcome::NotApplied);
    assert_eq!(root.stats(), before);
    spread.transaction(&["{t}a", "{t}b"], |draft| draft.set("{t}a", "v")).await.unwrap();
}

#[tokio::test]
async fn bad_values_are_refused_and_nothing_is_written() {
    let (server, cache) = place().await;
    cache.set("text", "v").await.unwrap();
    cache.set("most", i64::MAX.to_string()).await.unwrap();
    server.command(&["RPUSH", "{app}:list", "x"]).unwrap();
    for (key, kind) in
        [("text", ErrorKind::NotAnInteger), ("most", ErrorKind::OutOfRange), ("list", ErrorKind::WrongType)]
    {
        let refused = cache
            .transaction(&["first", key], |draft| {
                draft.set("first", "v")?;
                draft.increment(key, 1)
            })
            .await;
        assert_is(&failure(refused), kind, Outcome::NotApplied);
        assert!(!cache.exists("first").await.unwrap());
    }
    assert_eq!(cache.inner().stats().dials, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_leaves_no_connection_behind() {
    use futures_util::FutureExt;
    let (server, cache) = place().await;
    let panicked =
        AssertUnwindSafe(cache.transaction(&["n"], |_| -> Result<(), Error> { panic!("by intention") }).into_future())
            .catch_unwind()
            .await;
    assert!(panicked.is_err());
    eventually("the connection is gone", || clients(&server) == 1);
    assert_eq!(cache.transaction(&["n"], |draft| draft.increment("n", 1)).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_transactions_are_before_or_after_and_leave_nothing_watched() {
    let (server, cache) = place().await;
    for polls in 0..200 {
        let keys = ["a", "b"];
        let call = cache.transaction(&keys, |draft| {
            draft.increment("a", 1)?;
            draft.increment("b", 1)
        });
        drop_after(polls % 20, call.into_future()).await.transpose().unwrap();
        let [a, b] = <[_; 2]>::try_from(cache.get_many(&keys).await.unwrap()).unwrap();
        assert_eq!(a, b);
    }
    cache.transaction(&["a"], |draft| draft.set("a", "0")).attempts(NonZeroU32::MIN).await.unwrap();
    eventually("what was dropped is gone", || clients(&server) <= 2);
}

#[tokio::test]
async fn a_lost_answer_to_the_writes_is_unknown_and_one_to_the_reads_is_not() {
    let server = start();
    let proxy = FaultProxy::start(server.url()).unwrap();
    let through = store_redis::Config::tcp("127.0.0.1", proxy.port()).with_deadline(PATIENCE);
    let cache = connect(through).await.namespace("app").unwrap();
    proxy.inject(Faults::new().only("EXEC").cut(Cut::BeforeReply, When::After(0)));
    let lost = failure(cache.transaction(&["n"], |draft| draft.increment("n", 1)).await);
    assert_is(&lost, ErrorKind::Unavailable, Outcome::Unknown);
    assert_eq!(text(cache.get("n").await.unwrap()), Some("1".to_owned()));
    proxy.heal();
    proxy.inject(Faults::new().only("WATCH").cut(Cut::BeforeReply, When::After(0)));
    assert_eq!(cache.transaction(&["n"], |draft| draft.increment("n", 1)).await.unwrap(), 2);
}
