//! Removing says what was removed, and removes it once.

use store_core::{Bytes, StoreExt};

use crate::cases::{again_and_again, for_all};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, Verdict, ensure_eq};
use crate::race::{CONTENDERS, contend, contended_keys};
use crate::registry::{Family, check};
use crate::strategy::{keys, values};

pub(crate) const FAMILY: Family = Family {
    name: "removal",
    checks: &[
        check!(delete_reports_removal, Nothing),
        check!(delete_if_value, ValueConditions),
        check!(take_returns_and_removes, Take),
    ],
};

const KEY: &str = "k";

async fn delete_reports_removal(context: &Context) -> CheckResult {
    let inputs = (keys(context.capabilities().max_key_bytes), values());
    for_all(context, inputs, async |scope: &Scope<'_>, (key, value): (String, Bytes)| {
        let (store, second) = (scope.store()?, scope.second_store()?);
        ensure_eq!(store.delete(&key).await?, false, "delete of nothing");
        store.set(&key, value).await?;
        ensure_eq!(second.delete(&key).await?, true, "delete of an entry");
        ensure_eq!(store.get(&key).await?, None, "the entry after delete");
        ensure_eq!(store.delete(&key).await?, false, "a second delete");
        Ok(())
    })
    .await?;
    again_and_again(context, async |scope: &Scope<'_>| {
        let handles = [scope.store()?, scope.second_store()?];
        for key in contended_keys() {
            handles[0].set(&key, "x").await?;
        }
        let delete = async |handle: StoreHandle, key: String, _| handle.delete(&key).await;
        for removed in contend(CONTENDERS, &handles, delete).await?.values() {
            let removals = removed.iter().filter(|&&removed| removed).count();
            ensure_eq!(removals, 1, "how many of {CONTENDERS} concurrent deletes removed the entry");
        }
        Ok(())
    })
    .await
}

async fn delete_if_value(context: &Context) -> CheckResult {
    for_all(context, (values(), values()), async |scope: &Scope<'_>, (value, other): (Bytes, Bytes)| {
        let store = scope.store()?;
        ensure_eq!(store.delete(KEY).if_value(value.clone()).await?, false, "delete if_value of nothing");
        store.set(KEY, value.clone()).await?;
        if other != value {
            ensure_eq!(store.delete(KEY).if_value(other).await?, false, "delete if_value over other bytes");
        }
        let longer = [&value[..], b"\0"].concat();
        ensure_eq!(store.delete(KEY).if_value(longer).await?, false, "delete if_value with one byte more");
        ensure_eq!(store.get(KEY).await?.as_ref(), Some(&value), "the entry after refused deletes");
        ensure_eq!(store.delete(KEY).if_value(value).await?, true, "delete if_value over exactly these bytes");
        ensure_eq!(store.exists(KEY).await?, false, "exists after delete if_value");
        Ok(())
    })
    .await
}

async fn take_returns_and_removes(context: &Context) -> CheckResult {
    let inputs = (keys(context.capabilities().max_key_bytes), values());
    for_all(context, inputs, async |scope: &Scope<'_>, (key, value): (String, Bytes)| {
        let (store, second) = (scope.store()?, scope.second_store()?);
        ensure_eq!(store.take(&key).await?, None, "take of nothing");
        store.set(&key, value.clone()).await?;
        ensure_eq!(store.take(&key).await?, Some(value), "take of an entry");
        ensure_eq!(second.exists(&key).await?, false, "exists after take");
        ensure_eq!(second.take(&key).await?, None, "a second take");
        Ok(())
    })
    .await?;
    again_and_again(context, one_taker_gets_it).await?;
    Ok(Verdict::Pass)
}

async fn one_taker_gets_it(scope: &Scope<'_>) -> Result<(), Failure> {
    let handles = [scope.store()?, scope.second_store()?];
    for key in contended_keys() {
        handles[0].set(&key, "x").await?;
    }
    let take = async |handle: StoreHandle, key: String, _| handle.take(&key).await;
    for (key, taken) in contend(CONTENDERS, &handles, take).await? {
        let winners = taken.iter().flatten().count();
        ensure_eq!(winners, 1, "how many of {CONTENDERS} concurrent takers got the value");
        ensure_eq!(handles[1].exists(&key).await?, false, "exists after take");
    }
    Ok(())
}
