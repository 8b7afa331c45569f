//! Eight writers, each with a counter of its own, and what became of what they wrote.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use store_redis::prelude::*;
use store_redis::{Durability, Lifetime, Namespaced, Outcome, RedisCache};
use store_testkit::wait_until;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::figures::Figures;
use crate::ledger::{Answer, Balance, Entry, longest_gap};
use crate::time::ControlTimer;
use crate::topology::{Deployment, NAMESPACE, PATIENCE};

const WRITERS: usize = 8;

/// Between two increments of one writer. Without it the writers would take the machine from the servers.
const PAUSE: Duration = Duration::from_millis(1);

/// How many increments of every writer show that all is well.
const WELL: u64 = 200;

/// The writers at work.
pub(crate) struct Writers {
    tasks: Vec<JoinHandle<Vec<Entry>>>,
    progress: Arc<[AtomicU64]>,
    over: Arc<AtomicBool>,
    timer: ControlTimer,
    started: Instant,
    deadline: Duration,
}

/// What the writers were told.
pub(crate) struct Diaries {
    of_writers: Vec<Vec<Entry>>,
    started: Instant,
    ended: Instant,
    stall: Duration,
    deadline: Duration,
}

impl Writers {
    /// Starts them over `cache`, whose calls have `deadline`, and returns when all are well.
    pub(crate) fn start(runtime: &Runtime, cache: &RedisCache, deadline: Duration, guard: Durability) -> Result<Self> {
        ensure!(
            guard == Durability::Acknowledged || cache.capabilities().replication.is_supported(),
            "the driver declares no replication"
        );
        let counters = cache.clone().with_default_lifetime(Lifetime::Never).namespace(NAMESPACE)?;
        let progress: Arc<[AtomicU64]> = (0..WRITERS).map(|_| AtomicU64::new(0)).collect();
        let over = Arc::new(AtomicBool::new(false));
        let started = Instant::now();
        let tasks = (0..WRITERS).map(|number| {
            let (counters, progress, over) = (counters.clone(), Arc::clone(&progress), Arc::clone(&over));
            let write = async move {
                let key = key(number);
                let mut entries = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let called = Instant::now();
                    let answer = increment(&counters, &key, guard).await;
                    entries.push(Entry { called, returned: Instant::now(), answer });
                    if let (Answer::Acknowledged(_), Some(progress)) = (answer, progress.get(number)) {
                        progress.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                entries
            };
            runtime.spawn(write)
        });
        let tasks = tasks.collect();
        let timer = ControlTimer::start(runtime);
        let writers = Self { tasks, progress, over, timer, started, deadline };
        writers.await_well()?;
        Ok(writers)
    }

    /// Waits until each of them has been acknowledged some more increments.
    pub(crate) fn await_well(&self) -> Result<()> {
        let before: Vec<_> = self.progress.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let is_well = || {
            let mut pairs = self.progress.iter().zip(&before);
            pairs.all(|(now, before)| now.load(Ordering::Relaxed) >= before + WELL).then_some(())
        };
        Ok(wait_until("writers that make progress", PATIENCE, is_well)?)
    }

    /// Ends them, once the calls under way have been answered.
    pub(crate) fn finish(self, runtime: &Runtime) -> Result<Diaries> {
        let ended = Instant::now();
        self.over.store(true, Ordering::Relaxed);
        let mut of_writers = Vec::new();
        for task in self.tasks {
            of_writers.push(runtime.block_on(task).context("a writer ended without its diary")?);
        }
        let (started, stall, deadline) = (self.started, self.timer.longest(), self.deadline);
        Ok(Diaries { of_writers, started, ended, stall, deadline })
    }
}

async fn increment(counters: &Namespaced<RedisCache>, key: &str, guard: Durability) -> Answer {
    let increment = counters.increment(key, 1);
    let answer = match guard {
        Durability::Replicated { replicas, timeout, .. } => increment.replicated(replicas.get(), timeout).await,
        _ => increment.await,
    };
    match answer {
        Ok(sum) => Answer::Acknowledged(sum),
        Err(error) if error.outcome() == Outcome::Unknown => Answer::Unknown,
        Err(_) => Answer::Refused,
    }
}

fn key(writer: usize) -> String {
    format!("writer-{writer}")
}

impl Diaries {
    /// Compares what the writers were told with what the servers have now.
    pub(crate) fn judge(&self, deployment: &Deployment) -> Result<Figures> {
        let mut figures = Figures::default();
        for (writer, entries) in self.of_writers.iter().enumerate() {
            let balance = Balance::of(entries, deployment.counter(&key(writer))?);
            figures.count("operations", entries.len());
            figures.count("acknowledged", balance.acknowledged);
            figures.count("unknown", balance.unknown);
            figures.count("refused", balance.refused);
            figures.count("duplicated", balance.duplicated);
            figures.count("lost", balance.lost);
            figures.count("violations", balance.duplicated);
            let window = balance.window.map_or(Duration::ZERO, |(first, last)| last - first);
            figures.longest("lost_window_ms", window);
        }
        self.measure(&mut figures);
        Ok(figures)
    }

    fn measure(&self, figures: &mut Figures) {
        for entries in &self.of_writers {
            figures.longest("longest_gap_ms", longest_gap(successes(entries), self.started, self.ended));
        }
        let mut all: Vec<_> = self.of_writers.iter().flat_map(|entries| successes(entries)).collect();
        all.sort_unstable();
        figures.longest("longest_gap_of_all_ms", longest_gap(all, self.started, self.ended));
        let calls = self.of_writers.iter().flatten().map(|entry| entry.returned - entry.called);
        measure_calls(figures, calls, self.deadline, self.stall);
    }
}

/// The longest call, and by how much it missed its deadline, less what the machine itself was late by.
pub(crate) fn measure_calls(
    figures: &mut Figures,
    calls: impl IntoIterator<Item = Duration>,
    deadline: Duration,
    stall: Duration,
) {
    let longest = calls.into_iter().max().unwrap_or_default();
    figures.longest("longest_call_ms", longest);
    figures.longest("stall_ms", stall);
    figures.longest("overrun_ms", longest.saturating_sub(deadline + stall));
}

fn successes(entries: &[Entry]) -> impl Iterator<Item = Instant> {
    entries.iter().filter(|entry| matches!(entry.answer, Answer::Acknowledged(_))).map(|entry| entry.returned)
}
