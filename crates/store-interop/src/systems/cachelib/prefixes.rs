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
        a_prefix_of_python_is_a_namespace_of_rust,
        without_a_prefix_python_writes_the_bare_key,
        rust_lists_what_python_wrote,
        rust_clears_exactly_its_prefix,
        rust_clears_prefixes_of_glob_characters_exactly,
    ]
    RustWrites: [
        namespaces_of_rust_are_prefixes_of_python,
        python_clears_all_that_begins_like_its_prefix,
        python_clears_by_pattern_where_a_prefix_is_one,
        python_clears_the_whole_database_without_a_prefix,
        strict_rust_refuses_prefixes_that_run_into_keys,
    ]
    Both: [nothing_stands_between_prefix_and_key]
};

async fn a_prefix_of_python_is_a_namespace_of_rust(sides: &Sides) -> Result<()> {
    for prefix in PREFIXES.into_iter().chain(["app", "app:v1:"]) {
        python_under(sides, prefix).await?.call("set", json!(["k", 5])).await?;
        sides.wire.has(format!("{prefix}k"), "5")?;
        same("what Rust reads", rust_under(sides, prefix).await?.counter("k").await?, Some(5))?;
    }
    Ok(())
}

async fn without_a_prefix_python_writes_the_bare_key(sides: &Sides) -> Result<()> {
    sides.python(json!({})).await?.call("set", json!(["k", 5])).await?;
    sides.wire.has_only(&["k"])?;
    same("what Rust reads", bare(sides).await?.counter("k").await?, Some(5))
}

async fn rust_lists_what_python_wrote(sides: &Sides) -> Result<()> {
    python_under(sides, "app:").await?.call("set_many", json!([{"a": 1, "b:c": 2, "é*": 3}])).await?;
    python_under(sides, "apple:").await?.call("set", json!(["d", 1])).await?;
    same("what Rust lists", keys(&rust_under(sides, "app:").await?).await?, vec!["a", "b:c", "é*"])
}

async fn rust_clears_exactly_its_prefix(sides: &Sides) -> Result<()> {
    for prefix in ["app:", "apple:", "xapp:", "app"] {
        python_under(sides, prefix).await?.call("set", json!(["k", 1])).await?;
    }
    python_under(sides, "app:").await?.call("set", json!(["a:b", 1])).await?;
    same("the removals", rust_under(sides, "app:").await?.clear().await?, 2)?;
    sides.wire.has_only(&["apple:k", "xapp:k", "appk"])
}

async fn rust_clears_prefixes_of_glob_characters_exactly(sides: &Sides) -> Result<()> {
    let others = ["pq:k", "a:k", "b:k", "hello:k", "b\\x:k", "tag:k"];
    for key in others {
        sides.wire.put(key, "1")?;
    }
    for prefix in PREFIXES {
        let python = python_under(sides, prefix).await?;
        python.call("set", json!(["k", 1])).await?;
        same(&format!("the removals under {prefix:?}"), rust_under(sides, prefix).await?.clear().await?, 1)?;
        same("whether Python has it", python.call("has", json!(["k"])).await?, false)?;
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

/// Its pattern is `app*`.
async fn python_clears_all_that_begins_like_its_prefix(sides: &Sides) -> Result<()> {
    for prefix in ["app", "app:", "apple:", "xapp"] {
        rust_under(sides, prefix).await?.set("k", "1").await?;
    }
    let python = python_under(sides, "app").await?;
    same("whether it cleared", python.call("clear", json!([])).await?, true)?;
    sides.wire.has_only(&["xappk"])?;
    same("whether it cleared nothing", python.call("clear", json!([])).await?, false)
}

async fn python_clears_by_pattern_where_a_prefix_is_one(sides: &Sides) -> Result<()> {
    for prefix in ["p*:", "pq:", "[ab]:", "a:"] {
        rust_under(sides, prefix).await?.set("k", "1").await?;
    }
    python_under(sides, "p*:").await?.call("clear", json!([])).await?;
    sides.wire.has_only(&["[ab]:k", "a:k"])?;
    python_under(sides, "[ab]:").await?.call("clear", json!([])).await?;
    sides.wire.has_only(&["[ab]:k"])
}

async fn python_clears_the_whole_database_without_a_prefix(sides: &Sides) -> Result<()> {
    rust_under(sides, "app:").await?.set("k", "1").await?;
    sides.wire.put("of somebody else", "1")?;
    sides.python(json!({})).await?.call("clear", json!([])).await?;
    sides.wire.has_only(&[""; 0])
}

async fn strict_rust_refuses_prefixes_that_run_into_keys(sides: &Sides) -> Result<()> {
    let strict = RedisCache::builder(sides.config()?).layout(Layout::cachelib().strict()).connect().await?;
    for (path, key) in [(&["app"][..], "k"), (&["app:", "v1:"], "k"), (&["a:b:"], "k"), (&[], "app:k")] {
        let store = strict.namespace(Namespace::try_from(path)?)?;
        let refused = store.set(key, "v").await.map_err(|error| error.kind());
        same(&format!("the set of {key} in {path:?}"), refused, Err(ErrorKind::InvalidKey))?;
    }
    sides.wire.has_only(&[""; 0])?;
    strict.namespace("app:")?.set("a:b", "5").await?;
    same("what Python reads", python_under(sides, "app:").await?.call("get", json!(["a:b"])).await?, 5)
}

async fn nothing_stands_between_prefix_and_key(sides: &Sides) -> Result<()> {
    python_under(sides, "a").await?.call("set", json!(["bk", 1])).await?;
    let rust = rust_under(sides, "ab").await?;
    same("what Rust reads", rust.counter("k").await?, Some(1))?;
    rust.set("k", "2").await?;
    same("what Python reads", python_under(sides, "a").await?.call("get", json!(["bk"])).await?, 2)
}
