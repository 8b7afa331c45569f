//! The document of a store: what moves its times, and what is in its place when it is damaged.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use store_redis::{
    Clock, ContentType, ErrorKind, KeyValueStore, RecordLayout, RecordPageOptions, SystemClock, Timestamp,
};

use super::{client, key, kind, name, open};
use crate::case::{Case, cases};
use crate::python::Object;
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    PythonWrites: [
        what_python_does_moves_the_times_in_rust,
    ]
    RustWrites: [
        what_rust_does_moves_the_times_in_python,
        a_time_of_the_future_is_not_taken_back,
    ]
    Both: [
        what_is_no_document_opens_for_nobody_and_stays,
        metadata_of_a_foreign_type_opens_for_nobody_and_stays,
    ]
};

/// Accessed and modified, in milliseconds.
async fn times(python: &Object<'_>) -> Result<(u64, u64)> {
    // In this order: reading the metadata moves the first of them.
    let accessed_at = python.call("millis", json!(["accessed_at"])).await?;
    let modified_at = python.call("millis", json!(["modified_at"])).await?;
    Ok((accessed_at.as_u64().context("no time")?, modified_at.as_u64().context("no time")?))
}

async fn what_python_does_moves_the_times_in_rust(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    for (method, arguments, writes) in [
        ("set", json!(["k", "v"]), true),
        ("get", json!(["k"]), false),
        ("exists", json!(["k"]), false),
        ("keys", json!([]), false),
        ("delete", json!(["k"]), true),
        ("purge", json!([]), true),
    ] {
        let before = rust.metadata().await?;
        passed(before.accessed_at.max(before.modified_at)).await;
        python.call(method, arguments).await?;
        let after = rust.metadata().await?;
        same(&format!("whether {method} accesses"), after.accessed_at > before.accessed_at || method == "keys", true)?;
        same(&format!("whether {method} modifies"), after.modified_at > before.modified_at, writes)?;
        same("the time of creation", after.created_at, before.created_at)?;
    }
    Ok(())
}

async fn what_rust_does_moves_the_times_in_python(sides: &Sides) -> Result<()> {
    let rust = open(sides, name("s")?).await?;
    let python = sides.python(json!({"name": "s"})).await?;
    let (_, created) = times(&python).await?;
    rust.set_record("k", ContentType::TEXT, "v".into()).await?;
    let (accessed, modified) = times(&python).await?;
    same("whether a write moves both", accessed >= modified && modified > created, true)?;
    rust.get_record("k").await?;
    rust.list_keys(RecordPageOptions::default()).await?;
    same("whether a read modifies", times(&python).await?.1, modified)?;
    same("whether Rust deletes what is not there", rust.delete_value("other").await?, false)?;
    same("whether that modifies", times(&python).await?.1, modified)?;
    let stored: Value = serde_json::from_str(&sides.document("s")?)?;
    let time = stored["modified_at"].as_str().context("no time")?;
    same("the form of a time", (time.len(), &time[10..11], &time[19..20], &time[26..]), (32, "T", ".", "+00:00"))
}

async fn a_time_of_the_future_is_not_taken_back(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let future = "2199-12-31T23:59:59.999999+00:00";
    for word in ["accessed_at", "modified_at"] {
        let path = format!("$.{word}");
        sides.wire.command(&["JSON.SET", &key("s", "metadata"), &path, &json!(future).to_string()])?;
    }
    let rust = open(sides, name("s")?).await?;
    rust.set_record("k", ContentType::TEXT, "v".into()).await?;
    let stored: Value = serde_json::from_str(&sides.document("s")?)?;
    same("the times", (&stored["accessed_at"], &stored["modified_at"]), (&json!(future), &json!(future)))?;
    same("the value", &python.call("get", json!(["k"])).await?["value"], "v")
}

async fn what_is_no_document_opens_for_nobody_and_stays(sides: &Sides) -> Result<()> {
    let strict = client(sides, RecordLayout::crawlee()).await?;
    let opened = open(sides, name("s")?).await?;
    for document in
        [json!([1]), json!("text"), json!(5), json!({}), json!({"id": 5}), json!({"id": opened.id(), "name": 5})]
    {
        sides.put_document("s", &document)?;
        let before = sides.document("s")?;
        same("the kind of open", kind(KeyValueStore::open(strict.clone(), name("s")?).await)?, ErrorKind::Corrupt)?;
        same("the kind of get", kind(opened.get_record("k").await)?, ErrorKind::Corrupt)?;
        let set = opened.set_record("k", ContentType::TEXT, "v".into()).await;
        same("the kind of set", kind(set)?, ErrorKind::Corrupt)?;
        same("the kind of drop", kind(opened.drop().await)?, ErrorKind::Corrupt)?;
        same("the document", sides.document("s")?, before)?;
        same("the records", sides.hash(&key("s", "items"))?.len(), 0)?;
        let python = sides.python(json!({"name": "s"})).await;
        let refused = match python {
            Ok(python) => python.raises("metadata", json!([])).await.is_ok(),
            Err(_) => true,
        };
        same(&format!("whether Python refuses {document}"), refused, true)?;
    }
    Ok(())
}

async fn metadata_of_a_foreign_type_opens_for_nobody_and_stays(sides: &Sides) -> Result<()> {
    let client = client(sides, RecordLayout::crawlee()).await?;
    let metadata = key("s", "metadata");
    for (planted, reading) in
        [(&["SET", &metadata, "{}"][..], "GET"), (&["HSET", &metadata, "id", "PO9dQJlzAGlQuziu1"], "HGETALL")]
    {
        sides.wire.begin()?;
        let opened = open(sides, name("s")?).await?;
        sides.wire.begin()?;
        sides.wire.command(planted)?;
        let there = sides.wire.command(&[reading, &metadata])?;
        let by_name = KeyValueStore::open(client.clone(), name("s")?).await;
        same(&format!("the kind of open after {planted:?}"), kind(by_name)?, ErrorKind::WrongType)?;
        same("the kind of get", kind(opened.get_record("k").await)?, ErrorKind::WrongType)?;
        let set = opened.set_record("k", ContentType::TEXT, "v".into()).await;
        same("the kind of set", kind(set)?, ErrorKind::WrongType)?;
        same("the kind of purge", kind(opened.purge().await)?, ErrorKind::WrongType)?;
        same("the kind of drop", kind(opened.drop().await)?, ErrorKind::WrongType)?;
        let Err(refused) = sides.python(json!({"name": "s"})).await else { bail!("Python has opened it") };
        let raised = "opening in Python raised ResponseError: Existing key has wrong Redis type";
        same("how Python fails", refused.to_string(), raised)?;
        sides.wire.has_only(&[&metadata])?;
        same("what is there", sides.wire.command(&[reading, &metadata])?, there)?;
    }
    Ok(())
}

/// Waits until the clock, which both sides share, is past a time.
async fn passed(time: Timestamp) {
    while SystemClock::new().now() <= time {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}
