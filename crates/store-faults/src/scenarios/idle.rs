//! A server that is restarted while nobody calls: the first call after it succeeds.

use std::time::Instant;

use anyhow::Result;
use store_redis::Outcome;
use store_redis::prelude::*;
use store_testkit::ServerOptions;

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::topology::{Deployment, Replacement, Topology};

const RESTARTS: u64 = 20;

pub(crate) fn bars(_: Topology) -> Vec<Bar> {
    vec![Bar::at_least("acknowledged", RESTARTS), Bar::at_most("violations", 0)]
}

/// Increments, because they are never repeated once they may have happened.
pub(crate) fn restart(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let cache = run.connect_to(&deployment)?;
    let mut figures = Figures::default();
    for _ in 0..RESTARTS {
        run.runtime.block_on(cache.increment("n", 1).into_future())?;
        deployment.primary()?.restart()?;
        let called = Instant::now();
        let first = run.runtime.block_on(cache.increment("n", 1).into_future());
        figures.count("operations", 1_u64);
        figures.longest("longest_call_ms", called.elapsed());
        match first {
            // The server has come back empty.
            Ok(sum) => {
                figures.count("acknowledged", 1_u64);
                figures.count("violations", u64::from(sum != 1));
            }
            Err(error) if error.outcome() == Outcome::Unknown => figures.count("unknown", 1_u64),
            Err(_) => figures.count("refused", 1_u64),
        }
    }
    Ok(figures)
}
