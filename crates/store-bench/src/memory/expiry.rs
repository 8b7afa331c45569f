//! A million entries that expire at one time, in a process of its own: how long callers wait meanwhile, and when the
//! memory is free.
//!
//! One caller reads any entry and writes a few, one call after another, while whoever keeps them frees what has
//! expired: ours by its sweeper, as it runs by default; moka inside of calls.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use store_memory::{MemoryCache, StoreExt};

use super::keys::{Keys, Random};
use super::subjects::value;
use super::{CALLS_PER_WRITE, ENTRIES, LIFETIME};
use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::rounds::{Rounds, turns};
use crate::{allocations, own_process};

const GROUP: &str = "memory, expiry";
const PEER: &str = "moka with an Expiry";

/// How long after its beginning the entries expire. It has to be filled by then.
const EXPIRES_AFTER: Duration = Duration::from_secs(5);
/// For so long it is watched how long calls take, and for longer while the memory is not free.
const WATCHED: Duration = Duration::from_secs(3);
/// When nobody waits any longer for the memory.
const GIVEN_UP: Duration = Duration::from_secs(15);
/// How much of the memory has to be free.
const FREE: f64 = 0.9;

/// Keys that are written meanwhile: few, so that what they take is none of what has to be free.
const WRITTEN: usize = 1_000;

/// What the program is started as.
#[derive(Args)]
pub(crate) struct Expiry {
    subject: Expiring,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Expiring {
    Ours,
    Moka,
}

impl Expiry {
    /// Says how many milliseconds the longest call took, and after how many 90 % of the memory was free.
    pub(crate) fn carry_out(&self) -> Result<()> {
        allocations::count();
        let keys = Keys::new(ENTRIES);
        let deadline = Instant::now() + EXPIRES_AFTER;
        // A second worker, so that the sweeper has a thread beside the caller's.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let seen = runtime.block_on(async {
            match self.subject {
                Expiring::Ours => watch(&Ours(MemoryCache::new()), &keys, deadline).await,
                Expiring::Moka => watch(&Moka::new(), &keys, deadline).await,
            }
        })?;
        println!("{:.3} {:.0}", seen.longest.as_secs_f64() * 1e3, seen.free_after.as_secs_f64() * 1e3);
        Ok(())
    }
}

struct Seen {
    longest: Duration,
    free_after: Duration,
}

/// Everything in order of time: fill, wait for the deadline, and then call until it is over.
async fn watch(subject: &impl Keeps, keys: &Keys, deadline: Instant) -> Result<Seen> {
    let empty = allocations::bytes();
    for key in keys.all() {
        subject.set_until(key, deadline).await;
    }
    let filled = allocations::bytes() - empty;
    ensure!(Instant::now() < deadline, "the entries expired before all of them were there");
    let still = empty + (filled as f64 * (1.0 - FREE)) as i64;
    tokio::time::sleep_until(deadline.into()).await;

    let (mut random, mut seen) = (Random::new(1), Seen { longest: Duration::ZERO, free_after: GIVEN_UP });
    let mut before = Instant::now();
    for number in 0_usize.. {
        let key = keys.at((random.fraction() * ENTRIES as f64) as usize);
        if number % CALLS_PER_WRITE == 0 {
            subject.set(keys.at(number / CALLS_PER_WRITE % WRITTEN)).await;
        } else {
            subject.get(key).await;
        }
        let after = Instant::now();
        seen.longest = seen.longest.max(after - before);
        let passed = after.saturating_duration_since(deadline);
        if seen.free_after == GIVEN_UP && allocations::bytes() <= still {
            seen.free_after = passed;
        }
        if passed >= WATCHED.max(seen.free_after) {
            break;
        }
        before = Instant::now();
    }
    Ok(seen)
}

/// Keeps entries for as long as each is told.
trait Keeps {
    async fn set_until(&self, key: &str, deadline: Instant);

    /// For longer than the benchmark takes.
    async fn set(&self, key: &str);

    async fn get(&self, key: &str);
}

struct Ours(MemoryCache);

impl Keeps for Ours {
    async fn set_until(&self, key: &str, deadline: Instant) {
        // One that comes too late is no error of the store's: it is seen when all are there.
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.0.set(key, value()).ttl(left).await.expect("there is no limit");
    }

    async fn set(&self, key: &str) {
        self.0.set(key, value()).ttl(LIFETIME).await.expect("there is no limit");
    }

    async fn get(&self, key: &str) {
        self.0.get(key).await.expect("reading in process does not fail");
    }
}

struct Moka(moka::sync::Cache<Box<str>, Lasting>);

/// A value and when it expires.
type Lasting = (store_memory::Bytes, Instant);

impl Moka {
    fn new() -> Self {
        Self(moka::sync::Cache::builder().expire_after(AtItsDeadline).build())
    }
}

struct AtItsDeadline;

impl moka::Expiry<Box<str>, Lasting> for AtItsDeadline {
    fn expire_after_create(&self, _: &Box<str>, entry: &Lasting, now: Instant) -> Option<Duration> {
        Some(entry.1.saturating_duration_since(now))
    }

    fn expire_after_update(
        &self,
        _: &Box<str>,
        entry: &Lasting,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.1.saturating_duration_since(now))
    }
}

impl Keeps for Moka {
    async fn set_until(&self, key: &str, deadline: Instant) {
        self.0.insert(key.into(), (value(), deadline));
    }

    async fn set(&self, key: &str) {
        self.0.insert(key.into(), (value(), Instant::now() + LIFETIME));
    }

    async fn get(&self, key: &str) {
        self.0.get(key);
    }
}

/// By turns, each in a process of its own.
pub(super) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let subjects = [Expiring::Ours, Expiring::Moka];
    let mut rounds = Rounds::of(subjects.len());
    for turn in turns(subjects.len(), effort.processes) {
        eprintln!("{GROUP}: {} of {}", turn.round, effort.processes);
        let [longest, free_after] = own_process::figures(&["expiry", &own_process::word(subjects[turn.side])])?;
        rounds.note(turn, Outcome { longest, free_after });
    }
    let row = |name: &str, figure: fn(&Outcome) -> f64, at_most: f64| Row {
        group: GROUP,
        name: name.to_owned(),
        tasks: 1,
        entries: None,
        peer: PEER.to_owned(),
        unit: "ms",
        figures: rounds.compare(0, 1, figure),
        bar: Some(Bar::ours_at_most(at_most)),
    };
    Ok(vec![
        row("longest call while entries are freed", |outcome| outcome.longest, 10.0),
        row("until 90 % of the memory is free", |outcome| outcome.free_after, 2_000.0),
    ])
}

struct Outcome {
    longest: f64,
    free_after: f64,
}
