//! Both sides at once.

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use store_redis::prelude::*;

use super::{python_under, rust_under};
use crate::case::{Case, cases};
use crate::rust::{keys, lives};
use crate::sides::Sides;
use crate::wire::same;

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

const STEPS: i64 = 500;

pub(super) const CASES: &[Case] = cases! {
    Both: [
        no_step_is_lost_when_both_count_at_once,
        an_add_of_both_at_once_has_one_winner,
        a_listing_has_what_stays_while_python_deletes,
        a_removal_of_both_at_once_is_told_to_one,
    ]
};

fn names(prefix: &str) -> Vec<String> {
    (0..STEPS).map(|number| format!("{prefix}-{number:03}")).collect()
}

/// A call for each key.
fn calls(keys: &[String]) -> Vec<(Value, Value)> {
    keys.iter().map(|key| (json!([key]), json!({}))).collect()
}

async fn no_step_is_lost_when_both_count_at_once(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    rust.set("n", "0").ttl(MINUTE).await?;
    let steps = vec![(json!(["n", 3]), json!({})); usize::try_from(STEPS)?];
    let count = async { Ok(try_join_all((0..STEPS).map(|_| rust.increment("n", 4).into_future())).await?) };
    let (theirs, ours) = tokio::try_join!(python.call_each("inc", steps), count)?;
    let mut sums: Vec<_> = theirs.iter().filter_map(Value::as_i64).chain(ours).collect();
    sums.sort_unstable();
    sums.dedup();
    same("the number of different sums", sums.len(), theirs.len() * 2)?;
    same("the last sum", sums.last().copied(), Some(STEPS * 7))?;
    same("what Rust reads", rust.counter("n").await?, Some(STEPS * 7))?;
    same("what Python reads", python.call("get", json!(["n"])).await?, STEPS * 7)?;
    lives(sides, &rust, "n", MINUTE).await
}

async fn an_add_of_both_at_once_has_one_winner(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    let claims = names("claim");
    let theirs = claims.iter().map(|key| (json!([key, 1]), json!({}))).collect();
    // The other way round, so that they meet in the middle whoever is faster.
    let add = async { Ok(try_join_all(claims.iter().rev().map(|key| rust.add(key, "2").into_future())).await?) };
    let (theirs, ours) = tokio::try_join!(python.call_each("add", theirs), add)?;
    for ((claim, theirs), ours) in claims.iter().zip(theirs).zip(ours.into_iter().rev()) {
        ensure!(theirs != Value::Bool(ours), "{claim}: Python was told {theirs}, Rust {ours}");
        same(&format!("the value of {claim}"), rust.counter(claim).await?, Some(if ours { 2 } else { 1 }))?;
    }
    Ok(())
}

async fn a_listing_has_what_stays_while_python_deletes(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    let (stays, goes) = (names("stays"), names("goes"));
    try_join_all(stays.iter().chain(&goes).map(|key| rust.set(key, "1").into_future())).await?;
    let list = async { Ok(rust.list().limit(10).all().await?) };
    let (listed, _) = tokio::try_join!(list, python.call_each("delete", calls(&goes)))?;
    let listed: Vec<_> = listed.into_iter().map(|listed| listed.key.to_string()).collect();
    for key in &stays {
        ensure!(listed.contains(key), "{key} stayed and was not listed");
    }
    same("what Rust lists afterwards", keys(&rust).await?, stays)
}

async fn a_removal_of_both_at_once_is_told_to_one(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    let goes = names("goes");
    try_join_all(goes.iter().map(|key| rust.set(key, "1").into_future())).await?;
    let delete = async { Ok(try_join_all(goes.iter().rev().map(|key| rust.delete(key).into_future())).await?) };
    let (theirs, ours) = tokio::try_join!(python.call_each("delete", calls(&goes)), delete)?;
    for ((key, theirs), ours) in goes.iter().zip(theirs).zip(ours.into_iter().rev()) {
        ensure!(theirs != Value::Bool(ours), "{key}: Python was told {theirs}, Rust {ours}");
    }
    sides.wire.has_only(&[""; 0])
}
