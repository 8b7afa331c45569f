//! What is declared works; what is not declared is refused.

use std::sync::Arc;
use std::time::Duration;

use store_core::{
    BatchAtomicity, Cache, CacheExt, Listing, LockExt, Namespaced, SetOutcome, Store, StoreExt, Support, Ttl,
};

use crate::absence::{refuses_in_cache, refuses_in_store};
use crate::cases::once;
use crate::context::{CacheHandle, Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq};
use crate::registry::{Family, Needs, check};
use crate::undeclaring::Undeclaring;
use crate::walk::{Reach, walk_set};

pub(crate) const FAMILY: Family = Family {
    name: "capabilities",
    checks: &[check!(capabilities_are_kept, Nothing), check!(undeclared_is_unsupported, Nothing)],
};

const KEY: &str = "k";

async fn capabilities_are_kept(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let (store, second) = (scope.store()?, scope.second_store()?);
        ensure_eq!(second.capabilities(), store.capabilities(), "what a second handle declares");
        ensure!(!store.capabilities().driver.is_empty(), "the driver declares no name");
        ensure!(store.capabilities().max_key_bytes <= store_core::Key::MAX_BYTES, "keys longer than keys can be");
        ensure!(store.capabilities().max_batch_items > 0, "batches of nothing");
        keeps_in_store(&store).await?;
        if context.has_cache() {
            keeps_in_store(&store_of(scope.cache()?, scope)?).await?;
            keeps_in_cache(&scope.cache()?).await?;
        }
        Ok(())
    })
    .await
}

fn store_of(cache: CacheHandle, scope: &Scope<'_>) -> Result<StoreHandle, Failure> {
    let store: Arc<dyn Store> = cache.into_inner();
    Ok(store.namespace(&scope.namespace)?)
}

async fn keeps_in_store(store: &StoreHandle) -> Result<(), Failure> {
    let declared = store.capabilities().clone();
    store.set(KEY, "1").ttl(Duration::from_secs(60)).await?;
    if declared.renewal.is_supported() {
        ensure_eq!(store.get(KEY).renew(Ttl::MAX.as_duration()).await?.is_some(), true, "renewal of an entry");
    }
    if declared.value_conditions.is_supported() {
        ensure_eq!(
            store.set(KEY, "2").if_value("1").await?,
            SetOutcome::Stored,
            "a write under a condition on the value"
        );
        ensure_eq!(store.delete(KEY).if_value("1").await?, false, "a delete under a condition on the value");
    }
    if declared.listing != Listing::None {
        ensure_eq!(walk_set(store, Reach::Namespace, 10).await?.len(), 1, "how many keys are listed");
    }
    if declared.locks.is_supported() {
        let Some(guard) = store.try_lock(KEY, Ttl::MAX).await? else {
            return Err(Failure::new("a lock that nobody holds was not to be had"));
        };
        ensure_eq!(guard.release().await?, true, "release of a lock");
    }
    if declared.take.is_supported() {
        ensure_eq!(store.take(KEY).await?.is_some(), true, "take of an entry");
    }
    if declared.listing != Listing::None {
        store.clear().await?;
    }
    Ok(())
}

async fn keeps_in_cache(cache: &CacheHandle) -> Result<(), Failure> {
    let declared = cache.capabilities().clone();
    if declared.batch_atomicity == BatchAtomicity::All {
        cache.set_many([("a", "1"), ("b", "2")]).atomic().await?;
    }
    if declared.snapshot_reads == Support::Yes {
        ensure_eq!(cache.get_many(&["a", "b"]).snapshot().await?.len(), 2, "the answers of a snapshot");
    }
    if declared.counters.is_supported() {
        ensure_eq!(cache.increment("n", 2).await?, 2, "a new counter");
    }
    Ok(())
}

/// The driver as it is, and the driver with everything undeclared: what an older driver would answer to newer options.
async fn undeclared_is_unsupported(context: &Context) -> CheckResult {
    const OPTIONAL: [Needs; 6] =
        [Needs::ValueConditions, Needs::Renewal, Needs::Take, Needs::Listing, Needs::Locks, Needs::Replication];
    const OPTIONAL_OF_CACHES: [Needs; 4] =
        [Needs::Counters, Needs::AtomicBatches, Needs::SnapshotReads, Needs::Replication];

    once(context, async |scope: &Scope<'_>| {
        let plain: Arc<dyn Store> = Arc::new(Undeclaring::new(scope.store()?));
        let plain = plain.namespace(&scope.namespace)?;
        for needs in OPTIONAL {
            refuses_in_store(&plain, needs).await?;
            if needs.lacking(context).is_some() {
                refuses_in_store(&scope.store()?, needs).await?;
            }
        }
        if context.has_cache() {
            let plain: Arc<dyn Cache> = Arc::new(Undeclaring::new(scope.cache()?));
            let plain: Namespaced<Arc<dyn Cache>> = plain.namespace(&scope.namespace)?;
            for needs in OPTIONAL_OF_CACHES {
                refuses_in_cache(&plain, needs).await?;
                if needs.lacking(context).is_some() {
                    refuses_in_cache(&scope.cache()?, needs).await?;
                }
            }
        }
        Ok(())
    })
    .await
    .map(|_| Verdict::Pass)
}
