//! What a call asks of the allocator, in a process that does nothing else.

use anyhow::Result;
use clap::Args;

use super::calls::{Operation, Subjects, Through};
use super::runtime;
use crate::own_process::word;
use crate::rounds::{Rounds, turns};
use crate::{allocations, own_process};

/// A number of calls, and one as much greater, so that what is done before the first cancels out.
const CALLS: usize = 10_000;

/// What the program is started as.
#[derive(Args)]
pub(crate) struct Allocated {
    through: Through,
    operation: Operation,
}

impl Allocated {
    /// Says how many allocations a call makes.
    pub(crate) fn carry_out(&self) -> Result<()> {
        let (runtime, subjects) = (runtime()?, Subjects::new()?);
        allocations::count();
        let of = |calls| -> Result<i64> {
            let before = allocations::calls();
            runtime.block_on(subjects.call(self.through, self.operation, calls))?;
            Ok(allocations::calls() - before)
        };
        // The first calls let tables grow.
        of(CALLS)?;
        println!("{:.3}", (of(2 * CALLS)? - of(CALLS)?) as f64 / CALLS as f64);
        Ok(())
    }
}

/// Allocations of a call, each way. It is a count, and the same in every round.
pub(super) fn measure(operation: Operation) -> Result<Rounds<f64>> {
    let mut rounds = Rounds::of(Through::ALL.len());
    for turn in turns(Through::ALL.len(), 1) {
        let [allocations] = own_process::figures(&["allocated", &word(Through::ALL[turn.side]), &word(operation)])?;
        rounds.note(turn, allocations);
    }
    Ok(rounds)
}
