//! What was written is read, byte for byte; what was not written is not there.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use store_core::{Bytes, CacheExt, ErrorKind, Store, StoreExt, Ttl};

use crate::cases::{for_all, for_each, once};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::registry::{Family, check};
use crate::strategy::{keys, short_ttls, unlike_itself, values};

pub(crate) const FAMILY: Family = Family {
    name: "values",
    checks: &[
        check!(get_after_set_returns_value, Nothing),
        check!(missing_is_none, Nothing),
        check!(exists_agrees_with_get, Nothing),
        check!(value_limits, Nothing, Alone),
    ],
};

async fn get_after_set_returns_value(context: &Context) -> CheckResult {
    let limit = context.capabilities().max_key_bytes;
    for_all(context, (keys(limit), vec(values(), 1..4)), async |scope: &Scope<'_>, (key, values)| {
        let (store, second) = (scope.store()?, scope.second_store()?);
        for value in values {
            store.set(&key, value.clone()).await?;
            ensure_eq!(store.get(&key).await?, Some(value.clone()), "the value that was set");
            ensure_eq!(second.get(&key).await?, Some(value), "the value that was set through another handle");
        }
        ensure_eq!(store.delete(&key).await?, true, "removing what was set");
        ensure_eq!(second.get(&key).await?, None, "the value after its removal");
        Ok(())
    })
    .await
}

async fn missing_is_none(context: &Context) -> CheckResult {
    let limit = context.capabilities().max_key_bytes;
    for_all(context, (keys(limit), short_ttls(&context.time)), async |scope: &Scope<'_>, (key, ttl)| {
        let store = scope.store()?;
        reads_as_missing(&store, &key).await?;
        let (done, during) = scope.time().measure(store.set(&key, "x").ttl(ttl.as_duration())).await;
        done?;
        scope.time().pass_until(scope.time().deadline(store_core::Lifetime::In(ttl), during).high).await;
        reads_as_missing(&store, &key).await?;
        if context.has_cache() {
            let cache = scope.cache()?;
            let asked = [key.as_str(), key.as_str()];
            ensure_eq!(cache.get_many(&asked).await?, vec![None, None], "a missing key in a batch");
        }
        Ok(())
    })
    .await
}

async fn reads_as_missing(store: &StoreHandle, key: &str) -> Result<(), Failure> {
    ensure_eq!(store.get(key).await?, None, "get of a missing key");
    ensure_eq!(store.get(key).with_expiry().await?, None, "get with expiry of a missing key");
    ensure_eq!(store.exists(key).await?, false, "exists of a missing key");
    ensure_eq!(store.ttl(key).await?, None, "ttl of a missing key");
    if store.capabilities().renewal.is_supported() {
        ensure_eq!(store.get(key).renew(Ttl::MAX.as_duration()).await?, None, "renewal of a missing key");
    }
    if store.capabilities().take.is_supported() {
        ensure_eq!(store.take(key).await?, None, "take of a missing key");
    }
    Ok(())
}

/// What may happen to an entry between two looks at it.
#[derive(Clone, Debug)]
enum Event {
    Set,
    SetExpiring(Ttl),
    Expire(Ttl),
    Delete,
    Pass(Ttl),
}

/// Two ways to ask for the same. Either may remove what has expired, and then the other tells nothing, so each comes first
/// now and then.
#[derive(Clone, Copy, Debug)]
enum Question {
    Get,
    Exists,
}

impl Question {
    fn other(self) -> Self {
        match self {
            Self::Get => Self::Exists,
            Self::Exists => Self::Get,
        }
    }

    async fn at(self, store: &StoreHandle) -> Result<bool, Failure> {
        Ok(match self {
            Self::Get => store.get("k").await?.is_some(),
            Self::Exists => store.exists("k").await?,
        })
    }
}

async fn exists_agrees_with_get(context: &Context) -> CheckResult {
    let ttls = short_ttls(&context.time);
    // Most of what can go wrong needs an entry that expires, and then the time for it.
    let events = prop_oneof![
        1 => Just(Event::Set),
        3 => ttls.clone().prop_map(Event::SetExpiring),
        2 => ttls.clone().prop_map(Event::Expire),
        1 => Just(Event::Delete),
        3 => ttls.prop_map(Event::Pass),
    ];
    let inputs = vec((events, select(&[Question::Get, Question::Exists][..])), 2..10);
    let body = async |scope: &Scope<'_>, events: Vec<(Event, Question)>| {
        let store = scope.store()?;
        for (event, first) in events {
            match event {
                Event::Set => store.set("k", "x").never_expires().await?,
                Event::SetExpiring(ttl) => store.set("k", "x").ttl(ttl.as_duration()).await?,
                Event::Expire(ttl) => store.expire("k", ttl).await.map(drop)?,
                Event::Delete => store.delete("k").await.map(drop)?,
                Event::Pass(ttl) => scope.time().pass(ttl.as_duration()).await,
            }
            let mut seen = Vec::new();
            for look in [first, first.other(), first] {
                seen.push(look.at(&store).await?);
            }
            // The entry may expire between two looks, but only where time passes, and it does not come back.
            let possible = seen.is_sorted_by(|before, after| before >= after);
            let steady = !scope.time().is_manual() || seen[0] == seen[1];
            ensure!(possible && steady, "{first:?}, {:?} and {first:?} again saw {seen:?}", first.other());
        }
        Ok(())
    };
    // An entry that expires unseen, and one that was seen before.
    let ttl = Ttl::from_millis(10).unwrap_or(Ttl::MIN);
    let expiring = [Question::Get, Question::Exists].into_iter().flat_map(|first| {
        let seen = vec![(Event::SetExpiring(ttl), first), (Event::Pass(ttl), first)];
        let shortened = vec![(Event::Set, first), (Event::Expire(ttl), first), (Event::Pass(ttl), first)];
        [seen, shortened]
    });
    for_each(context, expiring, &body).await?;
    for_all(context, inputs, body).await
}

async fn value_limits(context: &Context) -> CheckResult {
    /// Larger limits are believed: a suite is no load test.
    const LARGEST_TRIED: usize = 64 * 1024 * 1024;
    /// None, and those behind which buffers and inline values end.
    const LENGTHS: [usize; 9] = [0, 1, 23, 24, 255, 256, 1024, 1025, 65_537];

    let limit = context.capabilities().max_value_bytes;
    let body = async |scope: &Scope<'_>, value: Bytes| {
        let store = scope.store()?;
        store.set("k", value.clone()).await?;
        ensure_eq!(store.get("k").await?, Some(value), "the value");
        Ok(())
    };
    let lengths = LENGTHS.iter().filter(|length| **length <= limit);
    for_each(context, lengths.map(|length| unlike_itself(context.seed, *length)), &body).await?;
    for_all(context, values(), body).await?;
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        store.set("k", "before").await?;
        if limit < isize::MAX as usize {
            let too_large = Bytes::from(vec![0; limit + 1]);
            refused_with(store.set("k", too_large.clone()).await, ErrorKind::TooLarge, "a value over the limit")?;
            let conditional = store.set("k", too_large).if_present().await;
            refused_with(conditional, ErrorKind::TooLarge, "a conditional value over the limit")?;
        }
        ensure_eq!(store.get("k").await?.as_deref(), Some(&b"before"[..]), "the value after what was refused");
        if limit <= LARGEST_TRIED {
            let value = unlike_itself(context.seed, limit);
            store.set("k", value.clone()).await?;
            let back = store.get("k").await?.unwrap_or_default();
            ensure_eq!(back.len(), limit, "the length of a value at the limit");
            ensure!(back == value, "a value at the limit did not come back as it was");
        }
        Ok(())
    })
    .await
}
