//! Callers that act at random on a few entries at a time, write down what they saw, and are judged entry by entry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use store_conformance::history::{Call, EntryAnswer, EntryOp, History, Returned, Value, Watch};
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

/// How long one lives. Those that live while a primary is replaced tell less, so they should be few.
const LIFE: Duration = Duration::from_millis(200);

const PAUSE: Duration = Duration::from_millis(2);

/// Callers at work.
pub(super) struct Callers {
    tasks: Vec<JoinHandle<Caller>>,
    over: Arc<AtomicBool>,
    watch: Watch,
}

struct Caller {
    number: u64,
    entries: Namespaced<RedisCache>,
    random: Random,
    watch: Watch,
    written: Value,
    /// What was last read of each entry, to expect it again.
    seen: Value,
    refused: u64,
    histories: BTreeMap<String, History<EntryOp>>,
}

impl Callers {
    pub(super) fn start(runtime: &Runtime, cache: &RedisCache, seed: u64) -> Result<Self> {
        let entries = cache.clone().with_default_lifetime(Lifetime::Never).namespace(NAMESPACE)?;
        let over = Arc::new(AtomicBool::new(false));
        let watch = Watch::start();
        let tasks = (0..CALLERS).map(|number| {
            let over = Arc::clone(&over);
            let mut caller = Caller::new(number, entries.clone(), seed, watch);
            runtime.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    caller.act().await;
                    tokio::time::sleep(PAUSE).await;
                }
                caller
            })
        });
        Ok(Self { tasks: tasks.collect(), over, watch })
    }

    /// Nanoseconds since they started.
    pub(super) fn now(&self) -> u64 {
        self.watch.now()
    }

    /// Ends and judges them.
    pub(super) fn finish(self, runtime: &Runtime, replaced: &[Replaced], figures: &mut Figures) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        let mut histories: BTreeMap<String, History<EntryOp>> = BTreeMap::new();
        for task in self.tasks {
            let caller = runtime.block_on(task).context("a caller ended without its histories")?;
            figures.count("refused", caller.refused);
            for (key, seen) in caller.histories {
                histories.entry(key).or_default().extend(seen);
            }
        }
        for (key, history) in &histories {
            judge(history, key, replaced, figures);
        }
        Ok(())
    }
}

fn judge(history: &History<EntryOp>, key: &str, replaced: &[Replaced], figures: &mut Figures) {
    let calls = history.calls();
    let unknown = calls.iter().filter(|call| call.returned.is_none()).count();
    figures.count("histories", 1_u64);
    figures.count("operations", calls.len());
    figures.count("acknowledged", calls.len() - unknown);
    figures.count("unknown", unknown);
    let Err(violation) = history.judge() else { return };
    if replaced.iter().any(|time| lived_in(calls, time)) {
        figures.count("weakened", 1_u64);
        return;
    }
    figures.count("violations", 1_u64);
    eprintln!("of what was seen of {key},\n{violation}");
}

fn lived_in(calls: &[Call<EntryOp>], time: &Replaced) -> bool {
    let called = calls.iter().map(|call| call.called).min();
    let returned = calls.iter().filter_map(|call| call.returned).map(|returned| returned.at).max().unwrap_or(u64::MAX);
    called.is_some_and(|first| first <= time.to) && returned >= time.from
}

impl Caller {
    fn new(number: u64, entries: Namespaced<RedisCache>, seed: u64, watch: Watch) -> Self {
        let written = Value::try_from(number).unwrap_or_default() * 1_000_000;
        let random = Random::stream(seed, number);
        Self { number, entries, random, watch, written, seen: 0, refused: 0, histories: BTreeMap::new() }
    }

    async fn act(&mut self) {
        let generation = u128::from(self.watch.now()) / LIFE.as_nanos();
        let key = format!("entry-{generation}-{}", self.random.below(ENTRIES));
        self.written += 1;
        let operation = choose(&mut self.random, self.written, self.seen);
        let called = self.watch.now();
        let returned = match carry_out(&self.entries, &key, operation).await {
            Ok(answer) => Some(Returned { at: self.watch.now(), answer }),
            Err(error) if error.outcome() == Outcome::Unknown && operation != EntryOp::Get => None,
            Err(_) => {
                self.refused += 1;
                return;
            }
        };
        if let (EntryOp::Get, Some(EntryAnswer::Value(Some(seen)))) = (operation, returned.map(|it| it.answer)) {
            self.seen = seen;
        }
        let caller = usize::try_from(self.number).unwrap_or_default();
        self.histories.entry(key).or_default().push(Call { caller, called, operation, returned });
    }
}

fn choose(random: &mut Random, value: Value, expected: Value) -> EntryOp {
    match random.below(20) {
        0..8 => EntryOp::Get,
        8..12 => EntryOp::Set(value),
        12..14 => EntryOp::SetIfAbsent(value),
        14..17 => EntryOp::SetIfValue { expected, value },
        17 => EntryOp::Take,
        _ => EntryOp::Delete,
    }
}

async fn carry_out(
    entries: &Namespaced<RedisCache>,
    key: &str,
    operation: EntryOp,
) -> store_redis::Result<EntryAnswer> {
    Ok(match operation {
        EntryOp::Set(value) => entries.set(key, value.to_string()).await.map(|()| EntryAnswer::Done)?,
        EntryOp::SetIfAbsent(value) => {
            EntryAnswer::Applied(entries.set(key, value.to_string()).if_absent().await?.is_stored())
        }
        EntryOp::SetIfValue { expected, value } => {
            let set = entries.set(key, value.to_string()).if_value(expected.to_string());
            EntryAnswer::Applied(set.await?.is_stored())
        }
        EntryOp::Take => EntryAnswer::Value(parsed(entries.take(key).await?)),
        EntryOp::Delete => EntryAnswer::Applied(entries.delete(key).await?),
        _ => EntryAnswer::Value(parsed(entries.get(key).await?)),
    })
}

fn parsed(value: Option<Bytes>) -> Option<Value> {
    // What is no number was never written, and then no order explains it either.
    value.map(|value| std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).unwrap_or(Value::MAX))
}
