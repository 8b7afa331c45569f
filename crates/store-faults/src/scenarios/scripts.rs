//! Operations that are scripts on the server, while the servers forget all scripts or never knew them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use store_redis::prelude::*;
use store_redis::{Expiry, Namespaced, Outcome, RedisCache, Timestamp};
use store_testkit::{RedisServer, Role, ServerOptions, wait_until};
use tokio::task::JoinHandle;

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::topology::{Deployment, NAMESPACE, PATIENCE, Replacement, Topology};

const CALLERS: u64 = 8;
const OPERATIONS: u64 = 20_000;
const FLUSHES: Duration = Duration::from_millis(5);

/// Between two operations of one caller across a failover.
const PAUSE: Duration = Duration::from_millis(1);

/// How many operations show that the new primary has been used.
const AFTERWARDS: u64 = 2_000;

const TTL: Duration = Duration::from_secs(600);

pub(crate) fn bars(_: Topology) -> Vec<Bar> {
    vec![
        Bar::at_least("operations", OPERATIONS),
        Bar::at_most("errors", 0),
        Bar::at_most("violations", 0),
        Bar::at_least("flushes", 10),
    ]
}

pub(crate) fn failover_bars(_: Topology) -> Vec<Bar> {
    vec![Bar::at_most("errors", 0), Bar::at_most("violations", 0), Bar::at_least("operations_afterwards", AFTERWARDS)]
}

/// `SCRIPT FLUSH` every 5 ms, on every server.
pub(crate) fn flush(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let cache = run.connect_to(&deployment)?;
    let callers = Callers::start(run, &cache, Duration::ZERO)?;
    let mut flushes = 0_u64;
    let mut connections = deployment.servers().into_iter().map(RedisServer::connect).collect::<Result<Vec<_>, _>>()?;
    while callers.operations() < OPERATIONS {
        for connection in &mut connections {
            connection.command(&["SCRIPT", "FLUSH"])?;
        }
        flushes += 1;
        std::thread::sleep(FLUSHES);
    }
    let mut figures = callers.finish(run)?;
    figures.count("flushes", flushes);
    Ok(figures)
}

/// A planned failover to a replica, to which no script was ever sent.
pub(crate) fn fail_over(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Prompt, ServerOptions::new())?;
    let cache = run.connect_to(&deployment)?;
    let callers = Callers::start(run, &cache, PAUSE)?;
    let former = deployment.primary()?;
    let (at_first, well) = (callers.operations(), 500);
    wait_until("operations before the failover", PATIENCE, || (callers.operations() > at_first + well).then_some(()))?;
    deployment.fail_over(former)?;
    wait_until("a new primary", PATIENCE, || {
        let primary = deployment.primary().ok()?;
        (primary.port() != former.port() && primary.role().is_ok_and(|role| role == Role::Primary)).then_some(())
    })?;
    let before = callers.operations();
    wait_until("operations afterwards", PATIENCE, || (callers.operations() > before + AFTERWARDS).then_some(()))?;
    let afterwards = callers.operations() - before;
    let mut figures = callers.finish(run)?;
    figures.count("operations_afterwards", afterwards);
    Ok(figures)
}

struct Callers {
    tasks: Vec<JoinHandle<Tally>>,
    operations: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

#[derive(Default)]
struct Tally {
    errors: u64,
    unknown: u64,
    wrong: u64,
    shown: Option<String>,
}

impl Callers {
    fn start(run: &Run, cache: &RedisCache, pause: Duration) -> Result<Self> {
        let (operations, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut tasks = Vec::new();
        for caller in 0..CALLERS {
            let cache = cache.namespace(NAMESPACE)?;
            let (operations, over) = (Arc::clone(&operations), Arc::clone(&over));
            tasks.push(run.runtime.spawn(async move {
                let mut tally = Tally::default();
                for round in 0_u64.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    match operate(&cache, caller, round).await {
                        Ok(right) => tally.wrong += u64::from(!right),
                        Err(error) => {
                            tally.errors += 1;
                            tally.unknown += u64::from(error.outcome() == Outcome::Unknown);
                            tally.shown.get_or_insert_with(|| error.to_string());
                        }
                    }
                    operations.fetch_add(1, Ordering::Relaxed);
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
                tally
            }));
        }
        Ok(Self { tasks, operations, over })
    }

    fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    fn finish(self, run: &Run) -> Result<Figures> {
        self.over.store(true, Ordering::Relaxed);
        let mut figures = Figures::default();
        for task in self.tasks {
            let tally = run.runtime.block_on(task).context("a caller ended without its tally")?;
            figures.count("errors", tally.errors);
            figures.count("unknown", tally.unknown);
            figures.count("violations", tally.wrong);
            if let Some(error) = tally.shown {
                eprintln!("        an error that reached a caller: {error}");
            }
        }
        figures.count("operations", self.operations.load(Ordering::Relaxed));
        Ok(figures)
    }
}

/// One scripted operation on an entry of the caller's own, and whether it did what it says. What a failover takes with it
/// is nothing here: every round stands on what it wrote itself, and only on that.
async fn operate(cache: &Namespaced<RedisCache>, caller: u64, round: u64) -> store_redis::Result<bool> {
    let key = format!("scripted-{caller}-{}", round % 3);
    Ok(match round % 3 {
        0 => {
            cache.get(&key).renew(TTL).await?;
            true
        }
        1 => {
            let other = cache.set(&key, "next").if_value("never written").await?;
            !other.is_stored()
        }
        _ => cache.increment(&key, 1).expiry_on_create(Expiry::At(Timestamp::MAX)).await? > 0,
    })
}
