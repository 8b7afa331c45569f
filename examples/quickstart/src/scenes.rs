//! The scenes. Each is what one would write in a service, with what it shows printed.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store_memory::{Result, codec::Json, prelude::*};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) async fn all(cache: &Arc<dyn Cache>) -> Result<()> {
    sessions(cache).await?;
    typed_cache(cache).await?;
    rate_limit(cache).await?;
    namespaces(cache).await
}

/// Sessions that live as long as somebody comes back.
async fn sessions(cache: &Arc<dyn Cache>) -> Result<()> {
    println!("sessions");
    let sessions = cache.namespace("sessions")?;
    sessions.set("s-81", "user=ada").ttl(MINUTE).await?;

    // Reads the session and gives it an hour from now, in one step.
    let session = sessions.get("s-81").renew(HOUR).await?;
    println!("  s-81 is {session:?}");
    let renewed = matches!(sessions.ttl("s-81").await?, Some(Remaining::In(left)) if left > MINUTE);
    println!("  renewed: {renewed}");

    // What is not there, or not any more, is no error.
    println!("  s-82 is {:?}", sessions.get("s-82").renew(HOUR).await?);
    println!("  logged out: {}, and again: {}", sessions.delete("s-81").await?, sessions.delete("s-81").await?);
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
struct Price {
    cents: u32,
    currency: String,
}

/// A cache of values of one type, kept as JSON.
async fn typed_cache(cache: &Arc<dyn Cache>) -> Result<()> {
    println!("typed cache");
    let prices = cache.namespace("prices")?.typed::<Price, _>(Json);

    // `add` stores only over a missing entry: of several that loaded the price at once, the first one sets it.
    let first = prices.add("tea", &Price { cents: 350, currency: "EUR".into() }).ttl(MINUTE).await?;
    let second = prices.add("tea", &Price { cents: 990, currency: "EUR".into() }).ttl(MINUTE).await?;
    println!("  added: {first}, and again: {second}");
    println!("  tea is {:?}", prices.get("tea").await?);
    println!("  coffee is {:?}", prices.get("coffee").await?);
    Ok(())
}

/// Three requests a minute and address: the first one starts the minute, the rest count within it.
async fn rate_limit(cache: &Arc<dyn Cache>) -> Result<()> {
    println!("rate limit");
    let hits = cache.namespace("hits")?;
    for request in 1..=5 {
        let count = hits.increment("ip:10.0.0.7", 1).ttl_on_create(MINUTE).await?;
        println!("  request {request}: {}", if count <= 3 { "allowed" } else { "refused" });
    }
    let expires = matches!(hits.ttl("ip:10.0.0.7").await?, Some(Remaining::In(left)) if left <= MINUTE);
    println!("  forgotten within a minute: {expires}");
    Ok(())
}

/// Namespaces nest, and clearing one leaves every other alone.
async fn namespaces(cache: &Arc<dyn Cache>) -> Result<()> {
    println!("namespaces");
    let (app, apple) = (cache.namespace("app")?, cache.namespace("apple")?);
    let drafts = app.namespace("drafts")?;
    app.set("page", "in app").await?;
    drafts.set("page", "in app/drafts").await?;
    apple.set("page", "in apple").await?;

    println!("  app has {:?}, its drafts {:?}", app.get("page").await?, drafts.get("page").await?);
    println!("  clear of app removed {}", app.clear().await?);
    println!("  app has {:?}, its drafts {:?}", app.get("page").await?, drafts.get("page").await?);
    println!("  apple has {:?}", apple.get("page").await?);
    Ok(())
}
