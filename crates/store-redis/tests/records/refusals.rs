//! Servers that take no writes.

use std::time::{Duration, Instant};

use store_redis::{
    AccessTimes, Clock, ContentType, ErrorKind, KeyValueStore, Outcome, RecordPageOptions, StoreLabel, SystemClock,
    Timestamp,
};
use store_testkit::{RedisServer, ServerOptions};

use crate::snapshots::fail_snapshot;
use crate::support::{
    connect, connect_to, content, every_operation, failure, id, keys, named, open, own_server, set, try_open, value,
    wire_keys,
};

/// Every way of reading; none fails, and none moves a time.
async fn reads_go_on(store: &KeyValueStore) {
    let before = store.metadata().await.unwrap();
    assert_eq!(value(store, "k").await.as_deref(), Some("v"));
    assert_eq!(value(store, "missing").await, None);
    assert!(store.record_exists("k").await.unwrap());
    assert_eq!(keys(store).await, ["k"]);
    assert_eq!(store.list_records(RecordPageOptions::default()).await.unwrap().items.len(), 1);
    for opened in [open(store.client(), named("a")).await, open(store.client(), id(store.id())).await] {
        assert_eq!(opened.opened(), store.opened());
    }
    assert_eq!(store.metadata().await.unwrap(), before);
}

async fn writes_are_refused(store: &KeyValueStore, kind: ErrorKind) {
    for key in ["k", "new"] {
        let error = failure(store.set_record(key, ContentType::JSON, "{}".into()).await);
        assert_eq!((error.kind(), error.outcome()), (kind, Outcome::NotApplied), "{error}");
    }
    let error = failure(try_open(store.client(), named("new")).await);
    assert_eq!((error.kind(), error.outcome()), (kind, Outcome::NotApplied), "{error}");
}

async fn collection(server: &RedisServer) -> KeyValueStore {
    let store = open(&connect(server, AccessTimes::Exact).await, named("a")).await;
    set(&store, "k", "v").await;
    // So that every read would have a time to move.
    let past = ["accessed_at", "modified_at", "created_at"].map(|time| [time, "1700000000000"]).concat();
    server.command(&[&["HSET", &wire_keys("a")[0]], &*past].concat()).unwrap();
    store
}

#[tokio::test]
async fn a_server_without_memory_is_read_and_emptied_and_written_to_only_in_whole() {
    let server = own_server();
    let store = collection(&server).await;
    server.exhaust_memory().unwrap();
    let before = content(&server);
    reads_go_on(&store).await;
    writes_are_refused(&store, ErrorKind::Full).await;
    assert_eq!(content(&server), before);

    assert!(store.delete_value("k").await.unwrap());
    store.purge().await.unwrap();
    let emptied = store.metadata().await.unwrap();
    assert!(emptied.modified_at > Timestamp::from_unix_millis(1_700_000_000_000).unwrap());
    server.restore_memory().unwrap();
    set(&store, "k", "v").await;
    server.exhaust_memory().unwrap();
    store.drop().await.unwrap();
    assert_eq!(content(&server).len(), 0);
}

#[tokio::test]
async fn a_server_with_too_few_replicas_is_read() {
    let server = own_server();
    let store = collection(&server).await;
    server.require_replicas(1).unwrap();
    let before = content(&server);
    reads_go_on(&store).await;
    writes_are_refused(&store, ErrorKind::Unavailable).await;
    assert_eq!(content(&server), before);
}

#[tokio::test]
async fn a_server_that_cannot_save_is_read() {
    let server = RedisServer::start_process(ServerOptions::new().directive("save", "3600 1")).unwrap();
    let store = collection(&server).await;
    fail_snapshot(&server);
    let before = content(&server);
    reads_go_on(&store).await;
    writes_are_refused(&store, ErrorKind::Full).await;
    assert_eq!(content(&server), before);
}

/// Whether a read moves the time of the last access, if that is this.
async fn is_moved(server: &RedisServer, store: &KeyValueStore, accessed_at: u64) -> bool {
    server.command(&["HSET", &wire_keys("a")[0], "accessed_at", &accessed_at.to_string()]).unwrap();
    store.get_record("missing").await.unwrap();
    store.metadata().await.unwrap().accessed_at.as_unix_millis() != accessed_at
}

#[tokio::test]
async fn reads_move_the_time_of_access_as_far_as_the_setting_asks_for() {
    let server = own_server();
    for (access, of_long_ago, of_just_now) in
        [(AccessTimes::Exact, true, true), (AccessTimes::Coarse, true, false), (AccessTimes::Off, false, false)]
    {
        server.command(&["FLUSHALL"]).unwrap();
        let store = open(&connect(&server, access).await, named("a")).await;
        let now = SystemClock::new().now().as_unix_millis();
        assert_eq!(is_moved(&server, &store, now - 60_000).await, of_long_ago, "{access:?}");
        let (begun, just_now) = (Instant::now(), SystemClock::new().now().as_unix_millis() - 5);
        let moved = is_moved(&server, &store, just_now).await;
        assert!(
            moved == of_just_now || begun.elapsed() >= AccessTimes::COARSENESS - Duration::from_millis(5),
            "{access:?}"
        );
        let ahead = now + 60_000;
        assert!(!is_moved(&server, &store, ahead).await, "a time went back under {access:?}");
        store.set_record("k", ContentType::TEXT, "v".into()).await.unwrap();
        let written = store.metadata().await.unwrap();
        assert_eq!(written.accessed_at.as_unix_millis(), ahead, "a time went back by a write under {access:?}");
        assert!(written.modified_at.as_unix_millis() >= now);
    }
}

#[tokio::test]
async fn the_documented_rights_are_enough_for_every_operation() {
    let server = own_server();
    let readme = include_str!("../../README.md");
    let documented = readme.lines().find(|line| line.starts_with("ACL SETUSER crawler ")).unwrap();
    server.command(&documented.split_whitespace().collect::<Vec<_>>()).unwrap();
    let url = server.url().replace("redis://", "redis://crawler:secret@");
    let client = connect_to(&url, AccessTimes::Exact).await;
    for _ in 0..2 {
        let store = open(&client, named("a")).await;
        set(&store, "k", "v").await;
        assert_eq!(open(&client, id(store.id())).await.opened(), store.opened());
        for (name, operation) in every_operation(&store) {
            operation.await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let refused = failure(try_open(&client, StoreLabel::Default).await);
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    client.ping().await.unwrap();
}
