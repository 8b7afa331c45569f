//! The layout of Crawlee, as far as a server without JSON commands can tell. `cargo xtask interop` does the rest.

use store_redis::{Cluster, Config, ErrorKind, RecordLayout, RedisKeyValueStoreClient, Result, Server};
use store_testkit::{RedisServer, Reply};

use crate::support::{content, failure, own_server};

const COLLECTION: &str = include_str!("../../src/script/crawlee/collection.lua");

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
    server.command(&["EVAL", &script, "1", "key_value_stores:a:b:metadata", argument]).unwrap()
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
    let reply = own_server().command(&["EVAL", &script, "1", "key_value_stores:a:metadata"]).unwrap();
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
fn a_collection_is_called_what_stands_between_the_outer_words() {
    assert_eq!(text(&own_server(), "TEXT", "").as_deref(), Some("a:b"));
}
