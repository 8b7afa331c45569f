//! What threads see of each other: one winner, whole batches, complete listings, exact clears.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use store_memory::prelude::*;
use store_memory::{MemoryCache, MemoryStore};

const THREADS: usize = 4;

/// Runs `work` on several threads at once, each with a runtime of its own.
fn together<F: Future<Output = ()>>(work: impl Fn(usize) -> F + Sync) {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .expect("a runtime without drivers");
                barrier.wait();
                runtime.block_on(work(thread));
            });
        }
    });
}

#[test]
fn of_concurrent_adds_and_takes_one_wins() {
    const ROUNDS: usize = 2000;
    let cache = MemoryCache::new();
    let (added, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    together(async |thread| {
        for round in 0..ROUNDS {
            let won = cache.add(&format!("k{round}"), format!("{thread}")).await.unwrap();
            added.fetch_add(usize::from(won), Ordering::Relaxed);
        }
    });
    together(async |_| {
        for round in 0..ROUNDS {
            let won = cache.take(&format!("k{round}")).await.unwrap().is_some();
            taken.fetch_add(usize::from(won), Ordering::Relaxed);
        }
    });
    assert_eq!((added.into_inner(), taken.into_inner()), (ROUNDS, ROUNDS));
}

#[test]
fn no_increment_is_lost() {
    const ROUNDS: i64 = 5000;
    let cache = MemoryCache::new();
    together(async |_| {
        for _ in 0..ROUNDS {
            cache.increment("hits", 1).await.unwrap();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert_eq!(runtime.block_on(cache.increment("hits", 0).into_future()).unwrap(), ROUNDS * THREADS as i64);
}

#[test]
fn readers_never_see_half_a_batch() {
    let cache = MemoryCache::new();
    let keys: Vec<String> = (0..20).map(|n| format!("k{n}")).collect();
    let done = AtomicBool::new(false);
    together(async |thread| {
        if thread < 2 {
            for round in 0..1000 {
                let value = format!("{thread}-{round}");
                // In opposite orders: two batches that wait for each other would hang here.
                let order = |n: usize| if thread == 0 { n } else { keys.len() - 1 - n };
                let items = (0..keys.len()).map(|n| (keys[order(n)].as_str(), value.clone()));
                cache.set_many(items).await.unwrap();
            }
            done.store(true, Ordering::Relaxed);
        } else {
            while !done.load(Ordering::Relaxed) {
                let values: HashSet<_> = cache.get_many(&keys).await.unwrap().into_iter().collect();
                assert_eq!(values.len(), 1, "all answers are of one batch");
            }
        }
    });
}

#[test]
fn every_key_that_stays_is_listed_under_churn() {
    const STABLE: usize = 3000;
    let store = MemoryStore::builder().shards(4).build();
    let done = AtomicBool::new(false);
    together(async |thread| {
        let own = store.namespace("own").unwrap();
        if thread == 0 {
            for n in 0..STABLE {
                own.set(&format!("stable-{n}"), "v").await.unwrap();
            }
            for _ in 0..5 {
                let mut found = HashSet::new();
                let mut page = own.list().limit(100).await.unwrap();
                loop {
                    found.extend(page.keys.into_iter().map(|listed| listed.key));
                    match page.next {
                        Some(cursor) => page = own.list().limit(100).after(cursor).await.unwrap(),
                        None => break,
                    }
                }
                assert_eq!(found.iter().filter(|key| key.starts_with("stable-")).count(), STABLE);
            }
            done.store(true, Ordering::Relaxed);
        } else {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) {
                n += 1;
                own.set(&format!("churn-{thread}-{n}"), "v").await.unwrap();
                if n > 500 {
                    own.delete(&format!("churn-{thread}-{}", n - 500)).await.unwrap();
                }
            }
        }
    });
}

#[test]
fn clear_removes_what_was_there_and_nothing_outside_while_others_write() {
    const ENTRIES: usize = 5000;
    let store = MemoryStore::builder().shards(4).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let outside: [&[&str]; 6] = [&["apple"], &["app-x"], &["app.x"], &["app0"], &["ap"], &["x", "app"]];
    let inside: [&[&str]; 3] = [&["app"], &["app", "inner"], &["app", "inner", "most"]];
    runtime.block_on(async {
        store.set("k", "v").await.unwrap();
        for path in outside {
            store.namespace(path).unwrap().set("k", "v").await.unwrap();
        }
        for n in 0..ENTRIES {
            store.namespace(inside[n % 3]).unwrap().set(&format!("k{n}"), "v").await.unwrap();
        }
    });
    let done = AtomicBool::new(false);
    together(async |thread| {
        if thread == 0 {
            let removed = store.namespace("app").unwrap().clear().await.unwrap();
            done.store(true, Ordering::Relaxed);
            assert!(removed as usize >= ENTRIES);
            return;
        }
        let mut n = 0;
        while !done.load(Ordering::Relaxed) {
            n += 1;
            let fresh = store.namespace(["app", &*format!("job-{thread}-{n}")]).unwrap();
            fresh.set("late", "v").await.unwrap();
            store.namespace("apple").unwrap().set("k", "v").await.unwrap();
        }
    });
    runtime.block_on(async {
        for n in 0..ENTRIES {
            assert!(!store.namespace(inside[n % 3]).unwrap().exists(&format!("k{n}")).await.unwrap());
        }
        for path in outside {
            assert!(store.namespace(path).unwrap().exists("k").await.unwrap(), "{path:?}");
        }
        assert!(store.exists("k").await.unwrap());
    });
}

#[tokio::test]
async fn every_handle_is_closed_and_close_can_be_called_again() {
    let cache = MemoryCache::new();
    let other = cache.clone();
    cache.set("k", "v").await.unwrap();
    cache.close().await.unwrap();
    other.close().await.unwrap();
    let refusals = [
        other.get("k").await.map(drop),
        other.set("k", "v").await,
        other.delete("k").await.map(drop),
        other.take("k").await.map(drop),
        other.exists("k").await.map(drop),
        other.ttl("k").await.map(drop),
        other.expire("k", Expiry::Never).await.map(drop),
        other.list().await.map(drop),
        other.namespace("a").unwrap().clear().await.map(drop),
        other.get_many(&["k"]).await.map(drop),
        other.set_many([("k", "v")]).await,
        other.delete_many(&["k"]).await.map(drop),
        other.increment("k", 1).await.map(drop),
        other.ping().await,
        other.delete_whole_database().await.map(drop),
    ];
    for refused in refusals {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    }
}
