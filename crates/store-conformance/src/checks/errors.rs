//! Errors say what went wrong and where, show no value, and mean that nothing happened where they say so.

use std::error::Error as _;
use std::time::Duration;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use store_core::{
    Bytes, CacheExt, Error, ErrorKind, Expiry, Listing, LockExt, Namespace, Outcome, Remaining, Retry, Store, StoreExt,
    Timestamp, Ttl,
};

use crate::cases::{for_all, once};
use crate::context::{CacheHandle, Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::harness::Planted;
use crate::registry::{Family, check};
use crate::strategy::{NASTY, repeated};

pub(crate) const FAMILY: Family = Family {
    name: "errors",
    checks: &[
        check!(errors_name_the_operation, Nothing),
        check!(errors_never_show_values, Nothing),
        check!(refusals_are_not_applied, Nothing),
        check!(bad_input_is_a_typed_error, Nothing),
    ],
};

const KEY: &str = "k";

/// A closed store fails whatever is asked of it, so each operation can be looked at.
async fn errors_name_the_operation(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        let held = if store.capabilities().locks.is_supported() {
            store.try_lock(KEY, Duration::from_secs(60)).await?
        } else {
            None
        };
        store.close().await?;
        let driver = store.capabilities().driver;
        names(store.get(KEY).await, driver, "get", Some(KEY))?;
        names(store.set(KEY, "x").await, driver, "set", Some(KEY))?;
        names(store.set(KEY, "x").if_absent().await, driver, "set", Some(KEY))?;
        names(store.delete(KEY).await, driver, "delete", Some(KEY))?;
        names(store.expire(KEY, Expiry::Never).await, driver, "expire", Some(KEY))?;
        names(store.take(KEY).await, driver, "take", Some(KEY))?;
        names(store.exists(KEY).await, driver, "exists", Some(KEY))?;
        names(store.ttl(KEY).await, driver, "ttl", Some(KEY))?;
        names(store.update(KEY, |value| value).await, driver, "update", Some(KEY))?;
        names(store.try_lock(KEY, Ttl::MAX).await, driver, "try_lock", Some(KEY))?;
        names(store.lock(KEY, Ttl::MAX).wait(Duration::ZERO).await, driver, "lock", Some(KEY))?;
        if let Some(guard) = held {
            names(guard.extend(Ttl::MAX).await, driver, "extend", Some(KEY))?;
            names(guard.is_held().await, driver, "is_held", Some(KEY))?;
            names(guard.release().await, driver, "release", Some(KEY))?;
        }
        names(store.list().await, driver, "list", None)?;
        names(store.clear().await, driver, "clear", None)?;
        if context.has_cache() {
            let cache = scope.cache()?;
            cache.close().await?;
            let driver = cache.capabilities().driver;
            names(cache.add(KEY, "x").await, driver, "add", Some(KEY))?;
            names(cache.get_many(&[KEY]).await, driver, "get_many", None)?;
            names(cache.set_many([(KEY, "x")]).await, driver, "set_many", None)?;
            names(cache.delete_many(&[KEY]).await, driver, "delete_many", None)?;
            names(cache.expire_many(&[KEY], Expiry::Never).await, driver, "expire_many", None)?;
            names(cache.increment(KEY, 1).await, driver, "increment", Some(KEY))?;
            names(cache.decrement(KEY, 1).await, driver, "decrement", Some(KEY))?;
        }
        Ok(())
    })
    .await
}

#[track_caller]
fn names<T: std::fmt::Debug>(
    answer: Result<T, Error>,
    driver: &str,
    operation: &str,
    key: Option<&str>,
) -> Result<(), Failure> {
    let Err(error) = answer else { return Err(Failure::new(format!("{operation} of a closed store succeeded"))) };
    ensure_eq!(error.operation(), Some(operation), "the operation that this error names: {error}");
    ensure_eq!(error.driver(), Some(driver), "the driver that this error names: {error}");
    ensure_eq!(error.key(), key, "the key that this error names: {error}");
    Ok(())
}

/// A word that must not appear in any error.
const CANARY: &str = "canary-in-a-value";

async fn errors_never_show_values(context: &Context) -> CheckResult {
    let capabilities = context.capabilities();
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        let mut errors = Vec::new();
        let mut keep = |error: Option<Error>| errors.extend(error);
        let long_key = format!("{}{CANARY}", repeated('x', 200));
        store.set(&long_key, CANARY).await?;
        if capabilities.max_value_bytes <= 64 * 1024 * 1024 {
            let repeats = capabilities.max_value_bytes / CANARY.len() + 1;
            let value = Bytes::from(CANARY.repeat(repeats));
            keep(store.set(KEY, value.clone()).await.err());
            keep(store.set(KEY, value.clone()).if_absent().await.err());
            if capabilities.value_conditions.is_supported() {
                keep(store.delete(KEY).if_value(value).await.err());
            }
        }
        keep(store.set(&long_key, CANARY).ttl(Duration::ZERO).await.err());
        keep(store.expire(&long_key, Expiry::Keep).await.err());
        store.set(KEY, [CANARY.as_bytes(), b"\xff"].concat()).await?;
        keep(store.get_as::<String, _>(KEY, store_core::codec::Text).await.err());
        if context.has_cache() {
            let cache = scope.cache()?;
            cache.set(KEY, CANARY).await?;
            keep(cache.increment(KEY, 1).await.err());
            keep(cache.set_many([("", CANARY)]).await.err());
        }
        if scope.plant_foreign("theirs").await? == Planted::Done {
            keep(store.get("theirs").await.err());
            if capabilities.value_conditions.is_supported() {
                keep(store.set("theirs", CANARY).if_value(CANARY).await.err());
            }
        }
        ensure!(errors.len() >= 3, "saw only {} of the errors that were to be looked at", errors.len());
        errors.iter().try_for_each(shows_no_value)
    })
    .await
}

fn shows_no_value(error: &Error) -> Result<(), Failure> {
    let mut texts = vec![error.to_string(), format!("{error:?}"), format!("{error:#?}")];
    let mut source = error.source();
    while let Some(inner) = source {
        texts.extend([inner.to_string(), format!("{inner:?}")]);
        source = inner.source();
    }
    // Also as a list of bytes, which is how a slice shows itself.
    let bytes = format!("{:?}", CANARY.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    for text in texts {
        let shown = text.contains(CANARY) || text.contains(bytes);
        ensure!(!shown, "an error shows a value or the end of a long key: {text}");
    }
    Ok(())
}

async fn refusals_are_not_applied(context: &Context) -> CheckResult {
    let capabilities = context.capabilities();
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        store.set(KEY, "before").never_expires().await?;
        let refused = [
            store.set(KEY, "after").ttl(Duration::ZERO).await.err(),
            store.expire(KEY, Expiry::Keep).await.err().map(|error| error.with_retry(Retry::Never)),
            store.set("", "after").await.err(),
            context.whole_store().clear().await.err(),
        ];
        for error in refused {
            let Some(error) = error else { return Err(Failure::new("what has to be refused was accepted")) };
            is_refusal(&error)?;
        }
        if capabilities.max_value_bytes <= 64 * 1024 * 1024 {
            let value = Bytes::from(vec![0; capabilities.max_value_bytes + 1]);
            is_refusal(&refused_with(store.set(KEY, value).await, ErrorKind::TooLarge, "a value over the limit")?)?;
        }
        ensure_eq!(store.get(KEY).await?.as_deref(), Some(&b"before"[..]), "the value after what was refused");
        ensure_eq!(store.ttl(KEY).await?, Some(Remaining::Never), "the lifetime after what was refused");
        if context.has_cache() && capabilities.counters.is_supported() {
            counters_refuse(&scope.cache()?).await?;
        }
        if scope.plant_foreign("theirs").await? == Planted::Done {
            is_refusal(&refused_with(store.get("theirs").await, ErrorKind::WrongType, "get of what is not ours")?)?;
            ensure_eq!(store.exists("theirs").await?, true, "exists after what was refused");
        }
        Ok(())
    })
    .await
}

async fn counters_refuse(cache: &CacheHandle) -> Result<(), Failure> {
    cache.set(KEY, "text").await?;
    is_refusal(&refused_with(cache.increment(KEY, 1).await, ErrorKind::NotAnInteger, "increment of text")?)?;
    ensure_eq!(cache.get(KEY).await?.as_deref(), Some(&b"text"[..]), "the text after a refused increment");
    cache.set(KEY, i64::MAX.to_string()).await?;
    is_refusal(&refused_with(cache.increment(KEY, 1).await, ErrorKind::OutOfRange, "increment of the largest")?)?;
    is_refusal(&refused_with(
        cache.decrement(KEY, i64::MIN).await,
        ErrorKind::OutOfRange,
        "decrement by the smallest",
    )?)?;
    ensure_eq!(cache.increment(KEY, 0).await?, i64::MAX, "the counter after refused increments");
    Ok(())
}

#[track_caller]
fn is_refusal(error: &Error) -> Result<(), Failure> {
    ensure_eq!(error.outcome(), Outcome::NotApplied, "the outcome of what was refused: {error}");
    ensure_eq!(error.retry(), Retry::Never, "the advice on what was refused: {error}");
    Ok(())
}

/// Keys as people may give them, of any length.
fn any_keys() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        2 => any::<String>(),
        2 => proptest::sample::select(NASTY).prop_map(str::to_owned),
        1 => (proptest::sample::select(&['x', 'é'][..]), 32_000..48_000usize)
            .prop_map(|(char, bytes)| repeated(char, bytes)),
    ]
}

/// Lifetimes as people may give them, of any length.
fn any_durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        1 => Just(Duration::ZERO),
        1 => Just(Duration::from_nanos(1)),
        1 => Just(Duration::from_secs(24 * 3600)),
        1 => Just(Ttl::MAX.as_duration()),
        1 => Just(Duration::MAX),
        2 => (any::<u64>(), 0..1_000_000_000u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
    ]
}

async fn bad_input_is_a_typed_error(context: &Context) -> CheckResult {
    let inputs = (any_keys(), any_durations(), any::<String>(), any::<u64>());
    type Inputs = (String, Duration, String, u64);
    for_all(context, inputs, async |scope: &Scope<'_>, (key, duration, segment, millis): Inputs| {
        let store = scope.store()?;
        let limit = store.capabilities().max_key_bytes;
        let bad_key = match key.len() {
            0 => Some(ErrorKind::InvalidKey),
            bytes if bytes > store_core::Key::MAX_BYTES => Some(ErrorKind::InvalidKey),
            bytes if bytes > limit => Some(ErrorKind::TooLarge),
            _ => None,
        };
        let bad_ttl = (duration.is_zero() || duration > Ttl::MAX.as_duration()).then_some(ErrorKind::InvalidArgument);
        answers_with(bad_key, store.set(&key, "x").await, "set")?;
        answers_with(bad_key.or(bad_ttl), store.set(&key, "x").ttl(duration).await, "set with a lifetime")?;
        answers_with(bad_key, store.get(&key).await, "get")?;
        if store.capabilities().renewal.is_supported() {
            answers_with(bad_key.or(bad_ttl), store.get(&key).renew(duration).await, "renewal")?;
        }
        let at = Timestamp::from_unix_millis(millis);
        answers_with(bad_key, store.expire(&key, Expiry::At(at.unwrap_or(Timestamp::MAX))).await, "expire")?;
        let bad_segment = match Namespace::try_from(&segment) {
            Ok(_) => None,
            Err(_) if segment.is_empty() => Some(ErrorKind::InvalidKey),
            Err(_) => Some(ErrorKind::TooLarge),
        };
        answers_with(bad_segment, store.namespace(&segment).map(drop), "a namespace")?;
        a_batch_takes_it(context, scope, &key, bad_key).await
    })
    .await?;
    once(context, async |scope: &Scope<'_>| lists_and_counts_refuse(context, scope).await).await
}

async fn a_batch_takes_it(
    context: &Context,
    scope: &Scope<'_>,
    key: &str,
    bad: Option<ErrorKind>,
) -> Result<(), Failure> {
    if !context.has_cache() {
        return Ok(());
    }
    let cache = scope.cache()?;
    answers_with(bad, cache.get_many(&[key, key]).await, "get_many")?;
    answers_with(bad, cache.set_many([(key, "x"), (key, "y")]).await, "set_many")?;
    answers_with(bad, cache.delete_many(&[key, key]).await, "delete_many")?;
    answers_with(bad, cache.add(key, "x").await, "add")
}

async fn lists_and_counts_refuse(context: &Context, scope: &Scope<'_>) -> Result<(), Failure> {
    let store: StoreHandle = scope.store()?;
    if store.capabilities().locks.is_supported() {
        refused_with(store.try_lock("", Ttl::MAX).await, ErrorKind::InvalidKey, "a lock without a name")?;
        for ttl in [Duration::ZERO, Duration::MAX] {
            refused_with(store.try_lock(KEY, ttl).await, ErrorKind::InvalidArgument, "a lock for no time or too long")?;
        }
    }
    for (replicas, timeout) in [(0, Duration::from_secs(1)), (1, Duration::ZERO), (1, Duration::MAX)] {
        let answer = store.set(KEY, "x").replicated(replicas, timeout).await;
        refused_with(answer, ErrorKind::InvalidArgument, "a set that is replicated to nobody or in no time")?;
    }
    if store.capabilities().listing != Listing::None {
        refused_with(store.list().limit(0).await, ErrorKind::InvalidArgument, "a page of nothing")?;
        store.list().limit(usize::MAX).await?;
    }
    if context.has_cache() && context.capabilities().counters.is_supported() {
        let cache = scope.cache()?;
        let zero = cache.increment(KEY, 1).ttl_on_create(Duration::ZERO).await;
        refused_with(zero, ErrorKind::InvalidArgument, "a counter with a lifetime of zero")?;
        ensure_eq!(cache.exists(KEY).await?, false, "exists after a refused increment");
        ensure_eq!(cache.increment(KEY, i64::MIN).await?, i64::MIN, "increment by the smallest");
    }
    Ok(())
}

#[track_caller]
fn answers_with<T: std::fmt::Debug>(
    bad: Option<ErrorKind>,
    answer: Result<T, Error>,
    what: &str,
) -> Result<(), Failure> {
    match bad {
        Some(kind) => refused_with(answer, kind, what).map(drop),
        None => answer.map(drop).map_err(|error| Failure::new(format!("{what} of valid input: {error}"))),
    }
}
