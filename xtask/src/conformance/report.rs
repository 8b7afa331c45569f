//! What the suite of one driver wrote: read, put together from its parts, judged.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
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

    pub(super) fn name(self) -> &'static str {
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
pub(super) struct Check {
    pub(super) family: String,
    pub(super) clause: String,
    pub(super) status: Status,
    /// Whether its run may succeed: the suite knows what counts at its level, and which families were required.
    success: bool,
    pub(super) note: String,
    leaks: Vec<String>,
}

/// The checks that belong to no clause, by where the report tells of them.
pub(super) const MODELS: [(&str, &str); 2] =
    [("model", "programs_agree_with_the_model"), ("record_model", "record_programs_agree_with_the_model")];

/// What one driver's suite wrote.
#[derive(Debug)]
pub(crate) struct DriverReport {
    pub(super) name: String,
    pub(super) checks: Vec<Check>,
    pub(super) written: Value,
}

impl DriverReport {
    /// What reports say together. What a later one tells of a check takes the place of what was told before.
    pub(crate) fn parse(name: &str, texts: &[String]) -> Result<Self> {
        let mut reports = texts.iter().map(|text| read(name, text));
        let mut whole = reports.next().context("the suite left no report")??;
        for report in reports {
            join(&mut whole, report?)?;
        }
        let checks = whole["checks"].as_array().context("the report has no checks")?;
        let clauses = checks.iter().map(parse_check);
        let models = MODELS.iter().filter(|(field, _)| whole[field].is_object());
        let models = models.map(|(field, check)| parse_outcome("model", check, &whole[field]));
        let checks = clauses.chain(models).collect::<Result<_>>()?;
        Ok(Self { name: name.to_owned(), checks, written: whole })
    }

    /// What makes this run a failure: checks that failed or did not run, and clauses that nothing was said about.
    pub(crate) fn problems<'a>(&self, clauses: impl Iterator<Item = &'a str>) -> Vec<String> {
        let bad = |check: &&Check| !check.success;
        let reported: BTreeSet<&str> = self.checks.iter().map(|check| check.clause.as_str()).collect();
        let silent = clauses.chain(MODELS.map(|(_, check)| check)).filter(|clause| !reported.contains(clause));
        let silent = silent.map(|clause| format!("{}: {clause}: not reported", self.title()));
        self.checks.iter().filter(bad).map(|check| self.line(check)).chain(silent).collect()
    }

    pub(super) fn line(&self, check: &Check) -> String {
        let Check { family, clause, status, note, .. } = check;
        let note = if note.is_empty() { String::new() } else { format!(": {note}") };
        format!("{}: {family}/{clause}: {}{note}", self.title(), status.name())
    }

    /// Passed and all checks of a family; `-` where it has none.
    pub(super) fn count(&self, family: &str) -> String {
        let of_family: Vec<_> = self.checks.iter().filter(|check| check.family == family).collect();
        let passed = of_family.iter().filter(|check| check.status == Status::Pass).count();
        if of_family.is_empty() { "-".to_owned() } else { format!("{passed}/{}", of_family.len()) }
    }

    pub(super) fn count_of(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// What the driver kept that it should not have.
    pub(super) fn leaks(&self) -> impl Iterator<Item = String> {
        let of_checks = self.checks.iter().flat_map(|check| {
            check.leaks.iter().map(move |leak| format!("{}/{}: leak: {leak}", check.family, check.clause))
        });
        let of_run = texts(&self.written["leaks"]).into_iter().map(|leak| format!("leak: {leak}"));
        of_checks.chain(of_run).map(|leak| format!("{}: {leak}", self.title()))
    }

    /// What the report says about the driver itself; empty where it says nothing.
    pub(crate) fn subject(&self, field: &str) -> &str {
        self.written[field].as_str().unwrap_or_default()
    }

    /// The driver, and where it ran.
    pub(super) fn title(&self) -> String {
        let words = [self.name.as_str(), self.subject("server"), self.subject("protocol")];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

fn read(name: &str, text: &str) -> Result<Value> {
    /// Of the reports that are understood here.
    const VERSION: u64 = 1;

    let written: Value = serde_json::from_str(text).context("the report is not JSON")?;
    ensure!(written["driver"] == name, "the report is of the driver {}", written["driver"]);
    ensure!(written["version"] == VERSION, "the report is of version {}, not {VERSION}", written["version"]);
    Ok(written)
}

/// Adds what a part tells to what others did. Each part had a run of its own, so the time is the sum of theirs.
fn join(whole: &mut Value, part: Value) -> Result<()> {
    let same = |a: &Value, b: &Value| (&a["family"], &a["clause"]) == (&b["family"], &b["clause"]);
    let again = part["checks"].as_array().context("the report has no checks")?;
    let checks = whole["checks"].as_array_mut().context("the report has no checks")?;
    checks.retain(|check| !again.iter().any(|newer| same(check, newer)));
    checks.extend_from_slice(again);
    let leaks = part["leaks"].as_array().context("the report has no leaks")?;
    whole["leaks"].as_array_mut().context("the report has no leaks")?.extend_from_slice(leaks);
    for (field, _) in MODELS.into_iter().filter(|(field, _)| part[field].is_object()) {
        whole[field] = part[field].clone();
    }
    let seconds = [&*whole, &part].iter().filter_map(|report| report["seconds"].as_f64()).sum::<f64>();
    whole["seconds"] = json!(seconds);
    Ok(())
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
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
        success: outcome["success"].as_bool().with_context(|| format!("no success: {outcome}"))?,
        note: outcome["note"].as_str().unwrap_or_default().to_owned(),
        leaks: texts(&outcome["leaks"]),
    })
}

/// Reports for tests.
#[cfg(test)]
pub(super) mod sample {
    use super::*;

    pub(in super::super) fn check(family: &str, clause: &str, status: &str) -> Value {
        let success = !["fail", "not_run"].contains(&status);
        json!({
            "family": family, "clause": clause, "status": status, "success": success,
            "cases": 1, "seconds": 0.1, "note": "why", "leaks": [],
        })
    }

    /// Of a driver whose model passed.
    pub(in super::super) fn written(checks: &[Value]) -> Value {
        json!({
            "version": 1,
            "level": "2026.1",
            "driver": "memory",
            "server": "here 1.0",
            "protocol": null,
            "capabilities": {"max_key_bytes": 1024, "max_value_bytes": 65536, "expiry_granularity_ms": 1.0},
            "observed_granularity_ms": 1.0,
            "checks": checks,
            "model": {"status": "pass", "success": true, "cases": 7},
            "record_model": {"status": "pass", "success": true, "cases": 7},
            "leaks": [],
            "seed": 3,
            "seconds": 1.2,
        })
    }

    pub(in super::super) fn report(checks: &[Value]) -> DriverReport {
        DriverReport::parse("memory", &[written(checks).to_string()]).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{check, report, written};
    use super::*;

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
        let passed = json!({"status": "pass", "success": true});
        for (at, (_, check)) in MODELS.into_iter().enumerate() {
            let problems = |model: Value| {
                let mut report = json!({"version": 1, "driver": "memory", "checks": []});
                for (other, (field, _)) in MODELS.into_iter().enumerate() {
                    report[field] = if other == at { model.clone() } else { passed.clone() };
                }
                DriverReport::parse("memory", &[report.to_string()]).unwrap().problems(std::iter::empty())
            };
            assert_eq!(problems(json!(null)), [format!("memory: {check}: not reported")]);
            let failed = json!({"status": "fail", "success": false, "note": "why"});
            assert_eq!(problems(failed), [format!("memory: model/{check}: fail: why")]);
        }
    }

    #[test]
    fn a_preview_that_fails_is_no_problem_and_a_required_refusal_is() {
        let mut preview = check("store", "a", "fail");
        preview["success"] = json!(true);
        let mut required = check("store", "b", "unsupported");
        required["success"] = json!(false);
        let report = report(&[preview, required]);
        assert_eq!(report.problems(["a", "b"].into_iter()), ["memory here 1.0: store/b: unsupported: why"]);
    }

    #[test]
    fn parts_make_one_report() {
        let part = |checks: &[Value], model: Value| {
            let mut part = written(checks);
            (part["model"], part["record_model"]) = (model, Value::Null);
            part.to_string()
        };
        let mut leaking = check("store", "b", "pass");
        leaking["leaks"] = json!(["an entry"]);
        let parts = [
            part(&[check("store", "a", "pass")], Value::Null),
            part(&[leaking], Value::Null),
            part(&[], json!({"status": "fail", "success": false, "note": "why"})),
        ];
        let whole = DriverReport::parse("memory", &parts).unwrap();
        let problems = whole.problems(["a", "b"].into_iter());
        let missing = "memory here 1.0: record_programs_agree_with_the_model: not reported";
        assert_eq!(problems, ["memory here 1.0: model/programs_agree_with_the_model: fail: why", missing]);
        assert_eq!(whole.leaks().collect::<Vec<_>>(), ["memory here 1.0: store/b: leak: an entry"]);
        assert!((whole.written["seconds"].as_f64().unwrap() - 3.6).abs() < 0.001);
    }

    #[test]
    fn a_report_of_another_driver_or_version_or_with_an_unknown_status_is_refused() {
        let refused = |field: &str, value: Value| {
            let mut report = written(&[]);
            report[field] = value;
            DriverReport::parse("memory", &[report.to_string()]).is_err()
        };
        assert!(refused("driver", json!("redis")) && refused("version", json!(2)));
        assert!(refused("checks", json!([check("store", "a", "skipped")])));
        assert!(DriverReport::parse("memory", &["{}".to_owned()]).is_err());
    }
}
