//! Forms that other writers may have left: what Crawlee takes, Rust takes, and what it refuses, Rust refuses.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use store_redis::{ErrorKind, RecordPageOptions, Timestamp};

use super::{IDS, TEXTS, key, kind, name, open};
use crate::case::{Case, cases};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    Both: [
        times_are_read_in_every_form_that_python_reads,
        times_that_python_refuses_are_damage,
        metadata_in_camel_case_with_more_fields_and_without_indexes_is_a_store,
        records_described_in_camel_case_without_size_and_with_more_fields_are_records,
        a_record_without_a_content_type_is_damage_for_both,
    ]
};

const ID: &str = "PO9dQJlzAGlQuziu1";

fn document(time: &Value) -> Value {
    json!({"id": ID, "name": "s", "accessed_at": time, "created_at": time, "modified_at": time})
}

async fn times_are_read_in_every_form_that_python_reads(sides: &Sides) -> Result<()> {
    for (time, millis) in [
        (json!("2026-11-20T15:08:25.376669+00:00"), 1_795_187_305_376),
        (json!("2026-11-20T15:08:25.376Z"), 1_795_187_305_376),
        (json!("2026-11-20t15:08:25z"), 1_795_187_305_000),
        (json!("2026-11-20 15:08:25,5+00:00"), 1_795_187_305_500),
        (json!("2026-11-20T15:08:25.123456789Z"), 1_795_187_305_123),
        (json!("2026-11-20T16:38:25+01:30"), 1_795_187_305_000),
        (json!("2026-11-20T12:08:25-0300"), 1_795_187_305_000),
        (json!("2026-11-20T15:08Z"), 1_795_187_280_000),
        (json!("2026-11-20T15:08:25"), 1_795_187_305_000),
        (json!("2026-11-20"), 1_795_132_800_000),
        (json!("2000-02-29T23:59:59Z"), 951_868_799_000),
        (json!(1_700_000_000), 1_700_000_000_000),
        (json!(1_700_000_000.25), 1_700_000_000_250),
        (json!(1_700_000_000_123_u64), 1_700_000_000_123),
        (json!("1700000000"), 1_700_000_000_000),
    ] {
        sides.put_document("s", &document(&time))?;
        // Opening moves the times that are read after it, and never that of the creation.
        let rust = open(sides, name("s")?).await?;
        let created_at = rust.metadata().await?.created_at;
        same(&format!("{time} in Rust"), Some(created_at), Timestamp::from_unix_millis(millis))?;
        let python = sides.python(json!({"name": "s"})).await?;
        let in_python = python.call("millis", json!(["created_at"])).await?;
        same(&format!("{time} in Python"), in_python, json!(millis))?;
    }
    Ok(())
}

async fn times_that_python_refuses_are_damage(sides: &Sides) -> Result<()> {
    for time in [
        json!("2026-02-29T00:00:00Z"),
        json!("2026-13-01T00:00:00Z"),
        json!("2026-11-20T24:00:00Z"),
        json!("2026-11-20T15:08:60Z"),
        json!("2026-11-20T15:08:25-05"),
        json!("2026-11-20T15:08:25 Z"),
        json!("26-11-20"),
        json!(""),
        json!(null),
        json!(true),
        json!([]),
    ] {
        sides.put_document("s", &document(&time))?;
        let before = sides.document("s")?;
        same(&format!("the kind for {time}"), refusal(sides).await?, ErrorKind::Corrupt)?;
        same("the document", sides.document("s")?, before)?;
        let python = sides.python(json!({"name": "s"})).await?;
        same(&format!("Python's refusal of {time}"), python.raises("metadata", json!([])).await?, "ValidationError")?;
    }
    Ok(())
}

async fn refusal(sides: &Sides) -> Result<ErrorKind> {
    let client = super::client(sides, store_redis::RecordLayout::crawlee()).await?;
    kind(store_redis::KeyValueStore::open(client, name("s")?).await)
}

async fn metadata_in_camel_case_with_more_fields_and_without_indexes_is_a_store(sides: &Sides) -> Result<()> {
    let time = "2020-01-01T00:00:00Z";
    let camel = json!({"id": ID, "createdAt": time, "accessedAt": time, "modifiedAt": time, "stats": {"reads": 1}});
    sides.put_document("s", &camel)?;
    let rust = open(sides, super::alias("s")?).await?;
    rust.set_record("k", store_redis::ContentType::TEXT, "v".into()).await?;
    same("the id", rust.id(), ID)?;
    let metadata = rust.metadata().await?;
    same("whether the times have moved", metadata.modified_at > metadata.created_at, true)?;
    let python = sides.python(json!({"alias": "s"})).await?;
    let modified_at = python.call("millis", json!(["modified_at"])).await?;
    same("the time in Python", modified_at, json!(metadata.modified_at.as_unix_millis()))?;
    same("the value", &python.call("get", json!(["k"])).await?["value"], "v")?;
    same("the other field", sides.document("s")?.contains("reads"), true)?;
    same("the text of the id", sides.field(TEXTS, ID)?, "s")?;
    same("the id of the text", sides.field(IDS, "s")?, ID)?;
    sides.python(json!({"id": ID})).await.map(drop)
}

async fn records_described_in_camel_case_without_size_and_with_more_fields_are_records(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    for described in [
        r#"{"key":"k","contentType":"text/plain","size":2}"#,
        r#"{"key":"k","content_type":"text/plain"}"#,
        r#"{ "size": 2, "extra": [1], "content_type": "text\/plain", "key": "k" }"#,
    ] {
        sides.put_field(&key("s", "items"), "k", "é")?;
        sides.put_field(&key("s", "metadata_items"), "k", described)?;
        let record = rust.get_record("k").await?.context("no record")?;
        same("the type", record.content_type.as_str(), "text/plain")?;
        let page = rust.list_keys(RecordPageOptions::default()).await?;
        same("what is listed", page.items, vec![record.metadata()])?;
        let in_python = python.call("get", json!(["k"])).await?;
        same(
            "what Python reads",
            (&in_python["value"], &in_python["content_type"]),
            (&json!("é"), &json!("text/plain")),
        )?;
    }
    Ok(())
}

async fn a_record_without_a_content_type_is_damage_for_both(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    sides.put_field(&key("s", "items"), "k", "v")?;
    for described in [r#"{"key":"k","size":1}"#, r#"{"key":"k","content_type":null}"#, "[]", "{", ""] {
        sides.put_field(&key("s", "metadata_items"), "k", described)?;
        same("the kind of get", kind(rust.get_record("k").await)?, ErrorKind::Corrupt)?;
        same("the kind of list", kind(rust.list_keys(RecordPageOptions::default()).await)?, ErrorKind::Corrupt)?;
        same("the kind of read", kind(rust.list_records(RecordPageOptions::default()).await)?, ErrorKind::Corrupt)?;
        same("Python's get", python.raises("get", json!(["k"])).await?, "ValidationError")?;
        same("Python's list", python.raises("keys", json!([])).await?, "ValidationError")?;
    }
    same("whether Rust removes it", rust.delete_value("k").await?, true)?;
    same("the keys", python.call("keys", json!([])).await?, json!([]))
}
