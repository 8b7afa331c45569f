//! Increments while the primary stays: none is lost, none is applied twice.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use store_redis::{Config, Durability};
use store_testkit::proxy::{Cut, FaultProxy, Faults, When};
use store_testkit::{ClusterNode, ServerOptions};

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::topology::{Deployment, PATIENCE, Replacement, Topology, slot, wire_key};
use crate::writers::Writers;

const HICCUP: Duration = Duration::from_millis(2500);

/// Shorter than the hiccup, so that calls end in it and nobody can tell what became of them.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

const DEADLINE: Duration = Duration::from_secs(5);

/// How long a slot stays half migrated.
const HALFWAY: Duration = Duration::from_secs(3);

/// How many writers' counters move ahead of the others.
const MOVED: usize = 4;

/// How many replies the proxy is to cut.
const CUTS: u64 = 300;

/// How many slots move beside that of the counters.
const SLOTS: usize = 200;

pub(crate) fn primary_stays(_: Topology) -> Vec<Bar> {
    vec![
        Bar::at_most("duplicated", 0),
        Bar::at_most("lost", 0),
        Bar::at_most("overrun_ms", 100),
        Bar::at_least("acknowledged", 320),
    ]
}

pub(crate) fn primary_stands_still(topology: Topology) -> Vec<Bar> {
    let mut bars = primary_stays(topology);
    // That it did.
    bars.push(Bar::at_least("longest_gap_ms", 2000));
    bars
}

pub(crate) fn replies_are_cut(topology: Topology) -> Vec<Bar> {
    let mut bars = primary_stays(topology);
    bars.push(Bar::at_least("unknown", 1));
    bars
}

pub(crate) fn hiccup(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let cache = run.connect(deployment.config().with_response_timeout(Some(RESPONSE_TIMEOUT)))?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, Durability::Acknowledged)?;
    let primary = deployment.primary()?;
    primary.stop()?;
    std::thread::sleep(HICCUP);
    primary.cont()?;
    writers.await_well()?;
    writers.finish(&run.runtime)?.judge(&deployment)
}

pub(crate) fn cut_replies(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let proxy = FaultProxy::start(deployment.primary()?.url())?;
    let cache = run.connect(Config::tcp("127.0.0.1", proxy.port()))?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, Durability::Acknowledged)?;
    proxy.inject(Faults::seeded(run.seed).cut(Cut::BeforeReply, When::Share(0.1)));
    store_testkit::wait_until("cut replies", PATIENCE, || (proxy.counts().cuts >= CUTS).then_some(()))?;
    proxy.heal();
    writers.await_well()?;
    let mut figures = writers.finish(&run.runtime)?.judge(&deployment)?;
    figures.count("cuts", proxy.counts().cuts);
    Ok(figures)
}

pub(crate) fn half_migrated_slot(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let Deployment::Cluster(cluster) = &deployment else { bail!("only a cluster has slots") };
    let cache = run.connect_to(&deployment)?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, Durability::Acknowledged)?;
    let slot = slot(cluster)?;
    let to = another_primary(&deployment, cluster.primary_of_slot(slot)?)?;
    let migration = cluster.begin_migration(slot, to)?;
    for writer in 0..MOVED {
        migration.move_key(wire_key(&format!("writer-{writer}")))?;
    }
    std::thread::sleep(HALFWAY);
    writers.await_well()?;
    migration.finish()?;
    writers.await_well()?;
    writers.finish(&run.runtime)?.judge(&deployment)
}

pub(crate) fn reshard(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let Deployment::Cluster(cluster) = &deployment else { bail!("only a cluster has slots") };
    let cache = run.connect_to(&deployment)?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, Durability::Acknowledged)?;
    let slot = slot(cluster)?;
    let begin = Instant::now();
    let from = cluster.primary_of_slot(slot)?;
    let to = another_primary(&deployment, from)?;
    cluster.reshard(from, to, SLOTS)?;
    cluster.begin_migration(slot, to)?.finish()?;
    writers.await_well()?;
    cluster.begin_migration(slot, from)?.finish()?;
    let took = begin.elapsed();
    writers.await_well()?;
    let mut figures = writers.finish(&run.runtime)?.judge(&deployment)?;
    figures.longest("reshard_ms", took);
    Ok(figures)
}

/// A primary other than this one.
fn another_primary<'a>(deployment: &'a Deployment, than: &ClusterNode) -> Result<&'a ClusterNode> {
    let Deployment::Cluster(cluster) = deployment else { bail!("only a cluster has several primaries") };
    let mut others = cluster.primaries().into_iter().filter(|node| node.id() != than.id());
    others.next().context("a cluster of one primary")
}
