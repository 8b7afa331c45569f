//! Both sides at once.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;
use store_redis::prelude::*;

use super::{default, expires_in};
use crate::case::{Case, cases};
use crate::rust::keys;
use crate::sides::Sides;
use crate::wire::same;

pub(super) const CASES: &[Case] = cases! {
    Both: [
        what_both_write_at_once_is_all_there,
        a_listing_has_what_stays_while_python_deletes,
        both_renew_one_entry_at_once,
        a_token_is_taken_by_rust_or_deleted_by_python,
    ]
};

const ENTRIES: usize = 300;

fn names(prefix: &str) -> Vec<String> {
    (0..ENTRIES).map(|number| format!("{prefix}-{number:03}")).collect()
}

async fn what_both_write_at_once_is_all_there(sides: &Sides) -> Result<()> {
    let (python, rust) = (sides.python(json!({})).await?, default(sides).await?);
    let (theirs, ours) = (names("python"), names("rust"));
    let calls = theirs.iter().map(|key| (json!([key, key]), json!({}))).collect();
    let writes = async {
        try_join_all(ours.iter().map(|key| rust.set(key, key).into_future())).await?;
        anyhow::Ok(())
    };
    tokio::try_join!(python.call_each("set", calls), writes)?;
    same("what Rust lists", keys(&rust).await?, [theirs, ours].concat())
}

async fn a_listing_has_what_stays_while_python_deletes(sides: &Sides) -> Result<()> {
    let (python, rust) = (sides.python(json!({})).await?, default(sides).await?);
    let (stays, goes) = (names("stays"), names("goes"));
    try_join_all(stays.iter().chain(&goes).map(|key| rust.set(key, key).into_future())).await?;
    let deletions = goes.iter().map(|key| (json!([key]), json!({}))).collect();
    let list = async { Ok(rust.list().limit(10).all().await?) };
    let (listed, _) = tokio::try_join!(list, python.call_each("delete", deletions))?;
    let listed: Vec<_> = listed.into_iter().map(|listed| listed.key.to_string()).collect();
    for key in &stays {
        ensure!(listed.contains(key), "{key} stayed and was not listed");
    }
    same("what Rust lists afterwards", keys(&rust).await?, stays)
}

async fn both_renew_one_entry_at_once(sides: &Sides) -> Result<()> {
    let (python, rust) = (sides.python(json!({})).await?, default(sides).await?);
    python.call_with("set", json!(["k", "v"]), expires_in(30)).await?;
    let calls = vec![(json!(["k"]), json!({"renew_for": 100})); ENTRIES];
    let long = Duration::from_secs(100);
    let renewals = async { Ok(try_join_all((0..ENTRIES).map(|_| rust.get("k").renew(long).into_future())).await?) };
    let (theirs, ours) = tokio::try_join!(python.call_each("get", calls), renewals)?;
    ensure!(theirs.iter().all(|read| *read == crate::python::bytes("v")), "Python read something else");
    ensure!(ours.iter().all(|read| read.as_deref() == Some(b"v")), "Rust read something else");
    sides.wire.lives("LITESTAR:k", 100_000)
}

async fn a_token_is_taken_by_rust_or_deleted_by_python(sides: &Sides) -> Result<()> {
    let (python, rust) = (sides.python(json!({})).await?, default(sides).await?);
    let tokens = names("token");
    try_join_all(tokens.iter().map(|key| rust.set(key, key).into_future())).await?;
    let deletions = tokens.iter().rev().map(|key| (json!([key]), json!({}))).collect();
    let takes = async { Ok(try_join_all(tokens.iter().map(|key| rust.take(key).into_future())).await?) };
    let (_, taken) = tokio::try_join!(python.call_each("delete", deletions), takes)?;
    for (token, taken) in tokens.iter().zip(taken) {
        ensure!(taken.is_none_or(|value| value == token.as_bytes()), "{token} was taken with another's value");
    }
    sides.wire.has_only(&[""; 0])
}
