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

/// The checks that belong to no clause, by where the report tells of them.
const MODELS: [(&str, &str); 2] =
    [("model", "programs_agree_with_the_model"), ("record_model", "record_programs_agree_with_the_model")];

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
        let clauses = checks.iter().map(parse_check);
        let models = MODELS.iter().filter(|(field, _)| written[field].is_object());
        let models = models.map(|(field, check)| parse_outcome("model", check, &written[field]));
        let checks = clauses.chain(models).collect::<Result<_>>()?;
        Ok(Self { name: name.to_owned(), checks, written })
    }

    /// What makes this run a failure: checks that failed or did not run, and clauses that nothing was said about.
    pub(crate) fn problems<'a>(&self, clauses: impl Iterator<Item = &'a str>) -> Vec<String> {
        let bad = |check: &&Check| matches!(check.status, Status::Fail | Status::NotRun);
        let reported: BTreeSet<&str> = self.checks.iter().map(|check| check.clause.as_str()).collect();
        let silent = clauses.chain(MODELS.map(|(_, check)| check)).filter(|clause| !reported.contains(clause));
        let silent = silent.map(|clause| format!("{}: {clause}: not reported", self.title()));
        self.checks.iter().filter(bad).map(|check| self.line(check)).chain(silent).collect()
    }

    fn line(&self, check: &Check) -> String {
        let Check { family, clause, status, note } = check;
        let note = if note.is_empty() { String::new() } else { format!(": {note}") };
        format!("{}: {family}/{clause}: {}{note}", self.title(), status.name())
    }

    /// Passed and all checks of a family; `-` where it has none.
    fn count(&self, family: &str) -> String {
        let of_family: Vec<_> = self.checks.iter().filter(|check| check.family == family).collect();
        let passed = of_family.iter().filter(|check| check.status == Status::Pass).count();
        if of_family.is_empty() { "-".to_owned() } else { format!("{passed}/{}", of_family.len()) }
    }

    fn count_of(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// What the report says about the driver itself; empty where it says nothing.
    pub(crate) fn subject(&self, field: &str) -> &str {
        self.written[field].as_str().unwrap_or_default()
    }

    /// The driver, and where it ran.
    fn title(&self) -> String {
        let words = [self.name.as_str(), self.subject("server"), self.subject("protocol")];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

fn parse_check(check: &Value) -> Result<Check> {
    let name = |field: &str| check[field].as_str().with_context(|| format!("a check without {field}: {check}"));
    parse_outcome(name("family")?, name("clause")?, check)
}

fn parse_outcome(family: &str, clause: &str, outcome: &Value) -> Result<Check> {
    let status = outcome["status"].as_str().with_context(|| format!("no status: {outcome}"))?;
    Ok(Check {
        family: family.to_owned(),
        clause: clause.to_owned(),
        status: Status::parse(status)?,
        note: outcome["note"].as_str().unwrap_or_default().to_owned(),
    })
}

/// What the table for people is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    /// A row for each family, a column for each driver.
    ByFamily,
    /// A row for each run.
    ByRun,
}

/// The reports of all drivers of one run.
#[derive(Debug)]
pub(crate) struct Report {
    layout: Layout,
    pub(crate) drivers: Vec<DriverReport>,
}

impl Report {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, drivers: Vec::new() }
    }

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
        self.notes().for_each(|line| text.push_str(&format!("{line}\n")));
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
        self.notes().for_each(|line| text.push_str(&format!("- {line}\n")));
        text
    }

    fn rows(&self) -> Vec<Vec<String>> {
        match self.layout {
            Layout::ByFamily => self.by_family(),
            Layout::ByRun => self.by_run(),
        }
    }

    /// A head, and a row for each run with its counts of checks.
    fn by_run(&self) -> Vec<Vec<String>> {
        const SUBJECT: [&str; 4] = ["driver", "server", "protocol", "slot_policy"];
        const COUNTED: [Status; 5] =
            [Status::Pass, Status::Fail, Status::NotRun, Status::Unsupported, Status::Deviation];
        let head = SUBJECT.into_iter().chain(COUNTED.map(Status::name)).chain(["seconds"]);
        let row = |driver: &DriverReport| {
            let subject = SUBJECT.map(|field| driver.subject(field).to_owned());
            let counts = COUNTED.map(|status| driver.count_of(status).to_string());
            let seconds = format!("{:.0}", driver.written["seconds"].as_f64().unwrap_or_default());
            subject.into_iter().chain(counts).chain([seconds]).collect()
        };
        std::iter::once(head.map(str::to_owned).collect()).chain(self.drivers.iter().map(row)).collect()
    }

    /// A head, a row for each family in the order of first mention, and the sum. Counts are of checks that passed.
    fn by_family(&self) -> Vec<Vec<String>> {
        let mut families: Vec<&str> = Vec::new();
        for check in self.drivers.iter().flat_map(|driver| &driver.checks) {
            if !families.contains(&check.family.as_str()) {
                families.push(&check.family);
            }
        }
        let sum = |driver: &DriverReport| format!("{}/{}", driver.count_of(Status::Pass), driver.checks.len());
        let mut rows = vec![self.row("family", DriverReport::title)];
        rows.extend(families.into_iter().map(|family| self.row(family, |driver| driver.count(family))));
        rows.push(self.row("all", sum));
        rows
    }

    fn row(&self, name: &str, cell: impl Fn(&DriverReport) -> String) -> Vec<String> {
        std::iter::once(name.to_owned()).chain(self.drivers.iter().map(cell)).collect()
    }

    /// What the table does not say. Among many runs of few drivers, what the cases consisted of is left to the JSON.
    fn notes(&self) -> impl Iterator<Item = String> {
        let models = match self.layout {
            Layout::ByFamily => Some(self.models()),
            Layout::ByRun => None,
        };
        models.into_iter().flatten().chain(self.exceptions())
    }

    /// What the generated cases consisted of, for each driver that says so.
    fn models(&self) -> impl Iterator<Item = String> {
        let all = self.drivers.iter().flat_map(|driver| MODELS.map(|(field, _)| (driver, field)));
        let told = all.filter(|(driver, field)| driver.written[field].is_object());
        told.map(|(driver, field)| format!("{}: {field}: {}", driver.title(), driver.written[field]))
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
        let text = json!({
            "driver": "memory",
            "server": "here 1.0",
            "protocol": null,
            "checks": checks,
            "model": {"status": "pass", "cases": 7},
            "record_model": {"status": "pass", "cases": 7},
            "seconds": 1.2,
        });
        DriverReport::parse("memory", &text.to_string()).unwrap()
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
        let expected = ["memory here 1.0: store/a: fail: why", "memory here 1.0: store/b: not run: why"];
        assert_eq!(report.problems(["a", "b"].into_iter()), expected);
    }

    #[test]
    fn a_clause_that_the_report_does_not_name_is_a_problem() {
        let report = report(&[check("store", "a", "pass")]);
        assert_eq!(report.problems(["a", "b"].into_iter()), ["memory here 1.0: b: not reported"]);
    }

    #[test]
    fn a_model_that_failed_or_did_not_run_is_a_problem() {
        let passed = json!({"status": "pass"});
        for (at, (_, check)) in MODELS.into_iter().enumerate() {
            let problems = |model: Value| {
                let mut report = json!({"driver": "memory", "checks": []});
                for (other, (field, _)) in MODELS.into_iter().enumerate() {
                    report[field] = if other == at { model.clone() } else { passed.clone() };
                }
                DriverReport::parse("memory", &report.to_string()).unwrap().problems(std::iter::empty())
            };
            assert_eq!(problems(json!(null)), [format!("memory: {check}: not reported")]);
            let failed = json!({"status": "fail", "note": "why"});
            assert_eq!(problems(failed), [format!("memory: model/{check}: fail: why")]);
        }
    }

    #[test]
    fn a_report_of_another_driver_or_with_an_unknown_status_is_refused() {
        let other = json!({"driver": "redis", "checks": []}).to_string();
        assert!(DriverReport::parse("memory", &other).is_err());
        let unknown = json!({"driver": "memory", "checks": [check("store", "a", "skipped")]}).to_string();
        assert!(DriverReport::parse("memory", &unknown).is_err());
        assert!(DriverReport::parse("memory", "{}").is_err());
    }

    fn report_of(layout: Layout, driver: DriverReport) -> Report {
        let mut report = Report::new(layout);
        report.drivers.push(driver);
        report
    }

    #[test]
    fn the_table_counts_passes_and_lists_everything_else() {
        let driver =
            report(&[check("store", "a", "pass"), check("store", "b", "unsupported"), check("cache", "c", "pass")]);
        let report = report_of(Layout::ByFamily, driver);
        let text = report.text();
        let table = "family  memory here 1.0\nstore   1/2\ncache   1/1\nmodel   2/2\nall     4/5\n";
        assert!(text.starts_with(table), "{text}");
        assert!(text.ends_with("memory here 1.0: store/b: unsupported: why\n"), "{text}");
        assert!(report.markdown().starts_with("| family | memory here 1.0 |\n| --- | --- |\n| store | 1/2 |\n"));
    }

    #[test]
    fn a_table_of_runs_says_what_each_ran_on() {
        let report = report_of(Layout::ByRun, report(&[check("store", "a", "pass"), check("store", "b", "fail")]));
        let row = "| memory | here 1.0 |  |  | 3 | 1 | 0 | 0 | 0 | 1 |";
        let markdown = report.markdown();
        assert_eq!(markdown.lines().nth(2), Some(row));
        assert!(markdown.ends_with("| 1 |\n\n- memory here 1.0: store/b: fail: why\n"), "{markdown}");
    }

    #[test]
    fn the_json_keeps_what_each_driver_wrote() {
        let report = report_of(Layout::ByFamily, report(&[check("store", "a", "pass")]));
        assert_eq!(report.json()["version"], 1);
        assert_eq!(report.json()["drivers"][0]["checks"][0]["cases"], 1);
    }
}
