//! What entries take of a process that does nothing but keep them.

use anyhow::{Context, Result};
use clap::Args;

use super::keys::Keys;
use super::subjects::Any;
use super::{ENTRIES, OURS, PEERS, VALUE_BYTES};
use crate::effort::Effort;
use crate::own_process;
use crate::report::{Bar, Row};
use crate::rounds::{Rounds, turns};

/// What the program is started as.
#[derive(Args)]
pub(crate) struct Fill {
    subject: Any,
}

impl Fill {
    /// Fills, and says how many bytes each entry takes beyond its key and value.
    pub(crate) fn carry_out(&self) -> Result<()> {
        let keys = Keys::new(ENTRIES);
        let before = resident_memory()?;
        let filled = self.subject.filled(&keys);
        let grown = resident_memory()?.saturating_sub(before);
        drop(filled);
        let own: usize = keys.all().map(|key| key.len() + VALUE_BYTES).sum();
        println!("{:.1}", (grown as f64 - own as f64) / ENTRIES as f64);
        Ok(())
    }
}

/// How much of this process is in memory, in bytes.
fn resident_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("this system does not tell, Linux does")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no memory in /proc/self/status")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().context("no number in /proc/self/status")?;
    Ok(kib * 1024)
}

/// What an entry of ours may take.
const BAR: f64 = 140.0;

/// The exact clock takes no more of an entry than the coarse one, so one of ours stands for all.
pub(super) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let subjects: Vec<_> = OURS.into_iter().take(1).chain(PEERS).collect();
    let mut rounds = Rounds::of(subjects.len());
    for turn in turns(subjects.len(), effort.processes) {
        rounds.note(turn, bytes_an_entry(subjects[turn.side].1)?);
    }
    let rows = PEERS.iter().enumerate().map(|(number, (peer, _))| Row {
        group: "memory, size",
        name: "beyond key and value".to_owned(),
        tasks: 1,
        entries: Some(ENTRIES as u64),
        peer: (*peer).to_owned(),
        unit: "bytes an entry",
        figures: rounds.compare(0, 1 + number, |bytes| *bytes),
        bar: Some(Bar::ours_at_most(BAR)),
    });
    Ok(rows.collect())
}

fn bytes_an_entry(subject: Any) -> Result<f64> {
    let [bytes] = own_process::figures(&["fill", &own_process::word(subject)])?;
    Ok(bytes)
}
