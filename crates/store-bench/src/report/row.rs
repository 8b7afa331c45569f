//! One comparison.

use serde::Serialize;

use super::bar::Bar;
use super::figures::Figures;

/// How the name of a peer begins that is the best one of several.
pub(crate) const BEST_OF: &str = "best of ";

/// Ours beside a peer.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) group: &'static str,
    /// What was done, and through what.
    pub(crate) name: String,
    /// How many tasks did it at the same time.
    pub(crate) tasks: usize,
    /// How many entries or records there were, where rows differ in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entries: Option<u64>,
    /// Who we are compared with.
    pub(crate) peer: String,
    pub(crate) unit: &'static str,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// What it has to reach. A row without one is shown for its figures.
    pub(crate) bar: Option<Bar>,
}

impl Row {
    /// Whether it reaches what it has to.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.bar.map(|bar| bar.is_met(&self.figures))
    }
}
