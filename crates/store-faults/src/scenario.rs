//! A scenario, and how it is run: as often as it has to be, with a seed for each time.

use std::time::Duration;

use anyhow::Result;
use store_redis::{Config, RedisCache};
use store_testkit::wait_until;
use tokio::runtime::{Builder, Runtime};

use crate::figures::{Bar, Figures};
use crate::topology::{Deployment, PATIENCE, Topology};

/// One way in which servers fail, what is done meanwhile, and what the driver is held to.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// In one line.
    pub(crate) about: &'static str,
    pub(crate) topologies: &'static [Topology],
    /// How often it is run unless told otherwise.
    pub(crate) repeats: u32,
    pub(crate) bars: fn(Topology) -> Vec<Bar>,
    pub(crate) run: fn(&Run) -> Result<Figures>,
}

/// One run of a scenario.
pub(crate) struct Run {
    pub(crate) topology: Topology,
    pub(crate) seed: u64,
    /// How long what is random goes on.
    pub(crate) duration: Duration,
    pub(crate) runtime: Runtime,
}

impl Run {
    /// Connects with these settings.
    pub(crate) fn connect(&self, config: Config) -> Result<RedisCache> {
        self.build(|| RedisCache::builder(config.clone()))
    }

    /// Connects as a builder says. On a busy machine servers are late, and may just be replaced for it.
    pub(crate) fn build(&self, builder: impl Fn() -> store_redis::Builder<RedisCache>) -> Result<RedisCache> {
        let mut last = None;
        let connected = wait_until("a connection", PATIENCE, || {
            let connected = self.runtime.block_on(builder().connect());
            connected.map_err(|error| last = Some(error)).ok()
        });
        connected.map_err(|late| last.map_or_else(|| late.into(), anyhow::Error::from))
    }

    /// Connects with every setting at its default.
    pub(crate) fn connect_to(&self, deployment: &Deployment) -> Result<RedisCache> {
        self.connect(deployment.config())
    }
}

/// What all runs of a scenario on one topology amount to.
pub(crate) struct Row {
    pub(crate) scenario: &'static Scenario,
    pub(crate) topology: Topology,
    pub(crate) runs: Vec<Figures>,
    /// Why a run came to no figures.
    pub(crate) failure: Option<String>,
}

impl Row {
    /// Over all runs.
    pub(crate) fn figures(&self) -> Figures {
        let mut all = Figures::default();
        self.runs.iter().for_each(|run| all.merge(run));
        all
    }

    /// Every bar, and whether it is held.
    pub(crate) fn bars(&self) -> Vec<(Bar, bool)> {
        let figures = self.figures();
        (self.scenario.bars)(self.topology).into_iter().map(|bar| (bar, bar.is_held_by(&figures))).collect()
    }

    pub(crate) fn passed(&self) -> bool {
        self.failure.is_none() && self.bars().iter().all(|(_, held)| *held)
    }

    /// The middle one of the runs' longest gaps; of an even number, the longer of the two in the middle.
    pub(crate) fn median_gap_ms(&self) -> Option<u64> {
        let mut gaps: Vec<_> = self.runs.iter().filter_map(|run| run.get("longest_gap_ms")).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }
}

impl Scenario {
    pub(crate) fn run(&'static self, topology: Topology, repeats: u32, seed: u64, duration: Duration) -> Row {
        let mut row = Row { scenario: self, topology, runs: Vec::new(), failure: None };
        for repeat in 0..repeats {
            match self.run_once(topology, seed.wrapping_add(u64::from(repeat)), duration) {
                Ok(figures) => row.runs.push(figures),
                Err(error) => {
                    row.failure = Some(format!("{error:#}"));
                    break;
                }
            }
        }
        row
    }

    fn run_once(&self, topology: Topology, seed: u64, duration: Duration) -> Result<Figures> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let run = Run { topology, seed, duration, runtime };
        let figures = (self.run)(&run);
        // Calls that outlive their deadline must not keep the next run waiting.
        run.runtime.shutdown_timeout(Duration::from_secs(1));
        figures
    }
}
