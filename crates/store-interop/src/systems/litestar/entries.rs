//! Values and keys.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;
use store_redis::{Entry, ExpiresAt, Layout, RedisCache};

use super::{bare, default, python_in};
use crate::case::{Case, cases};
use crate::python::bytes;
use crate::rust::{KEYS, every_byte, keys};
use crate::sides::Sides;
use crate::wire::same;

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        a_text_is_its_utf8_and_stays,
        bytes_are_as_they_are,
        an_empty_value_is_a_value,
        numbers_are_their_text,
        keys_are_spelled_as_they_are,
        an_empty_key_is_refused_in_rust,
        an_empty_key_is_not_listed_in_rust_and_cleared,
        what_rust_deletes_is_gone_in_python,
        rust_takes_what_python_wrote_once,
        rust_adds_nothing_over_what_python_wrote,
        rust_updates_what_python_wrote_and_keeps_its_expiry,
        rust_counts_on_from_a_number_of_python,
        rust_reads_a_batch_of_what_python_wrote,
    ]
    RustWrites: [
        a_text_of_rust_is_its_utf8_and_stays,
        bytes_of_rust_are_as_they_are,
        an_empty_value_of_rust_is_a_value,
        keys_of_rust_are_spelled_as_they_are,
        what_python_deletes_is_gone_in_rust,
        a_batch_of_rust_is_read_one_by_one,
        python_overwrites_what_rust_wrote,
    ]
};

async fn a_text_is_its_utf8_and_stays(sides: &Sides) -> Result<()> {
    sides.python(json!({})).await?.call("set", json!(["k", "vä"])).await?;
    sides.wire.has("LITESTAR:k", "vä")?;
    sides.wire.stays_forever("LITESTAR:k")?;
    let rust = default(sides).await?;
    same("what Rust reads", rust.get("k").await?.as_deref(), Some("vä".as_bytes()))?;
    same("how long it is there", rust.ttl("k").await?, Some(Remaining::Never))
}

async fn bytes_are_as_they_are(sides: &Sides) -> Result<()> {
    sides.python(json!({})).await?.call("set", json!(["k", bytes(every_byte())])).await?;
    sides.wire.has("LITESTAR:k", every_byte())?;
    same("what Rust reads", default(sides).await?.get("k").await?.as_deref(), Some(&*every_byte()))
}

async fn an_empty_value_is_a_value(sides: &Sides) -> Result<()> {
    sides.python(json!({})).await?.call("set", json!(["k", ""])).await?;
    sides.wire.has("LITESTAR:k", "")?;
    let rust = default(sides).await?;
    same("what Rust reads", rust.get("k").await?.as_deref(), Some(&b""[..]))?;
    same("whether it exists", rust.exists("k").await?, true)
}

async fn numbers_are_their_text(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    let rust = default(sides).await?;
    for (number, text) in [(json!(5), "5"), (json!(1.5), "1.5")] {
        python.call("set", json!(["k", number])).await?;
        sides.wire.has("LITESTAR:k", text)?;
        same("what Rust reads", rust.get("k").await?.as_deref(), Some(text.as_bytes()))?;
    }
    Ok(())
}

async fn keys_are_spelled_as_they_are(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    let rust = default(sides).await?;
    for key in KEYS {
        python.call("set", json!([key, key])).await?;
        sides.wire.has(format!("LITESTAR:{key}"), key)?;
        same("what Rust reads", rust.get(key).await?.as_deref(), Some(key.as_bytes()))?;
    }
    sides.wire.has_only(&KEYS.map(|key| format!("LITESTAR:{key}")))
}

async fn an_empty_key_is_refused_in_rust(sides: &Sides) -> Result<()> {
    sides.python(json!({})).await?.call("set", json!(["", "v"])).await?;
    sides.wire.has("LITESTAR:", "v")?;
    let refused = default(sides).await?.get("").await.map_err(|error| error.kind());
    same("what Rust reads", refused, Err(ErrorKind::InvalidKey))
}

async fn an_empty_key_is_not_listed_in_rust_and_cleared(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["", "v"])).await?;
    python.call("set", json!(["k", "v"])).await?;
    let rust = default(sides).await?;
    same("what Rust lists", keys(&rust).await?, vec!["k"])?;
    same("whether Rust clears", rust.clear().await? > 0, true)?;
    sides.wire.has_only(&[""; 0])?;
    same("what Python reads", python.call("get", json!([""])).await?, Value::Null)
}

async fn what_python_deletes_is_gone_in_rust(sides: &Sides) -> Result<()> {
    let rust = default(sides).await?;
    rust.set("k", "v").await?;
    sides.python(json!({})).await?.call("delete", json!(["k"])).await?;
    same("what Rust reads", rust.get("k").await?, None)?;
    same("whether it exists", rust.exists("k").await?, false)
}

async fn rust_takes_what_python_wrote_once(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["token", "user-9"])).await?;
    let rust = default(sides).await?;
    same("the first take", rust.take("token").await?.as_deref(), Some(&b"user-9"[..]))?;
    same("the second take", rust.take("token").await?, None)?;
    same("what Python reads", python.call("get", json!(["token"])).await?, Value::Null)
}

async fn rust_adds_nothing_over_what_python_wrote(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["k", "python"])).await?;
    let rust = default(sides).await?;
    same("the add", rust.set("k", "rust").if_absent().await?.is_stored(), false)?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes("python"))?;
    same("the exchange", rust.set("k", "rust").if_value("python").await?.is_stored(), true)?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes("rust"))
}

async fn rust_updates_what_python_wrote_and_keeps_its_expiry(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call_with("set", json!(["k", "a"]), super::expires_in(100)).await?;
    let append = |value: Option<Bytes>| Some([value.unwrap_or_default().as_ref(), b"b"].concat().into());
    default(sides).await?.update("k", append).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes("ab"))?;
    sides.wire.lives("LITESTAR:k", 100_000)
}

async fn rust_counts_on_from_a_number_of_python(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call_with("set", json!(["n", 41]), super::expires_in(100)).await?;
    let cache = RedisCache::builder(sides.config()?).layout(Layout::litestar()).connect().await?;
    same("the sum", cache.namespace("LITESTAR")?.increment("n", 1).await?, 42)?;
    same("what Python reads", python.call("get", json!(["n"])).await?, bytes("42"))?;
    sides.wire.lives("LITESTAR:n", 100_000)
}

async fn rust_reads_a_batch_of_what_python_wrote(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["a", "1"])).await?;
    python.call("set", json!(["c", "3"])).await?;
    let cache = RedisCache::builder(sides.config()?).layout(Layout::litestar()).connect().await?;
    let read = cache.namespace("LITESTAR")?.get_many(&["a", "b", "c"]).await?;
    same("what Rust reads", read, vec![Some("1".into()), None, Some("3".into())])
}

async fn a_text_of_rust_is_its_utf8_and_stays(sides: &Sides) -> Result<()> {
    default(sides).await?.set("k", "vä").await?;
    sides.wire.has("LITESTAR:k", "vä")?;
    sides.wire.stays_forever("LITESTAR:k")?;
    let python = sides.python(json!({})).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes("vä"))?;
    same("whether it exists", python.call("exists", json!(["k"])).await?, true)?;
    same("how long it is there", python.call("expires_in", json!(["k"])).await?, -1)
}

async fn bytes_of_rust_are_as_they_are(sides: &Sides) -> Result<()> {
    default(sides).await?.set("k", every_byte()).await?;
    sides.wire.has("LITESTAR:k", every_byte())?;
    let python = sides.python(json!({})).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes(every_byte()))
}

async fn an_empty_value_of_rust_is_a_value(sides: &Sides) -> Result<()> {
    default(sides).await?.set("k", "").await?;
    sides.wire.has("LITESTAR:k", "")?;
    let python = sides.python(json!({})).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes(""))
}

async fn keys_of_rust_are_spelled_as_they_are(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    let rust = default(sides).await?;
    for key in KEYS {
        rust.set(key, key).await?;
        sides.wire.has(format!("LITESTAR:{key}"), key)?;
        same("what Python reads", python.call("get", json!([key])).await?, bytes(key))?;
    }
    sides.wire.has_only(&KEYS.map(|key| format!("LITESTAR:{key}")))
}

async fn what_rust_deletes_is_gone_in_python(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["k", "v"])).await?;
    let rust = default(sides).await?;
    same("the removal", rust.delete("k").await?, true)?;
    same("the removal of what is gone", rust.delete("k").await?, false)?;
    same("whether it exists", python.call("exists", json!(["k"])).await?, false)?;
    same("how long it is there", python.call("expires_in", json!(["k"])).await?, Value::Null)
}

async fn a_batch_of_rust_is_read_one_by_one(sides: &Sides) -> Result<()> {
    let cache = RedisCache::builder(sides.config()?).layout(Layout::litestar()).connect().await?;
    cache.namespace("LITESTAR")?.set_many([("a", "1"), ("b", "2")]).never_expires().await?;
    let python = sides.python(json!({})).await?;
    let calls = ["a", "b"].map(|key| (json!([key]), json!({}))).to_vec();
    same("what Python reads", python.call_each("get", calls).await?, vec![bytes("1"), bytes("2")])
}

async fn python_overwrites_what_rust_wrote(sides: &Sides) -> Result<()> {
    let rust = bare(sides).await?;
    rust.set("k", "rust").ttl(Duration::from_secs(100)).await?;
    python_in(sides, None).await?.call("set", json!(["k", "python"])).await?;
    let read = rust.get("k").with_expiry().await?;
    same("what Rust reads", read, Some(Entry::new("python".into()).with_expires_at(ExpiresAt::Never)))
}
