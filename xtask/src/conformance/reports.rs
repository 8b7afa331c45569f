//! Where suites leave their reports.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::report::DriverReport;
use crate::workspace::Workspace;

/// What tells a suite where to write its report.
const VARIABLE: &str = "STORE_CONFORMANCE_REPORTS";

/// A directory for the reports of one run, with nothing from before in it.
pub(crate) struct Reports {
    directory: PathBuf,
}

impl Reports {
    /// Removes what earlier runs left, which must never be taken for a report of this one.
    pub(crate) fn none_yet(workspace: &Workspace) -> Result<Self> {
        Self::emptied(workspace.output_directory("conformance")?)
    }

    fn emptied(directory: PathBuf) -> Result<Self> {
        for entry in fs::read_dir(&directory).with_context(|| format!("reading {}", directory.display()))? {
            let path = entry?.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("removing {}", path.display()))?;
        }
        Ok(Self { directory })
    }

    /// What runs have left in a directory, to be read and not to be added to.
    pub(super) fn left_in(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Has the suites that the command runs write here.
    pub(crate) fn collect_from(&self, command: &mut Command) {
        command.env(VARIABLE, &self.directory);
    }

    /// The report of a driver, which is gone afterwards: its next run has to write one of its own.
    pub(super) fn take(&self, driver: &str) -> Result<DriverReport> {
        let report = self.read(driver)?;
        for file in self.files(driver)? {
            fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
        }
        Ok(report)
    }

    /// The report of a driver: of a run, and of the single checks that were run since, each of which left a part.
    pub(super) fn read(&self, driver: &str) -> Result<DriverReport> {
        let text = |file: &PathBuf| fs::read_to_string(file).with_context(|| format!("reading {}", file.display()));
        let texts = self.files(driver)?.iter().map(text).collect::<Result<Vec<_>>>()?;
        DriverReport::parse(driver, &texts)
    }

    /// The report of a run first.
    fn files(&self, driver: &str) -> Result<Vec<PathBuf>> {
        let whole = self.directory.join(format!("{driver}.json"));
        let parts = self.directory.join(format!("{driver}.parts"));
        let mut files = Vec::new();
        if parts.is_dir() {
            let entries = fs::read_dir(&parts).with_context(|| format!("reading {}", parts.display()))?;
            files = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
            files.sort();
        }
        files.splice(0..0, whole.is_file().then_some(whole));
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::sample;
    use super::*;

    fn reports(name: &str) -> Reports {
        let directory = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("memory.json"), r#"{"version": 1, "driver": "memory", "checks": [], "leaks": []}"#)
            .unwrap();
        Reports { directory }
    }

    #[test]
    fn a_report_is_taken_once() {
        let reports = reports("taken-once");
        assert!(reports.take("memory").is_ok());
        assert!(reports.take("memory").is_err());
        fs::remove_dir_all(reports.directory).unwrap();
    }

    #[test]
    fn a_report_of_an_earlier_run_is_none() {
        let reports = Reports::emptied(reports("earlier-run").directory).unwrap();
        assert!(reports.take("memory").is_err());
        fs::remove_dir_all(reports.directory).unwrap();
    }

    #[test]
    fn parts_are_read_beside_the_run_before_them() {
        let reports = reports("parts");
        let parts = reports.directory.join("memory.parts");
        fs::create_dir(&parts).unwrap();
        let part = sample::written(&[sample::check("keys", "a", "pass")]).to_string();
        fs::write(parts.join("keys.a.json"), part).unwrap();
        let problems = reports.read("memory").unwrap().problems(["a", "b"].into_iter());
        assert_eq!(problems, ["memory: b: not reported"]);
        assert!(reports.take("memory").is_ok() && reports.take("memory").is_err());
        fs::remove_dir_all(reports.directory).unwrap();
    }
}
