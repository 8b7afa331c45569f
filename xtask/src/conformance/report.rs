//! The suite's reports: read, judged, put together, shown.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Pass,
    Fail,
    Unsupported,
    Deviation,
    NotRun,
}

impl Status {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "pass" => Self::Pass,
            "fail" => Self::Fail,
            "unsupported" => Self::Unsupported,
            "deviation" => Self::Deviation,
            "not_run" => Self::NotRun,
            other => bail!("unknown status {other}"),
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unsupported => "unsupported",
            Self::Deviation => "deviation",
            Self::NotRun => "not run",
        }
    }
}

#[derive(Debug)]
struct Check {
    family: String,
    clause: String,
    status: Status,
    note: String,
}

/// What one driver's suite wrote.
#[derive(Debug)]
pub(crate) struct DriverReport {
    name: String,
    checks: Vec<Check>,
    written: Value,
}

impl DriverReport {
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        let written: Value = serde_json::from_str(text).context("the report is not JSON")?;
        ensure!(written["driver"] == name, "the report is of the driver {}", written["driver"]);
        let checks = written["checks"].as_array().context("the report has no checks")?;
        let checks = checks.iter().map(parse_check).collect::<Result<_>>()?;
        Ok(Self { name: name.to_owned(), checks, written })
    }

    /// What makes this run a failure: checks that failed or did not run, and clauses that nothing was said about.
    pub(crate) fn problems<'a>(&self, clauses: impl Iterator<Item = &'a str>) -> Vec<String> {
        let bad = |check: &&Check| matches!(check.status, Status::Fail | Status::NotRun);
        let reported: BTreeSet<&str> = self.checks.iter().map(|check| check.clause.as_str()).collect();
        let silent = clauses.filter(|clause| !reported.contains(clause));
        let silent = silent.map(|clause| format!("{}: {clause}: not reported", self.name));
        self.checks.iter().filter(bad).map(|check| self.line(check)).chain(silent).collect()
    }

    fn line(&self, check: &Check) -> String {
        let Check { family, clause, status, note } = check;
        let note = if note.is_empty() { String::new() } else { format!(": {note}") };
        format!("{}: {family}/{clause}: {}{note}", self.name, status.name())
    }

    /// Passed and all checks of a family; `-` where it has none.
    fn count(&self, family: &str) -> String {
        let of_family: Vec<_> = self.checks.iter().filter(|check| check.family == family).collect();
        let passed = of_family.iter().filter(|check| check.status == Status::Pass).count();
        if of_family.is_empty() { "-".to_owned() } else { format!("{passed}/{}", of_family.len()) }
    }

    fn server(&self) -> &str {
        self.written["server"].as_str().unwrap_or_default()
    }
}

fn parse_check(check: &Value) -> Result<Check> {
    let text = |name: &str| check[name].as_str().with_context(|| format!("a check without {name}: {check}"));
    Ok(Check {
        family: text("family")?.to_owned(),
        clause: text("clause")?.to_owned(),
        status: Status::parse(text("status")?)?,
        note: check["note"].as_str().unwrap_or_default().to_owned(),
    })
}

/// The reports of all drivers of one run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) drivers: Vec<DriverReport>,
}

impl Report {
    pub(crate) fn json(&self) -> Value {
        json!({ "version": 1, "drivers": self.drivers.iter().map(|driver| &driver.written).collect::<Vec<_>>() })
    }

    pub(crate) fn text(&self) -> String {
        let rows = self.rows();
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
        let mut text = String::new();
        for row in &rows {
            for (column, cell) in row.iter().enumerate() {
                let _ = write!(text, "{cell:<width$}  ", width = width(column));
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        self.models().chain(self.exceptions()).for_each(|line| text.push_str(&format!("{line}\n")));
        text
    }

    pub(crate) fn markdown(&self) -> String {
        let rows = self.rows();
        let mut text = String::new();
        for (index, row) in rows.iter().enumerate() {
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if index == 0 {
                let _ = writeln!(text, "|{}", " --- |".repeat(row.len()));
            }
        }
        text.push('\n');
        self.models().chain(self.exceptions()).for_each(|line| text.push_str(&format!("- {line}\n")));
        text
    }

    /// A head, a row for each family in the order of first mention, and the sum. Counts are of checks that passed.
    fn rows(&self) -> Vec<Vec<String>> {
        let mut families: Vec<&str> = Vec::new();
        for check in self.drivers.iter().flat_map(|driver| &driver.checks) {
            if !families.contains(&check.family.as_str()) {
                families.push(&check.family);
            }
        }
        let head = |driver: &DriverReport| format!("{} {}", driver.name, driver.server()).trim_end().to_owned();
        let sum = |driver: &DriverReport| {
            let passed = driver.checks.iter().filter(|check| check.status == Status::Pass).count();
            format!("{passed}/{}", driver.checks.len())
        };
        let mut rows = vec![self.row("family", head)];
        rows.extend(families.into_iter().map(|family| self.row(family, |driver| driver.count(family))));
        rows.push(self.row("all", sum));
        rows
    }

    fn row(&self, name: &str, cell: impl Fn(&DriverReport) -> String) -> Vec<String> {
        std::iter::once(name.to_owned()).chain(self.drivers.iter().map(cell)).collect()
    }

    /// What the generated cases consisted of, for each driver that says so.
    fn models(&self) -> impl Iterator<Item = String> {
        let told = self.drivers.iter().filter(|driver| driver.written["model"].is_object());
        told.map(|driver| format!("{}: model: {}", driver.name, driver.written["model"]))
    }

    /// Everything that is not a plain pass: nothing is left out of sight.
    fn exceptions(&self) -> impl Iterator<Item = String> {
        let checks = self.drivers.iter().flat_map(|driver| driver.checks.iter().map(move |check| (driver, check)));
        checks.filter(|(_, check)| check.status != Status::Pass).map(|(driver, check)| driver.line(check))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(family: &str, clause: &str, status: &str) -> Value {
        json!({"family": family, "clause": clause, "status": status, "cases": 1, "seconds": 0.1, "note": "why"})
    }

    fn report(checks: &[Value]) -> DriverReport {
        let text = json!({"driver": "memory", "server": "", "checks": checks}).to_string();
        DriverReport::parse("memory", &text).unwrap()
    }

    #[test]
    fn passes_refusals_and_deviations_are_no_problem() {
        let report = report(&[
            check("store", "a", "pass"),
            check("store", "b", "unsupported"),
            check("store", "c", "deviation"),
        ]);
        assert!(report.problems(["a", "b", "c"].into_iter()).is_empty());
    }

    #[test]
    fn failures_and_checks_that_did_not_run_are_problems() {
        let report = report(&[check("store", "a", "fail"), check("store", "b", "not_run")]);
        let expected = ["memory: store/a: fail: why", "memory: store/b: not run: why"];
        assert_eq!(report.problems(["a", "b"].into_iter()), expected);
    }

    #[test]
    fn a_clause_that_the_report_does_not_name_is_a_problem() {
        let report = report(&[check("store", "a", "pass")]);
        assert_eq!(report.problems(["a", "b"].into_iter()), ["memory: b: not reported"]);
    }

    #[test]
    fn a_report_of_another_driver_or_with_an_unknown_status_is_refused() {
        let other = json!({"driver": "redis", "checks": []}).to_string();
        assert!(DriverReport::parse("memory", &other).is_err());
        let unknown = json!({"driver": "memory", "checks": [check("store", "a", "skipped")]}).to_string();
        assert!(DriverReport::parse("memory", &unknown).is_err());
        assert!(DriverReport::parse("memory", "{}").is_err());
    }

    #[test]
    fn the_table_counts_passes_and_lists_everything_else() {
        let driver =
            report(&[check("store", "a", "pass"), check("store", "b", "unsupported"), check("cache", "c", "pass")]);
        let report = Report { drivers: vec![driver] };
        let expected = "family  memory\nstore   1/2\ncache   1/1\nall     2/3\nmemory: store/b: unsupported: why\n";
        assert_eq!(report.text(), expected);
        assert!(report.markdown().starts_with("| family | memory |\n| --- | --- |\n| store | 1/2 |\n"));
    }

    #[test]
    fn the_json_keeps_what_each_driver_wrote() {
        let report = Report { drivers: vec![report(&[check("store", "a", "pass")])] };
        assert_eq!(report.json()["version"], 1);
        assert_eq!(report.json()["drivers"][0]["checks"][0]["cases"], 1);
    }
}
