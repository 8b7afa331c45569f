//! The memory driver beside maps and caches that are used instead: a hit, reads and writes of two threads, and what an
//! entry takes.
//!
//! A million entries of 100 bytes that live for an hour, read as a Zipf distribution has it. Everybody's lie in one
//! process and take their turns; what an entry takes is seen in a process of its own for each.

mod keys;
mod resident;
mod subjects;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::{Builder, Runtime};

use crate::effort::Effort;
use crate::report::Row;
use crate::rounds::{Rounds, turns, warm_up};
use keys::Keys;
use subjects::{Any, Subject, value};

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

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let keys = Arc::new(Keys::new(ENTRIES));
    let subjects: Vec<_> = everybody()
        .map(|(name, any)| {
            eprintln!("{GROUP}: filling {name}");
            any.filled(&keys)
        })
        .collect();
    let hits = rounds(&subjects, effort, |subject, seed| subject.hit(&keys, effort.calls, seed))?;
    let mixed = rounds(&subjects, effort, |subject, seed| subject.mix(&keys, effort.calls, seed))?;
    let mut rows = compared("memory, hit", 1, "ns", &hits);
    rows.extend(compared("memory, mixed", THREADS, "kops/s", &mixed));
    rows.extend(resident::measure(effort)?);
    Ok(rows)
}

/// Ours, and then the peers.
fn everybody() -> impl Iterator<Item = (&'static str, Any)> {
    OURS.into_iter().chain(PEERS)
}

fn rounds(
    subjects: &[Box<dyn Work>],
    effort: Effort,
    work: impl Fn(&dyn Work, u64) -> Result<f64>,
) -> Result<Rounds<f64>> {
    let mut rounds = Rounds::of(subjects.len());
    // The first calls meet cold caches, and moka's meet its housekeeping.
    for turn in warm_up(subjects.len()).chain(turns(subjects.len(), effort.rounds)) {
        rounds.note(turn, work(&*subjects[turn.side], turn.round as u64)?);
    }
    Ok(rounds)
}

/// A row for each of ours beside each peer.
fn compared(group: &'static str, tasks: usize, unit: &'static str, rounds: &Rounds<f64>) -> Vec<Row> {
    let row = |ours: usize, peer: usize| Row {
        group,
        name: OURS[ours].0.to_owned(),
        tasks,
        peer: PEERS[peer].0.to_owned(),
        unit,
        figures: rounds.compare(ours, OURS.len() + peer, |figure| *figure),
        bar: None,
    };
    (0..OURS.len()).flat_map(|ours| (0..PEERS.len()).map(move |peer| (ours, peer))).map(|(o, p)| row(o, p)).collect()
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
        let drawn = keys.drawn(seed).take(calls);
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
                    let (runtime, drawn) = (runtime(), keys.drawn(seed).take(calls));
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
