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

use crate::report::{Figures, Round, Row};
use keys::Keys;
use subjects::{Any, Subject, value};

pub(crate) use resident::Fill;

const GROUP: &str = "memory";

const ENTRIES: usize = 1_000_000;
const VALUE_BYTES: usize = 100;
const LIFETIME: Duration = Duration::from_secs(3600);

const ROUNDS: usize = 9;

/// Of one subject in one round.
const CALLS: usize = 1_000_000;

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
pub(crate) fn measure() -> Result<Vec<Row>> {
    let keys = Arc::new(Keys::new(ENTRIES));
    let subjects = everybody().map(|(name, any)| {
        eprintln!("{GROUP}: filling {name}");
        let filled = any.filled(&keys);
        (any, filled)
    });
    let subjects: Vec<_> = subjects.collect();
    let hits = rounds(&subjects, |subject, seed| subject.hit(&keys, seed))?;
    let mixed = rounds(&subjects, |subject, seed| subject.mix(&keys, seed))?;
    let mut rows = compared("memory, hit", 1, "ns", &hits);
    rows.extend(compared("memory, mixed", THREADS, "kops/s", &mixed));
    rows.extend(resident::measure()?);
    Ok(rows)
}

fn everybody() -> impl Iterator<Item = (&'static str, Any)> {
    OURS.into_iter().chain(PEERS)
}

/// What everybody took in each round.
type Taken = Vec<(Any, [f64; ROUNDS])>;

fn rounds(subjects: &[(Any, Box<dyn Work>)], work: impl Fn(&dyn Work, u64) -> Result<f64>) -> Result<Taken> {
    // The first calls meet cold caches, and moka's meet its housekeeping.
    for (_, subject) in subjects {
        work(&**subject, 0)?;
    }
    let mut taken: Taken = subjects.iter().map(|(any, _)| (*any, [0.0; ROUNDS])).collect();
    for round in 0..ROUNDS {
        for ((_, subject), (_, figures)) in subjects.iter().zip(&mut taken) {
            figures[round] = work(&**subject, round as u64 + 1)?;
        }
    }
    Ok(taken)
}

/// A row for each of ours beside each peer.
fn compared(group: &'static str, tasks: usize, unit: &'static str, taken: &Taken) -> Vec<Row> {
    let of = |wanted| taken.iter().find(|(any, _)| *any == wanted).map_or([f64::NAN; ROUNDS], |(_, figures)| *figures);
    let row = |(name, ours), (peer_name, peer)| {
        let (ours, peer) = (of(ours), of(peer));
        let rounds = std::array::from_fn::<_, ROUNDS, _>(|round| Round { ours: ours[round], peer: peer[round] });
        Row { group, name, tasks, peer: peer_name, unit, figures: Figures::of(rounds) }
    };
    OURS.iter().flat_map(|&ours| PEERS.iter().map(move |&peer| row(ours, peer))).collect()
}

/// What is done to a subject that is filled.
trait Work {
    /// Nanoseconds for a hit.
    fn hit(&self, keys: &Arc<Keys>, seed: u64) -> Result<f64>;

    /// Thousands of operations a second, of all threads together.
    fn mix(&self, keys: &Arc<Keys>, seed: u64) -> Result<f64>;
}

impl<S: Subject> Work for Arc<S> {
    fn hit(&self, keys: &Arc<Keys>, seed: u64) -> Result<f64> {
        let drawn = keys.drawn(seed).take(CALLS);
        let (taken, hits) = runtime()?.block_on(async {
            let mut hits = 0;
            let began = Instant::now();
            for key in drawn {
                hits += usize::from(self.get(key).await);
            }
            (began.elapsed(), hits)
        });
        ensure!(hits == CALLS, "{} of {CALLS} calls missed", CALLS - hits);
        Ok(taken.as_secs_f64() * 1e9 / CALLS as f64)
    }

    fn mix(&self, keys: &Arc<Keys>, seed: u64) -> Result<f64> {
        // All draw their keys before the first of them begins.
        let start = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS as u64)
            .map(|thread| {
                let (subject, keys, seed) = (Self::clone(self), Arc::clone(keys), seed * THREADS as u64 + thread);
                let start = Arc::clone(&start);
                thread::spawn(move || -> Result<(Instant, Instant)> {
                    let (runtime, drawn) = (runtime(), keys.drawn(seed).take(CALLS));
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
        Ok((CALLS * THREADS) as f64 / (ended - began).as_secs_f64() / 1e3)
    }
}

/// Without timers: our sweeper has nothing to do within the hour.
fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().build()?)
}
