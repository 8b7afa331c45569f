//! What callers see of the writer: whom it serves together, what it leaves out, and what becomes of them when the file is
//! lost.

use std::fs;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{Context, Waker};
use std::time::Duration;

use store_core::{ErrorKind, ManualClock, Store, StoreExt, WriteExpiry};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::store::RedbStore;

const HOUR: Duration = Duration::from_secs(3600);

struct Place {
    store: RedbStore,
    clock: ManualClock,
    path: PathBuf,
    _directory: TempDir,
}

impl Place {
    async fn new() -> Self {
        let (directory, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let path = directory.path().join("data.redb");
        let store = RedbStore::builder().clock(clock.clone()).without_sweeper().open(&path).await.unwrap();
        Self { store, clock, path, _directory: directory }
    }

    fn shared(&self) -> &Shared {
        &self.store.engine.shared
    }

    /// Holds the writer up in a step, after `act`, until it is let go.
    async fn hold_up(&self, act: impl FnOnce(&Writing<'_>) + Send + 'static) -> HeldUp {
        let (began, has_begun) = oneshot::channel();
        let (let_go, may_go): (Sender<()>, Receiver<()>) = mpsc::channel();
        let engine = Arc::clone(&self.store.engine);
        let step = tokio::spawn(async move {
            let step = move |writing: &Writing<'_>| {
                act(writing);
                let _ = began.send(());
                let _ = may_go.recv();
                Ok(())
            };
            engine.write(step).await.unwrap();
        });
        has_begun.await.unwrap();
        HeldUp { let_go, step }
    }
}

struct HeldUp {
    let_go: Sender<()>,
    step: JoinHandle<()>,
}

impl HeldUp {
    async fn let_go(self) {
        self.let_go.send(()).unwrap();
        self.step.await.unwrap();
    }
}

fn is_pending<T>(future: &mut Pin<Box<impl Future<Output = T>>>) -> bool {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn row_of(key: &str) -> Vec<u8> {
    row::of(Address { namespace: &Namespace::EMPTY, key: Key::new(key).unwrap() })
}

#[tokio::test]
async fn callers_that_wait_together_share_a_commit() {
    let place = Place::new().await;
    let held_up = place.hold_up(|_| {}).await;
    let keys: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    let mut sets: Vec<_> = keys.iter().map(|key| Box::pin(place.store.set(key, "v").into_future())).collect();
    assert!(sets.iter_mut().all(is_pending));
    let before = place.shared().timeline.commits();
    held_up.let_go().await;
    for set in sets {
        set.await.unwrap();
    }
    assert_eq!(place.shared().timeline.commits() - before, 1);
}

#[tokio::test]
async fn what_is_dropped_before_it_has_begun_does_not_happen() {
    let place = Place::new().await;
    let held_up = place.hold_up(|_| {}).await;
    let mut set = Box::pin(place.store.set("k", "v").into_future());
    assert!(is_pending(&mut set));
    drop(set);
    held_up.let_go().await;
    assert_eq!(place.store.get("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_step_that_changes_nothing_is_not_committed() {
    let place = Place::new().await;
    place.store.set("k", "v").await.unwrap();
    let before = place.shared().timeline.commits();
    assert!(!place.store.set("k", "w").if_absent().await.unwrap().is_stored());
    assert!(!place.store.delete("other").await.unwrap());
    place.store.ping().await.unwrap();
    assert_eq!(place.shared().timeline.commits(), before);
}

#[tokio::test]
async fn reads_see_what_was_committed_and_wait_for_nobody() {
    let place = Place::new().await;
    place.store.set("k", "before").await.unwrap();
    let write = |writing: &Writing<'_>| {
        let options = SetOptions::new(WriteExpiry::Replace(Lifetime::Never));
        assert!(Entries::open(writing).unwrap().set(&row_of("k"), b"after", &options).unwrap().is_stored());
    };
    let held_up = place.hold_up(write).await;
    assert_eq!(place.store.get("k").await.unwrap().as_deref(), Some(&b"before"[..]));
    held_up.let_go().await;
    assert_eq!(place.store.get("k").await.unwrap().as_deref(), Some(&b"after"[..]));
}

#[tokio::test]
async fn a_read_of_what_just_expired_waits_for_the_step_that_may_have_renewed_it() {
    let place = Place::new().await;
    place.store.set("k", "v").ttl(HOUR).await.unwrap();
    let renew = |writing: &Writing<'_>| {
        let renewed = Entries::open(writing).unwrap().renew(&row_of("k"), Ttl::MAX).unwrap();
        assert!(renewed.is_some());
    };
    let held_up = place.hold_up(renew).await;
    place.clock.advance(HOUR);
    let mut get = Box::pin(place.store.get("k").into_future());
    let mut list = Box::pin(place.store.list().into_future());
    assert!(is_pending(&mut get) && is_pending(&mut list));
    held_up.let_go().await;
    assert_eq!(get.await.unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(list.await.unwrap().keys.len(), 1);
}

#[tokio::test]
async fn a_file_that_was_lost_is_opened_again_by_the_next_call() {
    let place = Place::new().await;
    place.store.set("k", "v").await.unwrap();
    let elsewhere = place.path.with_extension("elsewhere");
    for _ in 0..2 {
        place.shared().lose();
        assert_eq!(place.store.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
        place.shared().lose();
        fs::rename(&place.path, &elsewhere).unwrap();
        assert_eq!(place.store.get("k").await.unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(place.store.set("k", "w").await.unwrap_err().kind(), ErrorKind::Config);
        fs::rename(&elsewhere, &place.path).unwrap();
        place.store.set("k", "v").await.unwrap();
    }
}

#[tokio::test]
async fn a_panic_in_a_step_ends_its_transaction_and_nothing_else() {
    let place = Place::new().await;
    place.store.set("k", "v").await.unwrap();
    let step = |writing: &Writing<'_>| -> Result<(), Failure> {
        Entries::open(writing)?.delete(&row_of("k"), None)?;
        panic!("as redb does over a damaged page");
    };
    assert_eq!(place.store.engine.write(step).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(place.store.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    place.store.set("k", "w").await.unwrap();
    place.store.close().await.unwrap();
    assert_eq!(place.store.get("k").await.unwrap_err().kind(), ErrorKind::Closed);
}
