//! What the abstraction itself costs, on the memory driver, where nothing hides it: `Arc<dyn Store>` beside the direct
//! call, and a namespace three levels deep beside none.
//!
//! A few entries, so that all is in the processor's cache and a call is nothing but its instructions. Times are taken
//! by turns in this process; what is asked of the allocator is counted in another one.

mod allocated;
mod calls;

use std::time::Instant;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};

use crate::effort::Effort;
use crate::report::{Bar, Figures, Row};
use crate::rounds::{Rounds, turns, warm_up};
use calls::{Operation, Subjects, Through};

pub(crate) use allocated::Allocated;

const GROUP: &str = "core";

/// What `Arc<dyn Store>` may take more than the direct call, in ns.
const MORE_TIME: f64 = 40.0;
/// How many allocations more.
const MORE_ALLOCATIONS: f64 = 1.0;

/// A comparison of two ways to the same entries.
struct Pair {
    name: &'static str,
    ours: Through,
    peer: Through,
    peer_name: &'static str,
    more_time: Option<f64>,
    more_allocations: f64,
}

const PAIRS: [Pair; 2] = [
    Pair {
        name: "through Arc<dyn Store>",
        ours: Through::Shared,
        peer: Through::Direct,
        peer_name: "the direct call",
        more_time: Some(MORE_TIME),
        more_allocations: MORE_ALLOCATIONS,
    },
    Pair {
        name: "in a namespace of depth 3",
        ours: Through::Nested,
        peer: Through::Shared,
        peer_name: "no namespace",
        more_time: None,
        more_allocations: 0.0,
    },
];

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for operation in Operation::ALL {
        eprintln!("{GROUP}: {}", operation.name());
        let times = times(operation, effort)?;
        let allocations = allocated::measure(operation)?;
        for pair in &PAIRS {
            let more_time = pair.more_time.map(Bar::more_at_most);
            rows.push(pair.row(operation, "ns", &times, more_time)?);
            rows.push(pair.row(
                operation,
                "allocations",
                &allocations,
                Some(Bar::more_at_most(pair.more_allocations)),
            )?);
        }
    }
    Ok(rows)
}

impl Pair {
    fn row(&self, operation: Operation, unit: &'static str, rounds: &Rounds<f64>, bar: Option<Bar>) -> Result<Row> {
        Ok(Row {
            group: GROUP,
            name: format!("{} {}", operation.name(), self.name),
            tasks: 1,
            entries: None,
            peer: self.peer_name.to_owned(),
            unit,
            figures: self.figures(rounds).context("every way is measured")?,
            bar,
        })
    }

    fn figures(&self, rounds: &Rounds<f64>) -> Option<Figures> {
        let side = |through| Through::ALL.iter().position(|other| *other == through);
        Some(rounds.compare(side(self.ours)?, side(self.peer)?, |figure| *figure))
    }
}

/// Nanoseconds of a call, each way.
fn times(operation: Operation, effort: Effort) -> Result<Rounds<f64>> {
    let (runtime, subjects) = (runtime()?, Subjects::new()?);
    let sides = Through::ALL.len();
    let mut rounds = Rounds::of(sides);
    for turn in warm_up(sides).chain(turns(sides, effort.rounds)) {
        let began = Instant::now();
        runtime.block_on(subjects.call(Through::ALL[turn.side], operation, effort.calls))?;
        rounds.note(turn, began.elapsed().as_secs_f64() * 1e9 / effort.calls as f64);
    }
    Ok(rounds)
}

/// Without timers: nothing expires.
fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().build()?)
}
