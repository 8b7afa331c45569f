//! The layout of Crawlee, as far as a server without JSON commands can tell. `cargo xtask interop` does the rest.

use store_redis::{Cluster, Config, ErrorKind, RecordLayout, RedisKeyValueStoreClient, RedisStore, Result, Server};
use store_testkit::{RedisServer, Reply, SentinelDeployment, SentinelOptions};

use crate::support::{content, failure, own_server};

/// What every script of the layout begins with.
const COLLECTION: &str =
    concat!(include_str!("../../src/script/opened.lua"), include_str!("../../src/script/crawlee/collection.lua"));

/// Stands in for the JSON commands, in front of a script of the layout: a document is a string here. So the script runs as
/// it is on a server that has none.
const JSON: &str = "
local server, redis = redis, {}

function redis.call(command, ...)
  local key, path, text = ...
  if command == 'JSON.GET' then
    return server.call('GET', key)
  elseif command ~= 'JSON.SET' then
    return server.call(command, ...)
  elseif path == '$' then
    return server.call('SET', key, text)
  end
  local document = cjson.decode(server.call('GET', key))
  document[string.sub(path, 3)] = cjson.decode('[' .. text .. ']')[1]
  return server.call('SET', key, cjson.encode(document))
end

function redis.pcall(...)
  local _, reply = pcall(redis.call, ...)
  return reply
end
";

/// A script of the layout, by name, with its text.
macro_rules! scripts {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../src/script/crawlee/", $name, ".lua")))),*]
    };
}

const SCRIPTS: [(&str, &str); 12] = scripts![
    "open",
    "open_by_id",
    "metadata",
    "get",
    "has",
    "set",
    "delete",
    "purge",
    "drop",
    "all_keys",
    "list_keys",
    "list_records"
];
const DROPPED: Reply = Reply::Integer(1);
const CORRUPT: Reply = Reply::Integer(2);

/// The keys of a collection by what it is called.
fn wire_keys(called: &str) -> Vec<String> {
    let own = ["metadata", "items", "metadata_items", "created_signal"];
    let own = own.map(|word| format!("key_value_stores:{called}:{word}"));
    own.into_iter().chain(["id_to_name", "name_to_id"].map(|word| format!("key_value_stores:{word}"))).collect()
}

/// What a script answers on a collection.
fn run(server: &RedisServer, script: &str, called: &str, arguments: &[&str]) -> Reply {
    let &(_, body) = SCRIPTS.iter().find(|(name, _)| *name == script).unwrap();
    let (text, keys) = ([JSON, COLLECTION, body].concat(), wire_keys(called));
    let (keys, arguments) = (keys.iter().map(String::as_str), arguments.iter().copied().chain([called]));
    let command: Vec<_> = ["EVAL", text.as_str(), "6"].into_iter().chain(keys).chain(arguments).collect();
    server.command(&command).unwrap()
}

/// Opens the collection with a name, which gets this id if it is new.
fn open(server: &RedisServer, name: &str, id: &str) {
    assert!(matches!(run(server, "open", name, &[id, "0", name, "0"]), Reply::Array(_)));
}

#[test]
fn the_document_of_another_collection_is_damage_to_every_script_and_nothing_is_written() {
    let server = own_server();
    open(&server, "x", "X1");
    open(&server, "y", "Y1");
    server.command(&["COPY", &wire_keys("y")[0], &wire_keys("x")[0], "REPLACE"]).unwrap();
    let before = content(&server);
    for strict in ["0", "1"] {
        assert_eq!(run(&server, "open", "x", &["NEW", "0", "x", strict]), CORRUPT);
        assert_eq!(run(&server, "open", "x", &["NEW", "0", "", strict]), CORRUPT);
    }
    for (script, _) in SCRIPTS {
        assert_eq!(run(&server, script, "x", &["Y1", "0", "k", "1"]), CORRUPT, "{script}");
    }
    assert_eq!(content(&server), before);
}

#[test]
fn a_collection_that_lost_one_of_its_hashes_is_damage_to_all_that_read_until_it_is_purged() {
    let server = own_server();
    open(&server, "x", "X1");
    for (lost, was_a_record) in [(1, 1), (2, 0)] {
        run(&server, "set", "x", &["X1", "k", "text/plain", "v"]);
        run(&server, "set", "x", &["X1", "l", "text/plain", "v"]);
        server.command(&["UNLINK", &wire_keys("x")[lost]]).unwrap();
        for key in ["k", "missing"] {
            assert_eq!(run(&server, "get", "x", &["X1", "0", key]), CORRUPT, "{key}");
            assert_eq!(run(&server, "has", "x", &["X1", "0", key]), CORRUPT, "{key}");
        }
        assert_eq!(run(&server, "all_keys", "x", &["X1", "0"]), CORRUPT);
        assert_eq!(run(&server, "list_keys", "x", &["X1", "k"]), CORRUPT);
        assert_eq!(run(&server, "list_records", "x", &["X1", "100", "k"]), CORRUPT);
        let times = run(&server, "metadata", "x", &["X1"]);
        let deleted = run(&server, "delete", "x", &["X1", "k"]);
        assert_eq!(deleted, Reply::Array(vec![Reply::Integer(0), Reply::Integer(was_a_record)]));
        if was_a_record == 0 {
            assert_eq!(run(&server, "metadata", "x", &["X1"]), times);
        }
        assert_eq!(run(&server, "purge", "x", &["X1"]), Reply::Integer(0));
        let keys = run(&server, "all_keys", "x", &["X1", "0"]);
        assert_eq!(keys, Reply::Array(vec![Reply::Integer(0), Reply::Array(Vec::new())]));
    }
}

#[test]
fn an_id_that_leads_nowhere_is_unknown_on_a_server_that_takes_no_writes_and_goes_once_it_does() {
    let server = own_server();
    open(&server, "x", "X1");
    let texts = &wire_keys("x")[4];
    server.command(&["HSET", texts, "GONE", "x"]).unwrap();
    server.require_replicas(1).unwrap();
    assert_eq!(run(&server, "open_by_id", "x", &["GONE", "0"]), DROPPED);
    server.require_replicas(0).unwrap();
    assert_eq!(server.command(&["HEXISTS", texts, "GONE"]).unwrap(), Reply::Integer(1));
    assert_eq!(run(&server, "open_by_id", "x", &["GONE", "0"]), DROPPED);
    assert_eq!(server.command(&["HEXISTS", texts, "GONE"]).unwrap(), Reply::Integer(0));
}

/// What all that read a collection with the record `k` answer. They move no time.
fn answers(server: &RedisServer) -> Vec<Reply> {
    let readers: [(&str, &[&str]); 6] = [
        ("metadata", &["X1"]),
        ("get", &["X1", "", "k"]),
        ("has", &["X1", "", "k"]),
        ("all_keys", &["X1", ""]),
        ("list_keys", &["X1", "k"]),
        ("list_records", &["X1", "100", "k"]),
    ];
    readers.iter().map(|(script, arguments)| run(server, script, "x", arguments)).collect()
}

#[test]
fn a_collection_behind_sentinel_is_after_a_failover_what_it_was() {
    let deployment = SentinelDeployment::start(SentinelOptions::new()).unwrap();
    let former = deployment.primary().unwrap();
    open(former, "x", "X1");
    run(former, "set", "x", &["X1", "k", "text/plain", "v"]);
    let before = answers(former);
    assert!(before.iter().all(|answer| *answer != DROPPED && *answer != CORRUPT), "{before:?}");
    // One that has written knows which place in the stream the replicas have to reach.
    let mut writer = former.connect().unwrap();
    writer.command(&["SET", "last", ""]).unwrap();
    assert_eq!(writer.command(&["WAIT", "2", "10000"]).unwrap(), Reply::Integer(2));
    former.kill().unwrap();
    let primary = deployment.await_new_primary(former).unwrap();
    assert_eq!(answers(primary), before);
    open(primary, "x", "X2");
    run(primary, "set", "x", &["X1", "l", "text/plain", "v"]);
    assert_ne!(run(primary, "get", "x", &["X1", "", "l"]), run(primary, "get", "x", &["X1", "", "missing"]));
    run(primary, "delete", "x", &["X1", "l"]);
    assert_eq!(run(primary, "purge", "x", &["X1"]), Reply::Integer(0));
    assert_eq!(run(primary, "drop", "x", &["X1"]), Reply::Integer(0));
    assert!(answers(primary).iter().all(|answer| *answer == DROPPED));
    assert!(!content(primary).keys().any(|key| key.starts_with("key_value_stores")));
}

async fn connect(config: Config) -> Result<RedisKeyValueStoreClient> {
    RedisKeyValueStoreClient::builder(config).layout(RecordLayout::crawlee()).connect().await
}

#[tokio::test]
async fn a_server_without_json_commands_is_refused_with_what_it_lacks() {
    let server = own_server();
    let error = failure(connect(server.url().parse().unwrap()).await);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("JSON commands"), "{error}");
    assert!(content(&server).is_empty());
}

#[tokio::test]
async fn a_cluster_is_refused_before_anything_is_dialled() {
    // Nobody listens there.
    let cluster = Cluster::new([Server::Tcp { host: "127.0.0.1".to_owned(), port: 1 }]);
    assert_eq!(failure(connect(Config::cluster(cluster)).await).kind(), ErrorKind::Config);
}

/// What an expression of the script that all others begin with is on a real server.
fn evaluated(server: &RedisServer, expression: &str, argument: &str) -> Reply {
    let script = format!("{COLLECTION}\nreturn {{ {expression} }}");
    server.command(&["EVAL", &script, "0", argument, "a"]).unwrap()
}

fn text(server: &RedisServer, expression: &str, argument: &str) -> Option<String> {
    match evaluated(server, expression, argument) {
        Reply::Array(replies) => replies.first().and_then(Reply::as_text).map(str::to_owned),
        other => panic!("a script answered {other:?}"),
    }
}

#[test]
fn times_are_read_in_every_usual_form_and_spelled_in_one() {
    let server = own_server();
    for (read, spelled) in [
        ("2026-11-20T15:08:25.376669+00:00", "2026-11-20T15:08:25.376669+00:00"),
        ("2026-11-20 15:08:25,5z", "2026-11-20T15:08:25.500000+00:00"),
        ("2026-11-20T15:08:25.123456789Z", "2026-11-20T15:08:25.123456+00:00"),
        ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000000+00:00"),
        ("1999-12-31T23:59:59-2359", "2000-01-01T23:58:59.000000+00:00"),
        ("1970-01-01", "1970-01-01T00:00:00.000000+00:00"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000+00:00"),
        ("2100-03-01T00:00", "2100-03-01T00:00:00.000000+00:00"),
        ("0001-01-01", "0001-01-01T00:00:00.000000+00:00"),
        ("1700000000.5", "2023-11-14T22:13:20.500000+00:00"),
        ("1700000000123", "2023-11-14T22:13:20.123000+00:00"),
    ] {
        assert_eq!(text(&server, "spelled(read_time(ARGV[1]))", read).as_deref(), Some(spelled), "{read}");
    }
    for refused in [
        "",
        "now",
        "2100-02-29",
        "2026-00-01",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "2026-01-01T24:00",
        "2026-01-01T00:60",
        "2026-01-01T00:00:60",
        "2026-01-01T00:00+24:00",
        "2026-01-01T00:00:00+01",
        "2026-01-01T00:00:00. Z",
        "2026-01-01 ",
        "0000-12-31",
        "9999-12-31T23:59:59-01:00",
        "253402300800000",
        "nan",
    ] {
        assert_eq!(text(&server, "tostring(read_time(ARGV[1]))", refused).as_deref(), Some("nil"), "{refused}");
    }
}

#[test]
fn every_day_of_four_centuries_is_spelled_as_it_is_read() {
    let script = format!(
        "{COLLECTION}
        for day = 0, 146097 do
          local year, month, date = date_after(day)
          if days_until(year, month, date) ~= day or month > 12 or date > 31 then
            return {{ day }}
          end
        end
        return {{ 'all' }}"
    );
    let reply = own_server().command(&["EVAL", &script, "0", "a"]).unwrap();
    assert_eq!(reply, Reply::Array(vec![Reply::Bulk(b"all".to_vec())]));
}

#[test]
fn texts_are_quoted_as_json_with_as_few_escapes_as_there_can_be() {
    let server = own_server();
    for (plain, quoted) in [
        ("", r#""""#),
        ("a/b é\u{1f600}\u{7f}\u{2028}", "\"a/b é\u{1f600}\u{7f}\u{2028}\""),
        ("\"\\", r#""\"\\""#),
        ("\u{8}\t\n\u{c}\r", r#""\b\t\n\f\r""#),
        ("\0\u{1}\u{1f}", r#""\u0000\u0001\u001f""#),
    ] {
        assert_eq!(text(&server, "quoted(ARGV[1])", plain).as_deref(), Some(quoted));
    }
}

#[test]
fn a_description_is_read_in_either_spelling_or_is_none() {
    let server = own_server();
    for (description, read) in [
        (r#"{"key":"k","content_type":"a\/b","size":9}"#, "5 a/b"),
        (r#"{"contentType":"a/b; x=\"é\"","more":[{}]}"#, "5 a/b; x=\"é\""),
        (r#"{"key":"k","size":9}"#, "nil"),
        (r#"{"content_type":null}"#, "nil"),
        (r#"{"content_type":5}"#, "nil"),
        ("[]", "nil"),
        ("5", "nil"),
        ("{", "nil"),
        ("", "nil"),
    ] {
        assert_eq!(text(&server, "tostring(described(ARGV[1], 5))", description).as_deref(), Some(read));
    }
}

#[test]
fn a_builder_shows_the_settings_of_what_it_builds_and_no_others() {
    let config = || Config::tcp("localhost", 6379);
    let of_records = format!("{:?}", RedisKeyValueStoreClient::builder(config()).layout(RecordLayout::crawlee()));
    assert!(of_records.contains("Crawlee") && of_records.contains("access_times"), "{of_records}");
    let of_entries = format!("{:?}", RedisStore::builder(config()));
    assert!(of_entries.contains("layout") && !of_entries.contains("access_times"), "{of_entries}");
}
