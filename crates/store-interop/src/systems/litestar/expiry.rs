//! Lifetimes: whole seconds in Python, milliseconds in Rust.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use store_redis::prelude::*;

use super::{default, expires_in};
use crate::case::{Case, cases};
use crate::python::bytes;
use crate::rust::{gone, lives};
use crate::sides::Sides;
use crate::wire::same;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        seconds_of_python_are_seen_in_rust,
        rust_sees_what_expired_in_python_as_missing,
        rust_renews_what_python_wrote,
        rust_renews_nothing_that_stays,
        rust_lets_stay_what_python_let_expire,
    ]
    RustWrites: [
        milliseconds_of_rust_are_seconds_in_python,
        python_sees_what_expired_in_rust_as_missing,
        python_renews_what_rust_wrote,
        python_renews_for_days_and_thereby_deletes,
        python_does_not_renew_the_last_half_second,
        python_refuses_to_expire_at_once_and_leaves_what_rust_wrote,
    ]
};

async fn seconds_of_python_are_seen_in_rust(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call_with("set", json!(["k", bytes([0, 0xff])]), expires_in(10)).await?;
    sides.wire.has("LITESTAR:k", [0, 0xff])?;
    sides.wire.lives("LITESTAR:k", 10_000)?;
    lives(sides, &default(sides).await?, "k", Duration::from_secs(10)).await
}

async fn rust_sees_what_expired_in_python_as_missing(sides: &Sides) -> Result<()> {
    sides.python(json!({})).await?.call_with("set", json!(["k", "v"]), expires_in(1)).await?;
    let rust = default(sides).await?;
    gone(&rust, "k").await?;
    same("what Rust reads", rust.get("k").await?, None)?;
    same("the add over it", rust.set("k", "v").if_absent().await?.is_stored(), true)
}

async fn rust_renews_what_python_wrote(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call_with("set", json!(["k", "v"]), expires_in(10)).await?;
    let read = default(sides).await?.get("k").renew(MINUTE).await?;
    same("what Rust reads", read.as_deref(), Some(&b"v"[..]))?;
    sides.wire.lives("LITESTAR:k", 60_000)?;
    let left = python.call("expires_in", json!(["k"])).await?;
    ensure!(left.as_i64().is_some_and(|left| (30..=60).contains(&left)), "Python sees {left} s left");
    Ok(())
}

async fn rust_renews_nothing_that_stays(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["k", "v"])).await?;
    same("what Rust reads", default(sides).await?.get("k").renew(MINUTE).await?.as_deref(), Some(&b"v"[..]))?;
    python.call_with("get", json!(["k"]), json!({"renew_for": 60})).await?;
    sides.wire.stays_forever("LITESTAR:k")
}

async fn rust_lets_stay_what_python_let_expire(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call_with("set", json!(["k", "v"]), expires_in(10)).await?;
    same("whether it was there", default(sides).await?.expire("k", Expiry::Never).await?, true)?;
    same("how long Python sees it", python.call("expires_in", json!(["k"])).await?, -1)
}

/// A defect of Litestar's that a Rust peer has to know: of a `timedelta` it takes the seconds beside the days.
async fn python_renews_for_days_and_thereby_deletes(sides: &Sides) -> Result<()> {
    let rust = default(sides).await?;
    rust.set("k", "v").ttl(MINUTE).await?;
    let one_day = crate::python::milliseconds(24 * 60 * 60 * 1_000);
    let python = sides.python(json!({})).await?;
    let read = python.call_with("get", json!(["k"]), json!({"renew_for": one_day})).await?;
    same("what Python reads", read, bytes("v"))?;
    same("what Rust reads", rust.get("k").await?, None)
}

async fn milliseconds_of_rust_are_seconds_in_python(sides: &Sides) -> Result<()> {
    default(sides).await?.set("k", "v").ttl(Duration::from_millis(60_500)).await?;
    sides.wire.lives("LITESTAR:k", 60_500)?;
    let left = sides.python(json!({})).await?.call("expires_in", json!(["k"])).await?;
    ensure!(left.as_i64().is_some_and(|left| (55..=61).contains(&left)), "Python sees {left} s left");
    Ok(())
}

async fn python_sees_what_expired_in_rust_as_missing(sides: &Sides) -> Result<()> {
    let rust = default(sides).await?;
    rust.set("k", "v").ttl(Duration::from_millis(20)).await?;
    gone(&rust, "k").await?;
    let python = sides.python(json!({})).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, Value::Null)?;
    same("whether it exists", python.call("exists", json!(["k"])).await?, false)?;
    same("how long it is there", python.call("expires_in", json!(["k"])).await?, Value::Null)
}

async fn python_renews_what_rust_wrote(sides: &Sides) -> Result<()> {
    let rust = default(sides).await?;
    rust.set("k", "v").ttl(Duration::from_secs(10)).await?;
    let python = sides.python(json!({})).await?;
    let read = python.call_with("get", json!(["k"]), json!({"renew_for": 60})).await?;
    same("what Python reads", read, bytes("v"))?;
    lives(sides, &rust, "k", MINUTE).await
}

/// Its script asks for whole seconds, and half of one is none.
async fn python_does_not_renew_the_last_half_second(sides: &Sides) -> Result<()> {
    let rust = default(sides).await?;
    rust.set("k", "v").ttl(Duration::from_millis(450)).await?;
    let python = sides.python(json!({})).await?;
    python.call_with("get", json!(["k"]), json!({"renew_for": 60})).await?;
    gone(&rust, "k").await
}

async fn python_refuses_to_expire_at_once_and_leaves_what_rust_wrote(sides: &Sides) -> Result<()> {
    let rust = default(sides).await?;
    rust.set("k", "rust").ttl(MINUTE).await?;
    let python = sides.python(json!({})).await?;
    let raised = python.raises_with("set", json!(["k", "python"]), expires_in(0)).await?;
    same("what Python raises", raised, "ResponseError")?;
    same("what Rust reads", rust.get("k").await?.as_deref(), Some(&b"rust"[..]))?;
    lives(sides, &rust, "k", MINUTE).await
}
