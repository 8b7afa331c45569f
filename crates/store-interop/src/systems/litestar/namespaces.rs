//! Namespaces: how they nest, what is listed of them, and what each side's clearing takes from the other.

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;
use store_redis::{Layout, RedisStore};

use super::{bare, default, python_in};
use crate::case::{Case, cases};
use crate::python::bytes;
use crate::rust::keys;
use crate::sides::Sides;
use crate::wire::same;

/// Names that a pattern, a slot or a reader of text could trip over.
const NAMES: [&str; 6] = ["a*", "[ab]", "h?llo", "b\\*", "é\n", "{tag}"];

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        without_a_namespace_python_writes_the_bare_key,
        nested_namespaces_of_python_follow_an_underscore,
        namespaces_of_every_name_are_read_in_rust,
        braces_of_python_pin_a_namespace_to_one_slot,
        rust_lists_what_python_wrote_and_nests,
        rust_clears_exactly_its_own_of_what_python_wrote,
        rust_clears_namespaces_of_glob_characters_exactly,
    ]
    RustWrites: [
        without_a_namespace_rust_writes_the_bare_key,
        nested_namespaces_of_rust_follow_an_underscore,
        namespaces_of_every_name_are_read_in_python,
        a_namespace_in_braces_nests_for_python_as_for_rust,
        python_clears_siblings_of_the_same_beginning_too,
        python_clears_by_pattern_where_a_name_is_one,
        python_clears_nothing_without_a_namespace,
        strict_rust_refuses_what_python_could_mean_otherwise,
    ]
    Both: [a_nested_namespace_and_a_root_of_its_spelling_are_one]
};

async fn without_a_namespace_python_writes_the_bare_key(sides: &Sides) -> Result<()> {
    python_in(sides, None).await?.call("set", json!(["k", "v"])).await?;
    sides.wire.has_only(&["k"])?;
    same("what Rust reads", bare(sides).await?.get("k").await?.as_deref(), Some(&b"v"[..]))
}

async fn nested_namespaces_of_python_follow_an_underscore(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"nested": ["SUB", "DEEP"]})).await?;
    python.call("set", json!(["k", "v"])).await?;
    sides.wire.has_only(&["LITESTAR_SUB_DEEP:k"])?;
    let rust = bare(sides).await?.namespace(["LITESTAR", "SUB", "DEEP"])?;
    same("what Rust reads", rust.get("k").await?.as_deref(), Some(&b"v"[..]))
}

async fn namespaces_of_every_name_are_read_in_rust(sides: &Sides) -> Result<()> {
    for name in NAMES {
        python_in(sides, Some(name)).await?.call("set", json!(["k", name])).await?;
        sides.wire.has(format!("{name}:k"), name)?;
        let rust = bare(sides).await?.namespace(name)?;
        same("what Rust reads", rust.get("k").await?.as_deref(), Some(name.as_bytes()))?;
    }
    sides.wire.has_only(&NAMES.map(|name| format!("{name}:k")))
}

async fn braces_of_python_pin_a_namespace_to_one_slot(sides: &Sides) -> Result<()> {
    let options = json!({"namespace": "{LITESTAR}", "nested": ["SUB"]});
    sides.python(options).await?.call("set", json!(["k", "v"])).await?;
    python_in(sides, Some("{LITESTAR}")).await?.call("set", json!(["k", "v"])).await?;
    sides.wire.has_only(&["{LITESTAR}:k", "{LITESTAR}_SUB:k"])?;
    let rust = bare(sides).await?;
    for path in [&["{LITESTAR}"][..], &["{LITESTAR}", "SUB"]] {
        let namespace = Namespace::try_from(path)?;
        let slot = rust.slot_of(&namespace, store_redis::Key::new("k")?);
        same("the slot", slot.number(), 15_854)?;
        same("what Rust reads", rust.namespace(namespace)?.get("k").await?.as_deref(), Some(&b"v"[..]))?;
    }
    Ok(())
}

async fn rust_lists_what_python_wrote_and_nests(sides: &Sides) -> Result<()> {
    python_in(sides, Some("FOO")).await?.call("set", json!(["a", "1"])).await?;
    python_in(sides, Some("FOO")).await?.call("set", json!(["x:y", "1"])).await?;
    sides.python(json!({"namespace": "FOO", "nested": ["SUB"]})).await?.call("set", json!(["b", "2"])).await?;
    python_in(sides, Some("FOOBAR")).await?.call("set", json!(["c", "3"])).await?;
    let rust = bare(sides).await?.namespace("FOO")?;
    same("the subtree", keys(&rust).await?, vec!["SUB/b", "a", "x:y"])?;
    let mut here: Vec<_> = rust.list().all().await?.into_iter().map(|listed| listed.key.to_string()).collect();
    here.sort_unstable();
    same("the namespace alone", here, vec!["a", "x:y"])
}

async fn rust_clears_exactly_its_own_of_what_python_wrote(sides: &Sides) -> Result<()> {
    for (namespace, key) in [("FOO", "k"), ("FOO", "a:b"), ("FOOBAR", "k"), ("xFOO", "k")] {
        python_in(sides, Some(namespace)).await?.call("set", json!([key, "v"])).await?;
    }
    let nested = sides.python(json!({"namespace": "FOO", "nested": ["SUB"]})).await?;
    nested.call("set", json!(["k", "v"])).await?;
    python_in(sides, None).await?.call("set", json!(["FOOL", "v"])).await?;
    same("the removals", bare(sides).await?.namespace("FOO")?.clear().await?, 3)?;
    sides.wire.has_only(&["FOOBAR:k", "xFOO:k", "FOOL"])?;
    same("what Python reads", nested.call("get", json!(["k"])).await?, Value::Null)
}

async fn rust_clears_namespaces_of_glob_characters_exactly(sides: &Sides) -> Result<()> {
    let others = ["aXX:k", "a:k", "b:k", "hello:k", "b\\x:k", "tag:k"];
    for key in others {
        sides.wire.put(key, "v")?;
    }
    for name in NAMES {
        let python = python_in(sides, Some(name)).await?;
        python.call("set", json!(["k", "v"])).await?;
        same(&format!("the removals in {name:?}"), bare(sides).await?.namespace(name)?.clear().await?, 1)?;
        same("whether it exists", python.call("exists", json!(["k"])).await?, false)?;
    }
    sides.wire.has_only(&others)
}

async fn without_a_namespace_rust_writes_the_bare_key(sides: &Sides) -> Result<()> {
    bare(sides).await?.set("k", "v").await?;
    sides.wire.has_only(&["k"])?;
    same("what Python reads", python_in(sides, None).await?.call("get", json!(["k"])).await?, bytes("v"))
}

async fn nested_namespaces_of_rust_follow_an_underscore(sides: &Sides) -> Result<()> {
    default(sides).await?.namespace("SUB")?.namespace("DEEP")?.set("k", "v").await?;
    sides.wire.has_only(&["LITESTAR_SUB_DEEP:k"])?;
    let python = sides.python(json!({"nested": ["SUB", "DEEP"]})).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, bytes("v"))
}

async fn namespaces_of_every_name_are_read_in_python(sides: &Sides) -> Result<()> {
    for name in NAMES {
        bare(sides).await?.namespace(name)?.set("k", name).await?;
        let python = python_in(sides, Some(name)).await?;
        same("what Python reads", python.call("get", json!(["k"])).await?, bytes(name))?;
    }
    sides.wire.has_only(&NAMES.map(|name| format!("{name}:k")))
}

async fn a_namespace_in_braces_nests_for_python_as_for_rust(sides: &Sides) -> Result<()> {
    bare(sides).await?.namespace(["{LITESTAR}", "SUB"])?.set("k", "v").await?;
    sides.wire.has_only(&["{LITESTAR}_SUB:k"])?;
    let nested = sides.python(json!({"namespace": "{LITESTAR}", "nested": ["SUB"]})).await?;
    same("what Python reads", nested.call("get", json!(["k"])).await?, bytes("v"))?;
    python_in(sides, Some("{LITESTAR}")).await?.call("delete_all", json!([])).await?;
    sides.wire.has_only(&[""; 0])
}

/// Its pattern is `FOO*:*`.
async fn python_clears_siblings_of_the_same_beginning_too(sides: &Sides) -> Result<()> {
    let rust = bare(sides).await?;
    rust.namespace("FOO")?.set("k", "v").await?;
    rust.namespace(["FOO", "SUB"])?.set("k", "v").await?;
    rust.namespace("FOOBAR")?.set("k", "v").await?;
    rust.namespace("xFOO")?.set("k", "v").await?;
    rust.set("FOOL", "v").await?;
    python_in(sides, Some("FOO")).await?.call("delete_all", json!([])).await?;
    sides.wire.has_only(&["xFOO:k", "FOOL"])
}

/// So it may miss its own, and take what is of others.
async fn python_clears_by_pattern_where_a_name_is_one(sides: &Sides) -> Result<()> {
    let rust = bare(sides).await?;
    rust.namespace("[ab]")?.set("k", "v").await?;
    rust.namespace("a")?.set("k", "v").await?;
    rust.namespace("c")?.set("k", "v").await?;
    python_in(sides, Some("[ab]")).await?.call("delete_all", json!([])).await?;
    sides.wire.has_only(&["[ab]:k", "c:k"])
}

async fn python_clears_nothing_without_a_namespace(sides: &Sides) -> Result<()> {
    let rust = bare(sides).await?;
    rust.set("k", "v").await?;
    let raised = python_in(sides, None).await?.raises("delete_all", json!([])).await?;
    same("what Python raises", raised, "ImproperlyConfiguredException")?;
    same("what Rust is told", rust.clear().await.map_err(|error| error.kind()), Err(ErrorKind::ClearRefused))?;
    sides.wire.has_only(&["k"])
}

async fn strict_rust_refuses_what_python_could_mean_otherwise(sides: &Sides) -> Result<()> {
    let strict = RedisStore::builder(sides.config()?).layout(Layout::litestar().strict()).connect().await?;
    for (path, key) in [(&["FOO_SUB"][..], "k"), (&["a:b"], "c"), (&[], "a:b")] {
        let store = strict.namespace(Namespace::try_from(path)?)?;
        let refused = store.set(key, "v").await.map_err(|error| error.kind());
        same(&format!("the set of {key} in {path:?}"), refused, Err(ErrorKind::InvalidKey))?;
    }
    sides.wire.has_only(&[""; 0])?;
    strict.namespace(["FOO", "SUB"])?.set("a:b", "v").await?;
    let python = sides.python(json!({"namespace": "FOO", "nested": ["SUB"]})).await?;
    same("what Python reads", python.call("get", json!(["a:b"])).await?, bytes("v"))
}

async fn a_nested_namespace_and_a_root_of_its_spelling_are_one(sides: &Sides) -> Result<()> {
    let nested = sides.python(json!({"namespace": "FOO", "nested": ["SUB"]})).await?;
    nested.call("set", json!(["k", "python"])).await?;
    let root = bare(sides).await?.namespace("FOO_SUB")?;
    same("what Rust reads", root.get("k").await?.as_deref(), Some(&b"python"[..]))?;
    root.set("k", "rust").await?;
    same("what Python reads", nested.call("get", json!(["k"])).await?, bytes("rust"))
}
