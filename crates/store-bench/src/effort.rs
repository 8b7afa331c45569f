//! How much of the machine's time a run may take.

use std::time::Duration;

use serde::Serialize;

/// What every group measures with. A group that needs another measure adds it here, so that all shrink together.
#[derive(Clone, Copy, Serialize)]
#[serde(into = "&'static str")]
pub(crate) struct Effort {
    pub(crate) name: &'static str,
    /// Rounds that count, each of which has everybody work once.
    pub(crate) rounds: usize,
    /// How long a side works in a round, where time ends it.
    pub(crate) burst: Duration,
    /// How many calls a side makes in a round, where their number ends it.
    pub(crate) calls: usize,
    /// Rounds of what takes a process of its own, and seconds.
    pub(crate) processes: usize,
}

impl Effort {
    /// Meant for everything in 25 minutes on two cores.
    pub(crate) const FULL: Self =
        Self { name: "full", rounds: 9, burst: Duration::from_millis(250), calls: 1_000_000, processes: 5 };

    /// Meant for everything in 3 minutes: enough to see whether a change went the right way.
    pub(crate) const QUICK: Self =
        Self { name: "quick", rounds: 3, burst: Duration::from_millis(100), calls: 200_000, processes: 1 };
}

impl From<Effort> for &'static str {
    fn from(effort: Effort) -> Self {
        effort.name
    }
}
