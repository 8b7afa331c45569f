//! Locks through every kind of handle, and what waits for them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use store_memory::prelude::*;
use store_memory::{LockGuard, ManualClock};

const MINUTE: Duration = Duration::from_secs(60);

async fn in_a_task_of_its_own<S: Store + Clone>(store: S) {
    let guard = store.try_lock("k", MINUTE).await.unwrap().unwrap();
    let released = tokio::spawn(async move {
        assert!(guard.extend(MINUTE).await.unwrap());
        assert_eq!(guard.name(), "k");
        guard.release().await.unwrap()
    });
    assert!(released.await.unwrap());
    assert!(store.try_lock("k", MINUTE).await.unwrap().is_some());
}

#[tokio::test]
async fn a_guard_moves_into_a_task_whatever_the_handle() {
    in_a_task_of_its_own(MemoryStore::new()).await;
    in_a_task_of_its_own(MemoryCache::new().namespace("n").unwrap()).await;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    in_a_task_of_its_own(Arc::clone(&store).namespace(["a", "b"]).unwrap()).await;
    in_a_task_of_its_own(store).await;
    let cache: Arc<dyn Cache> = Arc::new(MemoryCache::new());
    in_a_task_of_its_own(cache.namespace("n").unwrap()).await;
}

#[tokio::test]
async fn a_guard_shows_neither_owner_nor_how_to_become_it() {
    let store = MemoryStore::new();
    let guard: LockGuard<MemoryStore> = store.try_lock("k", MINUTE).await.unwrap().unwrap();
    let owner = format!("{:?}", guard.owner().as_bytes());
    for shown in [format!("{guard:?}"), format!("{:?}", store.try_lock("k", MINUTE).with_owner(guard.owner()))] {
        assert!(!shown.contains(owner.trim_matches(['[', ']'])), "{shown}");
    }
}

/// Polls once, with nobody to wake.
fn poll<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn with_a_manual_clock_a_wait_needs_no_runtime() {
    let clock = ManualClock::new();
    let store = MemoryStore::builder().clock(clock.clone()).build();
    let Poll::Ready(Ok(Some(held))) = poll(&mut store.try_lock("k", MINUTE).into_future()) else { panic!() };
    let (mut short, mut long) =
        ([MINUTE / 2, MINUTE * 2]).map(|wait| store.lock("k", MINUTE).wait(wait).into_future()).into();
    assert!(poll(&mut short).is_pending() && poll(&mut long).is_pending());
    clock.advance(MINUTE / 2);
    assert!(matches!(poll(&mut short), Poll::Ready(Ok(None))));
    assert!(poll(&mut long).is_pending());
    clock.advance(MINUTE / 2);
    let Poll::Ready(Ok(Some(next))) = poll(&mut long) else { panic!() };
    assert!(next.fencing_token() > held.fencing_token());
}

#[test]
fn with_the_systems_clock_a_wait_outside_a_runtime_is_an_error() {
    let store = MemoryStore::builder().without_sweeper().build();
    let Poll::Ready(Ok(Some(_held))) = poll(&mut store.try_lock("k", MINUTE).into_future()) else { panic!() };
    let Poll::Ready(Err(error)) = poll(&mut store.lock("k", MINUTE).wait(MINUTE).into_future()) else { panic!() };
    assert_eq!((error.kind(), error.operation(), error.key()), (ErrorKind::Config, Some("lock"), Some("k")));
}

#[tokio::test]
async fn who_waits_with_the_systems_clock_is_woken_by_a_release_a_shorter_lifetime_and_an_expiry() {
    let store = MemoryStore::new();
    let guard = store.try_lock("k", MINUTE * 60).await.unwrap().unwrap();
    let waiting = || store.lock("k", MINUTE * 60).wait(MINUTE * 60).into_future();
    let (next, released) = tokio::join!(waiting(), async { guard.release().await });
    assert!(released.unwrap());
    let guard = next.unwrap().unwrap();
    let (next, extended) = tokio::join!(waiting(), async { guard.extend(Duration::from_millis(20)).await });
    assert!(extended.unwrap());
    assert!(next.unwrap().unwrap().fencing_token() > guard.fencing_token());
    assert!(!guard.is_held().await.unwrap());
}
