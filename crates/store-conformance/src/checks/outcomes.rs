//! What failed half-way, or spread less far than was asked for, says so.

use std::sync::Arc;
use std::time::Duration;

use store_core::{
    Cache, CacheExt, Error, ErrorKind, Listing, Outcome, Remaining, Result as Answer, Store, StoreExt, Ttl,
};

use crate::cases::once;
use crate::context::{CacheHandle, Context, Scope, StoreHandle};
use crate::failing::Failing;
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq, refused_with};
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family = Family {
    name: "outcomes",
    checks: &[check!(partly_applied_is_unknown, Nothing), check!(replicated_or_unknown, Replication)],
};

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

/// More than any backend has, and longer than any needs.
const TOO_MANY: Spread = Spread { replicas: u32::MAX, timeout: Duration::from_millis(20) };
const ONE: Spread = Spread { replicas: 1, timeout: Duration::from_secs(4) };

/// How far a write has to spread.
#[derive(Clone, Copy)]
struct Spread {
    replicas: u32,
    timeout: Duration,
}

/// What one write answered, and whether it took effect.
struct Written {
    operation: &'static str,
    answer: Answer<()>,
    stands: bool,
}

async fn replicated_or_unknown(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        for write in every_write(context, scope, TOO_MANY).await? {
            let operation = write.operation;
            let error = refused_with(write.answer, ErrorKind::Timeout, format!("{operation} to too many replicas"))?;
            ensure_eq!(error.outcome(), Outcome::Unknown, "the outcome of {operation} to too many replicas");
            ensure!(write.stands, "{operation} to too many replicas does not stand on the primary");
        }
        Ok(())
    })
    .await?;
    if context.replicas() == 0 {
        return Ok(Verdict::Pass);
    }
    once(context, async |scope: &Scope<'_>| {
        for write in every_write(context, scope, ONE).await? {
            let operation = write.operation;
            write.answer.map_err(|error| Failure::new(format!("{operation} to one replica: {error}")))?;
            ensure!(write.stands, "{operation} to one replica has no effect");
        }
        Ok(())
    })
    .await
}

async fn every_write(context: &Context, scope: &Scope<'_>, spread: Spread) -> Result<Vec<Written>, Failure> {
    let mut writes = writes_of_store(&scope.store()?, spread).await?;
    if context.has_cache() {
        writes.extend(writes_of_cache(&scope.cache()?, spread).await?);
    }
    Ok(writes)
}

/// Each write on a key of its own, which has the name of the write.
async fn writes_of_store(store: &StoreHandle, spread: Spread) -> Result<Vec<Written>, Failure> {
    let Spread { replicas, timeout } = spread;
    for key in ["set", "if_present", "delete", "expire", "take"] {
        store.set(key, "before").never_expires().await?;
    }
    let mut writes = Vec::new();
    let mut note = |operation, answer, stands| writes.push(Written { operation, answer, stands });

    let answer = store.set("set", "after").replicated(replicas, timeout).await;
    note("set", answer, store.get("set").await?.as_deref() == Some(b"after"));
    let answer = store.set("if_present", "after").if_present().replicated(replicas, timeout).await;
    note("if_present", answer.map(drop), store.get("if_present").await?.as_deref() == Some(b"after"));
    let answer = store.delete("delete").replicated(replicas, timeout).await;
    note("delete", answer.map(drop), !store.exists("delete").await?);
    let answer = store.expire("expire", Ttl::MAX).replicated(replicas, timeout).await;
    note("expire", answer.map(drop), store.ttl("expire").await? != Some(Remaining::Never));
    if store.capabilities().take.is_supported() {
        let answer = store.take("take").replicated(replicas, timeout).await;
        note("take", answer.map(drop), !store.exists("take").await?);
    }
    Ok(writes)
}

/// A batch has one item here, because one of several may stop where too few replicas had its first.
async fn writes_of_cache(cache: &CacheHandle, spread: Spread) -> Result<Vec<Written>, Failure> {
    let Spread { replicas, timeout } = spread;
    for key in ["delete_many", "expire_many"] {
        cache.set(key, "before").never_expires().await?;
    }
    let mut writes = Vec::new();
    let mut note = |operation, answer, stands| writes.push(Written { operation, answer, stands });

    let answer = cache.add("add", "after").replicated(replicas, timeout).await;
    note("add", answer.map(drop), cache.exists("add").await?);
    let answer = cache.set_many([("set_many", "after")]).replicated(replicas, timeout).await;
    note("set_many", answer, cache.exists("set_many").await?);
    let answer = cache.delete_many(&["delete_many"]).replicated(replicas, timeout).await;
    note("delete_many", answer.map(drop), !cache.exists("delete_many").await?);
    let answer = cache.expire_many(&["expire_many"], Ttl::MAX).replicated(replicas, timeout).await;
    note("expire_many", answer.map(drop), cache.ttl("expire_many").await? != Some(Remaining::Never));
    if cache.capabilities().counters.is_supported() {
        let answer = cache.increment("increment", 1).replicated(replicas, timeout).await;
        note("increment", answer.map(drop), cache.counter("increment").await? == Some(1));
    }
    Ok(writes)
}
