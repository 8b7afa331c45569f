//! Counters are decimal text, lose no increment, and keep their expiry.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use store_core::{Bytes, CacheExt, Entry, ErrorKind, Expiry, Lifetime, StoreExt, Ttl};

use crate::cases::{again_and_again, for_all, once};
use crate::context::{CacheHandle, Context, Scope};
use crate::failure::{CheckResult, Failure, ensure_eq, refused_with};
use crate::race::at_once;
use crate::registry::{Family, check};
use crate::strategy::{keys, long_ttls};

pub(crate) const FAMILY: Family = Family {
    name: "counters",
    checks: &[
        check!(increment_is_atomic, Counters),
        check!(decrement_subtracts, Counters),
        check!(counter_keeps_expiry, Counters),
        check!(counter_is_decimal_text, Counters),
        check!(increment_refuses, Counters),
    ],
};

const KEY: &str = "k";

async fn increment_is_atomic(context: &Context) -> CheckResult {
    let inputs = (keys(context.capabilities().max_key_bytes), any::<i64>(), any::<i64>());
    for_all(context, inputs, async |scope: &Scope<'_>, (key, first, second): (String, i64, i64)| {
        let (cache, other) = (scope.cache()?, scope.second_cache()?);
        ensure_eq!(cache.increment(&key, first).await?, first, "a new counter");
        match first.checked_add(second) {
            Some(sum) => ensure_eq!(other.increment(&key, second).await?, sum, "{first} and {second}"),
            None => {
                refused_with(other.increment(&key, second).await, ErrorKind::OutOfRange, "a sum outside i64")?;
            }
        }
        Ok(())
    })
    .await?;
    again_and_again(context, none_of_many_is_lost).await
}

/// Every caller adds one, so the answers are all numbers from one to the sum, each once.
async fn none_of_many_is_lost(scope: &Scope<'_>) -> Result<(), Failure> {
    const CALLERS: i64 = 16;
    const INCREMENTS: i64 = 32;

    let handles = [scope.cache()?, scope.second_cache()?];
    let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(_, handle)| {
        let handle = handle.clone();
        async move {
            let mut sums = Vec::new();
            for _ in 0..INCREMENTS {
                sums.push(handle.increment(KEY, 1).await?);
            }
            Ok::<_, store_core::Error>(sums)
        }
    });
    let mut seen = BTreeSet::new();
    for sums in at_once(callers).await? {
        let sums = sums?;
        ensure_eq!(sums.is_sorted(), true, "whether one caller's sums rise: {sums:?}");
        seen.extend(sums);
    }
    ensure_eq!(seen, (1..=CALLERS * INCREMENTS).collect(), "the sums that all callers were told");
    let text = Bytes::from((CALLERS * INCREMENTS).to_string());
    ensure_eq!(handles[1].get(KEY).await?, Some(text), "the counter after all increments");
    Ok(())
}

async fn decrement_subtracts(context: &Context) -> CheckResult {
    for_all(context, (any::<i64>(), any::<i64>()), async |scope: &Scope<'_>, (start, delta): (i64, i64)| {
        let cache = scope.cache()?;
        if let Some(negated) = delta.checked_neg() {
            ensure_eq!(cache.decrement("new", delta).await?, negated, "a new counter");
        }
        cache.set(KEY, start.to_string()).await?;
        match delta.checked_neg().and_then(|negated| start.checked_add(negated)) {
            Some(difference) => ensure_eq!(cache.decrement(KEY, delta).await?, difference, "{start} less {delta}"),
            None => {
                refused_with(cache.decrement(KEY, delta).await, ErrorKind::OutOfRange, "a difference outside i64")?;
            }
        }
        Ok(())
    })
    .await
}

async fn counter_keeps_expiry(context: &Context) -> CheckResult {
    for_all(context, (long_ttls(), long_ttls()), async |scope: &Scope<'_>, (ttl, other): (Ttl, Ttl)| {
        let (cache, time) = (scope.cache()?, scope.time());
        let (sum, during) = time.measure(cache.increment(KEY, 1).expiry_on_create(ttl)).await;
        ensure_eq!(sum?, 1, "a new counter");
        let created = entry(&cache).await?;
        time.check_expires_at(time.deadline(Lifetime::In(ttl), during), created.expires_at)?;
        for on_create in [Expiry::In(other), Expiry::Never, Expiry::Default] {
            cache.increment(KEY, 1).expiry_on_create(on_create).await?;
            cache.decrement(KEY, 1).expiry_on_create(on_create).await?;
            ensure_eq!(entry(&cache).await?, created, "the counter after a step up and a step down");
        }
        cache.set(KEY, "5").never_expires().await?;
        let lasting = entry(&cache).await?;
        ensure_eq!(cache.increment(KEY, 1).expiry_on_create(other).await?, 6, "a lasting counter");
        ensure_eq!(entry(&cache).await?.expires_at, lasting.expires_at, "the expiry of a lasting counter");
        let kept = cache.increment("kept", 1).expiry_on_create(Expiry::Keep).await;
        refused_with(kept, ErrorKind::InvalidArgument, "a new counter that keeps the expiry of nothing").map(drop)
    })
    .await
}

async fn entry(cache: &CacheHandle) -> Result<Entry, Failure> {
    cache.get(KEY).with_expiry().await?.ok_or_else(|| Failure::new("the counter is not there"))
}

async fn counter_is_decimal_text(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let cache = scope.cache()?;
        cache.set(KEY, "10").await?;
        ensure_eq!(cache.increment(KEY, 5).await?, 15, "five more than the text 10");
        ensure_eq!(cache.get(KEY).await?.as_deref(), Some(&b"15"[..]), "the text of the counter");
        Ok(())
    })
    .await?;
    let numbers = prop_oneof![3 => any::<i64>(), 1 => select(&[0, 1, -1, i64::MIN, i64::MAX][..])];
    for_all(context, numbers, async |scope: &Scope<'_>, number: i64| {
        let cache = scope.cache()?;
        let text = Bytes::from(number.to_string());
        ensure_eq!(cache.increment(KEY, number).await?, number, "a new counter");
        ensure_eq!(cache.get(KEY).await?, Some(text.clone()), "the text of the counter");
        cache.set("text", text.clone()).await?;
        ensure_eq!(cache.increment("text", 0).await?, number, "the number of the text");
        ensure_eq!(cache.get("text").await?, Some(text), "the text after counting nothing");
        Ok(())
    })
    .await
}

const NO_NUMBERS: &[&str] = &[
    "",
    " ",
    "x",
    "-",
    "+",
    "-0",
    "+1",
    "00",
    "007",
    "-01",
    " 1",
    "1 ",
    "1\n",
    "\n1",
    "1\0",
    "1.0",
    "1e3",
    "0x10",
    "1_000",
    "１",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999",
    "nan",
    "inf",
];

async fn increment_refuses(context: &Context) -> CheckResult {
    let texts = prop_oneof![
        3 => select(NO_NUMBERS).prop_map(|text| Bytes::from_static(text.as_bytes())),
        1 => Just(Bytes::from_static(b"\xff\xfe")),
        1 => Just(Bytes::from(vec![b'1'; 5000])),
    ];
    for_all(context, (texts, long_ttls()), async |scope: &Scope<'_>, (text, ttl): (Bytes, Ttl)| {
        let cache = scope.cache()?;
        cache.set(KEY, text).expiry(ttl).await?;
        refuses(&cache, 1, ErrorKind::NotAnInteger).await?;
        refuses(&cache, 0, ErrorKind::NotAnInteger).await
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let cache = scope.cache()?;
        // Each, because a driver takes one of them for a number and not the others, and those drawn may leave it out.
        for text in NO_NUMBERS {
            cache.set(KEY, *text).expiry(Ttl::MAX).await?;
            refuses(&cache, 1, ErrorKind::NotAnInteger).await?;
        }
        for (start, delta) in [(i64::MAX, 1), (i64::MIN, -1), (1, i64::MAX), (-1, i64::MIN), (i64::MIN, i64::MIN)] {
            cache.set(KEY, start.to_string()).expiry(Ttl::MAX).await?;
            refuses(&cache, delta, ErrorKind::OutOfRange).await?;
        }
        for start in [i64::MAX, i64::MIN, 0, -1] {
            cache.set(KEY, start.to_string()).expiry(Ttl::MAX).await?;
            let before = entry(&cache).await?;
            refused_with(cache.decrement(KEY, i64::MIN).await, ErrorKind::OutOfRange, "decrement by the smallest")?;
            ensure_eq!(entry(&cache).await?, before, "the counter after a refused decrement");
        }
        Ok(())
    })
    .await
}

async fn refuses(cache: &CacheHandle, delta: i64, kind: ErrorKind) -> Result<(), Failure> {
    let before = entry(cache).await?;
    refused_with(cache.increment(KEY, delta).await, kind, format_args!("increment by {delta}"))?;
    ensure_eq!(entry(cache).await?, before, "the counter after a refused increment");
    Ok(())
}
