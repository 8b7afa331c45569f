//! Keys, batches, conditions, removal.

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::cachelib::RedisSerializer;
use store_redis::prelude::*;

use super::{python_under, rust_under};
use crate::case::{Case, cases};
use crate::python::bytes;
use crate::rust::KEYS;
use crate::sides::Sides;
use crate::wire::same;

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        keys_of_python_are_read_in_rust,
        a_batch_of_python_is_read_in_one,
        rust_adds_nothing_over_what_python_wrote,
        what_rust_deletes_is_missing_in_python,
    ]
    RustWrites: [
        keys_of_rust_are_read_in_python,
        a_batch_of_rust_is_read_in_one,
        python_adds_nothing_over_what_rust_wrote,
        what_python_deletes_is_missing_in_rust,
    ]
};

async fn keys_of_python_are_read_in_rust(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<i64, _>(RedisSerializer::new());
    for key in KEYS {
        python.call("set", json!([key, 5])).await?;
        same(&format!("what Rust reads at {key:?}"), rust.get(key).await?, Some(5))?;
    }
    sides.wire.has_only(&KEYS.map(|key| format!("app:{key}")))
}

async fn a_batch_of_python_is_read_in_one(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call("set_many", json!([{"a": 1, "b": 2}])).await?;
    let rust = rust_under(sides, "app:").await?;
    let read = rust.get_many(&["a", "missing", "b"]).await?;
    same("what Rust reads", read, vec![Some("1".into()), None, Some("2".into())])?;
    sides.wire.lives("app:b", 300_000)
}

async fn rust_adds_nothing_over_what_python_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    python.call("set", json!(["k", 1, 0])).await?;
    same("the add", rust.add("k", "2").await?, false)?;
    same("what Python reads", python.call("get", json!(["k"])).await?, 1)?;
    sides.wire.stays_forever("app:k")
}

async fn what_rust_deletes_is_missing_in_python(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    python.call("set_many", json!([{"a": 1, "b": 2, "c": 3}])).await?;
    same("the removals", rust.delete_many(&["a", "missing", "b"]).await?, vec![true, false, true])?;
    same("whether Python has it", python.call("has", json!(["a"])).await?, false)?;
    let read = python.call("get_many", json!(["a", "b", "c"])).await?;
    same("what Python reads", read, json!([null, null, 3]))
}

async fn keys_of_rust_are_read_in_python(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    for key in KEYS {
        rust.set(key, "v").await?;
        same(&format!("what Python reads at {key:?}"), python.call("get", json!([key])).await?, bytes("v"))?;
    }
    sides.wire.has_only(&KEYS.map(|key| format!("app:{key}")))
}

async fn a_batch_of_rust_is_read_in_one(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set_many([("a", "1"), ("b", "v")]).await?;
    let read = python.call("get_dict", json!(["a", "missing", "b"])).await?;
    same("what Python reads", read, json!({"a": 1, "missing": null, "b": bytes("v")}))
}

async fn python_adds_nothing_over_what_rust_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "1").never_expires().await?;
    same("the add", python.call("add", json!(["k", 2])).await?, false)?;
    same("what Rust reads", rust.get("k").await?.as_deref(), Some(&b"1"[..]))?;
    sides.wire.stays_forever("app:k")
}

async fn what_python_deletes_is_missing_in_rust(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set_many([("a", "1"), ("b", "2"), ("c", "3")]).await?;
    same("the removal", python.call("delete", json!(["a"])).await?, true)?;
    let absent = python.call("delete_many", json!(["b", "missing"])).await?;
    same("what is absent by then", absent, json!(["b", "missing"]))?;
    same("what Rust reads", rust.get_many(&["a", "b", "c"]).await?, vec![None, None, Some("3".into())])?;
    same("the removal of what is gone", python.call("delete", json!(["a"])).await?, Value::Bool(false))
}
