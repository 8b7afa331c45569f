//! One fault after another, at random, under callers whose histories are judged.
//!
//! As long as a primary stays, what callers saw of an entry has to fit one order. Where one is replaced the servers
//! promise less: entries that lived through such a time are judged too, but what no order explains is counted as weakened
//! and not as a violation. Increments are never applied twice, whatever happens.

mod callers;
mod faults;
mod rotation;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use store_redis::{Config, Durability, RedisCache};
use store_testkit::proxy::FaultProxy;
use store_testkit::{Random, RedisServer, Role, ServerOptions};

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::topology::{Deployment, Replacement, Topology, durable};
use crate::writers::Writers;
use callers::Callers;
use faults::{Fault, Place};
use rotation::Rotation;

const DEADLINE: Duration = Duration::from_secs(5);

/// Some take half a minute until everything is repaired.
const LEAST_FAULTS: u64 = 3;

/// The longest quiet time between two faults.
const QUIET_MILLIS: u64 = 300;

pub(crate) fn bars(topology: Topology) -> Vec<Bar> {
    let mut bars = vec![
        Bar::at_most("duplicated", 0),
        Bar::at_most("violations", 0),
        Bar::at_least("histories", 10),
        Bar::at_least("faults", LEAST_FAULTS),
    ];
    if topology == Topology::Standalone {
        bars.push(Bar::at_most("lost", 0));
        bars.push(Bar::at_most("weakened", 0));
    }
    bars
}

pub(crate) fn storm(run: &Run) -> Result<Figures> {
    let servers = if run.topology == Topology::Standalone { durable() } else { ServerOptions::new() };
    let deployment = Deployment::start(run.topology, Replacement::Prompt, Rotation::known_to(servers))?;
    // Only one node has an address that a proxy can stand at; the others tell clients where they are.
    let proxy = match &deployment {
        Deployment::Standalone(server) => Some(FaultProxy::start(server.url())?),
        Deployment::Sentinel(_) | Deployment::Cluster(_) => None,
    };
    let config = proxy.as_ref().map_or_else(|| deployment.config(), |proxy| Config::tcp("127.0.0.1", proxy.port()));
    let rotation = Rotation::new();
    let cache = run.build(|| RedisCache::builder(config.clone()).credentials(rotation.provider()))?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, Durability::Acknowledged)?;
    let callers = Callers::start(&run.runtime, &cache, run.seed)?;
    let place = Place { deployment: &deployment, proxy: proxy.as_ref(), rotation: &rotation };
    let mut figures = Figures::default();
    figures.count("weakened", 0_u64);
    let replaced = schedule(run, &place, &callers, &mut figures)?;
    writers.await_well()?;
    callers.finish(&run.runtime, &replaced, &mut figures)?;
    figures.merge(&writers.finish(&run.runtime)?.judge(&deployment)?);
    if run.topology == Topology::Standalone {
        figures.count("violations", figures.get("lost").unwrap_or_default());
    }
    Ok(figures)
}

/// A time in which the primary was replaced, in nanoseconds since the callers started.
pub(crate) struct Replaced {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// Does one fault after another until the time is up, and says when the primary was replaced.
fn schedule(run: &Run, place: &Place<'_>, callers: &Callers, figures: &mut Figures) -> Result<Vec<Replaced>> {
    let mut random = Random::new(run.seed);
    let (faults, mut replaced) = (Fault::of(run.topology), Vec::new());
    let end = Instant::now() + run.duration;
    let (mut primary, mut known_since) = (place.deployment.primary()?, callers.now());
    while Instant::now() < end || figures.get("faults").unwrap_or_default() < LEAST_FAULTS {
        let Some(fault) = random.choose(&faults) else { bail!("a topology without faults") };
        let began = callers.now();
        fault.strike(place, &mut random)?;
        place.deployment.await_settled()?;
        figures.count("faults", 1_u64);
        figures.count(fault.figure(), 1_u64);
        if fault.replaces() {
            replaced.push(Replaced { from: began, to: callers.now() });
        } else if was_replaced(primary) {
            // Perhaps by itself before the fault, on a machine on which servers are late.
            replaced.push(Replaced { from: known_since, to: callers.now() });
        }
        (primary, known_since) = (place.deployment.primary()?, callers.now());
        std::thread::sleep(Duration::from_millis(random.below(QUIET_MILLIS)));
    }
    if was_replaced(primary) {
        replaced.push(Replaced { from: known_since, to: u64::MAX });
    }
    Ok(replaced)
}

/// Whether it is a primary no longer. One whose slots have moved still is, and nothing is lost with that.
fn was_replaced(former: &RedisServer) -> bool {
    !former.role().is_ok_and(|role| role == Role::Primary)
}
