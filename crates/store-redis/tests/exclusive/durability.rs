//! Writes that ask for replicas, where there are some, and where there are not enough.

use std::num::NonZeroUsize;
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{AtLeastOnce, Namespaced, Outcome, RedisCache, RetryPolicy};
use store_testkit::{ClusterDeployment, ClusterOptions, SentinelDeployment, SentinelOptions};

use crate::support::{PATIENCE, assert_is, cluster, config, connect, eventually, failure, sentinel, start};

const SHORT: Duration = Duration::from_millis(50);

/// Every kind of write, each of which changes something: command, transaction and script.
async fn every_write(cache: &Namespaced<RedisCache>, replicas: u32, timeout: Duration) -> Vec<store_redis::Result<()>> {
    let day = Duration::from_secs(86_400);
    for key in ["taken", "removed", "swapped", "compared", "lasting", "listed", "renewed"] {
        cache.set(key, "v").await.unwrap();
    }
    vec![
        cache.set("k", "v").replicated(replicas, timeout).await,
        cache.set("kept", "v").keep_expiry().replicated(replicas, timeout).await,
        cache.set("new", "v").if_absent().replicated(replicas, timeout).await.map(drop),
        cache.set("swapped", "w").if_value("v").replicated(replicas, timeout).await.map(drop),
        cache.delete("removed").replicated(replicas, timeout).await.map(drop),
        cache.delete("compared").if_value("v").replicated(replicas, timeout).await.map(drop),
        cache.take("taken").replicated(replicas, timeout).await.map(drop),
        cache.expire("lasting", day).replicated(replicas, timeout).await.map(drop),
        cache.expire("lasting", Expiry::Never).replicated(replicas, timeout).await.map(drop),
        cache.increment("n", 0).expiry_on_create(Expiry::Never).replicated(replicas, timeout).await.map(drop),
        cache.increment("m", 1).replicated(replicas, timeout).await.map(drop),
        cache.set_many([("a", "1"), ("b", "2")]).replicated(replicas, timeout).await,
        cache.expire_many(&["renewed", "missing"], day).replicated(replicas, timeout).await.map(drop),
        cache.delete_many(&["listed", "missing"]).replicated(replicas, timeout).await.map(drop),
        cache.transaction(&["a", "b"], |draft| draft.increment("a", 1).map(drop)).replicated(replicas, timeout).await,
    ]
}

async fn all_of_them(cache: &Namespaced<RedisCache>, replicas: u32, timeout: Duration, expected: Option<u32>) {
    for (number, written) in every_write(cache, replicas, timeout).await.into_iter().enumerate() {
        match expected {
            None => written.unwrap_or_else(|error| panic!("write {number}: {error:?}")),
            Some(got) => {
                let error = failure(written);
                assert_is(&error, ErrorKind::Timeout, Outcome::Unknown);
                let shown = error.to_string();
                assert!(shown.contains(&format!("wanted={replicas} got={got}")), "write {number}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn without_replicas_a_replicated_write_is_unknown_and_stands() {
    let server = start();
    let cache = connect(config(&server)).await.namespace("app").unwrap();
    all_of_them(&cache, 1, SHORT, Some(0)).await;
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(cache.inner().stats().exclusive_connections, 1);
}

#[tokio::test]
async fn what_changes_nothing_needs_no_replicas() {
    let server = start();
    let cache = connect(config(&server)).await.namespace("app").unwrap();
    cache.set("k", "v").await.unwrap();
    assert!(!cache.add("k", "w").replicated(1, SHORT).await.unwrap());
    assert!(!cache.set("k", "w").if_value("x").replicated(1, SHORT).await.unwrap().is_stored());
    assert!(!cache.set("missing", "w").if_present().replicated(1, SHORT).await.unwrap().is_stored());
    assert!(!cache.delete("missing").replicated(1, SHORT).await.unwrap());
    assert!(!cache.expire("missing", SHORT).replicated(1, SHORT).await.unwrap());
    assert!(!cache.expire("missing", Expiry::Never).replicated(1, SHORT).await.unwrap());
    assert_eq!(cache.take("missing").replicated(1, SHORT).await.unwrap(), None);
    assert_eq!(cache.delete_many(&["missing", "none"]).replicated(1, SHORT).await.unwrap(), [false, false]);
    let refused = failure(cache.increment("k", 1).replicated(1, SHORT).await);
    assert_is(&refused, ErrorKind::NotAnInteger, Outcome::NotApplied);
    let reads = cache.transaction(&["k"], |draft| draft.get("k")).replicated(1, SHORT).await.unwrap();
    assert_eq!(reads.as_deref(), Some(&b"v"[..]));
}

#[tokio::test]
async fn too_few_replicas_are_no_reason_to_write_again() {
    let server = start();
    let policy = RetryPolicy::default().with_at_least_once(AtLeastOnce::SameEffect);
    let cache = connect(config(&server).with_retry(policy)).await;
    failure(cache.set("k", "v").replicated(1, SHORT).await);
    assert_eq!(cache.stats().retries, 0);
}

#[tokio::test]
async fn replicas_that_hang_are_waited_for_only_as_long_as_the_deadline_allows() {
    let server = start();
    let cache = connect(config(&server).with_deadline(Duration::from_secs(2))).await;
    let error = failure(cache.set("k", "v").replicated(1, PATIENCE).await);
    assert_is(&error, ErrorKind::Timeout, Outcome::Unknown);
    assert!(error.to_string().contains("wanted=1 got=0"), "{error}");
}

#[tokio::test]
async fn behind_sentinels_a_write_waits_for_the_replicas_that_follow_the_primary() {
    let deployment = SentinelDeployment::start(SentinelOptions::new()).unwrap();
    let cache = connect(sentinel(&deployment)).await.namespace("app").unwrap();
    assert!(cache.capabilities().replication.is_supported());
    all_of_them(&cache, 1, PATIENCE, None).await;
    all_of_them(&cache, 2, PATIENCE, None).await;
    cache.clear().await.unwrap();
    all_of_them(&cache, 3, SHORT, Some(2)).await;
    for replica in deployment.replicas().unwrap() {
        replica.stop().unwrap();
    }
    cache.clear().await.unwrap();
    let error = failure(cache.set("k", "v").replicated(1, SHORT).await);
    assert!(error.to_string().contains("wanted=1 got=0"), "{error}");
}

#[tokio::test]
async fn in_a_cluster_a_write_waits_for_the_replicas_of_its_own_node() {
    let deployment = ClusterDeployment::start(ClusterOptions::new()).unwrap();
    let cluster = connect(cluster(&deployment)).await;
    for root in ["a", "b", "c"] {
        all_of_them(&cluster.namespace(root).unwrap(), 1, PATIENCE, None).await;
    }
    let cache = cluster.namespace("d").unwrap();
    all_of_them(&cache, 2, SHORT, Some(1)).await;
    let slot = deployment.slot_of("{d}:k").unwrap();
    deployment.replica_of(deployment.primary_of_slot(slot).unwrap()).unwrap().stop().unwrap();
    let error = failure(cache.set("k", "w").replicated(1, SHORT).await);
    assert!(error.to_string().contains("wanted=1 got=0"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_for_replicas_hold_up_no_others() {
    let server = start();
    let one = NonZeroUsize::new(1).unwrap();
    let cache = connect(config(&server).with_exclusive_connections(one).with_deadline(PATIENCE)).await;
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { cache.set("k", "v").replicated(1, PATIENCE).await }
    });
    eventually("the write is there", || server.command(&["EXISTS", ":k"]).unwrap().as_integer() == Some(1));
    for _ in 0..100 {
        cache.set("other", "v").await.unwrap();
    }
    assert!(!waiting.is_finished());
    waiting.abort();
}
