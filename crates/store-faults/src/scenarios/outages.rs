//! The primary is gone: how long until writes succeed again, and what of the acknowledged ones is left.

use std::time::Duration;

use anyhow::Result;
use store_redis::Durability;
use store_testkit::{RedisServer, ServerOptions};

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::scenarios::guards::replicated;
use crate::topology::{Deployment, Replacement, Topology, durable};
use crate::writers::Writers;

const DEADLINE: Duration = Duration::from_secs(5);

/// Where the longest gap and, of one node that keeps everything on disk, lost increments are judged.
pub(crate) fn bars(topology: Topology) -> Vec<Bar> {
    let mut bars = unguarded_bars(topology);
    bars.push(match topology {
        Topology::Standalone => Bar::at_most("lost", 0),
        Topology::Sentinel => Bar::at_most("longest_gap_ms", 3000),
        Topology::Cluster => Bar::at_most("longest_gap_ms", 4500),
    });
    bars
}

/// Where what is lost is only counted.
pub(crate) fn unguarded_bars(_: Topology) -> Vec<Bar> {
    vec![Bar::at_most("duplicated", 0), Bar::at_most("overrun_ms", 100), Bar::at_least("acknowledged", 320)]
}

pub(crate) fn kill_primary(run: &Run) -> Result<Figures> {
    let servers = if run.topology == Topology::Standalone { durable() } else { ServerOptions::new() };
    without_primary(run, servers, RedisServer::kill)
}

pub(crate) fn kill_with_everysec(run: &Run) -> Result<Figures> {
    let servers = ServerOptions::new().directive("appendonly", "yes").directive("appendfsync", "everysec");
    without_primary(run, servers, RedisServer::kill)
}

pub(crate) fn kill_without_persistence(run: &Run) -> Result<Figures> {
    without_primary(run, ServerOptions::new(), RedisServer::kill)
}

pub(crate) fn kill_replicated(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start_with_replica_to_spare(run.topology, Replacement::Prompt)?;
    without_primary_of(&deployment, run, replicated()?, RedisServer::kill)
}

pub(crate) fn stop_primary(run: &Run) -> Result<Figures> {
    without_primary(run, ServerOptions::new(), RedisServer::stop)
}

type TakeAway = fn(&RedisServer) -> Result<(), store_testkit::Error>;

fn without_primary(run: &Run, servers: ServerOptions, take_away: TakeAway) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Prompt, servers)?;
    without_primary_of(&deployment, run, Durability::Acknowledged, take_away)
}

/// Takes the primary away. Nobody but a single node ever comes back, so that nothing else can end the outage.
fn without_primary_of(deployment: &Deployment, run: &Run, guard: Durability, take_away: TakeAway) -> Result<Figures> {
    let cache = run.connect_to(deployment)?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, guard)?;
    let former = deployment.primary()?;
    take_away(former)?;
    if run.topology == Topology::Standalone {
        former.restart()?;
    }
    writers.await_well()?;
    writers.finish(&run.runtime)?.judge(deployment)
}
