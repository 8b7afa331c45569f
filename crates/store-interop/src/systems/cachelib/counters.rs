//! Counters: decimal text, whoever counts.

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;

use super::{python_under, rust_under};
use crate::case::{Case, cases};
use crate::rust::lives;
use crate::sides::Sides;
use crate::wire::same;

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        a_counter_made_by_python_counts_on_in_rust,
        a_counter_made_by_python_has_no_lifetime,
        a_number_set_by_python_keeps_its_lifetime,
        rust_refuses_to_count_on_what_is_no_number,
    ]
    RustWrites: [
        a_counter_made_by_rust_counts_on_in_python,
        a_counter_of_rust_has_the_lifetime_of_a_cache,
        a_counter_of_rust_that_overflows_raises_in_python,
    ]
    Both: [both_count_in_turn]
};

async fn a_counter_made_by_python_counts_on_in_rust(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    same("the first step", python.call("inc", json!(["n", 5])).await?, 5)?;
    sides.wire.has("app:n", "5")?;
    let rust = rust_under(sides, "app:").await?;
    same("what Rust reads", rust.counter("n").await?, Some(5))?;
    same("the step of Rust", rust.decrement("n", 12).await?, -7)?;
    same("what Python reads", python.call("get", json!(["n"])).await?, -7)
}

async fn a_counter_made_by_python_has_no_lifetime(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call("inc", json!(["n"])).await?;
    let rust = rust_under(sides, "app:").await?;
    rust.increment("n", 1).await?;
    same("how long Rust sees it", rust.ttl("n").await?, Some(Remaining::Never))
}

async fn a_number_set_by_python_keeps_its_lifetime(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call("set", json!(["n", 10, 60])).await?;
    let rust = rust_under(sides, "app:").await?;
    same("the step of Rust", rust.increment("n", 1).await?, 11)?;
    same("the step of Python", python.call("inc", json!(["n"])).await?, 12)?;
    lives(sides, &rust, "n", MINUTE).await
}

async fn rust_refuses_to_count_on_what_is_no_number(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call("set", json!(["n", "5"])).await?;
    let rust = rust_under(sides, "app:").await?;
    let counted = rust.increment("n", 1).await.map_err(|error| error.kind());
    same("what Rust is told", counted, Err(ErrorKind::NotAnInteger))?;
    same("what Python reads", python.call("get", json!(["n"])).await?, "5")
}

async fn a_counter_made_by_rust_counts_on_in_python(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.increment("n", 41).await?;
    same("the step of Python", python.call("inc", json!(["n"])).await?, 42)?;
    same("the other step of Python", python.call("dec", json!(["n", 50])).await?, -8)?;
    same("what Rust reads", rust.counter("n").await?, Some(-8))
}

async fn a_counter_of_rust_has_the_lifetime_of_a_cache(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.increment("default", 1).await?;
    rust.increment("own", 1).ttl_on_create(MINUTE).await?;
    python.call("inc", json!(["default"])).await?;
    python.call("inc", json!(["own"])).await?;
    sides.wire.lives("app:default", 300_000)?;
    sides.wire.lives("app:own", 60_000)
}

async fn a_counter_of_rust_that_overflows_raises_in_python(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.increment("n", i64::MAX).await?;
    same("what Python raises", python.raises("inc", json!(["n"])).await?, "ResponseError")?;
    let counted = rust.increment("n", 1).await.map_err(|error| error.kind());
    same("what Rust is told", counted, Err(ErrorKind::OutOfRange))?;
    sides.wire.has("app:n", i64::MAX.to_string())
}

async fn both_count_in_turn(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("n", "0").ttl(MINUTE).await?;
    for step in 1..=20_i64 {
        same("the step of Rust", rust.increment("n", step).await?, step)?;
        same("the step of Python", python.call("dec", json!(["n", step - 1])).await?, 1)?;
        same("the way back", rust.decrement("n", 1).await?, 0)?;
    }
    same("what Python reads", python.call("get", json!(["n"])).await?, Value::from(0))?;
    lives(sides, &rust, "n", MINUTE).await
}
