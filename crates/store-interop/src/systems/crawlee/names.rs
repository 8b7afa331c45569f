//! What a store is called, and what leads to it.

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::{ErrorKind, KeyValueStore, RecordLayout, StoreLabel, StoreSelector};

use super::{IDS, TEXTS, alias, client, key, kind, name, open, python_id};
use crate::case::{Case, cases};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    PythonWrites: [
        a_named_store_of_python_opens_by_its_name_and_by_its_id,
        the_default_store_of_python_is_the_default_store,
        an_alias_of_python_is_an_alias,
        an_unknown_id_is_refused_by_both,
    ]
    RustWrites: [
        a_named_store_of_rust_opens_in_python_by_its_name_and_by_its_id,
        the_default_store_of_rust_is_that_of_an_application,
        an_alias_of_rust_is_an_alias,
        the_six_keys_of_a_store_are_those_of_python_byte_for_byte,
        the_document_of_a_store_without_a_name_is_that_of_python,
    ]
    Both: [
        a_name_and_an_alias_of_one_text_are_one_store_unless_that_is_refused,
        no_key_that_either_side_writes_expires,
    ]
};

async fn a_named_store_of_python_opens_by_its_name_and_by_its_id(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "my-store"})).await?;
    python.call("set", json!(["k", "v"])).await?;
    let id = python_id(&python).await?;
    for selector in [name("my-store")?.into(), StoreSelector::Id(id.clone())] {
        let rust = open(sides, selector).await?;
        same("the id", rust.id(), &id)?;
        same("the label", &rust.opened().label, &StoreLabel::Name(name("my-store")?))?;
        same("the name", rust.metadata().await?.name, Some(name("my-store")?))?;
        same("the value", rust.get_record("k").await?.map(|record| record.value), Some("v".into()))?;
    }
    Ok(())
}

async fn the_default_store_of_python_is_the_default_store(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["k", "v"])).await?;
    sides.wire.has_only(&[
        &key("default", "metadata"),
        &key("default", "items"),
        &key("default", "metadata_items"),
        &key("default", "created_signal"),
        TEXTS,
        IDS,
    ])?;
    for selector in [StoreSelector::default(), StoreSelector::Id(python_id(&python).await?)] {
        let rust = open(sides, selector).await?;
        same("the label", &rust.opened().label, &StoreLabel::Default)?;
        same("the name", rust.metadata().await?.name, None)?;
        same("whether it has the record", rust.record_exists("k").await?, true)?;
    }
    Ok(())
}

async fn an_alias_of_python_is_an_alias(sides: &Sides) -> Result<()> {
    let text = "run of today: é {1}";
    let python = sides.python(json!({"alias": text})).await?;
    for selector in [alias(text)?.into(), StoreSelector::Id(python_id(&python).await?)] {
        let rust = open(sides, selector).await?;
        same("the label", &rust.opened().label, &StoreLabel::Alias(alias(text)?))?;
        same("the name", rust.metadata().await?.name, None)?;
    }
    Ok(())
}

async fn an_unknown_id_is_refused_by_both(sides: &Sides) -> Result<()> {
    let client = client(sides, RecordLayout::crawlee()).await?;
    for id in ["PO9dQJlzAGlQuziu1", "", "no id"] {
        let by_id = KeyValueStore::open(client.clone(), StoreSelector::Id(id.to_owned())).await;
        same("the kind", kind(by_id)?, ErrorKind::NotFound)?;
    }
    let python = sides.python(json!({"id": "PO9dQJlzAGlQuziu1"})).await;
    same("whether Python opened it", python.is_ok(), false)?;
    sides.wire.has_only(&[""; 0])
}

async fn a_named_store_of_rust_opens_in_python_by_its_name_and_by_its_id(sides: &Sides) -> Result<()> {
    let rust = open(sides, name("my-store")?).await?;
    rust.set_record("k", store_redis::ContentType::TEXT, "v".into()).await?;
    for options in [json!({"name": "my-store"}), json!({"id": rust.id()})] {
        let python = sides.python(options).await?;
        let metadata = python.call("metadata", json!([])).await?;
        same("the id", &metadata["id"], rust.id())?;
        same("the name", &metadata["name"], "my-store")?;
        same("the value", &python.call("get", json!(["k"])).await?["value"], "v")?;
    }
    Ok(())
}

async fn the_default_store_of_rust_is_that_of_an_application(sides: &Sides) -> Result<()> {
    let rust = open(sides, StoreSelector::default()).await?;
    rust.set_record("k", store_redis::ContentType::TEXT, "v".into()).await?;
    let program = sides.python(json!({"program": "yes"})).await?;
    let keys = program.call_with("start", json!([]), json!({"purge": false})).await?;
    same("what the application has", keys, json!(["k"]))?;
    let keys = program.call_with("start", json!([]), json!({"purge": true})).await?;
    same("what is left when it purges on start", keys, json!([]))?;
    same("whether Rust has the record still", rust.record_exists("k").await?, false)
}

async fn an_alias_of_rust_is_an_alias(sides: &Sides) -> Result<()> {
    let text = "run of today: é {1}";
    let rust = open(sides, alias(text)?).await?;
    for options in [json!({"alias": text}), json!({"id": rust.id()})] {
        let metadata = sides.python(options).await?.call("metadata", json!([])).await?;
        same("the id", &metadata["id"], rust.id())?;
        same("the name", &metadata["name"], &json!(null))?;
    }
    Ok(())
}

async fn the_six_keys_of_a_store_are_those_of_python_byte_for_byte(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "python"})).await?;
    let rust = open(sides, name("rust")?).await?;
    python.call("set", json!(["d", {"a": [1, "é"], "n": null}])).await?;
    python.call("set", json!(["t", "héllo"])).await?;
    python.call("set", json!(["n", null])).await?;
    python.call("set", json!(["b", {"$bytes": "\u{0}\u{ff}\r\n"}, "image/png; q=\"é\""])).await?;
    let json_text = r#"{"a": [1, "é"], "n": null}"#;
    rust.set_record("d", store_redis::ContentType::JSON, json_text.into()).await?;
    rust.set_record("t", store_redis::ContentType::TEXT, "héllo".into()).await?;
    rust.set_record("n", store_redis::ContentType::NOTHING, "".into()).await?;
    let unusual = store_redis::ContentType::as_stored("image/png; q=\"é\"");
    rust.set_record("b", unusual, b"\0\xff\r\n"[..].into()).await?;
    for word in ["items", "metadata_items"] {
        same(word, sides.hash(&key("rust", word))?, sides.hash(&key("python", word))?)?;
    }
    let signal = |store| sides.wire.command(&["LRANGE", &key(store, "created_signal"), "0", "-1"]);
    same("the signal", signal("rust")?, signal("python")?)?;
    same(
        "the document",
        masked(&sides.document("rust")?),
        masked(&sides.document("python")?).replace("python", "rust"),
    )?;
    same("the text of the id", sides.field(TEXTS, rust.id())?, "rust")?;
    same("the id of the text", sides.field(IDS, "rust")?, rust.id())?;
    Ok(())
}

async fn the_document_of_a_store_without_a_name_is_that_of_python(sides: &Sides) -> Result<()> {
    sides.python(json!({})).await?;
    sides.python(json!({"alias": "run"})).await?;
    let in_python = [masked(&sides.document("default")?), masked(&sides.document("run")?)];
    sides.wire.begin()?;
    open(sides, StoreSelector::default()).await?;
    open(sides, alias("run")?).await?;
    same("the documents", [masked(&sides.document("default")?), masked(&sides.document("run")?)], in_python)?;
    for store in ["default", "run"] {
        let document: Value = serde_json::from_str(&sides.document(store)?)?;
        same("the name, which is told", document.get("name"), Some(&Value::Null))?;
    }
    Ok(())
}

async fn no_key_that_either_side_writes_expires(sides: &Sides) -> Result<()> {
    let own = |store| ["metadata", "items", "metadata_items", "created_signal"].map(|word| key(store, word));
    let python = sides.python(json!({"name": "python"})).await?;
    python.call("set", json!(["k", "v"])).await?;
    python.call("get", json!(["k"])).await?;
    for key in own("python").iter().map(String::as_str).chain([TEXTS, IDS]) {
        sides.wire.stays_forever(key)?;
    }
    let rust = open(sides, name("rust")?).await?;
    rust.set_record("k", store_redis::ContentType::TEXT, "v".into()).await?;
    rust.get_record("k").await?;
    open(sides, name("python")?).await?.set_record("r", store_redis::ContentType::TEXT, "v".into()).await?;
    for key in own("rust").iter().chain(&own("python")).map(String::as_str).chain([TEXTS, IDS]) {
        sides.wire.stays_forever(key)?;
    }
    Ok(())
}

/// A document with every digit of its times as 0, and the id as zeros.
fn masked(document: &str) -> String {
    let (id, rest) = document.split_once(",").unwrap_or((document, ""));
    let id: String = id
        .split('"')
        .enumerate()
        .map(|(at, part)| if at == 3 { "0".repeat(part.len()) } else { part.to_owned() })
        .collect();
    id + &rest.replace(|digit: char| digit.is_ascii_digit(), "0")
}

async fn a_name_and_an_alias_of_one_text_are_one_store_unless_that_is_refused(sides: &Sides) -> Result<()> {
    sides.python(json!({"name": "named"})).await?;
    sides.python(json!({"alias": "aliased"})).await?;
    let strict = client(sides, RecordLayout::crawlee().strict()).await?;
    let (named, aliased) = (StoreSelector::from(name("named")?), StoreSelector::from(alias("aliased")?));
    for (right, wrong) in [(named, alias("named")?.into()), (aliased, StoreSelector::from(name("aliased")?))] {
        let (by_right, by_wrong) = (open(sides, right.clone()).await?, open(sides, wrong.clone()).await?);
        same("what the wrong kind of text opens", by_wrong.opened(), by_right.opened())?;
        let refused = KeyValueStore::open(strict.clone(), wrong).await;
        same("the kind", kind(refused)?, ErrorKind::InvalidArgument)?;
        same("what is opened strictly", KeyValueStore::open(strict.clone(), right).await?.opened(), by_right.opened())?;
    }
    let refused = KeyValueStore::open(strict, alias("default")?).await;
    same("the kind", kind(refused)?, ErrorKind::InvalidArgument)?;
    same("the label", &open(sides, alias("default")?).await?.opened().label, &StoreLabel::Default)
}
