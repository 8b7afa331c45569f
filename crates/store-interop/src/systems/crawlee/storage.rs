//! What applications do with stores: values of types, walks, values that are saved by themselves, and purging on start.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::{AsJson, Bytes, ErrorKind, KeyValueStores, RecordLayout, RecordValue, StoreLabel, StoreSelector};

use super::{alias, client, kind, name, open};
use crate::case::{Case, cases};
use crate::python::{Object, bytes};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    PythonWrites: [
        values_that_python_sets_are_read_as_their_types,
        walks_of_rust_visit_what_python_wrote_in_order,
        an_auto_saved_value_of_python_goes_on_in_rust,
        purging_on_start_empties_the_default_store_and_aliases_of_python_and_spares_names,
    ]
    RustWrites: [
        values_of_each_type_that_rust_sets_are_read_in_python,
        an_auto_saved_value_of_rust_goes_on_in_python,
    ]
};

type Fields = BTreeMap<String, Value>;

fn fields(value: Value) -> Result<Fields> {
    Ok(serde_json::from_value(value)?)
}

/// A store as an application has it, above its client.
async fn storage(sides: &Sides) -> Result<Object<'_>> {
    sides.python(json!({"storage": "yes", "name": "s"})).await
}

async fn values_that_python_sets_are_read_as_their_types(sides: &Sides) -> Result<()> {
    let python = storage(sides).await?;
    let rust = open(sides, name("s")?).await?;
    for (key, value) in
        [("text", json!("héllo")), ("json", json!({"a": [1, "é"]})), ("bytes", bytes(b"\0\xff")), ("none", json!(null))]
    {
        python.call("set", json!([key, value])).await?;
    }
    same("the text", rust.get_value::<String>("text").await?.as_deref(), Some("héllo"))?;
    let read = rust.get_value::<AsJson<Value>>("json").await?;
    same("the JSON", read.map(|AsJson(value)| value), Some(json!({"a": [1, "é"]})))?;
    same("the bytes", rust.get_value::<Bytes>("bytes").await?.as_deref(), Some(&b"\0\xff"[..]))?;
    same("nothing", rust.get_value::<()>("none").await?, Some(()))?;
    same("nothing where there may be text", rust.get_value::<Option<String>>("none").await?, Some(None))?;
    same("what was never set", rust.get_value::<String>("other").await?, None)?;
    same("the kind of JSON as text", kind(rust.get_value::<String>("json").await)?, ErrorKind::Corrupt)?;
    same("the kind of text as JSON", kind(rust.get_value::<AsJson<Value>>("text").await)?, ErrorKind::Corrupt)?;
    same("the kind of nothing as bytes", kind(rust.get_value::<Bytes>("none").await)?, ErrorKind::Corrupt)
}

async fn walks_of_rust_visit_what_python_wrote_in_order(sides: &Sides) -> Result<()> {
    const RECORDS: usize = 250;
    let python = storage(sides).await?;
    let key = |number: usize| format!("{number:03}");
    let calls = (0..RECORDS).rev().map(|number| (json!([key(number), {"number": number}]), json!({}))).collect();
    python.call_each("set", calls).await?;
    let rust = open(sides, name("s")?).await?;
    let keys: Vec<_> = rust.iterate_keys().all().await?.into_iter().map(|listed| listed.key.to_string()).collect();
    same("the keys", keys, (0..RECORDS).map(key).collect::<Vec<_>>())?;
    let values = rust.iterate_values::<AsJson<Value>>().all().await?;
    let numbers: Vec<_> = values.iter().map(|AsJson(value)| value["number"].as_u64()).collect();
    same("the values", numbers, (0..RECORDS as u64).map(Some).collect::<Vec<_>>())?;
    let rest = rust.iterate_entries().exclusive_start_key("239").limit(5).all().await?;
    let found: Vec<_> = rest.iter().map(|record| (record.key.as_str(), &*record.value)).collect();
    let entries = [
        ("240", &br#"{"number": 240}"#[..]),
        ("241", br#"{"number": 241}"#),
        ("242", br#"{"number": 242}"#),
        ("243", br#"{"number": 243}"#),
        ("244", br#"{"number": 244}"#),
    ];
    same("the entries from there on", found, entries)
}

async fn an_auto_saved_value_of_python_goes_on_in_rust(sides: &Sides) -> Result<()> {
    let python = storage(sides).await?;
    let before = python.call("auto_saved", json!(["state", {"visits": 1}, {"last": "é"}])).await?;
    same("what Python began with", before, json!({"visits": 1}))?;
    let rust = open(sides, name("s")?).await?;
    let state = rust.auto_saved("state", Fields::new()).await?;
    same("what Rust begins with", state.with(Clone::clone), fields(json!({"visits": 1, "last": "é"}))?)?;
    state.update(|state| state.insert("visits".to_owned(), json!(2)))?;
    state.close().await?;
    same("what Python reads", python.call("get", json!(["state"])).await?, json!({"visits": 2, "last": "é"}))
}

async fn an_auto_saved_value_of_rust_goes_on_in_python(sides: &Sides) -> Result<()> {
    let rust = open(sides, name("s")?).await?;
    let state = rust.auto_saved("state", fields(json!({"visits": 1}))?).await?;
    state.update(|state| state.insert("last".to_owned(), json!("é")))?;
    rust.save_auto_saved().await?;
    let python = storage(sides).await?;
    let before = python.call("auto_saved", json!(["state", {"visits": 0}, {"visits": 2}])).await?;
    same("what Python began with", before, json!({"visits": 1, "last": "é"}))?;
    let again = open(sides, name("s")?).await?.auto_saved("state", Fields::new()).await?;
    same("what Rust goes on with", again.with(Clone::clone), fields(json!({"visits": 2, "last": "é"}))?)
}

async fn purging_on_start_empties_the_default_store_and_aliases_of_python_and_spares_names(
    sides: &Sides,
) -> Result<()> {
    let all = [
        (json!({}), StoreSelector::default(), false),
        (json!({"alias": "run"}), alias("run")?.into(), false),
        (json!({"name": "kept"}), name("kept")?.into(), true),
    ];
    let mut in_python = Vec::new();
    for (options, ..) in &all {
        let python = sides.python(options.clone()).await?;
        python.call("set", json!(["k", "v"])).await?;
        in_python.push(python);
    }
    let stores = KeyValueStores::new(client(sides, RecordLayout::crawlee()).await?).purge_on_start();
    for ((options, selector, stays), python) in all.iter().zip(&in_python) {
        let store = stores.open(selector.clone()).await?;
        same(&format!("whether Rust has the record of {options}"), store.record_exists("k").await?, *stays)?;
        same(&format!("whether Python has it of {options}"), python.call("exists", json!(["k"])).await?, *stays)?;
        python.call("set", json!(["later", "v"])).await?;
    }
    // Once, and not whenever it is opened.
    same("whether it is spared later", stores.open(StoreLabel::Default).await?.record_exists("later").await?, true)
}

async fn values_of_each_type_that_rust_sets_are_read_in_python(sides: &Sides) -> Result<()> {
    let python = storage(sides).await?;
    let rust = open(sides, name("s")?).await?;
    rust.set_value("text", "héllo").await?;
    rust.set_value("json", AsJson(&json!({"a": [1, "é"], "n": null}))).await?;
    rust.set_value("bytes", b"\0\xff").await?;
    rust.set_value("nothing", ()).await?;
    rust.set_value("no text", None::<String>).await?;
    rust.set_value("kind", RecordValue::Text("t".to_owned())).await?;
    for (key, value) in [
        ("text", json!("héllo")),
        ("json", json!({"a": [1, "é"], "n": null})),
        ("bytes", bytes(b"\0\xff")),
        ("nothing", json!(null)),
        ("no text", json!(null)),
        ("kind", json!("t")),
        ("absent", json!("default")),
    ] {
        same(key, python.call("get", json!([key, "default"])).await?, value)?;
    }
    Ok(())
}
