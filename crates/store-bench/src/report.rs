//! Figures as a table for people and as JSON for comparisons over time.

use std::env::consts::{ARCH, OS};
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, Result};
use serde::Serialize;

/// What one run measured.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: String,
    pub(crate) rows: Vec<Row>,
}

/// Ours beside a peer.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) group: &'static str,
    /// What was done, and through what.
    pub(crate) name: &'static str,
    /// How many tasks did it at the same time.
    pub(crate) tasks: usize,
    /// Who we are compared with.
    pub(crate) peer: &'static str,
    pub(crate) unit: &'static str,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// Medians over the rounds.
#[derive(Serialize, Debug, PartialEq)]
pub(crate) struct Figures {
    ours: f64,
    peer_value: f64,
    /// Ours by the peer's, within one round.
    ratio: f64,
    /// By how much the ratios of the rounds differ: the largest less the smallest, by the median.
    spread: f64,
}

/// What one round measured.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) ours: f64,
    pub(crate) peer: f64,
}

impl Figures {
    pub(crate) fn of<const ROUNDS: usize>(rounds: [Round; ROUNDS]) -> Self {
        const { assert!(ROUNDS > 0, "no figure without a round") }
        let ratios = sorted(rounds.map(|round| round.ours / round.peer));
        let ratio = median(ratios);
        Self {
            ours: median(sorted(rounds.map(|round| round.ours))),
            peer_value: median(sorted(rounds.map(|round| round.peer))),
            ratio,
            spread: (ratios[ROUNDS - 1] - ratios[0]) / ratio,
        }
    }
}

fn sorted<const N: usize>(mut values: [f64; N]) -> [f64; N] {
    values.sort_by(f64::total_cmp);
    values
}

/// The middle one; of an even number, the greater of the two in the middle.
fn median<const N: usize>(sorted: [f64; N]) -> f64 {
    sorted[N / 2]
}

impl Report {
    pub(crate) fn of_this_machine() -> Self {
        let cores = available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
        Self { machine: format!("{ARCH} {OS}, {cores} cores"), rows: Vec::new() }
    }

    /// A line for each row.
    pub(crate) fn text(&self) -> String {
        let head =
            format!("{:<40} {:>5} {:>9} {:>9} {:>6} {:>8}", self.machine, "tasks", "ours", "peer", "ratio", "spread");
        std::iter::once(head).chain(self.rows.iter().map(Row::line)).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(file, json + "\n").with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Row {
    fn line(&self) -> String {
        let Self { group, name, tasks, peer, unit, figures } = self;
        let Figures { ours, peer_value, ratio, spread } = figures;
        let (title, percent) = (format!("{group}: {name}"), spread * 100.0);
        format!(
            "{title:<40} {tasks:>5} {ours:>9.0} {peer_value:>9.0} {ratio:>6.3} {percent:>6.2} %  {unit}, peer: {peer}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_medians_and_the_ratio_is_taken_within_a_round() {
        let rounds = [(100.0, 100.0), (220.0, 200.0), (150.0, 125.0)].map(|(ours, peer)| Round { ours, peer });
        let figures = Figures::of(rounds);
        assert_eq!((figures.ours, figures.peer_value, figures.ratio), (150.0, 125.0, 1.1));
        assert!((figures.spread - 0.2 / 1.1).abs() < 1e-9, "{figures:?}");
    }
}
