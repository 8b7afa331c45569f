//! Keys, batches, conditions, counters, removal.

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;

use super::{bare, python_under, rust_under};
use crate::case::{Case, cases};
use crate::rust::KEYS;
use crate::sides::Sides;
use crate::wire::same;

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        keys_of_python_are_read_in_rust,
        a_batch_of_python_is_read_in_one_and_stays,
        rust_adds_nothing_over_what_python_wrote,
        rust_counts_on_from_a_number_of_python,
        what_rust_deletes_is_missing_in_python,
    ]
    RustWrites: [
        keys_of_rust_are_read_in_python,
        python_reads_a_batch_only_without_a_prefix,
        python_adds_nothing_over_what_rust_wrote,
        a_counter_of_rust_is_a_number_in_python,
        what_python_deletes_is_missing_in_rust,
        null_of_rust_is_no_miss_in_rust_and_one_in_python,
    ]
};

async fn keys_of_python_are_read_in_rust(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<String, _>(codec::Json);
    for key in KEYS {
        python.call("set", json!([key, key])).await?;
        same(&format!("what Rust reads at {key:?}"), rust.get(key).await?.as_deref(), Some(key))?;
    }
    sides.wire.has_only(&KEYS.map(|key| format!("app:{key}")))
}

async fn a_batch_of_python_is_read_in_one_and_stays(sides: &Sides) -> Result<()> {
    let rust = rust_under(sides, "app:").await?;
    rust.set("a", "0").await?;
    python_under(sides, "app:").await?.call("set_many", json!([{"a": 1, "b": 2}])).await?;
    let read = rust.get_many(&["a", "missing", "b"]).await?;
    same("what Rust reads", read, vec![Some("1".into()), None, Some("2".into())])?;
    sides.wire.stays_forever("app:a")?;
    sides.wire.stays_forever("app:b")
}

async fn rust_adds_nothing_over_what_python_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    python.call("set", json!(["k", 1])).await?;
    same("the add", rust.add("k", "2").await?, false)?;
    same("what Python reads", python.call("get", json!(["k"])).await?, 1)?;
    sides.wire.stays_forever("app:k")
}

async fn rust_counts_on_from_a_number_of_python(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    python.call_with("set", json!(["n", 42]), super::time_to_live(60_000)).await?;
    same("the step of Rust", rust.increment("n", -50).await?, -8)?;
    same("what Python reads", python.call("get", json!(["n"])).await?, -8)?;
    sides.wire.lives("app:n", 60_000)
}

async fn what_rust_deletes_is_missing_in_python(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    python.call("set_many", json!([{"a": 1, "b": 2}])).await?;
    same("the removals", rust.delete_many(&["a", "missing"]).await?, vec![true, false])?;
    same("what Python reads", python.call("get", json!(["a", "default"])).await?, "default")?;
    same("what Python reads", python.call("get", json!(["b"])).await?, 2)
}

async fn keys_of_rust_are_read_in_python(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<String, _>(codec::Json);
    for key in KEYS {
        rust.set(key, &key.to_owned()).await?;
        same(&format!("what Python reads at {key:?}"), python.call("get", json!([key])).await?, key)?;
    }
    sides.wire.has_only(&KEYS.map(|key| format!("app:{key}")))
}

/// A defect of cachetory's: it looks keys up without the prefix, and puts it before those that it found.
async fn python_reads_a_batch_only_without_a_prefix(sides: &Sides) -> Result<()> {
    rust_under(sides, "app:").await?.set_many([("a", "1"), ("b", "2")]).await?;
    let keys = json!(["a", "missing", "b"]);
    same("what Python reads", python_under(sides, "app:").await?.call("get_many", keys.clone()).await?, json!({}))?;
    bare(sides).await?.set_many([("a", "3"), ("b", "4")]).await?;
    let read = python_under(sides, "").await?.call("get_many", keys).await?;
    same("what Python reads without a prefix", read, json!({"a": 3, "b": 4}))
}

async fn python_adds_nothing_over_what_rust_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "1").never_expires().await?;
    for key in ["k", "absent"] {
        python.call_with("set", json!([key, 2]), json!({"if_not_exists": true})).await?;
    }
    same("what Rust reads", rust.get_many(&["k", "absent"]).await?, vec![Some("1".into()), Some("2".into())])
}

async fn a_counter_of_rust_is_a_number_in_python(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    for (step, sum) in [(5, 5), (-12, -7), (7, 0)] {
        same("the step of Rust", rust.increment("n", step).await?, sum)?;
        same("what Python reads", python.call("get", json!(["n"])).await?, sum)?;
    }
    Ok(())
}

async fn what_python_deletes_is_missing_in_rust(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set_many([("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]).await?;
    same("the removal", python.call("delete", json!(["a"])).await?, true)?;
    same("the removal of what is gone", python.call("delete", json!(["a"])).await?, false)?;
    python.call("delete_many", json!(["b", "missing", "c"])).await?;
    same("what Rust reads", rust.get_many(&["a", "b", "c", "d"]).await?, vec![None, None, None, Some("4".into())])
}

async fn null_of_rust_is_no_miss_in_rust_and_one_in_python(sides: &Sides) -> Result<()> {
    let rust = rust_under(sides, "app:").await?.typed::<Option<u32>, _>(codec::Json);
    rust.set("k", &None).await?;
    same("what Rust reads", rust.get("k").await?, Some(None))?;
    let python = python_under(sides, "app:").await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, Value::Null)?;
    same("what Python reads of nothing", python.call("get", json!(["missing"])).await?, Value::Null)
}
