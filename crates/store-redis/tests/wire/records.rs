//! What a client for records sends.

use std::sync::Arc;

use store_redis::{
    AccessTimes, ContentType, ErrorKind, KeyBuf, KeyValueStore, KeyValueStoreClient, RecordPageOptions,
    RedisKeyValueStoreClient, StoreAlias, StoreLabel, StoreName, StoreSelector,
};

use crate::{OK, ONE, Recorder};

const DONE: &str = ":0\r\n";
/// The id `Az0`, which leads to the collection already.
const OPENED: &str = "*3\r\n:0\r\n$3\r\nAz0\r\n:1\r\n";
/// The same, which leads nowhere yet.
const CREATED: &str = "*3\r\n:0\r\n$3\r\nAz0\r\n:0\r\n";
const YES: &str = "*2\r\n:0\r\n:1\r\n";
const NO: &str = "*2\r\n:0\r\n:0\r\n";
const DROPPED: &str = ":1\r\n";

async fn client(tape: &Recorder, access_times: AccessTimes) -> Arc<dyn KeyValueStoreClient> {
    let client = RedisKeyValueStoreClient::builder(tape.config()).access_times(access_times).connect().await.unwrap();
    Arc::new(client)
}

/// What was sent, with `NEW` for the id that the client drew.
fn without_new_id(sent: Vec<String>) -> Vec<String> {
    let drawn = |word: &&str| word.len() == 17 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let replaced = |command: String| {
        command.split(' ').map(|word| if drawn(&word) { "NEW" } else { word }).collect::<Vec<_>>().join(" ")
    };
    sent.into_iter().map(replaced).collect()
}

/// A collection on the tape, and its keys as they are sent.
async fn opened(tape: &Recorder, access_times: AccessTimes) -> KeyValueStore {
    let options = StoreName::new("a").unwrap();
    tape.sent(&[OPENED], KeyValueStore::open(client(tape, access_times).await, options)).await.1
}

const KEYS: &str = "4 %r{n:a}m %r{n:a}v %r{n:a}d %r{n:a}o";

#[tokio::test]
async fn opening_what_exists_is_one_round_trip_whatever_it_is_called() {
    let tape = Recorder::start().await;
    let client = client(&tape, AccessTimes::Exact).await;
    for (label, tag) in [
        (StoreLabel::Default, "d"),
        (StoreLabel::Name(StoreName::new("a").unwrap()), "n:a"),
        (StoreLabel::Alias(StoreAlias::new("a b}").unwrap()), "a:a%20b%7D"),
    ] {
        let (sent, store) = tape.sent(&[OPENED], KeyValueStore::open(Arc::clone(&client), label)).await;
        let keys = ["m", "v", "d", "o"].map(|suffix| format!("%r{{{tag}}}{suffix}")).join(" ");
        assert_eq!(without_new_id(sent), [format!("EVALSHA <open> 4 {keys} NEW 0")]);
        assert_eq!(store.id(), "Az0");
    }
}

#[tokio::test]
async fn creating_is_three_round_trips() {
    let tape = Recorder::start().await;
    let client = client(&tape, AccessTimes::Coarse).await;
    let name = StoreName::new("a").unwrap();
    let (sent, store) = tape.play(&[&[CREATED], &[OK], &[DONE]], KeyValueStore::open(client, name)).await;
    let expected =
        [format!("EVALSHA <open> {KEYS} NEW 1000"), "SET %i{Az0} n:a".to_owned(), format!("EVALSHA <mark> {KEYS} Az0")];
    assert_eq!(without_new_id(sent), expected);
    assert_eq!(store.unwrap().id(), "Az0");
}

#[tokio::test]
async fn opening_by_id_is_two_round_trips() {
    let tape = Recorder::start().await;
    let client = client(&tape, AccessTimes::Off).await;
    let open = || KeyValueStore::open(Arc::clone(&client), StoreSelector::Id("{0}".to_owned()));
    let (sent, store) = tape.play(&[&["$3\r\nn:a\r\n"], &[DONE]], open()).await;
    assert_eq!(sent, ["GET %i{%7B0%7D}".to_owned(), format!("EVALSHA <open_by_id> {KEYS} {{0}} ")]);
    assert_eq!(store.unwrap().opened().label.name().map(StoreName::as_str), Some("a"));
    let (_, dangling) = tape.play(&[&["$3\r\nn:a\r\n"], &[DROPPED]], open()).await;
    assert_eq!(dangling.unwrap_err().kind(), ErrorKind::NotFound);
    let (_, unknown) = tape.play(&[&["$-1\r\n"]], open()).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_operation_on_a_record_is_one_round_trip() {
    let tape = Recorder::start().await;
    let store = opened(&tape, AccessTimes::Exact).await;
    let times = "*4\r\n:0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n";
    let (sent, metadata) = tape.sent(&[times], store.metadata()).await;
    assert_eq!(sent, [format!("EVALSHA <metadata> {KEYS} Az0")]);
    assert_eq!(
        [metadata.created_at, metadata.accessed_at, metadata.modified_at].map(|at| at.as_unix_millis()),
        [1, 2, 3]
    );

    let record = "*3\r\n:0\r\n$12\r\n1 text/plain\r\n$1\r\nv\r\n";
    let (sent, read) = tape.sent(&[record], store.get_record("k 1")).await;
    assert_eq!(sent, [format!("EVALSHA <get> {KEYS} Az0 0 k 1")]);
    assert_eq!(
        read.map(|record| (record.content_type, record.value)),
        Some((ContentType::new("text/plain").unwrap(), "v".into()))
    );
    let none = "*3\r\n:0\r\n$-1\r\n$-1\r\n";
    assert_eq!(tape.sent(&[none], store.get_record("k")).await.1, None);

    let (sent, exists) = tape.sent(&[YES], store.record_exists("k")).await;
    assert_eq!((sent, exists), (vec![format!("EVALSHA <has> {KEYS} Az0 0 k")], true));
    let (sent, ()) = tape.sent(&[DONE], store.set_record("k", ContentType::JSON, "{}".into())).await;
    assert_eq!(sent, [format!("EVALSHA <set> {KEYS} Az0 k application/json; charset=utf-8 {{}}")]);
    let (sent, existed) = tape.sent(&[NO], store.delete_value("k")).await;
    assert_eq!((sent, existed), (vec![format!("EVALSHA <delete> {KEYS} Az0 k")], false));
}

/// Also by another handle on the same collection. The server is not told that there is nothing to move, but asked for less.
#[tokio::test]
async fn a_read_has_no_time_to_move_for_as_long_as_the_server_has_said() {
    let tape = Recorder::start().await;
    let store = opened(&tape, AccessTimes::Coarse).await;
    let (recent, unknown) = ("*4\r\n:0\r\n$-1\r\n$-1\r\n:900000\r\n", "*3\r\n:0\r\n$-1\r\n$-1\r\n");
    let due = format!("EVALSHA <get> {KEYS} Az0 1000 k");
    assert_eq!(tape.sent(&[unknown], store.get_record("k")).await.0, [due.as_str()]);
    assert_eq!(tape.sent(&["*4\r\n:0\r\n$-1\r\n$-1\r\n:0\r\n"], store.get_record("k")).await.0, [due.as_str()]);
    assert_eq!(tape.sent(&[recent], store.get_record("k")).await.0, [due.as_str()]);
    for _ in 0..2 {
        let not_due = format!("EVALSHA <get> {KEYS} Az0  other");
        assert_eq!(tape.sent(&[unknown], store.get_record("other")).await.0, [not_due]);
    }
}

#[tokio::test]
async fn a_page_is_one_round_trip() {
    let tape = Recorder::start().await;
    let store = opened(&tape, AccessTimes::Coarse).await;
    let behind = RecordPageOptions::default().with_limit(2).with_exclusive_start_key(KeyBuf::new("(k").unwrap());
    let empty = "*4\r\n:0\r\n:0\r\n*0\r\n*0\r\n";
    let page = "*4\r\n:0\r\n:1\r\n*1\r\n$1\r\nk\r\n*1\r\n$5\r\n7 a/b\r\n";
    let (sent, listed) = tape.sent(&[page], store.list_keys(RecordPageOptions::default())).await;
    assert_eq!(sent, [format!("EVALSHA <list_keys> {KEYS} Az0 1000 1000 -")]);
    assert_eq!((listed.items[0].size, listed.next_start_key.as_deref()), (7, Some("k")));
    let (sent, _) = tape.sent(&[empty], store.list_keys(behind.clone())).await;
    assert_eq!(sent, [format!("EVALSHA <list_keys> {KEYS} Az0 1000 2 ((k")]);

    let empty = "*5\r\n:0\r\n:0\r\n*0\r\n*0\r\n*0\r\n";
    let (sent, _) = tape.sent(&[empty], store.list_records(behind)).await;
    assert_eq!(sent, [format!("EVALSHA <list_records> {KEYS} Az0 1000 2 ((k 8388608")]);
    let (sent, _) = tape.sent(&[empty], store.list_records(RecordPageOptions::default())).await;
    assert_eq!(sent, [format!("EVALSHA <list_records> {KEYS} Az0 1000 100 - 8388608")]);
}

#[tokio::test]
async fn a_purge_is_one_round_trip_and_a_drop_two() {
    let tape = Recorder::start().await;
    let store = opened(&tape, AccessTimes::Exact).await;
    assert_eq!(tape.sent(&[DONE], store.purge()).await.0, [format!("EVALSHA <purge> {KEYS} Az0")]);
    let dropping = [format!("EVALSHA <drop> {KEYS} Az0"), "UNLINK %i{Az0}".to_owned()];
    let (sent, dropped) = tape.play(&[&[DONE], &[ONE]], store.drop()).await;
    assert_eq!(sent, dropping);
    dropped.unwrap();
    let (sent, again) = tape.play(&[&[DROPPED], &[DONE]], store.drop()).await;
    assert_eq!(sent, dropping);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Dropped);
}
