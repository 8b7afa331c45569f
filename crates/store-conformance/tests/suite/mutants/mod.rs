//! Each mutant is found out, and by the checks that are there for its fault.

mod catalogue;
mod matrix;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use store_conformance::{CheckReport, ClockControl, Harness, HarnessError, Options, Report, Status};
use store_core::Store;

use catalogue::{Class, Mutant, mutants, of_core};
pub(crate) use catalogue::{MODEL, RECORDS};

use crate::fault::Fault;
use crate::harness::{Setup, run};

/// Whether a mutant is killed does not depend on how short the program is that kills it, and what a hang is shows sooner
/// where every call is answered in the process.
fn options() -> Options {
    const IDLE_LIMIT: Duration = Duration::from_secs(10);

    Options::new().shrink_limit(Duration::ZERO).idle_limit(IDLE_LIMIT)
}

/// A part of the names of the mutants that are run, or several with commas between them, if not all are.
const ONLY: &str = "STORE_CONFORMANCE_KILL_ONLY";
/// How often every mutant is run, if more than once.
const TIMES: &str = "STORE_CONFORMANCE_KILL_TIMES";

/// The mutants that are run.
fn chosen() -> Vec<&'static Mutant> {
    let only = std::env::var(ONLY).unwrap_or_default();
    let parts: Vec<_> = only.split(',').map(str::trim).collect();
    mutants().filter(|mutant| parts.iter().any(|part| format!("{:?}", mutant.fault).contains(part))).collect()
}

fn times() -> usize {
    std::env::var(TIMES).map_or(1, |times| times.parse().expect("a number of times"))
}

/// Every check of a report, those of the model among them.
fn checks(report: &Report) -> impl Iterator<Item = &CheckReport> {
    report.model().into_iter().chain(report.record_model()).chain(report.checks())
}

fn is_kill(check: &CheckReport) -> bool {
    check.status == Status::Fail
}

/// Does the same to each, on all processors, and gives the results in order.
fn each<T: Send, R: Send>(all: impl IntoIterator<Item = T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let queue: Mutex<VecDeque<_>> = Mutex::new(all.into_iter().enumerate().collect());
    let results = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let run = || {
        while let Some((place, one)) = next() {
            let result = work(one);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        (0..workers).for_each(|_| drop(scope.spawn(run)));
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn every_fault_is_one_mutant() {
    let faults: Vec<_> = mutants().map(|mutant| mutant.fault).collect();
    let different: BTreeSet<_> = faults.iter().copied().collect();
    assert_eq!(different.len(), faults.len(), "a fault has two rows");
    assert_eq!(different, Fault::ALL.iter().copied().collect());
}

#[test]
fn every_check_is_there_for_a_mutant_or_for_what_core_does() {
    let start = || async { Err::<NoHarness, HarnessError>("no check is run".into()) };
    let report = store_conformance::run("nobody", start, Options::new());
    let all: BTreeSet<_> = checks(&report).map(CheckReport::name).collect();
    let killers: BTreeSet<_> = mutants().flat_map(|mutant| mutant.killers).map(|&name| name.to_owned()).collect();
    let of_core: BTreeSet<_> = of_core::CHECKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(killers.intersection(&of_core).collect::<Vec<_>>(), [""; 0], "there is a mutant for it");
    let known: BTreeSet<_> = killers.union(&of_core).cloned().collect();
    assert_eq!(all.difference(&known).collect::<Vec<_>>(), [""; 0], "no mutant is for it");
    assert_eq!(known.difference(&all).collect::<Vec<_>>(), [""; 0], "there is no such check");
}

/// The harness of a run that runs nothing.
struct NoHarness;

impl Harness for NoHarness {
    fn store(&self) -> Arc<dyn Store> {
        unreachable!("it is never made")
    }

    fn clock(&self) -> ClockControl {
        unreachable!("it is never made")
    }
}

#[test]
fn many_mutants_are_not_to_be_seen_by_a_call_and_another() {
    let hidden = mutants().filter(|mutant| mutant.class != Class::Plain).count();
    assert!(hidden >= 20, "{hidden}");
    for class in [Class::Time, Class::Concurrency, Class::Cancellation, Class::Rare] {
        assert!(mutants().filter(|mutant| mutant.class == class).count() >= 5, "{class:?}");
    }
}

/// More inputs than by default. A default run, which the matrix is made of, has several checks for most faults; here each
/// that is named has to find it alone, and some draw what shows it in one input of fifteen.
fn thorough() -> Options {
    options().cases(2000)
}

#[test]
fn every_mutant_is_killed_by_the_checks_of_its_fault() {
    let runs = chosen().into_iter().flat_map(|mutant| std::iter::repeat_n(mutant, times()));
    let survivors = each(runs, |mutant| {
        let options = mutant.killers.iter().fold(thorough().threads(1), |options, &killer| options.only(killer));
        let report = run(mutant.fault, Setup::default(), options);
        let name = mutant.fault;
        assert_eq!(checks(&report).count(), mutant.killers.len(), "{name:?} names a check that does not exist");
        checks(&report).for_each(|check| println!("{name:?} {}: {} cases", check.name(), check.cases));
        let survived = checks(&report).filter(|check| !is_kill(check));
        survived.map(|check| format!("{name:?} {}", check.name())).collect::<Vec<_>>()
    });
    let survivors = survivors.concat();
    assert!(survivors.is_empty(), "not killed: {survivors:#?}");
}
