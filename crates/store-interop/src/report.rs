//! What became of the cases: a line while they are run, JSON for comparisons over time.

use anyhow::Result;
use serde_json::{Value, json};

use crate::case::Case;

pub(crate) enum Status {
    Pass,
    Fail(String),
    NotRun(String),
}

impl Status {
    pub(crate) fn of(outcome: Result<()>) -> Self {
        match outcome {
            Ok(()) => Self::Pass,
            Err(error) => Self::Fail(format!("{error:#}")),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::NotRun(_) => "not_run",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass => None,
            Self::Fail(reason) | Self::NotRun(reason) => Some(reason),
        }
    }
}

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    system: &'static str,
    case: Case,
    status: Status,
}

impl Report {
    /// Adds a case, and prints it.
    pub(crate) fn add(&mut self, system: &'static str, case: &Case, status: Status) {
        println!("{:>7}  {system} {}: {}", status.name(), case.direction.name(), case.name());
        if let Some(reason) = status.reason() {
            println!("         {reason}");
        }
        self.rows.push(Row { system, case: *case, status });
    }

    /// A report without cases is not green either: it has checked nothing.
    pub(crate) fn is_green(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| matches!(row.status, Status::Pass))
    }

    pub(crate) fn summary(&self) -> String {
        let count = |name| self.rows.iter().filter(|row| row.status.name() == name).count();
        format!("cases: {} passed, {} failed, {} not run", count("pass"), count("fail"), count("not_run"))
    }

    pub(crate) fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "system": row.system,
                "direction": row.case.direction.name(),
                "name": row.case.name(),
                "status": row.status.name(),
                "reason": row.status.reason(),
            })
        };
        json!({"cases": self.rows.iter().map(row).collect::<Vec<_>>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Direction;

    const CASE: Case =
        Case { direction: Direction::Both, function: "a_case", run: |_| Box::pin(std::future::ready(Ok(()))) };

    #[test]
    fn only_a_report_with_cases_that_all_passed_is_green() {
        let mut report = Report::default();
        assert!(!report.is_green());
        report.add("system", &CASE, Status::Pass);
        assert!(report.is_green());
        report.add("system", &CASE, Status::NotRun("no server".to_owned()));
        assert!(!report.is_green());
    }

    #[test]
    fn the_json_has_a_row_for_each_case_with_its_reason() {
        let mut report = Report::default();
        report.add("system", &CASE, Status::Fail("it broke".to_owned()));
        let row =
            json!({"system": "system", "direction": "both", "name": "a case", "status": "fail", "reason": "it broke"});
        assert_eq!(report.json(), json!({"cases": [row]}));
    }
}
