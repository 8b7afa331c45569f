//! Lifetimes: milliseconds on both sides, none in Python unless it is told.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;

use super::{python_under, rust_under, time_to_live};
use crate::case::{Case, cases};
use crate::python::milliseconds;
use crate::rust::{gone, lives};
use crate::sides::Sides;
use crate::wire::same;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        milliseconds_of_python_are_seen_in_rust,
        unless_told_python_writes_forever,
        a_bare_number_of_python_is_milliseconds,
        rust_sees_what_expired_in_python_as_missing,
        rust_renews_and_moves_the_expiry_of_what_python_wrote,
    ]
    RustWrites: [
        milliseconds_of_rust_are_kept,
        python_sees_what_expired_in_rust_as_missing,
        python_moves_the_expiry_of_what_rust_wrote,
        python_expires_at_a_time_what_rust_wrote,
        python_expires_within_nothing_and_thereby_keeps,
        python_refuses_to_expire_at_once_and_leaves_what_rust_wrote,
    ]
};

async fn milliseconds_of_python_are_seen_in_rust(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call_with("set", json!(["k", 1]), time_to_live(60_500)).await?;
    sides.wire.lives("app:k", 60_500)?;
    lives(sides, &rust_under(sides, "app:").await?, "k", Duration::from_millis(60_500)).await
}

async fn unless_told_python_writes_forever(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "0").ttl(MINUTE).await?;
    python.call("set", json!(["k", 1])).await?;
    sides.wire.stays_forever("app:k")?;
    same("how long Rust sees it", rust.ttl("k").await?, Some(Remaining::Never))
}

async fn a_bare_number_of_python_is_milliseconds(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    python.call_with("set", json!(["k", 1]), json!({"time_to_live": 5})).await?;
    gone(&rust_under(sides, "app:").await?, "k").await
}

async fn rust_sees_what_expired_in_python_as_missing(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    python.call_with("set", json!(["k", 1]), time_to_live(20)).await?;
    gone(&rust, "k").await?;
    same("the add over it", rust.add("k", "2").await?, true)
}

async fn rust_renews_and_moves_the_expiry_of_what_python_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    for key in ["renewed", "moved", "stays"] {
        python.call_with("set", json!([key, 1]), time_to_live(10_000)).await?;
    }
    rust.get("renewed").renew(MINUTE).await?;
    rust.expire("moved", MINUTE).await?;
    rust.expire("stays", Expiry::Never).await?;
    sides.wire.lives("app:renewed", 60_000)?;
    sides.wire.lives("app:moved", 60_000)?;
    sides.wire.stays_forever("app:stays")
}

async fn milliseconds_of_rust_are_kept(sides: &Sides) -> Result<()> {
    let rust = rust_under(sides, "app:").await?;
    rust.set("own", "1").ttl(Duration::from_millis(60_500)).await?;
    rust.set("default", "1").await?;
    rust.set("never", "1").never_expires().await?;
    sides.wire.lives("app:own", 60_500)?;
    sides.wire.lives("app:default", 300_000)?;
    sides.wire.stays_forever("app:never")
}

async fn python_sees_what_expired_in_rust_as_missing(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "1").ttl(Duration::from_millis(1)).await?;
    gone(&rust, "k").await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, Value::Null)?;
    python.call_with("set", json!(["k", 2]), json!({"if_not_exists": true})).await?;
    same("what Rust reads", rust.get("k").await?.as_deref(), Some(&b"2"[..]))
}

async fn python_moves_the_expiry_of_what_rust_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set_many([("moved", "1"), ("stays", "1")]).await?;
    python.call("expire_in", json!(["moved", milliseconds(60_000)])).await?;
    python.call("expire_in", json!(["stays"])).await?;
    lives(sides, &rust, "moved", MINUTE).await?;
    same("how long Rust sees it", rust.ttl("stays").await?, Some(Remaining::Never))
}

async fn python_expires_at_a_time_what_rust_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set_many([("past", "1"), ("future", "1")]).await?;
    python.call("expire_at", json!(["past", {"$datetime": "2001-01-01T00:00:00+00:00"}])).await?;
    python.call("expire_at", json!(["future", {"$datetime": "2100-01-01T00:00:00.5+00:00"}])).await?;
    same("what Rust reads", rust.get("past").await?, None)?;
    let at = sides.wire.command(&["PEXPIRETIME", "app:future"])?.as_integer();
    same("when it expires", at, Some(4_102_444_800_500))?;
    // Rust reads the time and gives it to another entry.
    let read = rust.get("future").with_expiry().await?.and_then(|entry| entry.expires_at);
    let Some(expires_at) = read else { anyhow::bail!("Rust sees no expiry") };
    rust.set("copy", "1").expiry(expires_at).await?;
    same("when the copy expires", sides.wire.command(&["PEXPIRETIME", "app:copy"])?.as_integer(), at)
}

/// A defect of cachetory's that a Rust peer has to know: no time is taken for no expiry.
async fn python_expires_within_nothing_and_thereby_keeps(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "1").await?;
    python.call("expire_in", json!(["k", milliseconds(0)])).await?;
    same("how long Rust sees it", rust.ttl("k").await?, Some(Remaining::Never))
}

async fn python_refuses_to_expire_at_once_and_leaves_what_rust_wrote(sides: &Sides) -> Result<()> {
    let (rust, python) = (rust_under(sides, "app:").await?, python_under(sides, "app:").await?);
    rust.set("k", "1").ttl(MINUTE).await?;
    for number in [0, -1_000] {
        let raised = python.raises_with("set", json!(["k", 2]), time_to_live(number)).await?;
        same("what Python raises", raised, "ResponseError")?;
    }
    same("what Rust reads", rust.get("k").await?.as_deref(), Some(&b"1"[..]))?;
    lives(sides, &rust, "k", MINUTE).await
}
