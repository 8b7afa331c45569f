//! A cache gives a default lifetime, and adds once.

use store_core::{Bytes, CacheExt, Expiry, Lifetime, Remaining, Store, StoreExt, Ttl};

use crate::cases::{again_and_again, for_all, once};
use crate::context::{CacheHandle, Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::race::{CONTENDERS, contend};
use crate::registry::{Family, check};
use crate::strategy::{keys, short_ttls, values};
use crate::time::{Span, Time};

pub(crate) const FAMILY: Family =
    Family { name: "cache", checks: &[check!(default_ttl_applies, Cache), check!(add_stores_once, Cache)] };

async fn default_ttl_applies(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let (cache, time) = (scope.cache()?, scope.time());
        let (done, during) = time.measure(cache.set("set", "x")).await;
        done?;
        has_default(&cache, time, "set", during).await?;
        let (done, during) = time.measure(cache.add("add", "x")).await;
        ensure_eq!(done?, true, "add of a new entry");
        has_default(&cache, time, "add", during).await?;
        let (done, during) = time.measure(cache.set_many([("many", "x"), ("more", "x")])).await;
        done?;
        has_default(&cache, time, "many", during).await?;
        has_default(&cache, time, "more", during).await?;
        if cache.capabilities().counters.is_supported() {
            let (sum, during) = time.measure(cache.increment("counter", 1)).await;
            ensure_eq!(sum?, 1, "a new counter");
            has_default(&cache, time, "counter", during).await?;
            ensure_eq!(cache.increment("lasting", 1).expiry_on_create(Expiry::Never).await?, 1, "a new counter");
            ensure_eq!(cache.ttl("lasting").await?, Some(Remaining::Never), "the lifetime of a lasting counter");
        }
        cache.set("set", "x").never_expires().await?;
        ensure_eq!(cache.ttl("set").await?, Some(Remaining::Never), "the lifetime after set that never expires");
        ensure_eq!(cache.add("never", "x").never_expires().await?, true, "add that never expires");
        ensure_eq!(cache.ttl("never").await?, Some(Remaining::Never), "the lifetime after add that never expires");
        cache.set_many([("many", "x")]).never_expires().await?;
        ensure_eq!(cache.ttl("many").await?, Some(Remaining::Never), "the lifetime after set_many that never expires");
        Ok(())
    })
    .await
}

async fn has_default(cache: &CacheHandle, time: &Time, key: &str, written: Span) -> Result<(), Failure> {
    let deadline = time.deadline(cache.default_lifetime(), written);
    let (left, during) = time.measure(cache.ttl(key)).await;
    let Some(left) = left? else { return Err(Failure::new(format!("{key} is not there"))) };
    deadline.check_remaining(left, during).map_err(|failure| failure.in_context(format_args!("  of {key}")))
}

async fn add_stores_once(context: &Context) -> CheckResult {
    let inputs = (keys(context.capabilities().max_key_bytes), values(), short_ttls(&context.time));
    for_all(context, inputs, async |scope: &Scope<'_>, (key, value, ttl): (String, Bytes, Ttl)| {
        let (cache, time) = (scope.cache()?, scope.time());
        cache.set(&key, "before").never_expires().await?;
        ensure_eq!(cache.add(&key, value.clone()).expiry(ttl).await?, false, "add over an entry");
        ensure_eq!(cache.get(&key).await?.as_deref(), Some(&b"before"[..]), "the value after a refused add");
        ensure_eq!(cache.ttl(&key).await?, Some(Remaining::Never), "the lifetime after a refused add");
        ensure_eq!(cache.delete(&key).await?, true, "removing the entry");

        let (added, during) = time.measure(cache.add(&key, value.clone()).expiry(ttl)).await;
        ensure_eq!(added?, true, "add over nothing");
        let deadline = time.deadline(Lifetime::In(ttl), during);
        match cache.get(&key).with_expiry().await? {
            Some(entry) => {
                ensure_eq!(entry.value, value, "the value after add");
                time.check_expires_at(deadline, entry.expires_at)?;
            }
            None => ensure!(time.now() >= deadline.low, "missed an entry that was added"),
        }
        time.pass_until(deadline.high).await;
        ensure_eq!(cache.add(&key, value).await?, true, "add over an expired entry");
        Ok(())
    })
    .await?;
    again_and_again(context, async |scope: &Scope<'_>| {
        let handles = [scope.cache()?, scope.second_cache()?];
        let add = async |handle: CacheHandle, key: String, adder: usize| handle.add(&key, adder.to_string()).await;
        for (key, added) in contend(CONTENDERS, &handles, add).await? {
            let winners: Vec<usize> = (0..CONTENDERS).filter(|&adder| added[adder]).collect();
            let [winner] = winners[..] else {
                return Err(Failure::new(format!(
                    "of {CONTENDERS} concurrent adders {winners:?} were told that they stored"
                )));
            };
            let value = handles[1].get(&key).await?;
            ensure_eq!(value, Some(Bytes::from(winner.to_string())), "the value after the race");
        }
        Ok(())
    })
    .await
}
