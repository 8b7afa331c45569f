//! Concurrent operations on one entry look as if they had happened one after another.

use std::time::Instant;

use store_core::{Bytes, CacheExt, Error, Store, StoreExt};

use crate::cases::again_and_again;
use crate::choices::Choices;
use crate::context::{CacheHandle, Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure};
use crate::history::{Action, Event, Value, counts_one_by_one, is_linearizable};
use crate::race::at_once;
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family =
    Family { name: "concurrency", checks: &[check!(operations_are_linearizable, Nothing)] };

const CALLERS: usize = 6;
const KEYS: [&str; 2] = ["a", "b"];
const ACTIONS: u64 = 24;

async fn operations_are_linearizable(context: &Context) -> CheckResult {
    let counters = context.has_cache() && context.capabilities().counters.is_supported();
    again_and_again(context, async |scope: &Scope<'_>| {
        entries_are_linearizable(scope).await?;
        if counters { counters_are_linearizable(scope).await } else { Ok(()) }
    })
    .await
}

async fn entries_are_linearizable(scope: &Scope<'_>) -> Result<(), Failure> {
    let handles = [scope.store()?, scope.second_store()?];
    let began = Instant::now();
    let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(caller, handle)| {
        let mut caller = Caller::new(caller, handle.clone(), began, scope.seed);
        async move {
            for _ in 0..ACTIONS {
                caller.act().await?;
            }
            Ok::<_, Error>(caller.histories)
        }
    });
    let mut histories: [Vec<Event<Action>>; KEYS.len()] = Default::default();
    for seen in at_once(callers).await? {
        for (history, seen) in histories.iter_mut().zip(seen?) {
            history.extend(seen);
        }
    }
    for history in &mut histories {
        ensure!(is_linearizable(history, &[]), "no order explains these answers:\n{}", shown(history));
    }
    Ok(())
}

pub(super) fn shown<A: std::fmt::Debug + Copy>(history: &mut [Event<A>]) -> String {
    history.sort_unstable_by_key(|event| event.called);
    history.iter().map(|event| format!("  {event}\n")).collect()
}

/// Someone who acts at random on the keys and writes down what it saw.
struct Caller {
    number: usize,
    store: StoreHandle,
    began: Instant,
    choices: Choices,
    written: Value,
    /// The value that was last seen under each key, to expect it again.
    seen: [Value; KEYS.len()],
    histories: [Vec<Event<Action>>; KEYS.len()],
}

impl Caller {
    fn new(number: usize, store: StoreHandle, began: Instant, seed: u64) -> Self {
        let written = Value::try_from(number * 1_000_000).unwrap_or_default();
        let (seen, histories) = Default::default();
        let choices = Choices::named(seed, &number.to_string());
        Self { number, store, began, choices, written, seen, histories }
    }

    async fn act(&mut self) -> Result<(), Error> {
        let at = self.choices.below(KEYS.len() as u64) as usize;
        let (key, store) = (KEYS[at], self.store.clone());
        self.written += 1;
        let (value, expected) = (self.written, self.seen[at]);
        let called = nanos(self.began);
        let action = match self.choices.below(20) {
            0..7 => Action::Get(parsed(store.get(key).await?)),
            7..11 => store.set(key, value.to_string()).await.map(|()| Action::Set(value))?,
            11..13 => {
                let outcome = store.set(key, value.to_string()).if_absent().await?;
                Action::SetIfAbsent { value, stored: outcome.is_stored() }
            }
            13..16 if store.capabilities().value_conditions.is_supported() => {
                let outcome = store.set(key, value.to_string()).if_value(expected.to_string()).await?;
                Action::SetIfValue { expected, value, stored: outcome.is_stored() }
            }
            16..18 if store.capabilities().take.is_supported() => Action::Take(parsed(store.take(key).await?)),
            _ => Action::Delete { removed: store.delete(key).await? },
        };
        if let Action::Get(Some(seen)) = action {
            self.seen[at] = seen;
        }
        self.histories[at].push(Event { caller: self.number, called, returned: nanos(self.began), action });
        Ok(())
    }
}

pub(super) fn parsed(value: Option<Bytes>) -> Option<Value> {
    // What is no number was never written, and then no order explains it either.
    value.map(|value| std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).unwrap_or(Value::MAX))
}

pub(super) fn nanos(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

async fn counters_are_linearizable(scope: &Scope<'_>) -> Result<(), Failure> {
    let handles = [scope.cache()?, scope.second_cache()?];
    let began = Instant::now();
    let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(caller, handle)| count(caller, handle.clone(), began));
    let mut history = Vec::new();
    for seen in at_once(callers).await? {
        history.extend(seen?);
    }
    ensure!(counts_one_by_one(&history), "no order explains these sums:\n{}", shown(&mut history));
    Ok(())
}

async fn count(caller: usize, cache: CacheHandle, began: Instant) -> Result<Vec<Event<i64>>, Error> {
    let mut history = Vec::new();
    for _ in 0..ACTIONS {
        let called = nanos(began);
        let action = cache.increment("counter", 1).await?;
        history.push(Event { caller, called, returned: nanos(began), action });
    }
    Ok(history)
}
