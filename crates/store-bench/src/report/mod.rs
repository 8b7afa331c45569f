//! Figures as a table for people, as JSON for comparisons over time, and in Markdown for readers of the project.

mod bar;
mod figures;
mod machine;
mod markdown;
mod number;
mod row;

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::effort::Effort;

pub(crate) use bar::Bar;
pub(crate) use figures::{Figures, Round, median};
pub(crate) use number::Number;
pub(crate) use row::{BEST_OF, Row};

/// What one run measured, and where.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: String,
    server: Option<String>,
    effort: Effort,
    rows: Vec<Judged>,
}

/// A row with the verdict on it, which readers of the JSON should not have to find.
#[derive(Serialize)]
struct Judged {
    #[serde(flatten)]
    row: Row,
    met: Option<bool>,
}

impl Report {
    pub(crate) fn of_this_machine(effort: Effort, rows: Vec<Row>) -> Self {
        Self::new(machine::machine(), machine::server(), effort, rows)
    }

    fn new(machine: String, server: Option<String>, effort: Effort, rows: Vec<Row>) -> Self {
        let rows = rows.into_iter().map(|row| Judged { met: row.is_met(), row }).collect();
        Self { machine, server, effort, rows }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> + Clone {
        self.rows.iter().map(|judged| &judged.row)
    }

    /// A line for each row.
    pub(crate) fn text(&self) -> String {
        let columns = ["tasks", "ours", "theirs", "ratio", "spread"];
        let [tasks, ours, theirs, ratio, spread] = columns;
        let head = format!("{:<44} {tasks:>5} {ours:>11} {theirs:>11} {ratio:>7} {spread:>7}", "");
        let lines = self.rows().map(Row::line);
        let around = [self.where_measured(), head].into_iter().chain(lines).chain([self.verdict()]);
        around.collect::<Vec<_>>().join("\n")
    }

    /// Every row in Markdown.
    pub(crate) fn markdown(&self) -> String {
        markdown::markdown(self, self.rows())
    }

    /// The rows that have a bar, in Markdown.
    pub(crate) fn summary(&self) -> String {
        markdown::markdown(self, self.rows().filter(|row| row.bar.is_some()))
    }

    pub(crate) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    fn where_measured(&self) -> String {
        let Self { machine, server, effort, .. } = self;
        let server = server.as_deref().unwrap_or("no server");
        format!("Measured on {machine}, with {server} on the same machine, in a {} run", effort.name)
    }

    fn verdict(&self) -> String {
        let verdicts = || self.rows.iter().filter_map(|judged| judged.met);
        format!("{} of {} bars are met", verdicts().filter(|met| *met).count(), verdicts().count())
    }
}

/// Writes one of the forms.
pub(crate) fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

impl Row {
    fn line(&self) -> String {
        let Self { group, name, tasks, peer, unit, figures, bar, .. } = self;
        let (title, percent) = (format!("{group}: {name}"), figures.spread * 100.0);
        let (ours, theirs, ratio) = (Number(figures.ours), Number(figures.peer_value), Number(figures.ratio));
        let bar = bar.zip(self.is_met()).map(|(bar, met)| format!(", {bar}: {}", if met { "met" } else { "MISSED" }));
        let bar = bar.unwrap_or_default();
        format!(
            "{title:<44} {tasks:>5} {ours:>11} {theirs:>11} {ratio:>7} {percent:>5.0} %  {unit}, beside {peer}{bar}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let row = |name: &str, ours, bar| Row {
            group: "single",
            name: name.to_owned(),
            tasks: 64,
            entries: None,
            peer: "a|b".to_owned(),
            unit: "operations/s",
            figures: Figures::of(&[Round { ours, peer: 100_000.0 }]),
            bar,
        };
        let at_least = Some(Bar::ratio_at_least(1.4));
        let rows = vec![row("fast", 150_000.0, at_least), row("slow", 130_000.0, at_least), row("shown", 1.0, None)];
        Report::new("a machine".to_owned(), Some("redis 7.0.15".to_owned()), Effort::QUICK, rows)
    }

    #[test]
    fn the_json_has_the_agreed_keys_and_a_verdict_on_each_row() {
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!((json["machine"].as_str(), json["effort"].as_str()), (Some("a machine"), Some("quick")));
        let row = &json["rows"][0];
        for key in ["group", "name", "tasks", "ours", "peer", "peer_value", "ratio", "unit", "spread"] {
            assert!(!row[key].is_null(), "{key} is missing in {row}");
        }
        assert_eq!(row["bar"]["at_least"].as_f64(), Some(1.4));
        let met: Vec<_> = (0..3).map(|number| json["rows"][number]["met"].as_bool()).collect();
        assert_eq!(met, [Some(true), Some(false), None]);
    }

    #[test]
    fn the_text_says_of_each_bar_whether_it_is_met() {
        let text = report().text();
        let line = |name| text.lines().find(|line| line.contains(name)).unwrap();
        assert!(
            line("fast").ends_with("ratio ≥ 1.40: met") && line("slow").ends_with("ratio ≥ 1.40: MISSED"),
            "{text}"
        );
        assert!(text.ends_with("1 of 2 bars are met"), "{text}");
    }

    #[test]
    fn the_markdown_has_a_line_for_each_row_and_the_summary_for_each_bar() {
        let markdown = report().markdown();
        let fast =
            "| single | fast | 64 | a\\|b | 150,000 | 100,000 | operations/s | 1.50 | 0 % | ratio ≥ 1.40 | yes |\n";
        assert!(markdown.starts_with("Measured on a machine, with redis 7.0.15"), "{markdown}");
        assert!(markdown.contains(fast) && markdown.contains("| shown |"), "{markdown}");
        let summary = report().summary();
        assert!(summary.contains(fast) && !summary.contains("| shown |"), "{summary}");
    }
}
