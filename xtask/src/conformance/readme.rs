//! The table of families and drivers in the README: written from reports, and held to them. It has no seeds and no times,
//! so that it changes only with what is promised.

use anyhow::{Result, ensure};

use super::table::Report;
use crate::readme::{FILE, Section};
use crate::workspace::Workspace;

const SECTION: Section = Section::new("conformance");

/// Fails unless the README has the table of these reports.
pub(super) fn check(workspace: &Workspace, report: &Report) -> Result<()> {
    let fresh = SECTION.read(workspace)? == report.counts();
    ensure!(fresh, "the table in {FILE} is not that of these reports: `cargo xtask conformance --readme` writes it");
    Ok(())
}

/// Puts the table of these reports into the README.
pub(super) fn write(workspace: &Workspace, report: &Report) -> Result<()> {
    SECTION.write(workspace, &report.counts())
}
