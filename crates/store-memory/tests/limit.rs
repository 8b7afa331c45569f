//! The limit in bytes: kept by every write, never at the price of a wrong answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use store_memory::prelude::*;
use store_memory::{Clock, Eviction, ManualClock, MemoryCache, MemoryStore, Retry, Timestamp};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without drivers")
        .block_on(future)
}

fn limited(bytes: usize, shards: usize) -> MemoryCache {
    MemoryCache::builder().limit_bytes(bytes).shards(shards).build()
}

#[derive(Clone, Debug)]
enum Write {
    Set { key: u8, bytes: usize },
    Many { keys: Vec<u8>, bytes: usize },
    Count { key: u8 },
    Delete { key: u8 },
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let write = prop_oneof![
        6 => (any::<u8>(), 0usize..3000).prop_map(|(key, bytes)| Write::Set { key, bytes }),
        1 => (prop::collection::vec(any::<u8>(), 0..8), 0usize..1000)
            .prop_map(|(keys, bytes)| Write::Many { keys, bytes }),
        1 => any::<u8>().prop_map(|key| Write::Count { key }),
        1 => any::<u8>().prop_map(|key| Write::Delete { key }),
    ];
    prop::collection::vec(write, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn limit_is_kept_by_every_write(writes in writes(), limit in 2_000usize..20_000, shards in 1usize..20) {
        let cache = limited(limit, shards);
        block_on(async {
            for write in writes {
                let key = |key: u8| format!("key-{key}");
                let written = match &write {
                    Write::Set { key: k, bytes } => cache.set(&key(*k), vec![1; *bytes]).await,
                    Write::Many { keys, bytes } => {
                        let items: Vec<_> = keys.iter().map(|&k| (key(k), vec![1; *bytes])).collect();
                        cache.set_many(items.iter().map(|(key, value)| (key.as_str(), value.clone()))).await
                    }
                    Write::Count { key: k } => match cache.increment(&key(*k), 1).await {
                        Err(error) if error.kind() == ErrorKind::NotAnInteger => Ok(()),
                        sum => sum.map(drop),
                    },
                    Write::Delete { key: k } => cache.delete(&key(*k)).await.map(drop),
                };
                if let Err(error) = written {
                    assert_eq!(error.kind(), ErrorKind::Full, "{write:?}");
                }
                assert!(cache.bytes_used() <= limit, "{} > {limit} after {write:?}", cache.bytes_used());
                if let Write::Set { key: k, bytes } = write
                    && bytes + 500 < limit / 8
                {
                    assert!(cache.exists(&key(k)).await.unwrap(), "evicted by its own write");
                }
            }
        });
    }
}

#[test]
fn limit_is_kept_when_threads_have_finished_writing() {
    const LIMIT: usize = 50_000;
    let cache = limited(LIMIT, 8);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cache = &cache;
            scope.spawn(move || {
                block_on(async {
                    for n in 0..2000 {
                        cache.set(&format!("{thread}-{n}"), vec![0; n % 900]).await.unwrap();
                    }
                });
            });
        }
    });
    assert!(cache.bytes_used() <= LIMIT);
    assert!(cache.bytes_used() > LIMIT / 2, "no more is evicted than has to be");
}

/// A clock that counts how often it is read: once for each hold of a lock that judges expiry.
#[derive(Clone, Debug, Default)]
struct CountingClock {
    time: ManualClock,
    reads: Arc<AtomicUsize>,
}

impl Clock for CountingClock {
    fn now(&self) -> Timestamp {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.time.now()
    }
}

/// Every step of eviction looks up what the batch wrote to its shard. So there have to be as few steps as the shards'
/// parts of the batch go into what is evicted, however large the batch is.
#[tokio::test]
async fn a_batch_makes_room_in_steps_of_its_own_size() {
    const WRITTEN: usize = 8192;
    for (shards, old_bytes) in [(1, 200), (8, 200), (1, 0), (8, 0)] {
        let clock = CountingClock::default();
        let limit = WRITTEN * 500;
        let builder = MemoryCache::builder().clock(clock.clone()).without_sweeper();
        let cache = builder.limit_bytes(limit).shards(shards).build();
        let old: Vec<_> = (0..limit / (170 + old_bytes)).map(|n| format!("o{n}")).collect();
        for key in &old {
            cache.set(key, vec![0; old_bytes]).await.unwrap();
        }
        let before = cache.get_many(&old).await.unwrap().into_iter().flatten().count();

        let new: Vec<_> = (0..WRITTEN).map(|n| format!("n{n}")).collect();
        let reads = clock.reads.load(Ordering::Relaxed);
        cache.set_many(new.iter().map(|key| (key.as_str(), vec![0; 200]))).await.unwrap();
        let steps = clock.reads.load(Ordering::Relaxed) - reads - 1;

        assert!(cache.get_many(&new).await.unwrap().iter().all(Option::is_some), "a batch evicts none of its own");
        let evicted = before - cache.get_many(&old).await.unwrap().into_iter().flatten().count();
        assert!(evicted > WRITTEN / 2, "{evicted}");
        let enough = shards * (evicted.div_ceil(WRITTEN) + 1);
        assert!(steps <= enough, "{steps} steps for {evicted} entries in {shards} shards");
    }
}

#[tokio::test]
async fn a_value_that_cannot_fit_is_full_and_evicts_nothing() {
    let cache = limited(10_000, 1);
    for n in 0..10 {
        cache.set(&format!("k{n}"), "v").await.unwrap();
    }
    let used = cache.bytes_used();
    let single = cache.set("k0", vec![0; 10_000]).await.unwrap_err();
    let batch = cache.set_many([("k0", vec![0; 6_000]), ("k1", vec![0; 6_000])]).await.unwrap_err();
    for error in [single, batch] {
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Full, Retry::Never));
    }
    assert_eq!(cache.bytes_used(), used);
    assert_eq!(cache.get("k0").await.unwrap().as_deref(), Some(&b"v"[..]));
}

#[tokio::test]
async fn a_batch_is_admitted_at_the_most_it_can_cost() {
    let cache = limited(10_000, 1);
    let twice = [("k", vec![0; 6_000]), ("k", vec![0; 6_000])];
    assert_eq!(cache.set_many(twice).await.unwrap_err().kind(), ErrorKind::Full);
    let once = [("k", vec![0; 6_000])];
    cache.set_many(once).await.unwrap();
}

#[tokio::test]
async fn a_value_of_nearly_the_limit_fits_and_makes_room_in_every_shard() {
    let cache = limited(100_000, 16);
    for n in 0..400 {
        cache.set(&format!("k{n}"), "v").await.unwrap();
    }
    cache.set("large", vec![0; 99_000]).await.unwrap();
    assert!(cache.exists("large").await.unwrap());
    assert!(cache.bytes_used() <= 100_000);
}

#[tokio::test]
async fn an_overwrite_evicts_nothing_when_the_new_value_fits() {
    let cache = limited(10_000, 4);
    cache.set("large", vec![0; 8_000]).await.unwrap();
    cache.set("small", "v").await.unwrap();
    for n in 0..20 {
        assert!(cache.set("large", vec![n; 8_000]).if_present().await.unwrap().is_stored());
    }
    assert!(cache.exists("small").await.unwrap() && cache.exists("large").await.unwrap());
}

#[tokio::test]
async fn eviction_prefers_expired_entries() {
    let clock = ManualClock::new();
    let store = MemoryStore::builder().clock(clock.clone()).limit_bytes(40_000).shards(1).without_sweeper().build();
    for n in 0..50 {
        store.set(&format!("forever-{n}"), vec![0; 100]).await.unwrap();
        store.set(&format!("brief-{n}"), vec![0; 100]).ttl(Duration::from_secs(1)).await.unwrap();
    }
    clock.advance(Duration::from_secs(1));
    store.set("large", vec![0; 15_000]).await.unwrap();
    for n in 0..50 {
        assert!(store.exists(&format!("forever-{n}")).await.unwrap());
    }
}

#[tokio::test]
async fn namespaces_are_counted_and_free_their_share() {
    let store = MemoryStore::new();
    let long = "n".repeat(1000);
    let nested = store.namespace([&*long, "inner"]).unwrap();
    nested.set("k", "v").await.unwrap();
    assert!(store.bytes_used() > 1000);
    nested.delete("k").await.unwrap();
    assert_eq!(store.bytes_used(), 0);
}

#[test]
fn eviction_is_declared_only_with_a_limit() {
    assert_eq!(MemoryStore::new().capabilities().eviction, Eviction::Never);
    assert_eq!(limited(1, 1).capabilities().eviction, Eviction::WhenFull);
}

#[tokio::test]
async fn a_small_slice_does_not_keep_a_large_buffer() {
    let buffer = Arc::new(vec![7u8; 1 << 20]);
    let store = MemoryStore::new();
    store.set("slice", Bytes::from_owner(Shared(buffer.clone())).slice(..3)).await.unwrap();
    assert_eq!(Arc::strong_count(&buffer), 1);
    assert_eq!(store.get("slice").await.unwrap().as_deref(), Some(&[7, 7, 7][..]));
}

struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
