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
        for file in fs::read_dir(&directory).with_context(|| format!("reading {}", directory.display()))? {
            let file = file?.path();
            fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
        }
        Ok(Self { directory })
    }

    /// Has the suites that the command runs write here.
    pub(crate) fn collect_from(&self, command: &mut Command) {
        command.env(VARIABLE, &self.directory);
    }

    /// The report of a driver, which is gone afterwards: its next run has to write one of its own.
    pub(super) fn take(&self, driver: &str) -> Result<DriverReport> {
        let file = self.directory.join(format!("{driver}.json"));
        let text = fs::read_to_string(&file).context("the suite left no report")?;
        fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
        DriverReport::parse(driver, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(name: &str) -> Reports {
        let directory = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("memory.json"), r#"{"driver": "memory", "checks": []}"#).unwrap();
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
}
