//! A future can be dropped at any point: the entry is then as before or as after, and no answer goes astray.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::future::BoxFuture;
use store_core::{Bytes, CacheExt, Error, Expiry, Listing, Store, StoreExt, Timestamp, Ttl};

use crate::cases::{again_and_again, once};
use crate::context::{Context, Handle, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::race::at_once;
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family =
    Family { name: "cancellation", checks: &[check!(cancel_leaves_before_or_after, Nothing)] };

const KEY: &str = "k";
const WITNESS: &str = "witness";

/// How often a future is polled at most before it is dropped.
pub(super) const MAX_POLLS: usize = 5;

async fn cancel_leaves_before_or_after(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        for step in steps(&scope.handles()?[0]) {
            for polls in 0..=MAX_POLLS {
                let [handle, other] = context.scope()?.handles()?;
                drop_one(&step, polls, &handle, &other).await.map_err(|failure| {
                    failure.in_context(format_args!("  {} dropped after {polls} polls", step.name))
                })?;
            }
        }
        Ok(())
    })
    .await?;
    again_and_again(context, many_are_dropped_under_load).await
}

/// An operation on one entry, and what the entry is before and after it.
struct Step {
    name: &'static str,
    before: Option<&'static str>,
    after: Option<&'static str>,
    call: fn(Handle) -> BoxFuture<'static, Result<(), Error>>,
}

/// A step on the store of a handle: `name, before => after, store, operation`.
macro_rules! step {
    ($name:literal, $before:expr => $after:expr, $store:ident, $call:expr) => {
        Step {
            name: $name,
            before: $before,
            after: $after,
            call: |handle| {
                Box::pin(async move {
                    let $store = &handle.store;
                    $call.await.map(drop)
                })
            },
        }
    };
}

/// As [`step!`], on the cache of a handle that has one.
macro_rules! cache_step {
    ($name:literal, $before:expr => $after:expr, $cache:ident, $call:expr) => {
        Step {
            name: $name,
            before: $before,
            after: $after,
            call: |handle| {
                Box::pin(async move {
                    match &handle.cache {
                        Some($cache) => $call.await.map(drop),
                        None => Ok(()),
                    }
                })
            },
        }
    };
}

fn steps(handle: &Handle) -> Vec<Step> {
    let declared = handle.store.capabilities();
    let there = Some("1");
    let mut steps = vec![
        step!("get", there => there, store, store.get(KEY)),
        step!("exists", there => there, store, store.exists(KEY)),
        step!("ttl", there => there, store, store.ttl(KEY)),
        step!("set", there => Some("2"), store, store.set(KEY, "2")),
        step!("set of a new entry", None => Some("2"), store, store.set(KEY, "2")),
        step!("set if_absent", None => Some("2"), store, store.set(KEY, "2").if_absent()),
        step!("set if_present", there => Some("2"), store, store.set(KEY, "2").if_present()),
        step!("set with a past expiry", there => None, store, store.set(KEY, "2").expiry(Expiry::At(Timestamp::EPOCH))),
        step!("delete", there => None, store, store.delete(KEY)),
        step!("expire", there => there, store, store.expire(KEY, Ttl::MAX)),
        step!("expire to a past time", there => None, store, store.expire(KEY, Expiry::At(Timestamp::EPOCH))),
    ];
    if declared.renewal.is_supported() {
        steps.push(step!("renewal", there => there, store, store.get(KEY).renew(Ttl::MAX.as_duration())));
    }
    if declared.take.is_supported() {
        steps.push(step!("take", there => None, store, store.take(KEY)));
    }
    if declared.value_conditions.is_supported() {
        steps.push(step!("set if_value", there => Some("2"), store, store.set(KEY, "2").if_value("1")));
        steps.push(step!("delete if_value", there => None, store, store.delete(KEY).if_value("1")));
        steps.push(step!("update", there => Some("2"), store, store.update(KEY, |_| Some(Bytes::from_static(b"2")))));
    }
    if declared.listing != Listing::None {
        steps.push(step!("list", there => there, store, store.list()));
    }
    if handle.cache.is_some() {
        steps.extend([
            cache_step!("add", None => Some("2"), cache, cache.add(KEY, "2")),
            cache_step!("get_many", there => there, cache, cache.get_many(&[KEY, WITNESS])),
            cache_step!("set_many", there => Some("2"), cache, cache.set_many([("other", "x"), (KEY, "2")])),
            cache_step!("delete_many", there => None, cache, cache.delete_many(&["other", KEY])),
            cache_step!("expire_many", there => there, cache, cache.expire_many(&["other", KEY], Ttl::MAX)),
        ]);
        if declared.counters.is_supported() {
            steps.push(cache_step!("increment", there => Some("2"), cache, cache.increment(KEY, 1)));
            steps.push(cache_step!("decrement", there => Some("0"), cache, cache.decrement(KEY, 1)));
        }
    }
    steps
}

async fn drop_one(step: &Step, polls: usize, handle: &Handle, other: &Handle) -> Result<(), Failure> {
    let store = &handle.store;
    store.set(WITNESS, WITNESS).await?;
    if let Some(before) = step.before {
        store.set(KEY, before).await?;
    }
    let answer = drop_after(polls, (step.call)(handle.clone())).await;
    let (before, after) = (step.before.map(str::as_bytes), step.after.map(str::as_bytes));
    let first = store.get(KEY).await?;
    match answer {
        Some(done) => {
            done?;
            ensure_eq!(first.as_deref(), after, "the entry after an operation that was not dropped in the end");
        }
        None if polls == 0 => ensure_eq!(first.as_deref(), before, "the entry after an operation that was never begun"),
        None => ensure!(
            [before, after].contains(&first.as_deref()),
            "the entry is neither as before nor as after: {first:?}"
        ),
    }
    // Each later answer belongs to its own question, and what has happened does not unhappen.
    ensure_eq!(store.get(WITNESS).await?.as_deref(), Some(WITNESS.as_bytes()), "the answer to the next question");
    ensure_eq!(store.exists("nobody").await?, false, "the answer to the question behind it");
    let second = other.store.get(KEY).await?;
    ensure!([before, after].contains(&second.as_deref()), "the entry is neither as before nor as after: {second:?}");
    ensure!(first.as_deref() != after || second == first, "an operation that took effect was undone: {second:?}");
    Ok(())
}

/// The answer of a future, or `None` when it was dropped because it had none after so many polls.
pub(super) async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(task) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Callers that drop most of their futures, each on keys of its own whose values name their key.
async fn many_are_dropped_under_load(scope: &Scope<'_>) -> Result<(), Failure> {
    const CALLERS: usize = 8;
    const ROUNDS: usize = 16;

    let handles = scope.handles()?;
    let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(caller, handle)| {
        let store = handle.store.clone();
        async move {
            for round in 0..ROUNDS {
                let key = format!("{caller}-{}", round % 3);
                let polls = (caller + round) % 4;
                drop_after(polls, store.set(&key, format!("{key}={round}")).into_future()).await.transpose()?;
                drop_after(polls, store.get(&key).into_future()).await.transpose()?;
                if let Some(value) = store.get(&key).await? {
                    let own = value.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
                    ensure!(own, "the question for {key} got an answer to another: {value:?}");
                }
            }
            Ok(())
        }
    });
    at_once(callers).await?.into_iter().collect()
}
