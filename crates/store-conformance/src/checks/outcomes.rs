//! What failed half-way says so.

use std::sync::Arc;

use store_core::{Cache, CacheExt, Error, Listing, Outcome, Store, StoreExt, Ttl};

use crate::cases::once;
use crate::context::{Context, Scope};
use crate::failing::Failing;
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq};
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family = Family { name: "outcomes", checks: &[check!(partly_applied_is_unknown, Nothing)] };

const KEYS: [&str; 3] = ["a", "b", "c"];

async fn partly_applied_is_unknown(context: &Context) -> CheckResult {
    for done in 0..KEYS.len() {
        if context.capabilities().listing != Listing::None {
            once(context, async |scope: &Scope<'_>| a_walk_tells(scope, done).await).await?;
        }
        if context.has_cache() {
            once(context, async |scope: &Scope<'_>| a_batch_tells(scope, done).await).await?;
        }
    }
    Ok(Verdict::Pass)
}

async fn a_walk_tells(scope: &Scope<'_>, done: usize) -> Result<(), Failure> {
    let store = scope.store()?;
    for key in KEYS {
        store.set(key, "x").await?;
    }
    let failing: Arc<dyn Store> = Arc::new(Failing::after(done as u64, store.clone().into_inner()));
    tells(failing.namespace(&scope.namespace)?.clear().await, done, "clear")?;
    let mut left = 0;
    for key in KEYS {
        left += usize::from(store.exists(key).await?);
    }
    // What an unordered list shows twice is removed once, and the second step at it finds nothing.
    let fewest_gone = if store.capabilities().listing == Listing::ByteOrder { done } else { done.min(1) };
    let possible = KEYS.len() - done..=KEYS.len() - fewest_gone;
    ensure!(possible.contains(&left), "saw {left} entries left after a clear that failed, promised {possible:?}");
    Ok(())
}

async fn a_batch_tells(scope: &Scope<'_>, done: usize) -> Result<(), Failure> {
    let cache = scope.cache()?;
    let failing = || -> Result<_, Failure> {
        let failing: Arc<dyn Cache> = Arc::new(Failing::after(done as u64, cache.clone().into_inner()));
        Ok(failing.namespace(&scope.namespace)?)
    };
    tells(failing()?.set_many(KEYS.map(|key| (key, "x"))).await, done, "set_many")?;
    ensure_eq!(cache.get_many(&KEYS).await?.iter().flatten().count(), done, "how much of a set_many was applied");
    cache.set_many(KEYS.map(|key| (key, "x"))).await?;
    tells(failing()?.expire_many(&KEYS, Ttl::MAX).await, done, "expire_many")?;
    tells(failing()?.delete_many(&KEYS).await, done, "delete_many")?;
    let left = cache.get_many(&KEYS).await?.iter().flatten().count();
    ensure_eq!(left, KEYS.len() - done, "how much of a delete_many was not applied");
    Ok(())
}

fn tells<T: std::fmt::Debug>(answer: Result<T, Error>, done: usize, what: &str) -> Result<(), Failure> {
    let Err(error) = answer else { return Err(Failure::new(format!("{what} did not tell that a step of it failed"))) };
    let promised = if done == 0 { Outcome::NotApplied } else { Outcome::Unknown };
    ensure_eq!(error.outcome(), promised, "the outcome of {what} after {done} steps of it: {error}");
    Ok(())
}
