//! Both sides at once.

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use store_redis::prelude::*;

use super::{python_under, rust_under};
use crate::case::{Case, cases};
use crate::rust::keys;
use crate::sides::Sides;
use crate::wire::same;

const ENTRIES: usize = 300;

pub(super) const CASES: &[Case] = cases! {
    Both: [
        what_both_write_at_once_is_all_there,
        an_add_of_both_at_once_has_one_winner,
        a_listing_has_what_stays_while_python_deletes,
        a_counter_of_rust_never_goes_back_while_python_reads,
    ]
};

fn names(prefix: &str) -> Vec<String> {
    (0..ENTRIES).map(|number| format!("{prefix}-{number:03}")).collect()
}

async fn what_both_write_at_once_is_all_there(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    let (theirs, ours) = (names("python"), names("rust"));
    let calls = theirs.iter().map(|key| (json!([key, 1]), json!({}))).collect();
    let write = async { Ok(try_join_all(ours.iter().map(|key| rust.set(key, "1").into_future())).await?) };
    tokio::try_join!(python.call_each("set", calls), write)?;
    same("what Rust lists", keys(&rust).await?, [theirs, ours].concat())
}

/// Python is not told who won, so the values say it.
async fn an_add_of_both_at_once_has_one_winner(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    let claims = names("claim");
    let theirs = claims.iter().map(|key| (json!([key, 1]), json!({"if_not_exists": true}))).collect();
    // The other way round, so that they meet in the middle whoever is faster.
    let add = async { Ok(try_join_all(claims.iter().rev().map(|key| rust.add(key, "2").into_future())).await?) };
    let (_, ours) = tokio::try_join!(python.call_each("set", theirs), add)?;
    for (claim, ours) in claims.iter().zip(ours.into_iter().rev()) {
        same(&format!("the value of {claim}"), rust.counter(claim).await?, Some(if ours { 2 } else { 1 }))?;
    }
    Ok(())
}

async fn a_listing_has_what_stays_while_python_deletes(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    let (stays, goes) = (names("stays"), names("goes"));
    try_join_all(stays.iter().chain(&goes).map(|key| rust.set(key, "1").into_future())).await?;
    let deletions = goes.iter().map(|key| (json!([key]), json!({}))).collect();
    let list = async { Ok(rust.list().limit(10).all().await?) };
    let (listed, _) = tokio::try_join!(list, python.call_each("delete", deletions))?;
    let listed: Vec<_> = listed.into_iter().map(|listed| listed.key.to_string()).collect();
    for key in &stays {
        ensure!(listed.contains(key), "{key} stayed and was not listed");
    }
    same("what Rust lists afterwards", keys(&rust).await?, stays)
}

async fn a_counter_of_rust_never_goes_back_while_python_reads(sides: &Sides) -> Result<()> {
    let (python, rust) = (python_under(sides, "app:").await?, rust_under(sides, "app:").await?);
    let reads = vec![(json!(["n", 0]), json!({})); ENTRIES];
    let count = async {
        for _ in 0..ENTRIES {
            rust.increment("n", 1).await?;
        }
        Ok(())
    };
    let (read, ()) = tokio::try_join!(python.call_each("get", reads), count)?;
    let read: Vec<_> = read.iter().filter_map(Value::as_u64).collect();
    same("the number of numbers that Python read", read.len(), ENTRIES)?;
    ensure!(read.is_sorted(), "Python read a number that was smaller than the one before");
    same("what Rust reads", rust.counter("n").await?, Some(i64::try_from(ENTRIES)?))
}
