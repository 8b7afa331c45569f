//! Runs this program's worker under callgrind and reads the count.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::worker::Work;
use crate::own_process::word;

/// The line of a profile with the sum over all functions.
const TOTALS: &str = "totals:";

pub(crate) struct Callgrind<'a> {
    valgrind: PathBuf,
    worker: PathBuf,
    scratch: TempDir,
    profiles: Option<&'a Path>,
}

impl<'a> Callgrind<'a> {
    /// Looks for valgrind. Profiles are kept in `profiles` where it is given.
    pub(crate) fn find(profiles: Option<&'a Path>) -> Result<Self> {
        let valgrind = store_testkit::find_program("valgrind").context(
            "instructions are counted by valgrind, which is not on PATH: install it (Debian, Ubuntu: apt-get install \
             valgrind), or run `cargo xtask bench`, which does",
        )?;
        let worker = std::env::current_exe().context("cannot tell where this program is")?;
        let scratch = tempfile::tempdir().context("cannot make a directory for profiles")?;
        if let Some(directory) = profiles {
            fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        }
        Ok(Self { valgrind, worker, scratch, profiles })
    }

    /// The instructions of one run of the worker, all of its threads together.
    pub(crate) fn count(&self, work: &Work) -> Result<u64> {
        let name = format!("{}-{}-{}.callgrind", word(work.client), word(work.operation), work.calls);
        let profile = self.profiles.unwrap_or(self.scratch.path()).join(name);
        let output = Command::new(&self.valgrind)
            .args(["--tool=callgrind", "--quiet"])
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .arg(&self.worker)
            .args(["worker", &word(work.client), &word(work.operation)])
            .args([work.tasks.to_string(), work.calls.to_string()])
            .arg(&work.url)
            .output()
            .with_context(|| format!("cannot start {}", self.valgrind.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the worker under valgrind ended with {}: {}", output.status, said.trim());
        let text = fs::read_to_string(&profile).with_context(|| format!("cannot read {}", profile.display()))?;
        totals(&text).with_context(|| format!("no totals in {}", profile.display()))
    }
}

fn totals(profile: &str) -> Option<u64> {
    profile.lines().find_map(|line| line.strip_prefix(TOTALS))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_from_their_line() {
        assert_eq!(totals("version: 1\nevents: Ir\n\nfn=(1)\n12 34\n\ntotals: 46\n"), Some(46));
        assert_eq!(totals("version: 1\nevents: Ir\n"), None);
        assert_eq!(totals("totals: many\n"), None);
    }
}
