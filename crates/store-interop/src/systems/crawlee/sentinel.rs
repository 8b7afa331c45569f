//! Rust finds the server through sentinels, and Python is given its address.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use store_redis::{
    Config, ContentType, KeyValueStore, OpenOptions, Record, RecordLayout, RecordPageOptions, StoreSelector,
};
use store_testkit::{SentinelDeployment, SentinelOptions};

use super::lifecycle::every_operation_says_dropped;
use super::{connect, each, keys, name, python_id};
use crate::case::{Case, cases};
use crate::python::{Object, bytes};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    PythonWrites: [
        what_python_writes_is_read_behind_sentinel,
        what_python_purges_and_drops_is_gone_behind_sentinel,
    ]
    RustWrites: [
        what_rust_writes_behind_sentinel_is_read,
        what_rust_purges_and_drops_behind_sentinel_is_gone,
    ]
    Both: [
        openers_of_a_new_name_get_one_store_behind_sentinel,
    ]
};

/// A server in Python may be silent for longer than one that is dead, and nothing here replaces it.
const SILENCE: Duration = Duration::from_secs(60);

/// Those that watch over the server of both sides.
pub(super) struct Sentinels(SentinelDeployment);

impl Sentinels {
    pub(super) fn start(sides: &Sides) -> Result<Self> {
        Ok(Self(sides.sentinels(SentinelOptions::new().down_after(SILENCE))?))
    }

    pub(super) fn config(&self) -> Result<Config> {
        Ok(self.0.url().parse()?)
    }

    async fn open(&self, options: impl Into<OpenOptions>) -> Result<KeyValueStore> {
        Ok(KeyValueStore::open(connect(self.config()?, RecordLayout::crawlee()).await?, options).await?)
    }
}

/// A value of each kind as Python has it, with the type and the bytes of its record; the keys are in byte order.
fn records() -> [(&'static str, Value, ContentType, &'static [u8]); 4] {
    [
        ("bytes", bytes(b"\0\xff\r\n"), ContentType::OCTET_STREAM, b"\0\xff\r\n"),
        ("json", json!({"a": 1}), ContentType::JSON, br#"{"a": 1}"#),
        ("none", json!(null), ContentType::NOTHING, b""),
        ("text", json!("héllo"), ContentType::TEXT, "héllo".as_bytes()),
    ]
}

/// Both have the same store with the same records, whichever way they look.
async fn have_all(python: &Object<'_>, rust: &KeyValueStore) -> Result<()> {
    same("the id", rust.id(), &python_id(python).await?)?;
    for (key, value, content_type, stored) in records() {
        let record = rust.get_record(key).await?.with_context(|| format!("Rust misses {key}"))?;
        same(key, (record.content_type, &*record.value), (content_type, stored))?;
        same(key, &python.call("get", json!([key])).await?["value"], &value)?;
        same("whether it exists in Rust", rust.record_exists(key).await?, true)?;
        same("whether it exists in Python", python.call("exists", json!([key])).await?, json!(true))?;
    }
    let all = records().map(|(key, ..)| key);
    same("the pages of Rust", keys(rust, 3).await?, all)?;
    same("the keys of Python", each(&python.call("keys", json!([])).await?, "key")?, all)?;
    let records = rust.list_records(RecordPageOptions::default()).await?.items;
    let described: Vec<_> = records.iter().map(Record::metadata).collect();
    same("the descriptions", rust.list_keys(RecordPageOptions::default()).await?.items, described)?;
    let created_at = rust.metadata().await?.created_at.as_unix_millis();
    same("the creation", python.call("millis", json!(["created_at"])).await?, json!(created_at))
}

async fn what_python_writes_is_read_behind_sentinel(sides: &Sides) -> Result<()> {
    let sentinels = Sentinels::start(sides)?;
    let python = sides.python(json!({"name": "s"})).await?;
    for (key, value, ..) in records() {
        python.call("set", json!([key, value])).await?;
    }
    let rust = sentinels.open(name("s")?).await?;
    have_all(&python, &rust).await?;
    have_all(&python, &sentinels.open(StoreSelector::Id(python_id(&python).await?)).await?).await?;
    python.call("delete", json!(["json"])).await?;
    same("what Python deleted", rust.get_record("json").await?, None)?;
    same("whether Rust removes it", rust.delete_value("json").await?, false)
}

async fn what_python_purges_and_drops_is_gone_behind_sentinel(sides: &Sides) -> Result<()> {
    let sentinels = Sentinels::start(sides)?;
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = sentinels.open(name("s")?).await?;
    python.call("set", json!(["k", "v"])).await?;
    python.call("purge", json!([])).await?;
    same("the keys", keys(&rust, 10).await?.len(), 0)?;
    python.call("drop", json!([])).await?;
    every_operation_says_dropped(&rust).await?;
    sides.wire.has_only(&[""; 0])
}

async fn what_rust_writes_behind_sentinel_is_read(sides: &Sides) -> Result<()> {
    let sentinels = Sentinels::start(sides)?;
    let rust = sentinels.open(name("s")?).await?;
    for (key, _, content_type, stored) in records() {
        rust.set_record(key, content_type, stored.into()).await?;
    }
    let python = sides.python(json!({"name": "s"})).await?;
    have_all(&python, &rust).await?;
    have_all(&sides.python(json!({"id": rust.id()})).await?, &rust).await?;
    same("whether Rust removes it", rust.delete_value("json").await?, true)?;
    same("what Rust deleted", python.call("get", json!(["json"])).await?, json!(null))
}

async fn what_rust_purges_and_drops_behind_sentinel_is_gone(sides: &Sides) -> Result<()> {
    let sentinels = Sentinels::start(sides)?;
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = sentinels.open(name("s")?).await?;
    python.call("set", json!(["k", "v"])).await?;
    rust.purge().await?;
    same("the keys", python.call("keys", json!([])).await?, json!([]))?;
    let id = rust.id().to_owned();
    rust.drop().await?;
    same("Python's refusal", python.raises("metadata", json!([])).await?, "ValueError")?;
    same("whether Python opens it by its id", sides.python(json!({"id": id})).await.is_ok(), false)?;
    sides.wire.has_only(&[""; 0])
}

async fn openers_of_a_new_name_get_one_store_behind_sentinel(sides: &Sides) -> Result<()> {
    let sentinels = Sentinels::start(sides)?;
    for round in 0..10 {
        let store = format!("race-{round}");
        let (python, rust) = tokio::try_join!(sides.python(json!({"name": store})), sentinels.open(name(&store)?))?;
        same("the id", rust.id(), &python_id(&python).await?)?;
    }
    Ok(())
}
