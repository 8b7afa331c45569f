//! Contests: a client of ours and others do the same for a while, by turns.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use crate::burst::{self, Burst, Work};
use crate::effort::Effort;
use crate::report::{Bar, Figures, Row};
use crate::rounds::{Rounds, turns, warm_up};

/// Operations, whatever a group calls one.
const UNIT: &str = "operations/s";

/// Who can work in bursts.
#[async_trait]
pub(crate) trait Contestant: Send + Sync {
    async fn burst(&self, tasks: usize, length: Duration) -> Result<Burst>;
}

/// What gives each task, by its number, its work.
#[async_trait]
impl<F, W> Contestant for F
where
    F: Fn(usize) -> W + Send + Sync,
    W: Work,
{
    async fn burst(&self, tasks: usize, length: Duration) -> Result<Burst> {
        burst::of((0..tasks).map(self), length).await
    }
}

/// Ours, and whom it is compared with.
pub(crate) struct Contest<'a> {
    sides: Vec<Box<dyn Contestant + 'a>>,
    peers: Vec<Peer>,
}

struct Peer {
    name: String,
    bar: Option<Bar>,
}

impl<'a> Contest<'a> {
    pub(crate) fn of(ours: impl Contestant + 'a) -> Self {
        Self { sides: vec![Box::new(ours)], peers: Vec::new() }
    }

    /// Adds a peer, and what our throughput beside it has to be.
    pub(crate) fn against(
        mut self,
        name: impl Into<String>,
        bar: impl Into<Option<Bar>>,
        peer: impl Contestant + 'a,
    ) -> Self {
        self.sides.push(Box::new(peer));
        self.peers.push(Peer { name: name.into(), bar: bar.into() });
        self
    }

    /// Has everybody work in bursts, and the first of them warm up.
    pub(crate) async fn hold(self, tasks: usize, effort: Effort) -> Result<Outcome> {
        let sides = self.sides.len();
        let mut rounds = Rounds::of(sides);
        for turn in warm_up(sides).chain(turns(sides, effort.rounds)) {
            rounds.note(turn, self.sides[turn.side].burst(tasks, effort.burst).await?);
        }
        Ok(Outcome { tasks, peers: self.peers, rounds })
    }
}

/// What came of a contest.
pub(crate) struct Outcome {
    tasks: usize,
    peers: Vec<Peer>,
    rounds: Rounds<Burst>,
}

impl Outcome {
    /// The throughput beside that of each peer.
    pub(crate) fn throughput(&self, group: &'static str, name: &str) -> Vec<Row> {
        let row = |(number, peer): (usize, &Peer)| {
            let figures = self.beside(number, |burst| burst.per_second);
            self.row(group, name, UNIT, peer, figures, peer.bar)
        };
        self.peers.iter().enumerate().map(row).collect()
    }

    /// The 99th percentile of the latency beside that of the first peer.
    pub(crate) fn p99(&self, group: &'static str, name: &str, bar: Bar) -> Option<Row> {
        let figures = self.beside(0, |burst| burst.p99_micros);
        let peer = self.peers.first()?;
        Some(self.row(group, name, "microseconds", peer, figures, Some(bar)))
    }

    fn beside(&self, peer: usize, figure: fn(&Burst) -> f64) -> Figures {
        self.rounds.compare(0, peer + 1, figure)
    }

    fn row(
        &self,
        group: &'static str,
        name: &str,
        unit: &'static str,
        peer: &Peer,
        figures: Figures,
        bar: Option<Bar>,
    ) -> Row {
        Row {
            group,
            name: name.to_owned(),
            tasks: self.tasks,
            entries: None,
            peer: peer.name.clone(),
            unit,
            figures,
            bar,
        }
    }
}
