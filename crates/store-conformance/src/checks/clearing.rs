//! Clearing empties a namespace and what is nested in it, and touches nothing else.

use futures_util::future::BoxFuture;
use proptest::sample::{select, subsequence};
use store_core::{CacheExt, ErrorKind, Namespace, StoreExt};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure_eq, refused_with};
use crate::harness::Planted;
use crate::race::at_once;
use crate::registry::{Family, check};
use crate::strategy::{Path, distinct_keys};

pub(crate) const FAMILY: Family =
    Family { name: "clearing", checks: &[check!(clear_is_exact, Listing), check!(clear_needs_a_namespace, Listing)] };

async fn clear_is_exact(context: &Context) -> CheckResult {
    let paths = context.look_alikes();
    let inputs = (subsequence(paths.clone(), 3..=paths.len()), select(paths), distinct_keys(3));
    for_all(context, inputs, async |scope: &Scope<'_>, (filled, cleared, keys): (Vec<Path>, Path, Vec<String>)| {
        let store = scope.store()?;
        let neighbour = scope.neighbour()?.store()?;
        fill(&neighbour, &keys).await?;
        for path in &filled {
            fill(&store.namespace(*path)?, &keys).await?;
        }
        let root = Namespace::try_from(cleared)?;
        let inside = |path: Path| Namespace::try_from(path).map(|path| path.is_within(&root));
        let planted = scope.plant_key_that_is_no_text(&root).await?;

        let mut promised = u64::from(planted == Planted::Done);
        for path in &filled {
            promised += if inside(path)? { keys.len() as u64 } else { 0 };
        }
        ensure_eq!(store.namespace(cleared)?.clear().await?, promised, "the removals of clear of {cleared:?}");
        for path in &filled {
            for key in &keys {
                let there = store.namespace(*path)?.exists(key).await?;
                ensure_eq!(there, !inside(path)?, "exists of {key:?} in {path:?} after clear of {cleared:?}");
            }
        }
        for key in &keys {
            ensure_eq!(neighbour.exists(key).await?, true, "exists of {key:?} beside what was cleared");
        }
        ensure_eq!(store.namespace(cleared)?.clear().await?, 0, "the removals of a second clear");
        Ok(())
    })
    .await?;
    once(context, clears_more_than_a_step).await?;
    once(context, spares_what_is_written_afterwards).await
}

async fn fill(store: &StoreHandle, keys: &[String]) -> Result<(), Failure> {
    for key in keys {
        store.set(key, "x").await?;
    }
    Ok(())
}

/// More entries than a walk takes in one step, between entries that stay.
async fn clears_more_than_a_step(scope: &Scope<'_>) -> Result<(), Failure> {
    const ENTRIES: usize = 3000;

    let store = scope.store()?;
    let (cleared, spared) = (store.namespace("app")?, store.namespace("apple")?);
    for number in 0..ENTRIES {
        let key = number.to_string();
        cleared.set(&key, "x").await?;
        if number % 10 == 0 {
            spared.set(&key, "x").await?;
        }
    }
    ensure_eq!(cleared.clear().await?, ENTRIES as u64, "the removals of a large clear");
    ensure_eq!(cleared.list().limit(ENTRIES).await?.keys, vec![], "what is listed after a large clear");
    for number in (0..ENTRIES).step_by(10) {
        ensure_eq!(spared.exists(&number.to_string()).await?, true, "exists of a neighbour of what was cleared");
    }
    Ok(())
}

/// While others write, what was there goes; what is written when `clear` has returned stays.
async fn spares_what_is_written_afterwards(scope: &Scope<'_>) -> Result<(), Failure> {
    const ENTRIES: usize = 200;

    let (store, second) = (scope.store()?, scope.second_store()?);
    for number in 0..ENTRIES {
        store.set(&format!("old {number}"), "x").await?;
    }
    let clearing = async move { store.clear().await.map(drop) };
    let writing = async move {
        for number in 0..ENTRIES {
            second.set(&format!("new {number}"), "x").await?;
        }
        Ok(())
    };
    let tasks: [BoxFuture<'static, store_core::Result<()>>; 2] = [Box::pin(clearing), Box::pin(writing)];
    at_once(tasks).await?.into_iter().collect::<Result<(), _>>()?;
    let store = scope.store()?;
    for number in 0..ENTRIES {
        ensure_eq!(store.exists(&format!("old {number}")).await?, false, "exists of what was there before clear");
    }
    store.set("after", "x").await?;
    ensure_eq!(store.exists("after").await?, true, "exists of what was written after clear");
    Ok(())
}

async fn clear_needs_a_namespace(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        store.set("k", "x").await?;
        let whole = context.whole_store();
        refused_with(whole.clear().await, ErrorKind::ClearRefused, "clear without a namespace")?;
        refused_with(
            whole.namespace(Namespace::EMPTY)?.clear().await,
            ErrorKind::ClearRefused,
            "clear of no segments",
        )?;
        ensure_eq!(store.exists("k").await?, true, "exists after a refused clear");
        if context.has_cache() {
            let cache = scope.cache()?;
            cache.set_many([("k", "x")]).await?;
            let whole = cache.clone().into_inner();
            refused_with(whole.clear().await, ErrorKind::ClearRefused, "clear of a cache without a namespace")?;
            ensure_eq!(cache.exists("k").await?, true, "exists after a refused clear of a cache");
        }
        Ok(())
    })
    .await
}
