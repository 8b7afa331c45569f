//! The reports of all drivers of one run, as tables for people and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::report::{DriverReport, MODELS, Status};

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
        let mut text = markdown_of(&self.rows()) + "\n";
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

    /// The counts alone, which change only with the suite and with what drivers do. Drivers with the same counts share a
    /// column.
    pub(crate) fn counts(&self) -> String {
        let rows = self.counted(|driver| driver.name.clone());
        let column = |of: usize| rows.iter().skip(1).map(move |row| row[of].as_str());
        let mut kept: Vec<(usize, String)> = Vec::new();
        for (of, name) in rows[0].iter().enumerate() {
            match kept.iter_mut().find(|(other, _)| column(*other).eq(column(of))) {
                Some((_, names)) => names.push_str(&format!(", {name}")),
                None => kept.push((of, name.clone())),
            }
        }
        let head = kept.iter().map(|(_, names)| names.clone()).collect();
        let body = rows.iter().skip(1).map(|row| kept.iter().map(|(of, _)| row[*of].clone()).collect());
        markdown_of(&std::iter::once(head).chain(body).collect::<Vec<_>>())
    }

    /// The counts, and what else is told of each driver.
    fn by_family(&self) -> Vec<Vec<String>> {
        let mut rows = self.counted(DriverReport::title);
        rows.extend(FACTS.map(|(name, fact)| self.row(name, |driver| fact(&driver.written))));
        rows
    }

    /// A head, a row for each family in the order of first mention, and the sum. Counts are of checks that passed.
    fn counted(&self, title: impl Fn(&DriverReport) -> String) -> Vec<Vec<String>> {
        let mut families: Vec<&str> = Vec::new();
        for check in self.drivers.iter().flat_map(|driver| &driver.checks) {
            if !families.contains(&check.family.as_str()) {
                families.push(&check.family);
            }
        }
        let sum = |driver: &DriverReport| format!("{}/{}", driver.count_of(Status::Pass), driver.checks.len());
        let mut rows = vec![self.row("family", title)];
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
        let exceptions = checks.filter(|(_, check)| check.status != Status::Pass);
        let leaks = self.drivers.iter().flat_map(DriverReport::leaks);
        exceptions.map(|(driver, check)| driver.line(check)).chain(leaks)
    }
}

/// A table whose first row is its head.
fn markdown_of(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if index == 0 {
            let _ = writeln!(text, "|{}", " --- |".repeat(row.len()));
        }
    }
    text
}

/// Reads a cell out of what a suite wrote.
type Fact = fn(&Value) -> String;

/// What is told of each driver below the counts.
const FACTS: [(&str, Fact); 7] = [
    ("level", |written| told(&written["level"], "")),
    ("longest key", |written| told(&written["capabilities"]["max_key_bytes"], " bytes")),
    ("longest value", |written| told(&written["capabilities"]["max_value_bytes"], " bytes")),
    ("expiry to, declared", |written| told(&written["capabilities"]["expiry_granularity_ms"], " ms")),
    ("expiry to, seen", |written| told(&written["observed_granularity_ms"], " ms")),
    ("seed", |written| told(&written["seed"], "")),
    ("time", |written| told(&written["seconds"], " s")),
];

fn told(fact: &Value, unit: &str) -> String {
    match fact {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => format!("{other}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::sample::{check, report};
    use super::*;

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
        let row = |name: &str, cell: &str| format!("{name:<19}  {cell}\n");
        let counts =
            [("family", "memory here 1.0"), ("store", "1/2"), ("cache", "1/1"), ("model", "2/2"), ("all", "4/5")];
        let facts = [
            ("level", "2026.1"),
            ("longest key", "1024 bytes"),
            ("longest value", "65536 bytes"),
            ("expiry to, declared", "1.0 ms"),
            ("expiry to, seen", "1.0 ms"),
            ("seed", "3"),
            ("time", "1.2 s"),
        ];
        let table: String = counts.into_iter().chain(facts).map(|(name, cell)| row(name, cell)).collect();
        assert!(text.starts_with(&table), "{text}");
        assert!(text.ends_with("memory here 1.0: store/b: unsupported: why\n"), "{text}");
        assert!(report.markdown().starts_with("| family | memory here 1.0 |\n| --- | --- |\n| store | 1/2 |\n"));
    }

    #[test]
    fn drivers_with_the_same_counts_share_a_column_of_the_counts() {
        let passing = || report(&[check("store", "a", "pass")]);
        let mut drivers = vec![passing(), report(&[check("store", "a", "unsupported")]), passing()];
        for (driver, name) in drivers.iter_mut().zip(["one", "two", "three"]) {
            driver.name = name.to_owned();
        }
        let counts = Report { layout: Layout::ByFamily, drivers }.counts();
        let head = "| family | one, three | two |\n| --- | --- | --- |\n";
        assert_eq!(counts, format!("{head}| store | 1/1 | 0/1 |\n| model | 2/2 | 2/2 |\n| all | 3/3 | 2/3 |\n"));
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
