//! `--mutants`: the kill matrix, which the suite's own tests make, shown to people.
//!
//! Every mutant meets the whole suite with its default settings. It has to be killed every time, by the checks that are there
//! for its fault, and the healthy store never.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::write;
use crate::run;
use crate::tidy::kill_matrix;
use crate::workspace::Workspace;

/// What tells the tests where to write the matrix, and how often to run each mutant.
const FILE: &str = "STORE_CONFORMANCE_KILL_MATRIX";
const TIMES: &str = "STORE_CONFORMANCE_KILL_TIMES";

const TEST: &str = "mutants::matrix::every_mutant_is_killed_by_the_whole_suite";

pub(super) fn run(
    workspace: &Workspace,
    times: Option<NonZeroU32>,
    json: Option<&Path>,
    markdown: Option<&Path>,
) -> Result<()> {
    let times = times.unwrap_or(NonZeroU32::MIN);
    let file = workspace.output_directory("xtask")?.join("kill-matrix.json");
    if file.exists() {
        fs::remove_file(&file).context("removing the matrix of an earlier run")?;
    }
    // Optimised, because they are some hundred runs of the whole suite.
    let mut tests = workspace.cargo(["test", "--release", "--package", "store-conformance", "--test", "suite", "--"]);
    tests.args(["--ignored", "--exact", "--nocapture", TEST]).env(FILE, &file).env(TIMES, times.to_string());
    tests.stdout(std::io::stderr());
    let ended = run::run(&mut tests);
    let Ok(text) = fs::read_to_string(&file) else {
        return ended.and(Err(anyhow::anyhow!("the tests left no matrix")));
    };
    let matrix = Matrix::parse(&text)?;
    print!("{}", matrix.text());
    write(json, || text)?;
    write(markdown, || matrix.markdown())?;
    let problems = matrix.problems();
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    ensure!(problems.is_empty(), "{} problems", problems.len());
    ended
}

/// What the tests wrote.
#[derive(Debug, Deserialize)]
struct Matrix {
    version: u32,
    times: u32,
    seconds: f64,
    families: Vec<String>,
    healthy: Healthy,
    mutants: Vec<Mutant>,
}

#[derive(Debug, Deserialize)]
struct Healthy {
    failed: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Mutant {
    mutant: String,
    fault: String,
    class: String,
    killed: bool,
    by: Vec<String>,
    expected: Vec<String>,
    missed: Vec<String>,
    families: BTreeMap<String, Verdict>,
    seconds: f64,
}

/// What a family made of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Killed,
    /// In some runs, and not in others.
    Sometimes,
    Survived,
    NotRun,
}

impl Mutant {
    fn is_expected_of(&self, family: &str) -> bool {
        self.expected.iter().any(|check| check.split("::").next() == Some(family))
    }

    fn verdict(&self, family: &str) -> Verdict {
        self.families.get(family).copied().unwrap_or(Verdict::NotRun)
    }

    fn cell(&self, family: &str) -> &'static str {
        match (self.verdict(family), self.is_expected_of(family)) {
            (Verdict::Killed, true) => "**K**",
            (Verdict::Killed, false) => "k",
            (Verdict::Sometimes, _) => "~",
            (Verdict::Survived, true) => "**missed**",
            (Verdict::Survived, false) => "",
            (Verdict::NotRun, _) => "-",
        }
    }
}

impl Matrix {
    fn parse(text: &str) -> Result<Self> {
        /// Of what this reads.
        const VERSION: u32 = 1;

        let matrix: Self = serde_json::from_str(text).context("the matrix is not as it should be")?;
        match matrix.version {
            VERSION => Ok(matrix),
            other => bail!("the matrix has version {other}, {VERSION} is known"),
        }
    }

    /// What makes this run a failure.
    fn problems(&self) -> Vec<String> {
        let healthy = self.healthy.failed.iter().map(|check| format!("the healthy store fails {check}"));
        let escaped = self.mutants.iter().filter(|mutant| !mutant.killed || !mutant.missed.is_empty());
        let escaped = escaped.map(|mutant| {
            let end = if mutant.killed { "was not killed by" } else { "survived" };
            format!("{} {end} {}", mutant.mutant, mutant.missed.join(", "))
        });
        healthy.chain(escaped).chain(self.excess()).collect()
    }

    /// By how much the run took too long.
    fn excess(&self) -> Option<String> {
        /// For all mutants once, on two processors.
        const BAR: f64 = 300.0;

        let (taken, bar) = (self.seconds, BAR * f64::from(self.times));
        (taken >= bar).then(|| format!("took {taken:.0} s, and has to end before {bar:.0} s"))
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for mutant in &self.mutants {
            let Mutant { mutant: name, class, by, seconds, .. } = mutant;
            let end = if mutant.killed { "killed" } else { "SURVIVED" };
            let _ = writeln!(text, "{end:<8}  {class:<12}  {name:<30}  {seconds:>5.1} s  {}", by.join(" "));
        }
        text + &self.summary() + "\n"
    }

    fn summary(&self) -> String {
        let killed = self.mutants.iter().filter(|mutant| mutant.killed).count();
        let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
        self.mutants.iter().for_each(|mutant| *classes.entry(&mutant.class).or_default() += 1);
        let classes: Vec<_> = classes.iter().map(|(class, count)| format!("{class} {count}")).collect();
        let times = if self.times == 1 { "once".to_owned() } else { format!("{} times", self.times) };
        let all = self.mutants.len();
        format!("{killed} of {all} mutants killed, each run {times}: {}; {:.0} s", classes.join(", "), self.seconds)
    }

    fn markdown(&self) -> String {
        let mut text = format!("{}\n\n{}\n\n", kill_matrix::HEAD.trim_end(), self.summary());
        let head = ["mutant", "class", "what it decides"].into_iter().chain(self.families.iter().map(String::as_str));
        let head: Vec<_> = head.collect();
        let _ = writeln!(text, "| {} |\n|{}", head.join(" | "), " --- |".repeat(head.len()));
        for mutant in &self.mutants {
            let cells: Vec<_> = self.families.iter().map(|family| mutant.cell(family)).collect();
            let Mutant { mutant: name, class, fault, .. } = mutant;
            let _ = writeln!(text, "| `{name}` | {class} | {fault} | {} |", cells.join(" | "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn mutant(killed: bool, missed: &[&str]) -> Value {
        json!({
            "mutant": "FoldsCase", "fault": "keys are kept in lower case", "class": "plain", "killed": killed,
            "by": if killed { vec!["keys::keys_are_exact"] } else { vec![] }, "sometimes": [],
            "expected": ["keys::keys_are_exact"], "missed": missed,
            "families": {"keys": if killed { "killed" } else { "survived" }, "model": "killed", "foreign": "not_run"},
            "seconds": 1.25,
        })
    }

    fn matrix(failed: &[&str], mutants: &[Value]) -> Matrix {
        let text = json!({
            "version": 1, "times": 3, "seconds": 200, "families": ["model", "keys", "values", "foreign"],
            "healthy": {"failed": failed, "seconds": 4}, "mutants": mutants,
        });
        Matrix::parse(&text.to_string()).unwrap()
    }

    #[test]
    fn a_matrix_without_escapes_is_no_problem() {
        assert!(matrix(&[], &[mutant(true, &[])]).problems().is_empty());
    }

    #[test]
    fn a_survivor_a_kill_by_others_and_a_failure_of_the_healthy_store_are_problems() {
        let expected = [
            "the healthy store fails keys::key_limits",
            "FoldsCase survived keys::keys_are_exact",
            "FoldsCase was not killed by keys::keys_are_exact",
        ];
        let missed = ["keys::keys_are_exact"];
        let matrix = matrix(&["keys::key_limits"], &[mutant(false, &missed), mutant(true, &missed)]);
        assert_eq!(matrix.problems(), expected);
    }

    #[test]
    fn a_run_that_takes_more_than_five_minutes_for_each_time_is_a_problem() {
        let after = |seconds| Matrix { seconds, ..matrix(&[], &[mutant(true, &[])]) }.problems();
        assert_eq!(after(899.0), [""; 0]);
        assert_eq!(after(901.0), ["took 901 s, and has to end before 900 s"]);
    }

    #[test]
    fn the_table_has_a_row_for_each_mutant_and_a_column_for_each_family() {
        let markdown = matrix(&[], &[mutant(true, &[])]).markdown();
        let head = "| mutant | class | what it decides | model | keys | values | foreign |";
        let row = "| `FoldsCase` | plain | keys are kept in lower case | k | **K** | - | - |";
        assert!(markdown.contains(head), "{markdown}");
        assert!(markdown.ends_with(&format!("{row}\n")), "{markdown}");
        assert!(markdown.contains("1 of 1 mutants killed, each run 3 times: plain 1; 200 s"), "{markdown}");
    }

    #[test]
    fn another_version_is_refused() {
        assert!(Matrix::parse(r#"{"version": 2}"#).is_err());
    }
}
