//! A host that swallows everything and closes nothing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use store_redis::prelude::*;
use store_redis::{Config, Durability};
use store_testkit::ServerOptions;
use store_testkit::proxy::{FaultProxy, Faults};

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::topology::{Deployment, Replacement, Topology};
use crate::writers::Writers;

const DEADLINE: Duration = Duration::from_secs(1);

/// How long the hole is there.
const OUTAGE: Duration = Duration::from_secs(4);

pub(crate) fn bars(_: Topology) -> Vec<Bar> {
    vec![
        Bar::at_most("duplicated", 0),
        Bar::at_most("lost", 0),
        Bar::at_most("overrun_ms", 100),
        Bar::at_most("given_up_ms", 2000),
        Bar::at_least("unknown", 8),
    ]
}

/// Lines that are open are swallowed, then new ones, and at last the host is back.
pub(crate) fn swallow(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let proxy = FaultProxy::start(deployment.primary()?.url())?;
    let config = Config::tcp("127.0.0.1", proxy.port()).with_deadline(DEADLINE).with_connect_timeout(DEADLINE);
    let cache = run.connect(config.clone())?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, Durability::Acknowledged)?;
    proxy.inject(Faults::new().black_hole());
    let called = Instant::now();
    let connected = run.runtime.block_on(RedisCache::connect_with(config));
    let given_up = called.elapsed();
    ensure!(connected.is_err(), "a connection through a black hole");
    std::thread::sleep(OUTAGE.saturating_sub(given_up));
    proxy.heal();
    let healed = Instant::now();
    writers.await_well()?;
    let recovered = healed.elapsed();
    let mut figures = writers.finish(&run.runtime)?.judge(&deployment)?;
    figures.longest("given_up_ms", given_up);
    figures.longest("recovered_ms", recovered);
    Ok(figures)
}
