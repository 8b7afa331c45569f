//! Collections that somebody else has written into, or that the server has evicted in part.

use store_redis::{AccessTimes, ErrorKind, KeyValueStore, RecordPageOptions, Timestamp};
use store_testkit::RedisServer;

use crate::support::{
    all_answer, connect, content, every_operation, failure, id, id_key, keys, named, open, own_server, set, try_open,
    value, wire_keys,
};

const PAST: &str = "1700000000000";

/// Writes other fields into the metadata, or removes them.
fn field(name: &'static str, text: Option<&'static str>) -> Vec<Vec<&'static str>> {
    match text {
        Some(text) => vec![vec!["HSET", "METADATA", name, text]],
        None => vec![vec!["HDEL", "METADATA", name]],
    }
}

fn replaced(by: &[&'static str]) -> Vec<Vec<&'static str>> {
    vec![vec!["UNLINK", "METADATA"], by.to_vec()]
}

/// Commands on the metadata of a collection, and what opening it answers then.
fn damages() -> Vec<(Vec<Vec<&'static str>>, ErrorKind)> {
    let corrupt = [
        field("id", None),
        field("id", Some("")),
        field("id", Some("a b")),
        field("id", Some("é")),
        field("created_at", None),
        field("created_at", Some("")),
        field("created_at", Some("253402300800000")),
        field("accessed_at", None),
        field("accessed_at", Some("yesterday")),
        field("accessed_at", Some("-1")),
        field("accessed_at", Some("1e9")),
        field("modified_at", None),
        field("modified_at", Some(" 1")),
        field("modified_at", Some("253402300800000")),
        field("modified_at", Some("1700000000000000000000")),
        replaced(&["HSET", "METADATA", "somebody", "else"]),
        replaced(&["HSET", "METADATA", "created_at", PAST, "accessed_at", PAST, "modified_at", PAST]),
    ];
    let of_another_type = [
        replaced(&["SET", "METADATA", "text"]),
        replaced(&["RPUSH", "METADATA", "item"]),
        replaced(&["ZADD", "METADATA", "1", "id"]),
    ];
    let corrupt = corrupt.into_iter().map(|damage| (damage, ErrorKind::Corrupt));
    corrupt.chain(of_another_type.into_iter().map(|damage| (damage, ErrorKind::WrongType))).collect()
}

fn run(server: &RedisServer, key: &str, commands: &[Vec<&str>]) {
    for command in commands {
        let command: Vec<_> = command.iter().map(|word| if *word == "METADATA" { key } else { word }).collect();
        server.command(&command).unwrap();
    }
}

#[tokio::test]
async fn damaged_metadata_is_an_error_of_every_operation_and_nothing_is_written() {
    let server = own_server();
    // Where reads move no time they go a shorter way.
    let clients = [connect(&server, AccessTimes::Exact).await, connect(&server, AccessTimes::Off).await];
    for (client, (damage, kind)) in clients.iter().flat_map(|client| damages().into_iter().map(move |it| (client, it)))
    {
        server.command(&["FLUSHALL"]).unwrap();
        let store = open(client, named("a")).await;
        set(&store, "k", "v").await;
        run(&server, &wire_keys("a")[0], &damage);
        let before = content(&server);
        all_answer(&store, kind).await;
        assert_eq!(failure(try_open(client, named("a")).await).kind(), kind, "{damage:?}");
        assert_eq!(failure(try_open(client, id(store.id())).await).kind(), kind, "{damage:?}");
        assert_eq!(content(&server), before, "{damage:?}");
    }
}

#[tokio::test]
async fn the_last_time_of_the_calendar_is_told() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    server.command(&["HSET", &wire_keys("a")[0], "modified_at", "253402300799999"]).unwrap();
    set(&store, "k", "v").await;
    assert_eq!(store.metadata().await.unwrap().modified_at, Timestamp::MAX);
}

/// Which operations do not look at a key, and so cannot tell that it is of another type.
fn blind_to(key: usize) -> &'static [&'static str] {
    if key == 3 { &["metadata", "get_record", "record_exists"] } else { &["metadata"] }
}

#[tokio::test]
async fn a_key_of_another_type_is_an_error_of_all_that_look_at_it_and_nothing_is_written() {
    let server = own_server();
    // A read that moved a time would be right to.
    let client = connect(&server, AccessTimes::Off).await;
    for key in 1..4 {
        for other in [["SET", "text"], ["RPUSH", "item"], ["SADD", "member"]] {
            server.command(&["FLUSHALL"]).unwrap();
            let store = open(&client, named("a")).await;
            set(&store, "k", "v").await;
            let wire_key = &wire_keys("a")[key];
            server.command(&["UNLINK", wire_key]).unwrap();
            server.command(&[other[0], wire_key, other[1]]).unwrap();
            let before = content(&server);
            for (name, operation) in every_operation(&store) {
                match operation.await {
                    Ok(()) => assert!(blind_to(key).contains(&name), "{name} over {wire_key}"),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WrongType, "{name} over {wire_key}"),
                }
                assert_eq!(content(&server), before, "{name} over {wire_key}");
            }
            // Nor does a collection begin over it.
            server.command(&["UNLINK", &wire_keys("a")[0]]).unwrap();
            let before = content(&server);
            assert_eq!(failure(try_open(&client, named("a")).await).kind(), ErrorKind::WrongType);
            assert_eq!(content(&server), before);
        }
    }
}

async fn is_listed(store: &KeyValueStore) -> Result<usize, ErrorKind> {
    let keys = store.list_keys(RecordPageOptions::default()).await.map(|page| page.items.len());
    let records = store.list_records(RecordPageOptions::default()).await.map(|page| page.items.len());
    let (keys, records) = (keys.map_err(|error| error.kind()), records.map_err(|error| error.kind()));
    assert_eq!(keys, records);
    keys
}

#[tokio::test]
async fn a_collection_that_lost_one_of_its_keys_is_corrupt_until_it_is_purged() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    for key in 1..4 {
        set(&store, "k", "v").await;
        set(&store, "l", "v").await;
        server.command(&["UNLINK", &wire_keys("a")[key]]).unwrap();
        assert_eq!(is_listed(&store).await, Err(ErrorKind::Corrupt));
        assert_eq!(failure(store.get_record("missing").await).kind(), ErrorKind::Corrupt);
        assert_eq!(failure(store.record_exists("missing").await).kind(), ErrorKind::Corrupt);
        if key < 3 {
            assert_eq!(failure(store.get_record("k").await).kind(), ErrorKind::Corrupt);
            assert_eq!(failure(store.record_exists("k").await).kind(), ErrorKind::Corrupt);
        }
        // A record that is written again is whole again.
        set(&store, "k", "w").await;
        assert_eq!(value(&store, "k").await.as_deref(), Some("w"));
        assert_eq!(is_listed(&store).await, Err(ErrorKind::Corrupt));
        assert!(store.delete_value("l").await.unwrap());
        assert_eq!(is_listed(&store).await, Ok(1));
        store.purge().await.unwrap();
        assert_eq!(is_listed(&store).await, Ok(0));
    }
}

/// Reads that have no time to move, and writes over a record of the same size and type, begin with a short way.
#[tokio::test]
async fn what_the_short_ways_cannot_answer_is_answered_as_ever() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Off).await;
    let store = open(&client, named("a")).await;
    assert_eq!(value(&store, "k").await, None);
    set(&store, "k", "v").await;
    set(&store, "k", "w").await;
    assert_eq!(value(&store, "k").await.as_deref(), Some("w"));
    server.command(&["HSET", &wire_keys("a")[0], "modified_at", "253402300799999"]).unwrap();
    set(&store, "k", "x").await;
    assert_eq!(store.metadata().await.unwrap().modified_at, Timestamp::MAX);
    assert_eq!(value(&store, "k").await.as_deref(), Some("x"));

    for part in [1, 2] {
        server.command(&["HDEL", &wire_keys("a")[part], "k"]).unwrap();
        assert_eq!(failure(store.get_record("k").await).kind(), ErrorKind::Corrupt, "{part}");
        set(&store, "k", "v").await;
        assert_eq!(value(&store, "k").await.as_deref(), Some("v"));
    }
    server.command(&["ZREM", &wire_keys("a")[3], "k\0\u{0}1 text/plain; charset=utf-8"]).unwrap();
    set(&store, "k", "v").await;
    assert_eq!(keys(&store).await, ["k"]);

    open(&client, named("a")).await.drop().await.unwrap();
    let successor = open(&client, named("a")).await;
    set(&successor, "k", "w").await;
    assert_eq!(failure(store.get_record("k").await).kind(), ErrorKind::Dropped);
    assert_eq!(failure(store.set_value("k", "v").await).kind(), ErrorKind::Dropped);
    assert_eq!(value(&successor, "k").await.as_deref(), Some("w"));
}

#[tokio::test]
async fn a_damaged_description_is_an_error_and_never_shown() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    set(&store, "k", "v").await;
    for garbage in ["cAnArY4711", "", "1", "x text/plain", "-1 text/plain", " text/plain"] {
        server.command(&["HSET", &wire_keys("a")[2], "k", garbage]).unwrap();
        server.command(&["UNLINK", &wire_keys("a")[3]]).unwrap();
        server.command(&["ZADD", &wire_keys("a")[3], "0", &format!("k\0\0{garbage}")]).unwrap();
        assert_eq!(failure(store.get_record("k").await).kind(), ErrorKind::Corrupt, "{garbage}");
        assert_eq!(is_listed(&store).await, Err(ErrorKind::Corrupt), "{garbage}");
    }
}

#[tokio::test]
async fn what_somebody_else_put_into_the_order_is_an_error() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    set(&store, "k", "v").await;
    for member in ["k", "k\u{1}1 text/plain", "\0\u{0}1 text/plain"] {
        server.command(&["UNLINK", &wire_keys("a")[3]]).unwrap();
        server.command(&["ZADD", &wire_keys("a")[3], "0", member]).unwrap();
        assert_eq!(is_listed(&store).await, Err(ErrorKind::Corrupt), "{member:?}");
    }
    assert_eq!(value(&store, "k").await.as_deref(), Some("v"));
}

#[tokio::test]
async fn records_without_metadata_go_when_a_collection_of_their_name_is_created() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    set(&store, "k", "v").await;
    server.command(&["UNLINK", &wire_keys("a")[0]]).unwrap();
    assert_eq!(failure(store.get_record("k").await).kind(), ErrorKind::Dropped);
    let created = open(&client, named("a")).await;
    assert_ne!(created.id(), store.id());
    assert_eq!(keys(&created).await, [""; 0]);
    assert_eq!(value(&created, "k").await, None);
}

#[tokio::test]
async fn an_id_that_leads_to_nothing_is_not_found_and_nothing_is_written() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    let other = open(&client, named("b")).await;
    let too_long = "x".repeat(1 << 20);
    for (key, tag) in [("DANGLING", "n:gone"), ("WRONG", "n:b"), ("OTHER", "d")] {
        server.command(&["SET", &id_key(key), tag]).unwrap();
    }
    let before = content(&server);
    for unknown in ["unknown", "", "{}", "a b", "é", &too_long, "DANGLING", "WRONG", "OTHER"] {
        assert_eq!(failure(try_open(&client, id(unknown)).await).kind(), ErrorKind::NotFound, "{unknown}");
    }
    assert_eq!(content(&server), before);
    for store in [store, other] {
        assert_eq!(open(&client, id(store.id())).await.opened(), store.opened());
    }
}

#[tokio::test]
async fn a_lost_id_leads_to_its_collection_again_once_that_is_purged_and_opened_by_name() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    server.command(&["UNLINK", &id_key(store.id())]).unwrap();
    assert_eq!(failure(try_open(&client, id(store.id())).await).kind(), ErrorKind::NotFound);
    store.purge().await.unwrap();
    assert_eq!(open(&client, named("a")).await.opened(), store.opened());
    assert_eq!(open(&client, id(store.id())).await.opened(), store.opened());
}

#[tokio::test]
async fn an_id_that_leads_to_garbage_is_an_error_and_nothing_is_written() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    for garbage in ["", "x", "n:", "n:a/b", "a:%2", "a:."] {
        server.command(&["SET", &id_key("garbage"), garbage]).unwrap();
        let before = content(&server);
        assert_eq!(failure(try_open(&client, id("garbage")).await).kind(), ErrorKind::Corrupt, "{garbage}");
        assert_eq!(content(&server), before);
    }
    server.command(&["RPUSH", &id_key("list"), "n:a"]).unwrap();
    assert_eq!(failure(try_open(&client, id("list")).await).kind(), ErrorKind::WrongType);
}
