//! The kill matrix: every mutant against the whole suite as it runs by default.
//!
//! `cargo xtask conformance --mutants` runs this, says where to write it, and shows it to people.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Map, Value, json};
use store_conformance::{CheckReport, Report, Status};

use super::catalogue::Mutant;
use super::{checks, chosen, each, is_kill, options, times};
use crate::fault::Fault;
use crate::harness::{Setup, run};

/// Where the matrix is written as JSON.
const FILE: &str = "STORE_CONFORMANCE_KILL_MATRIX";

/// Of what is written. Fields may be added without another one.
const VERSION: u32 = 1;

#[test]
#[ignore = "takes minutes; cargo xtask conformance --mutants"]
fn every_mutant_is_killed_by_the_whole_suite() {
    let (times, chosen) = (times(), chosen());
    let began = Instant::now();
    let healthy = each(0..times, |_| run_whole(Fault::None));
    let all = chosen.iter().flat_map(|mutant| std::iter::repeat_n(mutant, times));
    let runs = each(all, |mutant| {
        let report = run_whole(mutant.fault);
        let seconds = mean_seconds(std::slice::from_ref(&report));
        println!("{:?}: killed by {} checks in {seconds} s", mutant.fault, kills(&report).len());
        report
    });
    let rows: Vec<_> = chosen.iter().zip(runs.chunks(times)).map(|(mutant, runs)| Row { mutant, runs }).collect();
    let seconds = began.elapsed().as_secs_f64();
    if let Some(file) = std::env::var_os(FILE) {
        let matrix = json!({
            "version": VERSION,
            "times": times,
            "seconds": seconds.round(),
            "families": families(&healthy[0]),
            "healthy": {
                "failed": union(&healthy),
                "seconds": mean_seconds(&healthy),
                "checks": checks(&healthy[0]).map(|check| (check.name(), check.seconds.into())).collect::<Map<_, _>>(),
            },
            "mutants": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
        });
        std::fs::write(PathBuf::from(file), format!("{matrix:#}\n")).expect("the matrix can be written");
    }
    let wrong = union(&healthy);
    assert!(wrong.is_empty(), "the healthy store fails {wrong:?}");
    let escaped: Vec<_> = rows.iter().filter(|row| !row.missed().is_empty()).map(Row::escape).collect();
    assert!(escaped.is_empty(), "{escaped:#?}");
}

/// As a user runs it, on one of the processors.
fn run_whole(fault: Fault) -> Report {
    run(fault, Setup::default(), options().threads(1))
}

/// The families of the suite, in its order.
fn families(report: &Report) -> Vec<&'static str> {
    let mut families: Vec<_> = checks(report).map(|check| check.family).collect();
    families.dedup();
    families
}

fn kills(report: &Report) -> BTreeSet<String> {
    checks(report).filter(|check| is_kill(check)).map(CheckReport::name).collect()
}

/// What failed in any of the runs.
fn union(runs: &[Report]) -> BTreeSet<String> {
    runs.iter().flat_map(kills).collect()
}

/// What failed in all of them.
fn intersection(runs: &[Report]) -> BTreeSet<String> {
    let kills: Vec<_> = runs.iter().map(kills).collect();
    union(runs).into_iter().filter(|check| kills.iter().all(|kills| kills.contains(check))).collect()
}

fn mean_seconds(runs: &[Report]) -> f64 {
    let sum: f64 = runs.iter().flat_map(checks).map(|check| check.seconds).sum();
    (sum / runs.len() as f64 * 100.0).round() / 100.0
}

/// A mutant, and every time it was run.
struct Row<'a> {
    mutant: &'static Mutant,
    runs: &'a [Report],
}

impl Row<'_> {
    /// The checks that are there for it, and did not fail every time.
    fn missed(&self) -> Vec<&'static str> {
        let by = intersection(self.runs);
        self.mutant.killers.iter().copied().filter(|killer| !by.contains(*killer)).collect()
    }

    fn escape(&self) -> String {
        format!("{:?} escaped {:?}; it was killed by {:?}", self.mutant.fault, self.missed(), union(self.runs))
    }

    fn to_json(&self) -> Value {
        let by = intersection(self.runs);
        let sometimes: Vec<_> = union(self.runs).difference(&by).cloned().collect();
        let verdict = |&family: &&'static str| (family.to_owned(), self.verdict(family).into());
        json!({
            "mutant": format!("{:?}", self.mutant.fault),
            "fault": self.mutant.decision,
            "class": self.mutant.class.name(),
            "killed": !by.is_empty(),
            "by": by,
            "sometimes": sometimes,
            "expected": self.mutant.killers,
            "missed": self.missed(),
            "families": families(&self.runs[0]).iter().map(verdict).collect::<Map<_, _>>(),
            "seconds": mean_seconds(self.runs),
        })
    }

    /// What a family made of it.
    fn verdict(&self, family: &str) -> &'static str {
        let killed = |report: &Report| checks(report).any(|check| check.family == family && is_kill(check));
        let ran = |report: &Report| {
            checks(report).any(|check| check.family == family && matches!(check.status, Status::Pass | Status::Fail))
        };
        match self.runs.iter().filter(|report| killed(report)).count() {
            kills if kills == self.runs.len() => "killed",
            0 if !self.runs.iter().any(ran) => "not_run",
            0 => "survived",
            _ => "sometimes",
        }
    }
}
