//! Prefixes: what is listed under them, and what each side's clearing takes from the other.

use anyhow::Result;
use serde_json::json;
use store_redis::prelude::*;
use store_redis::{Layout, RedisCache};

use super::{bare, python_under, rust_under};
use crate::case::{Case, cases};
use crate::rust::keys;
use crate::sides::Sides;
use crate::wire::same;

/// Prefixes that a pattern, a slot or a reader of text could trip over.
const PREFIXES: [&str; 6] = ["p*:", "[ab]:", "h?llo:", "b\\*:", "é\n:", "{tag}:"];

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        prefixes_of_python_are_namespaces_of_rust,
        rust_lists_what_python_wrote,
        rust_clears_exactly_its_prefix,
    ]
    RustWrites: [
        namespaces_of_rust_are_prefixes_of_python,
        python_clears_the_whole_database_whatever_the_prefix,
        strict_rust_refuses_prefixes_that_run_into_keys,
    ]
};

async fn prefixes_of_python_are_namespaces_of_rust(sides: &Sides) -> Result<()> {
    for prefix in PREFIXES.into_iter().chain(["app", "app:v1:"]) {
        python_under(sides, prefix).await?.call("set", json!(["k", 5])).await?;
        sides.wire.has(format!("{prefix}k"), "5")?;
        same("what Rust reads", rust_under(sides, prefix).await?.counter("k").await?, Some(5))?;
    }
    python_under(sides, "").await?.call("set", json!(["k", 6])).await?;
    sides.wire.has("k", "6")?;
    same("what Rust reads without a prefix", bare(sides).await?.counter("k").await?, Some(6))
}

async fn rust_lists_what_python_wrote(sides: &Sides) -> Result<()> {
    python_under(sides, "app:").await?.call("set_many", json!([{"a": 1, "b:c": 2, "é*": 3}])).await?;
    python_under(sides, "apple:").await?.call("set", json!(["d", 1])).await?;
    same("what Rust lists", keys(&rust_under(sides, "app:").await?).await?, vec!["a", "b:c", "é*"])
}

async fn rust_clears_exactly_its_prefix(sides: &Sides) -> Result<()> {
    let others = ["pq:k", "a:k", "b:k", "hello:k", "b\\x:k", "tag:k", "apple:k", "appk"];
    for key in others {
        python_under(sides, "").await?.call("set", json!([key, 1])).await?;
    }
    for prefix in PREFIXES.into_iter().chain(["app:"]) {
        let python = python_under(sides, prefix).await?;
        python.call("set_many", json!([{"k": 1, "a:b": 2}])).await?;
        same(&format!("the removals under {prefix:?}"), rust_under(sides, prefix).await?.clear().await?, 2)?;
        same("what Python reads", python.call("get", json!(["k", "default"])).await?, "default")?;
    }
    sides.wire.has_only(&others)
}

async fn namespaces_of_rust_are_prefixes_of_python(sides: &Sides) -> Result<()> {
    bare(sides).await?.namespace(["app:", "v1:"])?.set("k", "5").await?;
    sides.wire.has_only(&["app:v1:k"])?;
    same("what Python reads", python_under(sides, "app:v1:").await?.call("get", json!(["k"])).await?, 5)?;
    for prefix in PREFIXES {
        rust_under(sides, prefix).await?.set("k", "5").await?;
        same("what Python reads", python_under(sides, prefix).await?.call("get", json!(["k"])).await?, 5)?;
    }
    Ok(())
}

/// It flushes.
async fn python_clears_the_whole_database_whatever_the_prefix(sides: &Sides) -> Result<()> {
    rust_under(sides, "app:").await?.set("k", "1").await?;
    rust_under(sides, "other:").await?.set("k", "1").await?;
    sides.wire.put("of somebody else", "1")?;
    python_under(sides, "app:").await?.call("clear", json!([])).await?;
    sides.wire.has_only(&[""; 0])
}

async fn strict_rust_refuses_prefixes_that_run_into_keys(sides: &Sides) -> Result<()> {
    let strict = RedisCache::builder(sides.config()?).layout(Layout::cachetory().strict()).connect().await?;
    let refused = strict.namespace("app")?.set("k", "1").await.map_err(|error| error.kind());
    same("the set", refused, Err(ErrorKind::InvalidKey))?;
    sides.wire.has_only(&[""; 0])?;
    strict.namespace("app:")?.set("k", "5").await?;
    same("what Python reads", python_under(sides, "app:").await?.call("get", json!(["k"])).await?, 5)
}
