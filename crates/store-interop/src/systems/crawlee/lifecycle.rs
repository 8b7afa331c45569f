//! Stores that are emptied and dropped, and what is left when somebody dies or loses a race.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use store_redis::{ContentType, ErrorKind, KeyValueStore, RecordLayout, RecordPageOptions, StoreSelector};
use tokio::time::{sleep, timeout};

use super::{IDS, TEXTS, client, key, keys, kind, name, open, python_id};
use crate::case::{Case, cases};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    PythonWrites: [
        what_python_purges_is_empty_and_the_same_store,
        what_python_drops_is_dropped_for_rust_which_leaves_nothing_behind,
        a_store_that_python_creates_again_is_another_one,
        a_creator_of_python_that_died_leaves_a_name_that_opens,
        an_id_that_python_left_behind_leads_nowhere,
        records_of_a_dropped_store_that_python_writes_are_in_the_next_one,
    ]
    RustWrites: [
        what_rust_purges_is_empty_and_the_same_store,
        what_rust_drops_is_gone_for_python_and_its_siblings_stay,
    ]
    Both: [
        a_python_that_waits_for_a_creator_that_died_is_let_go_by_rust,
    ]
};

/// How long it waits for a creator.
const PYTHONS_PATIENCE: Duration = Duration::from_secs(30);

async fn what_python_purges_is_empty_and_the_same_store(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    python.call("set", json!(["k", "v"])).await?;
    let rust = open(sides, name("s")?).await?;
    let before = rust.metadata().await?;
    python.call("purge", json!([])).await?;
    same("the keys", keys(&rust, 10).await?.len(), 0)?;
    let after = rust.metadata().await?;
    same("what stays", (after.id, after.name, after.created_at), (before.id, before.name, before.created_at))
}

/// Everything that works on an opened store.
pub(super) async fn every_operation_says_dropped(store: &KeyValueStore) -> Result<()> {
    let options = RecordPageOptions::default;
    for (operation, kind) in [
        ("metadata", kind(store.metadata().await)?),
        ("get_record", kind(store.get_record("k").await)?),
        ("record_exists", kind(store.record_exists("k").await)?),
        ("set_record", kind(store.set_record("k", ContentType::TEXT, "v".into()).await)?),
        ("delete_value", kind(store.delete_value("k").await)?),
        ("list_keys", kind(store.list_keys(options()).await)?),
        ("list_records", kind(store.list_records(options()).await)?),
        ("purge", kind(store.purge().await)?),
        ("drop", kind(store.drop().await)?),
    ] {
        same(&format!("the kind of {operation}"), kind, ErrorKind::Dropped)?;
    }
    Ok(())
}

async fn what_python_drops_is_dropped_for_rust_which_leaves_nothing_behind(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    python.call("set", json!(["k", "v"])).await?;
    let rust = open(sides, name("s")?).await?;
    python.call("drop", json!([])).await?;
    every_operation_says_dropped(&rust).await?;
    sides.wire.has_only(&[""; 0])
}

async fn a_store_that_python_creates_again_is_another_one(sides: &Sides) -> Result<()> {
    let first = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    first.call("drop", json!([])).await?;
    let second = sides.python(json!({"name": "s"})).await?;
    second.call("set", json!(["k", "v"])).await?;
    every_operation_says_dropped(&rust).await?;
    same("the value", &second.call("get", json!(["k"])).await?["value"], "v")?;
    same("the id", open(sides, name("s")?).await?.id(), &python_id(&second).await?)
}

/// It had claimed the name, and came no further. Python waits 30 s for the rest then, and goes on without it.
async fn a_creator_of_python_that_died_leaves_a_name_that_opens(sides: &Sides) -> Result<()> {
    sides.put_field(IDS, "s", "PO9dQJlzAGlQuziu1")?;
    let rust = open(sides, name("s")?).await?;
    // With the id of the claim, because whoever made it may still be alive and write the rest.
    same("the id", rust.id(), "PO9dQJlzAGlQuziu1")?;
    rust.set_record("k", ContentType::TEXT, "v".into()).await?;
    for options in [json!({"name": "s"}), json!({"id": rust.id()})] {
        let python = sides.python(options).await?;
        same("the id in Python", python_id(&python).await?, rust.id())?;
        same("the value", &python.call("get", json!(["k"])).await?["value"], "v")?;
    }
    sides.wire.has_only(&[
        &key("s", "metadata"),
        &key("s", "items"),
        &key("s", "metadata_items"),
        &key("s", "created_signal"),
        TEXTS,
        IDS,
    ])
}

/// How many clients wait for an element of a list.
fn waiting(sides: &Sides) -> Result<u64> {
    let reply = sides.wire.command(&["INFO", "clients"])?;
    let line = reply.as_text().and_then(|text| text.lines().find_map(|line| line.strip_prefix("blocked_clients:")));
    Ok(line.context("INFO tells nothing of clients that wait")?.parse()?)
}

async fn a_python_that_waits_for_a_creator_that_died_is_let_go_by_rust(sides: &Sides) -> Result<()> {
    sides.put_field(IDS, "s", "PO9dQJlzAGlQuziu1")?;
    let in_rust = async {
        while waiting(sides)? == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        let rust = open(sides, name("s")?).await?;
        rust.set_record("k", ContentType::TEXT, "v".into()).await?;
        anyhow::Ok(rust)
    };
    let both = async { tokio::try_join!(sides.python(json!({"name": "s"})), in_rust) };
    // By Rust, and not by having waited in vain.
    let (python, rust) = timeout(PYTHONS_PATIENCE, both).await.context("Python was not let go")??;
    same("the id in Rust", rust.id(), "PO9dQJlzAGlQuziu1")?;
    same("the id in Python", python_id(&python).await?, rust.id())?;
    same("the value in Python", &python.call("get", json!(["k"])).await?["value"], "v")?;
    python.call("set", json!(["python", "v"])).await?;
    same("the keys", keys(&rust, 10).await?, ["k", "python"])?;
    let signal = sides.wire.command(&["LLEN", &key("s", "created_signal")])?;
    same("the signals for others that wait", signal.as_integer(), Some(1))
}

/// As by a client that lost a race, and drops the store by the id that it made up.
async fn an_id_that_python_left_behind_leads_nowhere(sides: &Sides) -> Result<()> {
    let old = python_id(&sides.python(json!({"name": "s"})).await?).await?;
    sides.wire.command(&["DEL", &key("s", "metadata"), &key("s", "created_signal"), IDS])?;
    let client = client(sides, RecordLayout::crawlee()).await?;
    for attempt in ["without a store", "with another one"] {
        sides.put_field(TEXTS, &old, "s")?;
        let by_id = KeyValueStore::open(client.clone(), StoreSelector::Id(old.clone())).await;
        same(&format!("the kind {attempt}"), kind(by_id)?, ErrorKind::NotFound)?;
        same(
            &format!("whether the id leads anywhere {attempt}"),
            sides.hash(TEXTS)?.contains_key(old.as_bytes()),
            false,
        )?;
        KeyValueStore::open(client.clone(), name("s")?).await?;
    }
    Ok(())
}

/// Nothing stops a Python client that holds on to a dropped store; what it writes is told apart by nobody.
async fn records_of_a_dropped_store_that_python_writes_are_in_the_next_one(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    open(sides, name("s")?).await?.drop().await?;
    python.call("set", json!(["k", "v"])).await?;
    same("the keys", keys(&open(sides, name("s")?).await?, 10).await?, ["k"])
}

async fn what_rust_purges_is_empty_and_the_same_store(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    python.call("set", json!(["k", "v"])).await?;
    let before = python.call("metadata", json!([])).await?;
    open(sides, name("s")?).await?.purge().await?;
    same("the keys", python.call("keys", json!([])).await?, json!([]))?;
    let after = python.call("metadata", json!([])).await?;
    for field in ["id", "name", "created_at"] {
        same(field, &after[field], &before[field])?;
    }
    same("whether that modified it", after["modified_at"] == before["modified_at"], false)?;
    sides.wire.has_only(&[&key("s", "metadata"), &key("s", "created_signal"), TEXTS, IDS])
}

async fn what_rust_drops_is_gone_for_python_and_its_siblings_stay(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    python.call("set", json!(["k", "v"])).await?;
    let sibling = sides.python(json!({"name": "s2"})).await?;
    sibling.call("set", json!(["k", "v"])).await?;
    let rust = open(sides, name("s")?).await?;
    let id = rust.id().to_owned();
    rust.drop().await?;
    same("Python's refusal", python.raises("metadata", json!([])).await?, "ValueError")?;
    same("whether Python opens it by its id", sides.python(json!({"id": id})).await.is_ok(), false)?;
    let by_id = sides.python(json!({"id": python_id(&sibling).await?})).await?;
    same("the value of the sibling", &by_id.call("get", json!(["k"])).await?["value"], "v")?;
    sides.wire.has_only(&[
        &key("s2", "metadata"),
        &key("s2", "items"),
        &key("s2", "metadata_items"),
        &key("s2", "created_signal"),
        TEXTS,
        IDS,
    ])
}
