//! The sweeper: frees what has expired, never keeps a store alive, and is not missed where there is none.

use std::time::Duration;

use store_memory::prelude::*;
use store_memory::{ManualClock, MemoryCache, MemoryStore};
use tokio::runtime::Handle;

fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Yields until `reached`; every other task gets its turns meanwhile.
async fn until(reached: impl Fn() -> bool) {
    while !reached() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_ends_the_sweeper() {
    for _ in 0..100 {
        let store = MemoryStore::new();
        let clone = store.clone();
        drop(store);
        tokio::task::yield_now().await;
        assert_eq!(alive_tasks(), 1, "a handle is left");
        drop(clone);
        until(|| alive_tasks() == 0).await;
    }
}

#[tokio::test]
async fn close_ends_the_sweeper_and_frees_the_data() {
    let store = MemoryStore::new();
    store.set("k", vec![0; 1000]).await.unwrap();
    store.close().await.unwrap();
    until(|| alive_tasks() == 0).await;
    assert_eq!(store.bytes_used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_mass_expiry_is_worked_off_at_once_and_gives_all_memory_back() {
    let clock = ManualClock::new();
    let cache = MemoryCache::builder().clock(clock.clone()).sweep_interval(Duration::from_secs(60)).build();
    let spread = cache.namespace("spread").unwrap();
    for n in 0..20_000 {
        spread.set(&format!("k{n}"), "v").ttl(Duration::from_secs(1)).await.unwrap();
    }
    spread.set("kept", "v").never_expires().await.unwrap();
    let one_entry = cache.bytes_used();
    clock.advance(Duration::from_secs(1));
    let started = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(cache.bytes_used() < one_entry / 1000, "{} of {one_entry}", cache.bytes_used());
    assert!(started.elapsed() < Duration::from_secs(120), "one tick was enough");
    assert!(spread.exists("kept").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_swept_before_its_expiry() {
    let clock = ManualClock::new();
    let store = MemoryStore::builder().clock(clock.clone()).sweep_interval(Duration::ZERO).build();
    store.set("k", "v").ttl(Duration::from_secs(10)).await.unwrap();
    clock.advance(Duration::from_millis(9_999));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(store.exists("k").await.unwrap());
    clock.advance(Duration::from_millis(1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(store.bytes_used(), 0);
}

#[test]
fn a_store_works_outside_of_a_runtime() {
    let clock = ManualClock::new();
    let store = MemoryStore::builder().clock(clock.clone()).build();
    futures_executor(async {
        for n in 0..10_000 {
            store.set(&format!("k{n}"), "v").ttl(Duration::from_millis(10)).await.unwrap();
            clock.advance(Duration::from_millis(1));
        }
        assert_eq!(store.get("k0").await.unwrap(), None);
        assert!(store.get("k9999").await.unwrap().is_some());
        store.namespace("a").unwrap().set("k", "v").await.unwrap();
        assert_eq!(store.namespace("a").unwrap().clear().await.unwrap(), 1);
    });
    // Ten are alive at any time; without a sweeper each shard may keep a few more until its next new entry.
    assert!(store.bytes_used() < 200 * 200, "{}", store.bytes_used());
}

/// Polls to completion on this thread, without a tokio runtime.
fn futures_executor<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

#[test]
fn a_store_outlives_the_runtime_that_it_was_built_in() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let store = runtime().block_on(async { MemoryStore::new() });
    runtime().block_on(async {
        store.set("k", "v").await.unwrap();
        assert!(store.exists("k").await.unwrap());
    });
}
