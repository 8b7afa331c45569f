//! What callers see of the writer: whom it serves together, what it leaves out, and what becomes of them when the file is
//! lost.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use store_core::{CacheExt, ErrorKind, LockExt, ManualClock, Outcome, Store, StoreExt, WriteExpiry};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::builder::Builder;
use crate::store::{RedbCache, RedbStore};
use crate::tables::{ENTRIES, StoredExpiry};
use crate::writer::Flush;

const HOUR: Duration = Duration::from_secs(3600);

struct Place {
    store: RedbStore,
    clock: ManualClock,
    path: PathBuf,
    _directory: TempDir,
}

impl Place {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let (directory, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let path = directory.path().join("data.redb");
        let builder = settings(RedbStore::builder().clock(clock.clone()).without_sweeper());
        let store = builder.open(&path).await.unwrap();
        Self { store, clock, path, _directory: directory }
    }

    fn shared(&self) -> &Shared {
        &self.store.engine.shared
    }

    /// Holds the writer up in a step, after `act`, until it is let go.
    async fn hold_up(&self, act: impl Fn(&Writing<'_>) + Send + 'static) -> HeldUp {
        let (began, has_begun) = oneshot::channel();
        let (let_go, may_go): (Sender<()>, Receiver<()>) = mpsc::channel();
        let (engine, began) = (Arc::clone(&self.store.engine), Cell::new(Some(began)));
        let step = tokio::spawn(async move {
            let step = move |writing: &Writing<'_>| {
                act(writing);
                // Where it is done again nobody holds it up.
                if let Some(began) = began.take() {
                    let _ = began.send(());
                    let _ = may_go.recv();
                }
                Ok(())
            };
            engine.write(0, step).await.unwrap();
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
    /// Whoever waits for the step waits no longer; it is still under way.
    async fn forget(self) -> Sender<()> {
        self.step.abort();
        assert!(self.step.await.unwrap_err().is_cancelled());
        self.let_go
    }

    async fn let_go(self) {
        self.let_go.send(()).unwrap();
        self.step.await.unwrap();
    }
}

fn is_pending<T>(future: &mut Pin<Box<impl Future<Output = T>>>) -> bool {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// The answer of a call that waits for nobody.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the call stands in line"),
    }
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

/// Steps that fail among others, as long as they are held up together.
async fn beside_others<T>(place: &Place, failing: impl Future<Output = Result<T>>) -> Error {
    let held_up = place.hold_up(|_| {}).await;
    let mut before = Box::pin(place.store.set("before", "v").into_future());
    assert!(is_pending(&mut before));
    let mut failing = Box::pin(failing);
    assert!(is_pending(&mut failing));
    let mut behind = Box::pin(place.store.set("behind", "v").into_future());
    assert!(is_pending(&mut behind));
    let commits = place.shared().timeline.commits();
    held_up.let_go().await;
    before.await.unwrap();
    behind.await.unwrap();
    assert_eq!(place.shared().timeline.commits() - commits, 1, "they share a commit as if nothing had been wrong");
    for key in ["before", "behind"] {
        assert_eq!(place.store.get(key).await.unwrap().as_deref(), Some(&b"v"[..]));
    }
    failing.await.err().unwrap()
}

fn is_damage_of(error: &Error, table: &str) {
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Corrupt, Outcome::NotApplied), "{error}");
    assert!(error.to_string().contains(&format!("table={table}")), "{error}");
}

/// Puts a time into a row that is none.
async fn damage(place: &Place, key: &str) {
    let row = row_of(key);
    let write = move |writing: &Writing<'_>| {
        let stored: (StoredExpiry, &[u8]) = (Some(u64::MAX), b"v");
        Ok(writing.open(&ENTRIES)?.insert(&*row, stored)?)
    };
    place.store.engine.write(0, write).await.unwrap();
}

#[tokio::test]
async fn a_batch_that_meets_a_damaged_row_half_way_is_not_applied_and_others_are() {
    let place = Place::new().await;
    let cache = RedbCache::from_store(&place.store);
    cache.set("old", "v").await.unwrap();
    damage(&place, "damaged").await;
    let set_many = cache.set_many([("new", "w"), ("old", "w"), ("damaged", "w")]).into_future();
    is_damage_of(&beside_others(&place, set_many).await, "entries");
    assert_eq!(cache.get_many(&["new", "old"]).await.unwrap(), [None, Some(Bytes::from("v"))]);
    let delete_many = cache.delete_many(&["old", "damaged"]).into_future();
    is_damage_of(&beside_others(&place, delete_many).await, "entries");
    assert!(cache.exists("old").await.unwrap());
}

#[tokio::test]
async fn whoever_reads_a_damaged_row_is_told_of_its_table() {
    let place = Place::new().await;
    damage(&place, "damaged").await;
    let error = place.store.get("damaged").await.unwrap_err();
    is_damage_of(&error, "entries");
    assert_eq!(error.key(), Some("damaged"));
    is_damage_of(&beside_others(&place, place.store.set("damaged", "w").into_future()).await, "entries");
    is_damage_of(&place.store.list().all().await.unwrap_err(), "entries");
}

#[tokio::test]
async fn a_damaged_page_fails_the_steps_that_read_it_alone() {
    const PAGE: usize = 4096;
    let mut place = Place::new().await;
    let keys: Vec<_> = (0..50).map(|number| format!("k{number:02}")).collect();
    let items = keys.iter().map(|key| (key.clone(), key.repeat(1000)));
    RedbCache::from_store(&place.store).set_many(items).await.unwrap();
    place.store.close().await.unwrap();
    let mut bytes = fs::read(&place.path).unwrap();
    let value = "k25".repeat(1000);
    let places: Vec<_> =
        (0..bytes.len() - value.len()).filter(|at| bytes[*at..].starts_with(value.as_bytes())).collect();
    // What a page is stands at its beginning.
    places.iter().for_each(|at| bytes[at / PAGE * PAGE] = 0xff);
    fs::write(&place.path, bytes).unwrap();
    place.store = RedbStore::builder().clock(place.clock.clone()).without_sweeper().open(&place.path).await.unwrap();
    for _ in 0..2 {
        is_damage_of(&place.store.get("k25").await.unwrap_err(), "entries");
        is_damage_of(&beside_others(&place, place.store.set("k25", "w").into_future()).await, "entries");
        let cache = RedbCache::from_store(&place.store);
        let batch = cache.set_many([("k01", "w"), ("k25", "w")]).into_future();
        is_damage_of(&beside_others(&place, batch).await, "entries");
        assert_eq!(place.store.get("k01").await.unwrap().as_deref(), Some("k01".repeat(1000).as_bytes()));
    }
    place.store.close().await.unwrap();
}

#[tokio::test]
async fn a_panic_in_a_step_fails_that_step_alone() {
    // Where nothing is flushed the file must not be opened again as it was at the last flush.
    for flush in [Flush::BeforeAnswer, Flush::Within(HOUR)] {
        let place = Place::with(|builder| builder.flush(flush)).await;
        place.store.set("k", "v").await.unwrap();
        let step = |writing: &Writing<'_>| -> Result<(), Failure> {
            Entries::open(writing)?.delete(&row_of("k"), None)?;
            writing.open(&ENTRIES)?.get(&*row_of("k"))?;
            panic!("as redb does over a damaged page");
        };
        is_damage_of(&beside_others(&place, place.store.engine.write(0, step)).await, "entries");
        assert_eq!(place.store.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
        place.store.set("k", "w").await.unwrap();
        place.store.close().await.unwrap();
        assert_eq!(place.store.get("k").await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(crate::check(&place.path).unwrap().entries, 3);
    }
}

#[tokio::test]
async fn a_commit_that_does_not_reach_the_disk_is_unknown_for_all_and_the_file_is_opened_again() {
    let place = Place::new().await;
    place.store.set("k", "v").await.unwrap();
    let held_up = place.hold_up(|_| {}).await;
    let keys = ["a", "b", "c"];
    let mut sets: Vec<_> = keys.iter().map(|key| Box::pin(place.store.set(key, "v").into_future())).collect();
    assert!(sets.iter_mut().all(is_pending));
    place.shared().location.faults.fail_syncs();
    held_up.let_go().await;
    for set in sets {
        let error = set.await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown), "{error}");
    }
    assert!(place.store.set("k", "w").await.is_err(), "nothing is written while the disk fails");
    place.shared().location.faults.mend();
    let present = RedbCache::from_store(&place.store).get_many(&keys).await.unwrap();
    assert!(present.iter().all(|value| *value == present[0]), "the transaction is there or not, as a whole");
    place.store.set("k", "x").await.unwrap();
    assert_eq!(place.store.get("k").await.unwrap().as_deref(), Some(&b"x"[..]));
    place.store.close().await.unwrap();
    crate::check(&place.path).unwrap();
}

#[tokio::test]
async fn a_flush_that_does_not_reach_the_disk_says_so_and_so_does_a_close() {
    let place = Place::with(|builder| builder.flush(Flush::Within(HOUR))).await;
    for is_closed in [false, true] {
        place.store.set("k", "v").await.unwrap();
        place.shared().location.faults.fail_syncs();
        let flushed = if is_closed { place.store.close().await } else { place.store.flush().await };
        let error = flushed.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown), "{error}");
        place.shared().location.faults.mend();
    }
    assert_eq!(place.store.get("k").await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn whoever_waits_for_a_lock_hears_of_its_release_even_if_nobody_waited_for_that() {
    let place = Place::new().await;
    let (owner, row) = (LockOwner::random(), row_of("lock"));
    let lock = place.store.try_lock("lock", HOUR).with_owner(owner).await.unwrap().unwrap();
    let waiting = tokio::spawn({
        let store = place.store.clone();
        async move { store.lock("lock", HOUR).wait(HOUR).await }
    });
    let release = move |writing: &Writing<'_>| {
        assert!(Locks::open(writing).unwrap().release(&row, owner).unwrap());
    };
    // The waiter has found it held.
    while !place.shared().waiters.is_awaited(&row_of("lock")) {
        tokio::task::yield_now().await;
    }
    place.store.ping().await.unwrap();
    let held_up = place.hold_up(release).await;
    held_up.forget().await.send(()).unwrap();
    let acquired = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    let acquired = acquired.expect("the waiter was not woken").unwrap().unwrap().unwrap();
    assert!(acquired.fencing_token() > lock.fencing_token());
}

#[tokio::test]
async fn whoever_waits_for_a_lock_hears_of_the_end_even_if_nobody_waited_for_that() {
    let place = Place::new().await;
    let _held = place.store.try_lock("lock", HOUR).await.unwrap().unwrap();
    let waiting = tokio::spawn({
        let store = place.store.clone();
        async move { store.lock("lock", HOUR).wait(HOUR).await.map(drop) }
    });
    while !place.shared().waiters.is_awaited(&row_of("lock")) {
        tokio::task::yield_now().await;
    }
    place.store.ping().await.unwrap();
    let mut close = Box::pin(place.store.close());
    assert!(is_pending(&mut close));
    drop(close);
    let ended = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert_eq!(ended.expect("the waiter was not woken").unwrap().unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn more_writes_than_may_wait_are_told_to_come_again_and_did_not_happen() {
    let place = Place::with(|builder| builder.max_waiting_writes(3).max_waiting_bytes(100)).await;
    let held_up = place.hold_up(|_| {}).await;
    let mut large = Box::pin(place.store.set("large", vec![7; 80]).into_future());
    assert!(is_pending(&mut large));
    let overloaded = |error: Error, limit: &str| {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Overloaded, Outcome::NotApplied), "{error}");
        assert!(error.to_string().contains(limit), "{error}");
    };
    overloaded(at_once(place.store.set("other", vec![7; 90]).into_future()).unwrap_err(), "max_waiting_bytes=100");
    let mut small = Box::pin(place.store.set("small", "v").into_future());
    assert!(is_pending(&mut small));
    overloaded(at_once(place.store.delete("large").into_future()).unwrap_err(), "max_waiting_writes=3");
    assert_eq!(place.store.get("large").await.unwrap(), None, "reads do not stand in line");
    held_up.let_go().await;
    large.await.unwrap();
    small.await.unwrap();
    // There is room for as many again.
    for number in 0..10 {
        place.store.set("k", vec![number; 90]).await.unwrap();
    }
    assert_eq!(place.store.get("other").await.unwrap(), None);
}
