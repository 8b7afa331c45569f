//! Callers that act at random on a few entries at a time, write down what they saw, and are judged entry by entry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use store_conformance::history::{Action, Event, Unanswered, Value, Write, is_linearizable};
use store_redis::prelude::*;
use store_redis::{Bytes, Lifetime, Namespaced, Outcome, RedisCache};
use store_testkit::Random;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::Replaced;
use crate::figures::Figures;
use crate::topology::NAMESPACE;

const CALLERS: u64 = 4;

/// Entries that live at the same time.
const ENTRIES: u64 = 3;

/// How long one lives. Longer histories take longer to judge, by more than they say more.
const LIFE: Duration = Duration::from_millis(200);

const PAUSE: Duration = Duration::from_millis(2);

/// Callers at work.
pub(super) struct Callers {
    tasks: Vec<JoinHandle<Caller>>,
    over: Arc<AtomicBool>,
    began: Instant,
}

/// What was seen of one entry.
#[derive(Default)]
struct History {
    answered: Vec<Event<Action>>,
    unanswered: Vec<Unanswered>,
}

struct Caller {
    number: u64,
    entries: Namespaced<RedisCache>,
    random: Random,
    began: Instant,
    written: Value,
    /// What was last read of each entry, to expect it again.
    seen: Value,
    refused: u64,
    histories: BTreeMap<String, History>,
}

impl Callers {
    pub(super) fn start(runtime: &Runtime, cache: &RedisCache, seed: u64) -> Result<Self> {
        let entries = cache.clone().with_default_lifetime(Lifetime::Never).namespace(NAMESPACE)?;
        let over = Arc::new(AtomicBool::new(false));
        let began = Instant::now();
        let tasks = (0..CALLERS).map(|number| {
            let over = Arc::clone(&over);
            let mut caller = Caller::new(number, entries.clone(), seed, began);
            runtime.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    caller.act().await;
                    tokio::time::sleep(PAUSE).await;
                }
                caller
            })
        });
        Ok(Self { tasks: tasks.collect(), over, began })
    }

    /// Nanoseconds since they started.
    pub(super) fn now(&self) -> u64 {
        nanos(self.began)
    }

    /// Ends and judges them.
    pub(super) fn finish(self, runtime: &Runtime, replaced: &[Replaced], figures: &mut Figures) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        let mut histories: BTreeMap<String, History> = BTreeMap::new();
        for task in self.tasks {
            let caller = runtime.block_on(task).context("a caller ended without its histories")?;
            figures.count("refused", caller.refused);
            for (key, seen) in caller.histories {
                let history = histories.entry(key).or_default();
                history.answered.extend(seen.answered);
                history.unanswered.extend(seen.unanswered);
            }
        }
        for (key, history) in &histories {
            history.judge(key, replaced, figures);
        }
        Ok(())
    }
}

impl History {
    fn judge(&self, key: &str, replaced: &[Replaced], figures: &mut Figures) {
        figures.count("histories", 1_u64);
        figures.count("operations", self.answered.len() + self.unanswered.len());
        figures.count("acknowledged", self.answered.len());
        figures.count("unknown", self.unanswered.len());
        if is_linearizable(&self.answered, &self.unanswered) {
            return;
        }
        if replaced.iter().any(|time| self.lived_in(time)) {
            figures.count("weakened", 1_u64);
            return;
        }
        figures.count("violations", 1_u64);
        eprintln!("        no order explains what was seen of {key}:");
        let mut answered = self.answered.clone();
        answered.sort_unstable_by_key(|event| event.called);
        answered.iter().for_each(|event| eprintln!("        {event}"));
        self.unanswered.iter().for_each(|lost| eprintln!("        {:>12}.. {:?}", lost.called, lost.write));
    }

    fn lived_in(&self, time: &Replaced) -> bool {
        let called = self.answered.iter().map(|event| event.called).chain(self.unanswered.iter().map(|it| it.called));
        let returned = self.answered.iter().map(|event| event.returned).max().unwrap_or(u64::MAX);
        called.min().is_some_and(|first| first <= time.to) && returned >= time.from
    }
}

impl Caller {
    fn new(number: u64, entries: Namespaced<RedisCache>, seed: u64, began: Instant) -> Self {
        let written = Value::try_from(number * 1_000_000).unwrap_or_default();
        let random = Random::stream(seed, number);
        Self { number, entries, random, began, written, seen: 0, refused: 0, histories: BTreeMap::new() }
    }

    async fn act(&mut self) {
        let generation = self.began.elapsed().as_nanos() / LIFE.as_nanos();
        let key = format!("entry-{generation}-{}", self.random.below(ENTRIES));
        self.written += 1;
        let (value, expected) = (self.written, self.seen);
        let choice = self.random.below(20);
        let called = nanos(self.began);
        let (answer, write) = self.call(choice, &key, value, expected).await;
        let returned = nanos(self.began);
        let history = self.histories.entry(key).or_default();
        match (answer, write) {
            (Ok(action), _) => {
                if let Action::Get(Some(seen)) = action {
                    self.seen = seen;
                }
                let caller = usize::try_from(self.number).unwrap_or_default();
                history.answered.push(Event { caller, called, returned, action });
            }
            (Err(error), Some(write)) if error.outcome() == Outcome::Unknown => {
                history.unanswered.push(Unanswered { called, write });
            }
            (Err(_), _) => self.refused += 1,
        }
    }

    /// What was answered, and what was written if there was no answer.
    async fn call(
        &self,
        choice: u64,
        key: &str,
        value: Value,
        expected: Value,
    ) -> (store_redis::Result<Action>, Option<Write>) {
        let (entries, text) = (&self.entries, value.to_string());
        match choice {
            0..8 => (entries.get(key).await.map(|read| Action::Get(parsed(read))), None),
            8..12 => (entries.set(key, text).await.map(|()| Action::Set(value)), Some(Write::Set(value))),
            12..14 => {
                let set = entries.set(key, text).if_absent().await;
                let action = set.map(|outcome| Action::SetIfAbsent { value, stored: outcome.is_stored() });
                (action, Some(Write::SetIfAbsent(value)))
            }
            14..17 => {
                let set = entries.set(key, text).if_value(expected.to_string()).await;
                let action = set.map(|outcome| Action::SetIfValue { expected, value, stored: outcome.is_stored() });
                (action, Some(Write::SetIfValue { expected, value }))
            }
            17 => (entries.take(key).await.map(|taken| Action::Take(parsed(taken))), Some(Write::Remove)),
            _ => (entries.delete(key).await.map(|removed| Action::Delete { removed }), Some(Write::Remove)),
        }
    }
}

fn parsed(value: Option<Bytes>) -> Option<Value> {
    // What is no number was never written, and then no order explains it either.
    value.map(|value| std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).unwrap_or(Value::MAX))
}

fn nanos(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
