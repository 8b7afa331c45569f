//! The scenes. Nothing in here knows how many servers there are: it is written against the trait, and would run in
//! process as well.

use std::time::Duration;

use anyhow::{Context, Result};
use store_redis::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A shop and a forum, each with a root namespace of its own: on a Cluster they may lie on different servers.
pub(crate) async fn all<C: Cache + Clone>(shop: &C, forum: &C) -> Result<()> {
    sessions(shop).await?;
    counter(forum).await?;
    batch(shop).await?;
    conditional_writes(shop).await?;
    lock(shop).await?;
    list_and_clear(shop, forum).await
}

/// Sessions that live as long as somebody comes back.
async fn sessions<C: Cache + Clone>(shop: &C) -> Result<()> {
    println!("sessions");
    let sessions = shop.namespace("sessions")?;
    sessions.set("s-81", "user=ada").ttl(MINUTE).await?;
    let session = sessions.get("s-81").renew(HOUR).await?;
    let renewed = matches!(sessions.ttl("s-81").await?, Some(Remaining::In(left)) if left > MINUTE);
    println!("  s-81 is {session:?}; renewed: {renewed}");
    println!("  logged out: {}, and again: {}", sessions.delete("s-81").await?, sessions.delete("s-81").await?);
    Ok(())
}

/// A counter is one step on the server, and is never applied twice: what may have happened is not repeated.
async fn counter<C: Cache>(forum: &C) -> Result<()> {
    println!("counter");
    for _ in 0..2 {
        forum.increment("views", 1).ttl_on_create(HOUR).await?;
    }
    println!("  views: {}", forum.increment("views", 40).await?);
    Ok(())
}

/// A batch within one root namespace is one step, also on a Cluster: it lies in one slot.
async fn batch<C: Cache>(shop: &C) -> Result<()> {
    println!("batch");
    shop.set_many([("tea", "350"), ("cocoa", "420")]).ttl(HOUR).atomic().await?;
    println!("  prices: {:?}", shop.get_many(&["tea", "coffee", "cocoa"]).await?);
    println!("  deleted: {:?}", shop.delete_many(&["tea", "coffee"]).await?);
    Ok(())
}

/// A condition is judged and the write done in one step: of any number of writers one wins.
async fn conditional_writes<C: Cache>(shop: &C) -> Result<()> {
    println!("conditional writes");
    for worker in ["ada", "bob"] {
        let won = shop.set("job-7", worker).if_absent().ttl(MINUTE).await?.is_stored();
        println!("  {worker} takes job-7: {won}");
    }
    for successor in ["bob", "eve"] {
        let given = shop.set("job-7", successor).if_value("ada").ttl(MINUTE).await?.is_stored();
        println!("  ada gives job-7 to {successor}: {given}");
    }
    Ok(())
}

/// A lock keeps others away. Behind Sentinel and on a Cluster a failover may forget it, so what would come to harm by two
/// holders keeps the largest fencing token that it has seen, and refuses smaller ones.
async fn lock<C: Cache + Clone>(shop: &C) -> Result<()> {
    println!("lock");
    let ada = shop.try_lock("stocktaking", MINUTE).await?.context("a lock that nobody else knows of")?;
    let bob = shop.try_lock("stocktaking", MINUTE).await?;
    println!("  ada holds it: {}, and bob: {}", ada.is_held().await?, bob.is_some());
    println!("  extended: {}, released: {}", ada.extend(HOUR).await?, ada.release().await?);
    let bob = shop.lock("stocktaking", MINUTE).wait(MINUTE).await?.context("a lock that nobody else knows of")?;
    println!("  bob holds it, with a larger token: {}", bob.fencing_token() > ada.fencing_token());
    println!("  released by ada: {}, by bob: {}", ada.release().await?, bob.release().await?);
    Ok(())
}

/// Exactly this namespace with what is nested in it, wherever its keys lie.
async fn list_and_clear<C: Cache + Clone>(shop: &C, forum: &C) -> Result<()> {
    println!("list and clear");
    let carts = shop.namespace("carts")?;
    let names: Vec<String> = (0..300).map(|number| format!("cart-{number:03}")).collect();
    carts.set_many(names.iter().map(|name| (name, "empty"))).ttl(HOUR).await?;

    let mut listed: Vec<String> = carts.list().all().await?.into_iter().map(|listed| listed.key.into()).collect();
    // In no particular order, and a key may come up more than once.
    listed.sort_unstable();
    listed.dedup();
    println!("  carts: {}, from {:?} to {:?}", listed.len(), listed.first(), listed.last());

    println!("  cleared: {}", carts.clear().await?);
    let (job, views) = (shop.exists("job-7").await?, forum.exists("views").await?);
    println!("  job-7 is still there: {job}, and so are the forum's views: {views}");
    Ok(())
}
