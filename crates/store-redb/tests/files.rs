//! One file: what outlasts it being closed, who may open it, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use store_redb::{
    ContentType, ErrorKind, ExpiresAt, Flush, KeyValueStore, KeyValueStoreClient, ManualClock, Outcome, RedbCache,
    RedbKeyValueStoreClient, RedbStore, StoreName, prelude::*,
};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_secs(3600);

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.redb");
    (directory, path)
}

#[tokio::test]
async fn everything_outlasts_its_file_being_closed() {
    let (_directory, path) = place();
    let (clock, later) = (ManualClock::new(), ManualClock::new());
    later.advance(HOUR / 2);
    let store = RedbStore::builder().clock(clock.clone()).open(&path).await.unwrap();
    let cache = RedbCache::from_store(&store).namespace(["a", "b"]).unwrap();
    cache.set("kept", "value").ttl(HOUR).await.unwrap();
    cache.set("gone", "value").ttl(HOUR / 2).await.unwrap();
    let expires_at = cache.get("kept").with_expiry().await.unwrap().unwrap().expires_at;
    let token = store.try_lock("lock", HOUR).await.unwrap().unwrap().fencing_token();
    let client: Arc<dyn KeyValueStoreClient> = Arc::new(RedbKeyValueStoreClient::from_store(&store));
    let pages = KeyValueStore::open(client, StoreName::new("pages").unwrap()).await.unwrap();
    pages.set_record("page", ContentType::TEXT, "text".into()).await.unwrap();
    let metadata = pages.metadata().await.unwrap();
    store.close().await.unwrap();

    let store = RedbStore::builder().clock(later.clone()).open(&path).await.unwrap();
    let entries = store.namespace(["a", "b"]).unwrap();
    let kept = entries.get("kept").with_expiry().await.unwrap().unwrap();
    assert_eq!((&kept.value[..], kept.expires_at), (&b"value"[..], expires_at));
    assert_eq!(entries.get("gone").await.unwrap(), None);
    assert!(store.try_lock("lock", HOUR).await.unwrap().is_none(), "a lock outlasts the process of its holder");
    later.advance(HOUR / 2);
    assert!(store.try_lock("lock", HOUR).await.unwrap().unwrap().fencing_token() > token);
    let client: Arc<dyn KeyValueStoreClient> = Arc::new(RedbKeyValueStoreClient::from_store(&store));
    let pages = KeyValueStore::open(client, StoreName::new("pages").unwrap()).await.unwrap();
    assert_eq!(pages.metadata().await.unwrap().id, metadata.id);
    assert_eq!(pages.get_record("page").await.unwrap().unwrap().value, "text");
    store.close().await.unwrap();
}

#[tokio::test]
async fn fencing_tokens_grow_on_when_the_clock_was_set_back() {
    let (_directory, path) = place();
    let mut last = None;
    for hours_later in [3, 0, 1] {
        let clock = ManualClock::new();
        clock.advance(HOUR * hours_later);
        let store = RedbStore::builder().clock(clock).open(&path).await.unwrap();
        let guard = store.try_lock("lock", HOUR).await.unwrap().unwrap();
        assert!(Some(guard.fencing_token()) > last);
        last = Some(guard.fencing_token());
        guard.release().await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_brings_nothing_back_and_lengthens_no_lifetime() {
    let (_directory, path) = place();
    let clock = ManualClock::new();
    let store = RedbStore::builder().clock(clock.clone()).without_sweeper().open(&path).await.unwrap();
    store.set("brief", "value").ttl(HOUR).await.unwrap();
    store.set("long", "value").ttl(3 * HOUR).await.unwrap();
    clock.advance(HOUR);
    assert_eq!(store.get("brief").await.unwrap(), None);
    store.close().await.unwrap();

    let set_back = ManualClock::new();
    let store = RedbStore::builder().clock(set_back.clone()).without_sweeper().open(&path).await.unwrap();
    assert_eq!(store.get("brief").await.unwrap(), None);
    assert_eq!(store.ttl("long").await.unwrap(), Some(Remaining::In(2 * HOUR)));
    set_back.advance(2 * HOUR);
    assert_eq!(store.get("long").await.unwrap(), None);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_file_is_open_once_at_a_time() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).await.unwrap();
    let refused = RedbStore::open(&path).await.unwrap_err();
    assert_eq!((refused.kind(), refused.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied));
    assert_eq!((refused.operation(), refused.driver()), (Some("open"), Some("redb")));
    assert_eq!(store_redb::check(&path).unwrap_err().kind(), ErrorKind::Unavailable);
    store.set("k", "v").await.unwrap();
    store.close().await.unwrap();
    assert_eq!(store_redb::check(&path).unwrap().entries, 1);
}

#[tokio::test]
async fn who_opens_a_new_file_together_has_it_or_is_told_who_has() {
    let (_directory, path) = place();
    let opening: Vec<_> = (0..8).map(|_| tokio::spawn(RedbStore::open(path.clone()))).collect();
    let mut stores = Vec::new();
    for opened in opening {
        match opened.await.unwrap() {
            Ok(store) => stores.push(store),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
        }
    }
    assert_eq!(stores.len(), 1);
    stores[0].close().await.unwrap();
    let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["data.redb"], "nothing half-made is left");
}

#[tokio::test]
async fn what_is_no_file_of_this_driver_is_refused_and_left_as_it_is() {
    let (directory, path) = place();
    fs::write(&path, "something else, and somewhat longer than the mark that redb begins its files with").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(RedbStore::open(&path).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(fs::read(&path).unwrap(), before);

    let foreign = directory.path().join("foreign.redb");
    drop(redb::Database::create(&foreign).unwrap());
    assert_eq!(RedbStore::open(&foreign).await.unwrap_err().kind(), ErrorKind::Corrupt);

    let nowhere = directory.path().join("no-such-directory").join("data.redb");
    assert_eq!(RedbStore::open(&nowhere).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(RedbStore::open(directory.path()).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(store_redb::check(directory.path().join("missing")).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_file_of_another_version_of_this_driver_is_refused() {
    let (_directory, path) = place();
    RedbStore::open(&path).await.unwrap().close().await.unwrap();
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta = redb::TableDefinition::<&str, u64>::new("meta");
    transaction.open_table(meta).unwrap().insert("format", 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let refused = RedbStore::open(&path).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("format=2 known=1"), "{refused}");
}

#[tokio::test]
async fn the_last_handle_closes_the_file_and_keeps_what_was_not_flushed() {
    let (_directory, path) = place();
    let store = RedbStore::builder().flush(Flush::Within(HOUR)).open(&path).await.unwrap();
    store.set("k", "v").await.unwrap();
    drop(store);
    // The thread that writes closes it, which cannot be awaited without a handle.
    let store = loop {
        match RedbStore::open(&path).await {
            Ok(store) => break store,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
        }
    };
    assert_eq!(store.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_flush_brings_to_the_disk_what_was_written() {
    let (directory, path) = place();
    let store = RedbStore::builder().flush(Flush::Within(HOUR)).open(&path).await.unwrap();
    store.set("flushed", "v").await.unwrap();
    store.flush().await.unwrap();
    store.set("not", "v").await.unwrap();
    // As the end of the process would leave it.
    let copy = directory.path().join("copy.redb");
    fs::copy(&path, &copy).unwrap();
    let copied = RedbStore::open(&copy).await.unwrap();
    assert_eq!(copied.get("flushed").await.unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(copied.get("not").await.unwrap(), None);
    copied.close().await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_expired_is_freed_and_a_compaction_gives_its_room_back() {
    const SWEEP_INTERVAL: Duration = Duration::from_millis(1);

    let (_directory, path) = place();
    let clock = ManualClock::new();
    let open = async || {
        let builder = RedbStore::builder().clock(clock.clone()).sweep_interval(SWEEP_INTERVAL);
        builder.open(&path).await.unwrap()
    };
    let store = open().await;
    let (keys, value) = ((0..600).map(|number: u32| number.to_string()), vec![7; 10_000]);
    let cache = RedbCache::from_store(&store);
    cache.set_many(keys.map(|key| (key, value.clone()))).ttl(HOUR).await.unwrap();
    cache.set("kept", "v").never_expires().await.unwrap();
    store.close().await.unwrap();
    let full = fs::metadata(&path).unwrap().len();
    clock.advance(HOUR);
    while store_redb::check(&path).unwrap().entries > 1 {
        // A sweep is due by real time, and comes before what is asked for after it: closed at once, the file never has one.
        let (store, opened) = (open().await, Instant::now());
        let mut is_due = false;
        while !is_due {
            is_due = opened.elapsed() > SWEEP_INTERVAL;
            store.set("kept", "v").never_expires().await.unwrap();
        }
        store.close().await.unwrap();
    }
    let store = open().await;
    assert!(store.compact().await.unwrap());
    assert_eq!(store.get("kept").await.unwrap().as_deref(), Some(&b"v"[..]));
    store.close().await.unwrap();
    let compacted = fs::metadata(&path).unwrap().len();
    assert!(compacted < full / 2, "{compacted} bytes, {full} before");
}

#[tokio::test]
async fn an_absolute_expiry_is_kept_as_it_is() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).await.unwrap();
    let clock = store_redb::SystemClock::new();
    let time = store_redb::Clock::now(&clock).saturating_add(HOUR);
    store.set("k", "v").expiry(time).await.unwrap();
    let entry = store.get("k").with_expiry().await.unwrap().unwrap();
    assert_eq!(entry.expires_at, Some(ExpiresAt::At(time)));
    store.close().await.unwrap();
}
