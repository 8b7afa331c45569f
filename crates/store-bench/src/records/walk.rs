//! A walk through a collection, in a process of its own, and the memory that it takes.

use anyhow::{Context, Result, ensure};
use clap::Args;
use store_redis::RecordPageOptions;

use super::{Collection, LARGE, SMALL, connect, key, open, row};
use crate::effort::Effort;
use crate::own_process;
use crate::report::{Bar, Row};
use crate::rounds::{Rounds, turns};

/// How much more the walk through many records may take, in KiB: what an allocator may keep of pages that were freed.
const FLAT: f64 = 1_024.0;

/// What the program is started as.
#[derive(Args)]
pub(crate) struct Walk {
    url: String,
    name: String,
    /// How many records there are.
    records: u64,
}

impl Walk {
    /// Walks, and says how much memory this process took at most, in KiB.
    pub(crate) fn carry_out(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.meet_each_once())?;
        println!("{}", peak_memory()?);
        Ok(())
    }

    /// Every key has to be the one that follows, so that nothing has to be remembered.
    async fn meet_each_once(&self) -> Result<()> {
        let store = open(&connect(&self.url).await?, &self.name).await?;
        let (mut options, mut met) = (RecordPageOptions::default(), 0);
        loop {
            let page = store.list_keys(options.clone()).await?;
            for item in page.items {
                ensure!(item.key.as_str() == key(met), "the walk met {} in place of {}", item.key, key(met));
                met += 1;
            }
            match page.next_start_key {
                Some(next) => options = options.with_exclusive_start_key(next),
                None => break,
            }
        }
        ensure!(met == self.records, "the walk met {met} of {} records", self.records);
        Ok(())
    }
}

/// How much of this process was in memory at most so far, in KiB.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("this system does not tell, Linux does")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak in /proc/self/status")?;
    line.trim().trim_end_matches(" kB").parse().context("no number in /proc/self/status")
}

/// By turns through a small and through a large collection.
pub(super) fn measure(url: &str, effort: Effort) -> Result<Vec<Row>> {
    let collections = [LARGE, SMALL];
    let mut rounds = Rounds::of(collections.len());
    for turn in turns(collections.len(), effort.processes) {
        rounds.note(turn, walk(url, collections[turn.side])?);
    }
    let figures = rounds.compare(0, 1, |peak| *peak as f64);
    Ok(vec![row(
        "peak memory of a walk through 1,000,000",
        "through 1,000",
        "KiB",
        figures,
        Some(Bar::more_at_most(FLAT)),
    )])
}

fn walk(url: &str, collection: Collection) -> Result<u64> {
    eprintln!("{}: a walk through {} records", super::GROUP, collection.records);
    let [peak] = own_process::figures(&["walk", url, collection.name, &collection.records.to_string()])?;
    Ok(peak)
}
