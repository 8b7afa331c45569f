//! A store answers while it is open, and no longer.

use futures_util::future::BoxFuture;
use store_core::{CacheExt, Error, ErrorKind, Expiry, Listing, LockExt, Store, StoreExt, Ttl};

use crate::cases::once;
use crate::context::{CacheHandle, Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, Verdict, refused_with};
use crate::race::at_once;
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family =
    Family { name: "lifecycle", checks: &[check!(ping_answers, Nothing), check!(close_is_final, Nothing)] };

async fn ping_answers(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        scope.store()?.ping().await?;
        scope.second_store()?.ping().await?;
        if context.has_cache() {
            scope.cache()?.ping().await?;
        }
        Ok(())
    })
    .await?;
    // A store that cannot be used does not say that it can.
    context.whole_store().close().await?;
    refused_with(context.whole_store().ping().await, ErrorKind::Closed, "ping of a closed store")?;
    Ok(Verdict::Pass)
}

async fn close_is_final(context: &Context) -> CheckResult {
    const CALLS: usize = 100;

    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        let (clone, nested) = (store.clone(), store.namespace("nested")?);
        // Calls under way when the store is closed finish or fail; none is left hanging.
        let mut calls: Vec<BoxFuture<'static, Result<(), Error>>> = Vec::new();
        for number in 0..CALLS {
            let store = store.clone();
            calls.push(match number {
                50 => Box::pin(async move { store.close().await }),
                _ => Box::pin(async move {
                    store.set(&number.to_string(), "x").ttl(std::time::Duration::from_secs(60)).await?;
                    store.get(&number.to_string()).await.map(drop)
                }),
            });
        }
        for answer in at_once(calls).await? {
            if let Err(error) = answer {
                refused_with::<()>(Err(error), ErrorKind::Closed, "a call that was under way")?;
            }
        }
        store.close().await?;
        for handle in [&store, &clone, &nested] {
            is_closed(handle).await?;
        }
        store.close().await?;
        if context.has_cache() {
            let cache = scope.cache()?;
            cache.close().await?;
            is_closed_as_cache(&cache).await?;
            cache.close().await?;
        }
        Ok(())
    })
    .await
}

async fn is_closed(store: &StoreHandle) -> Result<(), Failure> {
    let (kind, capabilities) = (ErrorKind::Closed, store.capabilities().clone());
    refused_with(store.get("k").await, kind, "get")?;
    refused_with(store.set("k", "x").await, kind, "set")?;
    refused_with(store.set("k", "x").if_absent().await, kind, "set if_absent")?;
    refused_with(store.delete("k").await, kind, "delete")?;
    refused_with(store.exists("k").await, kind, "exists")?;
    refused_with(store.ttl("k").await, kind, "ttl")?;
    refused_with(store.expire("k", Expiry::Never).await, kind, "expire")?;
    if capabilities.take.is_supported() {
        refused_with(store.take("k").await, kind, "take")?;
    }
    if capabilities.listing != Listing::None {
        refused_with(store.list().await, kind, "list")?;
        refused_with(store.clear().await, kind, "clear")?;
    }
    if capabilities.locks.is_supported() {
        refused_with(store.try_lock("k", Ttl::MAX).await, kind, "try_lock")?;
        refused_with(store.lock("k", Ttl::MAX).wait(Ttl::MAX.as_duration()).await, kind, "lock")?;
    }
    refused_with(store.ping().await, kind, "ping").map(drop)
}

async fn is_closed_as_cache(cache: &CacheHandle) -> Result<(), Failure> {
    let kind = ErrorKind::Closed;
    refused_with(cache.get("k").await, kind, "get of a cache")?;
    refused_with(cache.add("k", "x").await, kind, "add")?;
    refused_with(cache.get_many(&["k"]).await, kind, "get_many")?;
    refused_with(cache.set_many([("k", "x")]).await, kind, "set_many")?;
    refused_with(cache.delete_many(&["k"]).await, kind, "delete_many")?;
    refused_with(cache.expire_many(&["k"], Expiry::Never).await, kind, "expire_many")?;
    if cache.capabilities().counters.is_supported() {
        refused_with(cache.increment("k", 1).await, kind, "increment")?;
    }
    Ok(())
}
