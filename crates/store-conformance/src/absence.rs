//! What is not declared is refused as unsupported and has no effect.

use std::time::Duration;

use store_core::{CacheExt, ErrorKind, LockExt, Remaining, StoreExt, Ttl};

use crate::context::{CacheHandle, Context, StoreHandle};
use crate::failure::{Failure, ensure_eq, refused_with};
use crate::registry::Needs;

const KEY: &str = "there";
const VALUE: &str = "1";
const SECOND: Duration = Duration::from_secs(1);

/// Fails unless the driver refuses all that `needs` is about.
pub(crate) async fn verify_absent(context: &Context, needs: Needs) -> Result<(), Failure> {
    let scope = context.scope()?;
    if !context.has_cache() {
        return refuses_in_store(&scope.store()?, needs).await;
    }
    refuses_in_store(&scope.store()?, needs).await?;
    refuses_in_cache(&scope.cache()?, needs).await
}

/// Fails unless the store refuses what `needs` is about, as far as it concerns stores.
pub(crate) async fn refuses_in_store(store: &StoreHandle, needs: Needs) -> Result<(), Failure> {
    store.set(KEY, VALUE).never_expires().await?;
    match needs {
        Needs::ValueConditions => {
            unsupported(store.set(KEY, "2").if_value(VALUE).await, "set under a condition on the value")?;
            unsupported(store.delete(KEY).if_value(VALUE).await, "delete under a condition on the value")?;
            unsupported(store.update(KEY, |_| None).await, "update")?;
        }
        Needs::Renewal => unsupported(store.get(KEY).renew(Duration::from_secs(60)).await, "renewal")?,
        Needs::Take => unsupported(store.take(KEY).await, "take")?,
        Needs::Listing => {
            unsupported(store.list().await, "list")?;
            unsupported(store.clear().await, "clear")?;
        }
        Needs::Locks => {
            unsupported(store.try_lock(KEY, SECOND).await, "try_lock")?;
            unsupported(store.lock(KEY, SECOND).wait(SECOND).await, "lock")?;
        }
        Needs::Replication => {
            unsupported(store.set(KEY, "2").replicated(1, SECOND).await, "a replicated set")?;
            unsupported(store.set(KEY, "2").if_present().replicated(1, SECOND).await, "a replicated if_present")?;
            unsupported(store.delete(KEY).replicated(1, SECOND).await, "a replicated delete")?;
            unsupported(store.expire(KEY, Ttl::MAX).replicated(1, SECOND).await, "a replicated expire")?;
            unsupported(store.take(KEY).replicated(1, SECOND).await, "a replicated take")?;
            unsupported(store.update(KEY, |_| None).replicated(1, SECOND).await, "a replicated update")?;
        }
        Needs::Nothing
        | Needs::Cache
        | Needs::Counters
        | Needs::AtomicBatches
        | Needs::SnapshotReads
        | Needs::Records => {}
    }
    ensure_eq!(store.get(KEY).await?.as_deref(), Some(VALUE.as_bytes()), "the value after what was refused");
    ensure_eq!(store.ttl(KEY).await?, Some(Remaining::Never), "the lifetime after what was refused");
    Ok(())
}

/// Fails unless the cache refuses what `needs` is about, as far as it concerns caches.
pub(crate) async fn refuses_in_cache(cache: &CacheHandle, needs: Needs) -> Result<(), Failure> {
    const OTHER: &str = "not there";
    match needs {
        Needs::Counters => {
            unsupported(cache.increment(OTHER, 1).await, "increment")?;
            unsupported(cache.decrement(OTHER, 1).await, "decrement")?;
        }
        Needs::AtomicBatches => unsupported(cache.set_many([(OTHER, VALUE)]).atomic().await, "an atomic set_many")?,
        Needs::SnapshotReads => unsupported(cache.get_many(&[OTHER]).snapshot().await, "a snapshot")?,
        Needs::Replication => {
            unsupported(cache.add(OTHER, VALUE).replicated(1, SECOND).await, "a replicated add")?;
            unsupported(cache.set_many([(OTHER, VALUE)]).replicated(1, SECOND).await, "a replicated set_many")?;
            unsupported(cache.delete_many(&[OTHER]).replicated(1, SECOND).await, "a replicated delete_many")?;
            unsupported(cache.expire_many(&[OTHER], Ttl::MAX).replicated(1, SECOND).await, "a replicated expire_many")?;
            unsupported(cache.increment(OTHER, 1).replicated(1, SECOND).await, "a replicated increment")?;
        }
        Needs::Nothing
        | Needs::Locks
        | Needs::ValueConditions
        | Needs::Renewal
        | Needs::Take
        | Needs::Listing
        | Needs::Cache
        | Needs::Records => {}
    }
    ensure_eq!(cache.exists(OTHER).await?, false, "the entry that what was refused would have made");
    Ok(())
}

#[track_caller]
fn unsupported<T: std::fmt::Debug>(answer: store_core::Result<T>, what: &str) -> Result<(), Failure> {
    refused_with(answer, ErrorKind::Unsupported, what).map(drop)
}
