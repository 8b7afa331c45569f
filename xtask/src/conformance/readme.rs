//! The table of families and drivers in the README: written from reports, and held to them. It has no seeds and no times,
//! so that it changes only with what is promised.

use std::fs;
use std::ops::Range;

use anyhow::{Context, Result, ensure};

use super::table::Report;
use crate::workspace::Workspace;

const FILE: &str = "README.md";
const BEGIN: &str = "<!-- conformance: begin -->\n";
const END: &str = "<!-- conformance: end -->\n";

/// Fails unless the README has the table of these reports.
pub(super) fn check(workspace: &Workspace, report: &Report) -> Result<()> {
    let text = fs::read_to_string(workspace.root().join(FILE)).context(FILE)?;
    let fresh = text.get(place(&text)?) == Some(&report.counts());
    ensure!(fresh, "the table in {FILE} is not that of these reports: `cargo xtask conformance --readme` writes it");
    Ok(())
}

/// Puts the table of these reports into the README.
pub(super) fn write(workspace: &Workspace, report: &Report) -> Result<()> {
    let path = workspace.root().join(FILE);
    let mut text = fs::read_to_string(&path).context(FILE)?;
    text.replace_range(place(&text)?, &report.counts());
    fs::write(&path, text).context(FILE)
}

/// What lies between the marks.
fn place(text: &str) -> Result<Range<usize>> {
    let begin = text.find(BEGIN).with_context(|| format!("no {BEGIN:?} in {FILE}"))? + BEGIN.len();
    let length = text[begin..].find(END).with_context(|| format!("no {END:?} behind it in {FILE}"))?;
    Ok(begin..begin + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lies_between_its_marks() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        assert_eq!(&text[place(&text).unwrap()], "old\n");
        assert!(place(&format!("{END}{BEGIN}")).is_err());
        assert!(place("nothing").is_err());
    }
}
