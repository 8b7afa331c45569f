//! Batches answer for each key, in order, and are applied as declared.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use store_core::{Bytes, CacheExt, ErrorKind, Expiry, Lifetime, Store, StoreExt, Timestamp, Ttl};

use crate::cases::{again_and_again, for_all, once};
use crate::context::{CacheHandle, Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::race::{Look, Rounds, look_on};
use crate::registry::{Family, check};
use crate::strategy::{NASTY, distinct_keys, keys, long_ttls, values};

pub(crate) const FAMILY: Family = Family {
    name: "batches",
    checks: &[
        check!(get_many_is_positional, Cache),
        check!(get_many_is_a_snapshot, SnapshotReads),
        check!(set_many_keeps_lifetimes, Cache),
        check!(set_many_is_atomic, AtomicBatches),
        check!(delete_many_reports_each, Cache),
        check!(expire_many_reports_each, Cache),
        check!(batch_limits, Cache, Alone),
    ],
};

/// Picks from six keys, so that batches hold duplicates.
fn picks() -> impl Strategy<Value = Vec<usize>> + Clone {
    vec(0..6usize, 0..12)
}

fn picked<'k>(keys: &'k [String], picks: &[usize]) -> Vec<&'k str> {
    picks.iter().map(|&pick| keys[pick].as_str()).collect()
}

async fn get_many_is_positional(context: &Context) -> CheckResult {
    let limit = context.capabilities().max_key_bytes;
    let all = prop_oneof![3 => distinct_keys(6), 1 => vec(keys(limit), 6)];
    let inputs = (all, vec(values(), 3), picks());
    type Inputs = (Vec<String>, Vec<Bytes>, Vec<usize>);
    for_all(context, inputs, async |scope: &Scope<'_>, (keys, values, picks): Inputs| {
        let cache = scope.cache()?;
        for (key, value) in keys.iter().zip(&values) {
            cache.set(key, value.clone()).await?;
        }
        let asked = picked(&keys, &picks);
        let mut promised = Vec::new();
        for key in &asked {
            promised.push(cache.get(key).await?);
        }
        ensure_eq!(cache.get_many(&asked).await?, promised, "get_many of {asked:?}, compared with one get each");
        ensure_eq!(cache.get_many::<&str>(&[]).await?.len(), 0, "answers of get_many of nothing");
        Ok(())
    })
    .await
}

/// A writer raises many entries one after the other. At every instant those before some place are one ahead of those
/// behind it; reads at different instants can see anything.
async fn get_many_is_a_snapshot(context: &Context) -> CheckResult {
    /// Many, so that a batch that is read key by key takes long enough to be overtaken.
    const KEYS: usize = 32;
    const RAISES: usize = 4;

    again_and_again(context, async |scope: &Scope<'_>| {
        let (writer, reader) = (scope.cache()?, scope.second_cache()?);
        let keys: Vec<String> = (0..KEYS).map(|number| number.to_string()).collect();
        writer.set_many(keys.iter().map(|key| (key, "0"))).await?;
        let last_first: Arc<[String]> = keys.iter().rev().cloned().collect();
        let raise = |rounds: Rounds| async move {
            for number in rounds {
                for key in &keys {
                    writer.set(key, (number + 1).to_string()).await?;
                }
            }
            Ok(())
        };
        let look = move || -> BoxFuture<'static, Result<(), Failure>> {
            let (reader, keys) = (reader.clone(), Arc::clone(&last_first));
            Box::pin(async move {
                let answers = reader.get_many(&keys).snapshot().await?;
                let numbers: Vec<u32> = answers.iter().map(number).collect();
                ensure_eq!(numbers.len(), KEYS, "how many answers there are");
                let one_instant = numbers.is_sorted() && numbers[KEYS - 1] - numbers[0] <= 1;
                ensure!(one_instant, "saw what was never there at one instant: {numbers:?}");
                Ok(())
            })
        };
        look_on(RAISES, raise, [Box::new(look) as Look]).await
    })
    .await
}

fn number(value: &Option<Bytes>) -> u32 {
    value.as_deref().and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or_default()
}

/// The expiry of one item of a batch.
fn expiries() -> impl Strategy<Value = Expiry> + Clone {
    prop_oneof![
        2 => Just(Expiry::Default),
        2 => Just(Expiry::Never),
        3 => long_ttls().prop_map(Expiry::In),
        2 => Just(Expiry::At(Timestamp::EPOCH)),
    ]
}

async fn set_many_keeps_lifetimes(context: &Context) -> CheckResult {
    let inputs = (distinct_keys(6), vec((0..6usize, values(), expiries()), 0..12));
    type Inputs = (Vec<String>, Vec<(usize, Bytes, Expiry)>);
    for_all(context, inputs, async |scope: &Scope<'_>, (keys, items): Inputs| {
        let (cache, time) = (scope.cache()?, scope.time());
        cache.set(&keys[5], "before").ttl(Duration::from_secs(3600)).await?;
        let batch = items.iter().map(|(pick, value, expiry)| (&keys[*pick], value.clone(), *expiry));
        let (done, during) = time.measure(cache.set_many(batch)).await;
        done?;
        for (pick, key) in keys.iter().enumerate() {
            let Some((_, value, expiry)) = items.iter().rev().find(|(other, ..)| *other == pick) else { continue };
            let lifetime = match *expiry {
                Expiry::In(ttl) => Lifetime::In(ttl),
                Expiry::At(time) => Lifetime::At(time),
                Expiry::Never => Lifetime::Never,
                Expiry::Default | Expiry::Keep => cache.default_lifetime(),
            };
            let entry = cache.get(key).with_expiry().await?;
            if lifetime == Lifetime::At(Timestamp::EPOCH) {
                ensure_eq!(entry, None, "an item with a past expiry");
                continue;
            }
            let Some(entry) = entry else { return Err(Failure::new(format!("an item is missing: {key:?}"))) };
            ensure_eq!(&entry.value, value, "the value of the last item under {key:?}");
            time.check_expires_at(time.deadline(lifetime, during), entry.expires_at)
                .map_err(|failure| failure.in_context(format_args!("  of the last item under {key:?}")))?;
        }
        Ok(())
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let cache = scope.cache()?;
        cache.set_many(Vec::<(&str, &str)>::new()).await?;
        cache.set_many(Vec::<(&str, &str)>::new()).ttl(Duration::from_secs(1)).await?;
        cache.set("k", "before").ttl(Duration::from_secs(3600)).await?;
        let kept = cache.get("k").with_expiry().await?.and_then(|entry| entry.expires_at);
        cache.set_many([("k", "after")]).keep_expiry().await?;
        let found = cache.get("k").with_expiry().await?.and_then(|entry| entry.expires_at);
        ensure_eq!(found, kept, "the expiry that an item was to keep");
        nothing_is_kept_of_what_is_gone(scope).await
    })
    .await
}

/// The expiry of an entry that has expired, or that an item before in the batch has removed, is none to be kept.
async fn nothing_is_kept_of_what_is_gone(scope: &Scope<'_>) -> Result<(), Failure> {
    let (cache, time) = (scope.cache()?, scope.time());
    let (done, during) = time.measure(cache.set("expired", "before").ttl(Ttl::MIN.as_duration())).await;
    done?;
    time.pass_until(time.deadline(Lifetime::In(Ttl::MIN), during).high).await;
    let past = Expiry::At(Timestamp::EPOCH);
    let batch = [("expired", "after", Expiry::Keep), ("removed", "before", past), ("removed", "after", Expiry::Keep)];
    let (done, during) = time.measure(cache.set_many(batch)).await;
    done?;
    for key in ["expired", "removed"] {
        let Some(entry) = cache.get(key).with_expiry().await? else {
            return Err(Failure::new(format!("an item that was to keep the expiry of nothing is missing: {key:?}")));
        };
        ensure_eq!(entry.value.as_ref(), b"after", "the value of an item that was to keep the expiry of nothing");
        time.check_expires_at(time.deadline(cache.default_lifetime(), during), entry.expires_at)?;
    }
    Ok(())
}

/// A writer raises all entries of a batch at once. A reader that looks at one and later at another never finds the later
/// one behind; a batch that is applied key by key shows its half to one order of looking or to the other.
async fn set_many_is_atomic(context: &Context) -> CheckResult {
    const RAISES: usize = 40;
    const KEYS: [&str; 4] = ["a", "b", "c", "d"];

    again_and_again(context, async |scope: &Scope<'_>| {
        let (writer, second) = (scope.cache()?, scope.second_cache()?);
        writer.set_many(KEYS.map(|key| (key, "0"))).await?;
        let raise = |rounds: Rounds| async move {
            for number in rounds {
                writer.set_many(KEYS.map(|key| (key, (number + 1).to_string(), Ttl::MAX))).atomic().await?;
            }
            Ok(())
        };
        let backwards = KEYS.iter().rev().copied().collect();
        let readers = [looking_in_order(second.clone(), KEYS.to_vec()), looking_in_order(second, backwards)];
        look_on(RAISES, raise, readers).await
    })
    .await
}

fn looking_in_order(cache: CacheHandle, keys: Vec<&'static str>) -> Look {
    Box::new(move || {
        let (cache, keys) = (cache.clone(), keys.clone());
        Box::pin(async move {
            let mut last = 0;
            for key in keys {
                let seen = number(&cache.get(key).await?);
                ensure!(seen >= last, "saw {seen} under {key:?} after {last} under another key of the same batch");
                last = seen;
            }
            Ok(())
        })
    })
}

async fn delete_many_reports_each(context: &Context) -> CheckResult {
    let inputs = (distinct_keys(6), picks());
    for_all(context, inputs, async |scope: &Scope<'_>, (keys, picks): (Vec<String>, Vec<usize>)| {
        let cache = scope.cache()?;
        let mut there: Vec<&str> = keys.iter().take(3).map(String::as_str).collect();
        for key in &there {
            cache.set(key, "x").await?;
        }
        let asked = picked(&keys, &picks);
        let answers = cache.delete_many(&asked).await?;
        let mut promised = Vec::new();
        for key in &asked {
            promised.push(there.contains(key));
            there.retain(|other| other != key);
        }
        ensure_eq!(answers, promised, "delete_many of {asked:?}");
        ensure_eq!(cache.delete_many::<&str>(&[]).await?.len(), 0, "answers of delete_many of nothing");
        for key in &keys {
            ensure_eq!(cache.exists(key).await?, there.contains(&key.as_str()), "exists of {key:?} after delete_many");
        }
        Ok(())
    })
    .await
}

async fn expire_many_reports_each(context: &Context) -> CheckResult {
    let inputs = (distinct_keys(6), picks(), expiries());
    type Inputs = (Vec<String>, Vec<usize>, Expiry);
    for_all(context, inputs, async |scope: &Scope<'_>, (keys, picks, expiry): Inputs| {
        let (cache, time) = (scope.cache()?, scope.time());
        let mut there: Vec<&str> = keys.iter().take(3).map(String::as_str).collect();
        for key in &there {
            cache.set(key, "x").never_expires().await?;
        }
        let asked = picked(&keys, &picks);
        let (answers, during) = time.measure(cache.expire_many(&asked, expiry)).await;
        let removes = expiry == Expiry::At(Timestamp::EPOCH);
        let mut promised = Vec::new();
        for key in &asked {
            promised.push(there.contains(key));
            there.retain(|other| !removes || other != key);
        }
        ensure_eq!(answers?, promised, "expire_many of {asked:?} to {expiry:?}");
        for &key in &there {
            let entry = cache.get(key).with_expiry().await?;
            let Some(entry) = entry else { return Err(Failure::new(format!("expire_many removed {key:?}"))) };
            let lifetime = match expiry {
                Expiry::In(ttl) if asked.contains(&key) => Lifetime::In(ttl),
                Expiry::Default if asked.contains(&key) => cache.default_lifetime(),
                _ => Lifetime::Never,
            };
            time.check_expires_at(time.deadline(lifetime, during), entry.expires_at)?;
        }
        refused_with(cache.expire_many(&asked, Expiry::Keep).await, ErrorKind::InvalidArgument, "expire_many to Keep")?;
        ensure_eq!(cache.expire_many::<&str, _>(&[], expiry).await?.len(), 0, "answers of expire_many of nothing");
        Ok(())
    })
    .await
}

async fn batch_limits(context: &Context) -> CheckResult {
    /// Larger limits are believed: a suite is no load test.
    const LARGEST_TRIED: usize = 100_000;

    once(context, async |scope: &Scope<'_>| {
        let cache = scope.cache()?;
        let limit = cache.capabilities().max_batch_items;
        if limit <= LARGEST_TRIED {
            let mut keys: Vec<String> = (0..=limit).map(|number| number.to_string()).collect();
            let kind = ErrorKind::TooLarge;
            refused_with(cache.get_many(&keys).await, kind, "get_many over the limit")?;
            refused_with(cache.set_many(keys.iter().map(|key| (key, "x"))).await, kind, "set_many over the limit")?;
            ensure_eq!(cache.exists("0").await?, false, "exists after a refused set_many");
            cache.set("0", "x").await?;
            refused_with(cache.delete_many(&keys).await, kind, "delete_many over the limit")?;
            refused_with(cache.expire_many(&keys, Expiry::Never).await, kind, "expire_many over the limit")?;
            ensure_eq!(cache.exists("0").await?, true, "exists after a refused delete_many");
            keys.pop();
            cache.set_many(keys.iter().map(|key| (key, "x"))).await?;
            let found = cache.get_many(&keys).await?.into_iter().flatten().count();
            ensure_eq!(found, limit, "how many of the largest batch were read");
            let removed = cache.delete_many(&keys).await?.into_iter().filter(|&removed| removed).count();
            ensure_eq!(removed, limit, "how many of the largest batch were removed");
        }
        one_bad_item_spoils_the_batch(&cache).await
    })
    .await
}

/// An item that is refused before anything is sent takes the whole batch with it.
async fn one_bad_item_spoils_the_batch(cache: &CacheHandle) -> Result<(), Failure> {
    let key = NASTY[0];
    refused_with(cache.get_many(&[key, ""]).await, ErrorKind::InvalidKey, "get_many with an empty key")?;
    refused_with(cache.set_many([(key, "x"), ("", "x")]).await, ErrorKind::InvalidKey, "set_many with an empty key")?;
    ensure_eq!(cache.exists(key).await?, false, "exists after a refused set_many");
    Ok(())
}
