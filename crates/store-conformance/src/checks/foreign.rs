//! What other programs left in the backend is neither read as ours nor destroyed by accident.

use store_core::{CacheExt, ErrorKind, Expiry, Remaining, SetOutcome, Store, StoreExt};

use crate::cases::once;
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq, refused_with};
use crate::harness::Planted;
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family = Family { name: "foreign", checks: &[check!(wrong_type_is_an_error, Nothing)] };

const KEY: &str = "theirs";

async fn wrong_type_is_an_error(context: &Context) -> CheckResult {
    if context.scope()?.plant_foreign(KEY).await? == Planted::Impossible {
        return Ok(Verdict::Unsupported("nothing foreign can be in the backend".to_owned()));
    }
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        scope.plant_foreign(KEY).await?;
        refuses_to_look_inside(&store).await?;
        looks_from_outside(&store).await?;
        if context.has_cache() {
            scope.plant_foreign(KEY).await?;
            in_a_cache(scope).await?;
        }
        for replace_without_looking in [true, false] {
            let scope = context.scope()?;
            let store = scope.store()?;
            scope.plant_foreign(KEY).await?;
            if replace_without_looking {
                store.set(KEY, "ours").await?;
            } else {
                ensure_eq!(store.set(KEY, "ours").if_present().await?, SetOutcome::Stored, "if_present over it");
            }
            ensure_eq!(store.get(KEY).await?.as_deref(), Some(&b"ours"[..]), "what replaced it");
        }
        Ok(())
    })
    .await
}

async fn refuses_to_look_inside(store: &StoreHandle) -> Result<(), Failure> {
    let (capabilities, kind) = (store.capabilities().clone(), ErrorKind::WrongType);
    refused_with(store.get(KEY).await, kind, "get")?;
    refused_with(store.get(KEY).with_expiry().await, kind, "get with expiry")?;
    if capabilities.renewal.is_supported() {
        let renewed = store.get(KEY).renew(store_core::Ttl::MIN.as_duration()).await;
        refused_with(renewed, kind, "renewal")?;
    }
    if capabilities.take.is_supported() {
        refused_with(store.take(KEY).await, kind, "take")?;
    }
    if capabilities.value_conditions.is_supported() {
        refused_with(store.set(KEY, "ours").if_value("").await, kind, "set under a condition on the value")?;
        refused_with(store.delete(KEY).if_value("").await, kind, "delete under a condition on the value")?;
    }
    // It is as it was: there, without an expiry, and still no entry of ours.
    ensure_eq!(store.ttl(KEY).await?, Some(Remaining::Never), "its lifetime after what was refused");
    refused_with(store.get(KEY).await, kind, "get after what was refused").map(drop)
}

async fn looks_from_outside(store: &StoreHandle) -> Result<(), Failure> {
    ensure_eq!(store.exists(KEY).await?, true, "exists");
    ensure_eq!(store.set(KEY, "ours").if_absent().await?, SetOutcome::Refused, "if_absent over it");
    ensure_eq!(store.expire(KEY, store_core::Ttl::MAX).await?, true, "expire");
    ensure!(matches!(store.ttl(KEY).await?, Some(Remaining::In(_))), "expire did not give it a lifetime");
    ensure_eq!(store.expire(KEY, Expiry::Never).await?, true, "expire to never");
    ensure_eq!(store.ttl(KEY).await?, Some(Remaining::Never), "its lifetime without an expiry");
    ensure_eq!(store.delete(KEY).await?, true, "delete");
    ensure_eq!(store.exists(KEY).await?, false, "exists after delete");
    Ok(())
}

async fn in_a_cache(scope: &Scope<'_>) -> Result<(), Failure> {
    let cache = scope.cache()?;
    cache.set("ours", "x").await?;
    let answers = cache.get_many(&["ours", KEY, "ours"]).await?;
    let answers: Vec<_> = answers.iter().map(|answer| answer.as_deref()).collect();
    ensure_eq!(answers, [Some(&b"x"[..]), None, Some(&b"x"[..])], "get_many around it");
    if cache.capabilities().counters.is_supported() {
        refused_with(cache.increment(KEY, 1).await, ErrorKind::WrongType, "increment")?;
    }
    ensure_eq!(cache.add(KEY, "ours").await?, false, "add over it");
    ensure_eq!(cache.exists(KEY).await?, true, "exists after what was refused");
    Ok(())
}
