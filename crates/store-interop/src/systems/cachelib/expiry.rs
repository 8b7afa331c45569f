//! Lifetimes: 300 s unless said otherwise, whole seconds in Python.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;

use super::{python_under, rust_under};
use crate::case::{Case, cases};
use crate::python::{bytes, milliseconds};
use crate::rust::{gone, lives};
use crate::sides::Sides;
use crate::wire::same;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        unless_told_python_writes_for_five_minutes,
        timeouts_of_zero_and_minus_one_are_never,
        python_rounds_up_to_whole_seconds,
        rust_sees_what_expired_in_python_as_missing,
        rust_renews_and_moves_the_expiry_of_what_python_wrote,
    ]
    RustWrites: [
        unless_told_rust_writes_for_five_minutes,
        rust_writes_what_a_timeout_of_python_means,
        python_sees_what_expired_in_rust_as_missing,
        python_adds_over_what_expired_in_rust,
        python_clears_the_expiry_of_what_it_overwrites,
    ]
};

async fn unless_told_python_writes_for_five_minutes(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call("set", json!(["set", 1])).await?;
    python.call("add", json!(["add", 1])).await?;
    let rust = rust_under(sides, "app:").await?;
    for key in ["set", "add"] {
        sides.wire.lives(format!("app:{key}"), 300_000)?;
        lives(sides, &rust, key, Duration::from_secs(300)).await?;
    }
    sides.python(json!({"key_prefix": "app:", "default_timeout": 0})).await?.call("set", json!(["k", 1])).await?;
    same("how long Rust sees it", rust.ttl("k").await?, Some(Remaining::Never))
}

async fn timeouts_of_zero_and_minus_one_are_never(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?;
    for timeout in [json!(0), json!(-1), milliseconds(0), milliseconds(-1_000)] {
        python.call("set", json!(["k", 1, timeout])).await?;
        sides.wire.stays_forever("app:k")?;
        same("how long Rust sees it", rust.ttl("k").await?, Some(Remaining::Never))?;
    }
    Ok(())
}

async fn python_rounds_up_to_whole_seconds(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call("set", json!(["k", 1, milliseconds(59_200)])).await?;
    sides.wire.lives("app:k", 60_000)?;
    python.call("set", json!(["short", 1, milliseconds(1)])).await?;
    sides.wire.lives("app:short", 1_000)
}

async fn rust_sees_what_expired_in_python_as_missing(sides: &Sides) -> Result<()> {
    python_under(sides, "app:").await?.call("set", json!(["k", 1, 1])).await?;
    let rust = rust_under(sides, "app:").await?;
    gone(&rust, "k").await?;
    same("the add over it", rust.add("k", "2").await?, true)
}

async fn rust_renews_and_moves_the_expiry_of_what_python_wrote(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call("set_many", json!([{"renewed": 1, "moved": 2, "stays": 3}])).await?;
    let rust = rust_under(sides, "app:").await?;
    same("what Rust reads", rust.get("renewed").renew(MINUTE).await?.as_deref(), Some(&b"1"[..]))?;
    same("what was there", rust.expire_many(&["moved", "missing"], MINUTE).await?, vec![true, false])?;
    rust.expire("stays", Expiry::Never).await?;
    sides.wire.lives("app:renewed", 60_000)?;
    sides.wire.lives("app:moved", 60_000)?;
    sides.wire.stays_forever("app:stays")?;
    let read = python.call("get_many", json!(["renewed", "moved", "stays"])).await?;
    same("what Python reads", read, json!([1, 2, 3]))
}

async fn unless_told_rust_writes_for_five_minutes(sides: &Sides) -> Result<()> {
    let rust = rust_under(sides, "app:").await?;
    rust.set("set", "1").await?;
    rust.add("add", "1").await?;
    rust.set_many([("many", "1")]).await?;
    for key in ["app:set", "app:add", "app:many"] {
        sides.wire.lives(key, 300_000)?;
    }
    Ok(())
}

async fn rust_writes_what_a_timeout_of_python_means(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    for (timeout, lifetime) in [(59.2, 60_000), (10.0, 10_000)] {
        rust.set("rust", "1").expiry(Expiry::from_cachelib_timeout(Some(timeout))?).await?;
        python.call("set", json!(["python", 1, timeout])).await?;
        sides.wire.lives("app:rust", lifetime)?;
        sides.wire.lives("app:python", lifetime)?;
    }
    for timeout in [0.0, -1.0] {
        rust.set("rust", "1").expiry(Expiry::from_cachelib_timeout(Some(timeout))?).await?;
        sides.wire.stays_forever("app:rust")?;
    }
    Ok(())
}

async fn python_sees_what_expired_in_rust_as_missing(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "v").ttl(Duration::from_millis(20)).await?;
    gone(&rust, "k").await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, Value::Null)?;
    same("whether Python has it", python.call("has", json!(["k"])).await?, false)
}

async fn python_adds_over_what_expired_in_rust(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "v").ttl(Duration::from_millis(20)).await?;
    gone(&rust, "k").await?;
    same("the add over it", python.call("add", json!(["k", 5])).await?, true)?;
    same("what Rust reads", rust.counter("k").await?, Some(5))
}

async fn python_clears_the_expiry_of_what_it_overwrites(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "v").ttl(MINUTE).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes("v"))?;
    python.call("set", json!(["k", 5, 0])).await?;
    same("how long Rust sees it", rust.ttl("k").await?, Some(Remaining::Never))
}
