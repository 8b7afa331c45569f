//! What the values of records are in bytes, with which content type and size.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use store_redis::{AsJson, Bytes, ContentType, ErrorKind, RecordPageOptions};

use super::{each, key, keys, kind, name, open};
use crate::case::{Case, cases};
use crate::python::{bytes, tuple};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    PythonWrites: [
        each_kind_of_value_is_written_as_documented_and_read,
        keys_of_every_script_are_listed_in_the_same_order,
        entries_come_with_types_sizes_and_values,
        what_python_replaces_and_deletes_is_replaced_and_gone,
    ]
    RustWrites: [
        each_kind_of_value_is_read_by_its_content_type,
        what_is_no_utf8_reads_as_missing_in_python,
        what_is_no_json_reads_as_missing_in_python,
        odd_keys_and_types_are_described_as_python_describes_them,
        pages_of_python_are_those_of_rust,
        what_rust_replaces_and_deletes_is_replaced_and_gone,
        values_of_all_sizes_arrive_whole,
    ]
};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";
const BINARY: &str = "application/octet-stream";

async fn each_kind_of_value_is_written_as_documented_and_read(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    let none = json!(null);
    for (value, given, content_type, stored) in [
        (none.clone(), none.clone(), "application/x-none", &b""[..]),
        (none.clone(), json!("text/html"), "application/x-none", b""),
        (json!("héllo"), none.clone(), TEXT, "héllo".as_bytes()),
        (json!(""), none.clone(), TEXT, b""),
        (json!(5), none.clone(), TEXT, b"5"),
        (json!(true), none.clone(), TEXT, b"True"),
        (json!(1.5), none.clone(), TEXT, b"1.5"),
        (json!({"a": [1, "é"], "n": null}), none.clone(), JSON, r#"{"a": [1, "é"], "n": null}"#.as_bytes()),
        (json!([]), none.clone(), JSON, b"[]"),
        (tuple(json!([1, 2])), none.clone(), BINARY, b"(1, 2)"),
        (bytes(b"\0\xff"), none.clone(), BINARY, b"\0\xff"),
        (bytes(b"{}"), json!("application/json"), "application/json", br#""b'{}'""#),
        (json!("<p>"), json!("text/html"), "text/html", b"<p>"),
        (json!("x"), json!(""), TEXT, b"x"),
    ] {
        python.call("set", json!(["k", value, given])).await?;
        let record = rust.get_record("k").await?.with_context(|| format!("Rust misses {value}"))?;
        same("the type", record.content_type.as_str(), content_type)?;
        same("the bytes", &*record.value, stored)?;
        let described = format!(r#"{{"key":"k","content_type":"{content_type}","size":{}}}"#, stored.len());
        same("the metadata", sides.field(&key("s", "metadata_items"), "k")?, described)?;
        let page = rust.list_keys(RecordPageOptions::default()).await?;
        same("what is listed", page.items, vec![record.metadata()])?;
        same("whether it exists", rust.record_exists("k").await?, true)?;
    }
    Ok(())
}

/// In byte order; the empty one is a key for Python alone.
const KEYS: [&str; 12] = ["\u{1}\n", " ", "*?[]", "A", "B", "a", "a:b", "{x}", "é", "ключ", "日本", "\u{1f600}"];

async fn keys_of_every_script_are_listed_in_the_same_order(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    for key in KEYS.iter().rev().chain([&""]) {
        python.call("set", json!([key, key])).await?;
    }
    let rust = open(sides, name("s")?).await?;
    for page in [1, 5, 100] {
        same("the keys in Rust", keys(&rust, page).await?, KEYS)?;
    }
    let in_python = python.call("keys", json!([])).await?;
    same("the keys in Python", each(&in_python, "key")?, [&[""], &KEYS[..]].concat())?;
    for key in KEYS {
        same(key, rust.get_record(key).await?.map(|record| record.value), Some(Bytes::from(key)))?;
    }
    rust.purge().await?;
    same("the keys that are left in Python", python.call("keys", json!([])).await?, json!([]))
}

async fn entries_come_with_types_sizes_and_values(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    for (key, value) in [("b", json!({"n": 1})), ("a", json!("text")), ("c", json!(null))] {
        python.call("set", json!([key, value])).await?;
    }
    let rust = open(sides, name("s")?).await?;
    let page = rust.list_records(RecordPageOptions::default()).await?;
    let found: Vec<_> =
        page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &*item.value)).collect();
    let all = [("a", TEXT, &b"text"[..]), ("b", JSON, br#"{"n": 1}"#), ("c", "application/x-none", b"")];
    same("the records", found, all)?;
    same("where the next page begins", page.next_start_key, None)
}

async fn what_python_replaces_and_deletes_is_replaced_and_gone(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    python.call("set", json!(["k", "text"])).await?;
    python.call("set", json!(["k", [1]])).await?;
    let record = rust.get_record("k").await?.context("no record")?;
    same("the record", (record.content_type.as_str(), &*record.value), (JSON, &b"[1]"[..]))?;
    python.call("delete", json!(["k"])).await?;
    same("the record", rust.get_record("k").await?, None)?;
    same("whether it exists", rust.record_exists("k").await?, false)?;
    same("whether Rust removes it", rust.delete_value("k").await?, false)
}

async fn each_kind_of_value_is_read_by_its_content_type(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    for (content_type, stored, value) in [
        (ContentType::NOTHING, &b""[..], json!(null)),
        (ContentType::TEXT, "héllo".as_bytes(), json!("héllo")),
        (ContentType::new("text/html")?, b"<p>", json!("<p>")),
        (ContentType::JSON, r#"{"a":[1,"é"],"n":null}"#.as_bytes(), json!({"a": [1, "é"], "n": null})),
        (ContentType::new("application/json")?, br#""\u00e9""#, json!("é")),
        (ContentType::JSON, b"[]", json!([])),
        (ContentType::OCTET_STREAM, b"\0\xff\r\n", bytes(b"\0\xff\r\n")),
        (ContentType::new("image/png")?, b"", bytes(b"")),
    ] {
        rust.set_record("k", content_type.clone(), Bytes::from_static(stored)).await?;
        let record = python.call("get", json!(["k"])).await?;
        same("the value", &record["value"], &value)?;
        same("the type", &record["content_type"], content_type.as_str())?;
        same("the size", &record["size"], stored.len())?;
        same("the entries", python.call("entries", json!([])).await?, json!([record]))?;
    }
    Ok(())
}

async fn what_is_no_utf8_reads_as_missing_in_python(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    for content_type in ["application/json", "text/plain; charset=latin-1"] {
        rust.set_record("k", ContentType::new(content_type)?, Bytes::from_static(b"\"\xe9\"")).await?;
        same("what Python reads", python.call("get", json!(["k"])).await?, json!(null))?;
        same("whether Python says that it exists", python.call("exists", json!(["k"])).await?, json!(true))?;
        same("the bytes in Rust", rust.get_record("k").await?.map(|record| record.value.len()), Some(3))?;
    }
    Ok(())
}

async fn what_is_no_json_reads_as_missing_in_python(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    for stored in ["{", "", "é", "{'a': 1}", "1 2"] {
        rust.set_record("k", ContentType::JSON, stored.into()).await?;
        same(&format!("what Python reads of {stored:?}"), python.call("get", json!(["k"])).await?, json!(null))?;
        same("the entries of Python", python.call("entries", json!([])).await?, json!([]))?;
        same("whether Python says that it exists", python.call("exists", json!(["k"])).await?, json!(true))?;
        same("the bytes in Rust", rust.get_record("k").await?.map(|record| record.value), Some(stored.into()))?;
        let typed = rust.get_value::<AsJson<Value>>("k").await;
        same("the kind of a typed read", kind(typed)?, ErrorKind::Corrupt)?;
    }
    Ok(())
}

async fn odd_keys_and_types_are_described_as_python_describes_them(sides: &Sides) -> Result<()> {
    let (python, other) = (sides.python(json!({"name": "s"})).await?, sides.python(json!({"name": "other"})).await?);
    let rust = open(sides, name("s")?).await?;
    let content_type = "text/plain; title=\"a\\b\"; x='/'";
    for key in ["\"\\/", "\u{0}\u{1}\u{8}\t\n\u{c}\r\u{1f}\u{7f}\u{80}", "é日\u{1f600}\u{2028}", "a\u{301}"] {
        rust.set_record(key, ContentType::as_stored(content_type), "v".into()).await?;
        other.call("set", json!([key, "v", content_type])).await?;
        same("the value", &python.call("get", json!([key])).await?["value"], "v")?;
    }
    let described = |store| sides.hash(&key(store, "metadata_items"));
    same("the metadata", described("s")?, described("other")?)
}

async fn pages_of_python_are_those_of_rust(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    for key in KEYS {
        rust.set_record(key, ContentType::TEXT, key.into()).await?;
    }
    for (start, limit) in
        [(None, 3), (Some("A"), 4), (Some("a"), 100), (Some("zz"), 2), (Some("\u{1f600}"), 1), (None, 0)]
    {
        let mut options = RecordPageOptions::default().with_limit(limit);
        if let Some(start) = start {
            options = options.with_exclusive_start_key(store_redis::KeyBuf::new(start)?);
        }
        let page = rust.list_keys(options).await?;
        let in_rust: Vec<_> = page.items.iter().map(|item| item.key.as_str()).collect();
        let in_python = python.call("keys", json!([start, limit])).await?;
        same("the page", each(&in_python, "key")?, in_rust)?;
    }
    Ok(())
}

async fn what_rust_replaces_and_deletes_is_replaced_and_gone(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    rust.set_record("k", ContentType::TEXT, "text".into()).await?;
    rust.set_record("k", ContentType::JSON, "[1]".into()).await?;
    same("the value", &python.call("get", json!(["k"])).await?["value"], &json!([1]))?;
    same("whether Rust removes it", rust.delete_value("k").await?, true)?;
    same("the record", python.call("get", json!(["k"])).await?, Value::Null)?;
    same("whether it exists", python.call("exists", json!(["k"])).await?, json!(false))?;
    same("the values that are left", sides.hash(&key("s", "items"))?.len(), 0)
}

async fn values_of_all_sizes_arrive_whole(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    for size in [0, 1, 1 << 20] {
        // Every byte, so also those that end lines of the protocol.
        let value: Vec<u8> = (0..=u8::MAX).cycle().take(size).collect();
        rust.set_record("k", ContentType::OCTET_STREAM, value.clone().into()).await?;
        same("whether Python reads it", python.call("get", json!(["k"])).await?["value"] == bytes(&value), true)?;
        python.call("set", json!(["k", bytes(&value)])).await?;
        same("whether Rust reads it", rust.get_record("k").await?.is_some_and(|record| *record.value == value), true)?;
    }
    Ok(())
}
