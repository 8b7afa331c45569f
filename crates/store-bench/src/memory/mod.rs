//! The memory driver beside maps and caches that are used instead: a hit, reads and writes of two threads, what an
//! entry takes, and what callers see of a million that expire.
//!
//! A million entries of 100 bytes that live for an hour, read as a Zipf distribution has it. Everybody's lie in one
//! process and take their turns; what an entry takes, and what its expiry does, is seen in a process of its own.

mod expiry;
mod keys;
mod resident;
mod subjects;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::{Builder, Runtime};

use crate::effort::Effort;
use crate::report::{BEST_OF, Bar, Figures, Row};
use crate::rounds::{Better, Rounds, turns, warm_up};
use keys::Keys;
use subjects::{Any, Subject, value};

pub(crate) use expiry::Expiry;
pub(crate) use resident::Fill;

const GROUP: &str = "memory";

const ENTRIES: usize = 1_000_000;
const VALUE_BYTES: usize = 100;
const LIFETIME: Duration = Duration::from_secs(3600);

/// One in so many calls of the mixed work is a write.
const CALLS_PER_WRITE: usize = 20;

const THREADS: usize = 2;

/// What is ours, and what it is called in a row.
const OURS: [(&str, Any); 3] = [
    ("direct, coarse clock", Any::Coarse),
    ("Arc<dyn Cache>, coarse clock", Any::CoarseShared),
    ("direct, exact clock", Any::Exact),
];

const PEERS: [(&str, Any); 3] = [
    ("DashMap with an Instant", Any::DashMap),
    ("moka with time_to_live", Any::Moka),
    ("quick_cache with an Instant", Any::QuickCache),
];

/// Of the peers, which stand here without what they are used with.
const BEST: &str = "DashMap, moka, quick_cache";

/// Sizes at which a hit is measured for the sake of how it grows, beside [`ENTRIES`].
const SMALLER: [usize; 3] = [1_000, 10_000, 100_000];

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for entries in SMALLER {
        rows.extend(hits(&Filled::with(entries), effort)?);
    }
    let filled = Filled::with(ENTRIES);
    rows.extend(hits(&filled, effort)?);
    rows.extend(mixed(&filled, effort)?);
    drop(filled);
    rows.extend(resident::measure(effort)?);
    rows.extend(expiry::measure(effort)?);
    Ok(rows)
}

/// Everybody with the same entries; ours, and then the peers.
struct Filled {
    keys: Arc<Keys>,
    subjects: Vec<Box<dyn Work>>,
}

impl Filled {
    fn with(entries: usize) -> Self {
        eprintln!("{GROUP}: filling with {entries} entries");
        let keys = Arc::new(Keys::new(entries));
        let subjects = OURS.iter().chain(&PEERS).map(|(_, any)| any.filled(&keys)).collect();
        Self { keys, subjects }
    }

    fn rounds(&self, effort: Effort, work: impl Fn(&dyn Work, u64) -> Result<f64>) -> Result<Rounds<f64>> {
        let sides = self.subjects.len();
        let mut rounds = Rounds::of(sides);
        // The first calls meet cold caches, and moka's meet its housekeeping.
        for turn in warm_up(sides).chain(turns(sides, effort.rounds)) {
            rounds.note(turn, work(&*self.subjects[turn.side], turn.round as u64)?);
        }
        Ok(rounds)
    }

    fn entries(&self) -> usize {
        self.keys.all().len()
    }
}

/// Has to be reached with a million entries only.
fn hits(filled: &Filled, effort: Effort) -> Result<Vec<Row>> {
    let at_most = |ours| match ours {
        Any::Coarse => Some(0.6),
        Any::CoarseShared => Some(1.0),
        Any::Exact => Some(0.9),
        _ => None,
    };
    let rounds = filled.rounds(effort, |subject, seed| subject.hit(&filled.keys, effort.calls, seed))?;
    let work = Compared { group: "memory, hit", tasks: 1, unit: "ns", better: Better::Less, entries: filled.entries() };
    Ok(work.rows(&rounds, |ours| at_most(ours).filter(|_| filled.entries() == ENTRIES).map(Bar::ratio_at_most)))
}

fn mixed(filled: &Filled, effort: Effort) -> Result<Vec<Row>> {
    let at_least = |ours| match ours {
        Any::Coarse => Some(1.3),
        Any::Exact => Some(1.0),
        _ => None,
    };
    let rounds = filled.rounds(effort, |subject, seed| subject.mix(&filled.keys, effort.calls, seed))?;
    let (tasks, entries) = (THREADS, filled.entries());
    let work = Compared { group: "memory, mixed", tasks, unit: "kops/s", better: Better::More, entries };
    Ok(work.rows(&rounds, |ours| at_least(ours).map(Bar::ratio_at_least)))
}

/// One kind of work of everybody.
struct Compared {
    group: &'static str,
    tasks: usize,
    unit: &'static str,
    better: Better,
    entries: usize,
}

impl Compared {
    /// Each of ours beside each peer, and beside the best of them, which is where the bars are.
    fn rows(&self, rounds: &Rounds<f64>, bar: impl Fn(Any) -> Option<Bar>) -> Vec<Row> {
        let peers = OURS.len()..OURS.len() + PEERS.len();
        let mut rows = Vec::new();
        for (number, &(name, any)) in OURS.iter().enumerate() {
            for (peer, (peer_name, _)) in peers.clone().zip(PEERS) {
                rows.push(self.row(name, peer_name, rounds.compare(number, peer, |figure| *figure), None));
            }
            let best = rounds.compare_with_best(number, peers.clone(), self.better, |figure| *figure);
            rows.push(self.row(name, &format!("{BEST_OF}{BEST}"), best, bar(any)));
        }
        rows
    }

    fn row(&self, name: &str, peer: &str, figures: Figures, bar: Option<Bar>) -> Row {
        let Self { group, tasks, unit, entries, .. } = *self;
        let (name, peer) = (name.to_owned(), peer.to_owned());
        Row { group, name, tasks, entries: Some(entries as u64), peer, unit, figures, bar }
    }
}

/// What is done to a subject that is filled.
trait Work {
    /// Nanoseconds for a hit.
    fn hit(&self, keys: &Arc<Keys>, calls: usize, seed: u64) -> Result<f64>;

    /// Thousands of operations a second, of all threads together.
    fn mix(&self, keys: &Arc<Keys>, calls: usize, seed: u64) -> Result<f64>;
}

impl<S: Subject> Work for Arc<S> {
    fn hit(&self, keys: &Arc<Keys>, calls: usize, seed: u64) -> Result<f64> {
        let drawn = keys.drawn(calls, seed);
        let (taken, hits) = runtime()?.block_on(async {
            let mut hits = 0;
            let began = Instant::now();
            for key in drawn {
                hits += usize::from(self.get(key).await);
            }
            (began.elapsed(), hits)
        });
        ensure!(hits == calls, "{} of {calls} calls missed", calls - hits);
        Ok(taken.as_secs_f64() * 1e9 / calls as f64)
    }

    fn mix(&self, keys: &Arc<Keys>, calls: usize, seed: u64) -> Result<f64> {
        // All draw their keys before the first of them begins.
        let start = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS as u64)
            .map(|thread| {
                let (subject, keys, seed) = (Self::clone(self), Arc::clone(keys), seed * THREADS as u64 + thread);
                let start = Arc::clone(&start);
                thread::spawn(move || -> Result<(Instant, Instant)> {
                    let (runtime, drawn) = (runtime(), keys.drawn(calls, seed));
                    start.wait();
                    let began = Instant::now();
                    runtime?.block_on(async {
                        for (number, key) in drawn.enumerate() {
                            if number % CALLS_PER_WRITE == 0 {
                                subject.set(key, value()).await;
                            } else {
                                subject.get(key).await;
                            }
                        }
                    });
                    Ok((began, Instant::now()))
                })
            })
            .collect();
        let mut spans = Vec::with_capacity(THREADS);
        for thread in threads {
            spans.push(thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??);
        }
        let began = spans.iter().map(|span| span.0).min().context("no thread")?;
        let ended = spans.iter().map(|span| span.1).max().context("no thread")?;
        Ok((calls * THREADS) as f64 / (ended - began).as_secs_f64() / 1e3)
    }
}

/// Without timers: our sweeper has nothing to do within the hour.
fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().build()?)
}
