//! A future can be dropped at any point: the entry is then as before or as after, and no answer goes astray.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use store_core::{Bytes, CacheExt, Entry, Error, ExpiresAt, Expiry, Listing, Store, StoreExt, Timestamp, Ttl};

use crate::cases::{again_and_again, once};
use crate::context::{Context, Handle, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::race::at_once;
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family =
    Family { name: "cancellation", checks: &[check!(cancel_leaves_before_or_after, Nothing)] };

const KEY: &str = "k";
const WITNESS: &str = "witness";
const PAST: Expiry = Expiry::At(Timestamp::EPOCH);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How often a future is polled at most before it is dropped.
pub(super) const MAX_POLLS: usize = 5;

async fn cancel_leaves_before_or_after(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        // In a namespace of its own, because a step may clear that of the entry.
        let witness = scope.store()?;
        witness.set(WITNESS, WITNESS).await?;
        for step in steps(&scope.handles()?[0]) {
            for polls in 0..=MAX_POLLS {
                let handles = context.scope()?.handles()?;
                drop_one(&step, polls, &handles, &witness).await.map_err(|failure| {
                    failure.in_context(format_args!("  {} dropped after {polls} polls", step.name))
                })?;
            }
        }
        Ok(())
    })
    .await?;
    again_and_again(context, many_are_dropped_under_load).await
}

/// The value of an entry, and whether it lives for ever; `None` where there is none.
type Seen<V = &'static str> = Option<(V, Lives)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lives {
    ForEver,
    ForAWhile,
}

/// What most steps find.
const THERE: Seen = Some(("1", Lives::ForEver));

const fn passing(value: &'static str) -> Seen {
    Some((value, Lives::ForAWhile))
}

const fn lasting(value: &'static str) -> Seen {
    Some((value, Lives::ForEver))
}

async fn seen(store: &StoreHandle) -> Result<Seen<Bytes>, Error> {
    let entry = store.get(KEY).with_expiry().await?;
    let lives = |entry: &Entry| match entry.expires_at {
        Some(ExpiresAt::Never) => Lives::ForEver,
        _ => Lives::ForAWhile,
    };
    Ok(entry.map(|entry| (entry.value.clone(), lives(&entry))))
}

/// An operation on one entry, and what the entry is before and after it.
struct Step {
    name: &'static str,
    before: Seen,
    after: Seen,
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
    let mut steps = vec![
        step!("get", THERE => THERE, store, store.get(KEY)),
        step!("exists", THERE => THERE, store, store.exists(KEY)),
        step!("ttl", THERE => THERE, store, store.ttl(KEY)),
        step!("set", THERE => passing("2"), store, store.set(KEY, "2").expiry(Ttl::MAX)),
        step!("set of a new entry", None => passing("2"), store, store.set(KEY, "2").expiry(Ttl::MAX)),
        step!("set if_absent", None => passing("2"), store, store.set(KEY, "2").if_absent().expiry(Ttl::MAX)),
        step!("set if_present", THERE => passing("2"), store, store.set(KEY, "2").if_present().expiry(Ttl::MAX)),
        step!("set with a past expiry", THERE => None, store, store.set(KEY, "2").expiry(PAST)),
        step!("delete", THERE => None, store, store.delete(KEY)),
        step!("expire", THERE => passing("1"), store, store.expire(KEY, Ttl::MAX)),
        step!("expire to a past time", THERE => None, store, store.expire(KEY, PAST)),
        step!("ping", THERE => THERE, store, store.ping()),
    ];
    if declared.renewal.is_supported() {
        steps.push(step!("renewal", passing("1") => passing("1"), store, store.get(KEY).renew(Ttl::MAX.as_duration())));
    }
    if declared.take.is_supported() {
        steps.push(step!("take", THERE => None, store, store.take(KEY)));
    }
    if declared.value_conditions.is_supported() {
        steps.push(
            step!("set if_value", THERE => passing("2"), store, store.set(KEY, "2").if_value("1").expiry(Ttl::MAX)),
        );
        steps.push(step!("delete if_value", THERE => None, store, store.delete(KEY).if_value("1")));
        steps
            .push(step!("update", THERE => lasting("2"), store, store.update(KEY, |_| Some(Bytes::from_static(b"2")))));
    }
    if declared.listing != Listing::None {
        steps.push(step!("list", THERE => THERE, store, store.list()));
        steps.push(step!("clear", THERE => None, store, store.clear()));
    }
    if handle.cache.is_some() {
        steps.extend(steps_of_caches());
        if declared.counters.is_supported() {
            steps.extend(steps_of_counters());
        }
    }
    steps
}

fn steps_of_caches() -> [Step; 5] {
    [
        cache_step!("add", None => passing("2"), cache, cache.add(KEY, "2").expiry(Ttl::MAX)),
        cache_step!("get_many", THERE => THERE, cache, cache.get_many(&[KEY, WITNESS])),
        cache_step!("set_many", THERE => passing("2"), cache, cache.set_many([("other", "x"), (KEY, "2")]).ttl(DAY)),
        cache_step!("delete_many", THERE => None, cache, cache.delete_many(&["other", KEY])),
        cache_step!("expire_many", THERE => passing("1"), cache, cache.expire_many(&["other", KEY], Ttl::MAX)),
    ]
}

fn steps_of_counters() -> [Step; 3] {
    [
        cache_step!("increment", THERE => lasting("2"), cache, cache.increment(KEY, 1)),
        cache_step!("decrement", THERE => lasting("0"), cache, cache.decrement(KEY, 1)),
        cache_step!("increment of nothing", None => passing("1"), cache, cache.increment(KEY, 1).ttl_on_create(DAY)),
    ]
}

async fn drop_one(
    step: &Step,
    polls: usize,
    [handle, other]: &[Handle; 2],
    witness: &StoreHandle,
) -> Result<(), Failure> {
    let store = &handle.store;
    if let Some((before, lives)) = step.before {
        let expiry = if lives == Lives::ForEver { Expiry::Never } else { Expiry::In(Ttl::MAX) };
        store.set(KEY, before).expiry(expiry).await?;
    }
    let answer = drop_after(polls, (step.call)(handle.clone())).await;
    // The first question after it is another one, so that an answer which went astray is not taken for its own.
    ensure_eq!(witness.get(WITNESS).await?.as_deref(), Some(WITNESS.as_bytes()), "the answer to the next question");
    ensure_eq!(store.exists("nobody").await?, false, "the answer to the question behind it");
    let [before, after] = [step.before, step.after].map(|seen| seen.map(|(value, lives)| (Bytes::from(value), lives)));
    let possible = [&before, &after];
    let first = seen(store).await?;
    match answer {
        Some(done) => {
            done?;
            ensure_eq!(first, after, "the entry after an operation that was not dropped in the end");
        }
        None if polls == 0 => ensure_eq!(first, before, "the entry after an operation that was never begun"),
        None => ensure!(possible.contains(&&first), "the entry is neither as before nor as after: {first:?}"),
    }
    let second = seen(&other.store).await?;
    ensure!(possible.contains(&&second), "the entry is neither as before nor as after: {second:?}");
    ensure!(first != after || second == first, "an operation that took effect was undone: {second:?}");
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
