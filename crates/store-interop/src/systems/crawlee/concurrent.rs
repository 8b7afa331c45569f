//! Both sides on one store at the same time.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use serde_json::json;
use store_redis::{ContentType, KeyValueStore, RecordLayout};

use super::{IDS, TEXTS, client, key, keys, name, open};
use crate::case::{Case, cases};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    Both: [
        concurrent_openers_of_a_new_name_get_one_store,
        records_that_both_write_at_once_are_all_there,
        no_value_is_read_with_the_type_of_another,
    ]
};

const OPENERS: usize = 4;

async fn concurrent_openers_of_a_new_name_get_one_store(sides: &Sides) -> Result<()> {
    let program = sides.python(json!({"program": "yes"})).await?;
    let clients = try_join_all((0..OPENERS).map(|_| client(sides, RecordLayout::crawlee()))).await?;
    for round in 0..20 {
        let store = format!("race-{round}");
        let in_python = program.call("open_at_once", json!([store, OPENERS]));
        let label = name(&store)?;
        let opening = clients.iter().map(|client| KeyValueStore::open(Arc::clone(client), label.clone()));
        let in_rust = async { Ok(try_join_all(opening).await?) };
        let (_, opened) = tokio::try_join!(in_python, in_rust)?;
        let first = opened.first().context("no openers")?;
        for store in &opened {
            same("the id", store.id(), first.id())?;
        }
        same("the text of the id", sides.field(TEXTS, first.id())?, &*store)?;
        same("the id of the text", sides.field(IDS, &store)?, first.id())?;
        same("what Python wrote", keys(first, 10).await?.len(), OPENERS)?;
        first.set_record("rust", ContentType::TEXT, "v".into()).await?;
        let python = sides.python(json!({"name": store})).await?;
        same("what Rust wrote", &python.call("get", json!(["rust"])).await?["value"], "v")?;
    }
    Ok(())
}

const RECORDS: usize = 200;

async fn records_that_both_write_at_once_are_all_there(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"name": "s"})).await?;
    let rust = open(sides, name("s")?).await?;
    let calls = (0..RECORDS).map(|number| (json!([format!("python-{number}"), number]), json!({}))).collect();
    let in_rust = async {
        for number in 0..RECORDS {
            rust.set_record(&format!("rust-{number}"), ContentType::TEXT, number.to_string().into()).await?;
        }
        Ok(())
    };
    tokio::try_join!(python.call_each("set", calls), in_rust)?;
    same("the keys in Rust", keys(&rust, 64).await?.len(), 2 * RECORDS)?;
    let listed = python.call("keys", json!([])).await?;
    same("the keys in Python", listed.as_array().map(Vec::len), Some(2 * RECORDS))?;
    for word in ["items", "metadata_items"] {
        same(word, sides.hash(&key("s", word))?.len(), 2 * RECORDS)?;
    }
    Ok(())
}

async fn no_value_is_read_with_the_type_of_another(sides: &Sides) -> Result<()> {
    let program = sides.python(json!({"program": "yes"})).await?;
    let (writer, reader) = (open(sides, name("s")?).await?, open(sides, name("s")?).await?);
    let in_python = program.call("set_all", json!(["s", "k", {"by": "python"}, RECORDS]));
    let in_rust = async {
        for _ in 0..RECORDS {
            writer.set_record("k", ContentType::new("text/x-rust")?, "rust".into()).await?;
            let record = reader.get_record("k").await?.context("no record")?;
            match (record.content_type.as_str(), &*record.value) {
                ("text/x-rust", b"rust") | ("application/json; charset=utf-8", br#"{"by": "python"}"#) => {}
                (content_type, value) => bail!("{content_type} with {} bytes", value.len()),
            }
        }
        Ok(())
    };
    tokio::try_join!(in_python, in_rust).map(drop)
}
