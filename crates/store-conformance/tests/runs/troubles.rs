//! A panic and a hang outside of a case are told with the check that they befell, and the run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use store_conformance::{Options, Report, Status};

use crate::driver::{Backend, Manner, Step, Trouble, TroubledHarness};
use Manner::{Blocks, Hangs, Panics};

/// The first harness of a run is there to get to know the driver, the second for the first check.
const TO_KNOW: usize = 0;
const OF_A_CHECK: usize = 1;

/// In the order in which they run. Neither closes anything, so each has one harness.
const CHECKS: [&str; 2] = ["values::missing_is_none", "removal::delete_reports_removal"];

/// Runs two checks, one after the other. One harness, by its number, has the trouble.
fn run(trouble: Trouble, befallen: usize) -> Report {
    let started = Arc::new(AtomicUsize::new(0));
    let start = move || {
        let number = started.fetch_add(1, Ordering::SeqCst);
        let trouble = if number == befallen { trouble } else { Trouble::NONE };
        async move {
            trouble.befall_async(Step::Start).await;
            Ok(TroubledHarness::new(Backend::new(), trouble))
        }
    };
    let options = CHECKS.into_iter().fold(Options::new(), Options::only);
    store_conformance::run("troubled", start, options.threads(1).idle_limit(Duration::from_secs(1)))
}

/// Fails unless the trouble is the end of all checks, which tell of it.
#[track_caller]
fn nothing_runs(at: Step, manner: Manner, told: &str) {
    let report = run(Trouble { at, manner }, TO_KNOW);
    assert_eq!(report.checks().len(), CHECKS.len(), "{report}");
    for check in report.checks() {
        assert_eq!(check.status, Status::NotRun, "{at:?} {manner:?}: {report}");
        assert!(check.note.as_deref().is_some_and(|note| note.starts_with(told)), "{at:?} {manner:?}: {:?}", check.note);
    }
}

/// Fails unless the trouble is told with its check, which ends so, and the next check passes.
#[track_caller]
fn one_check_ends(status: Status, at: Step, manner: Manner, told: &str) {
    let report = run(Trouble { at, manner }, OF_A_CHECK);
    let [befallen, next] = report.checks() else { panic!("{report}") };
    assert_eq!(befallen.status, status, "{at:?} {manner:?}: {report}");
    let note = befallen.note.as_deref().unwrap_or_default();
    assert!(note.starts_with(told), "{at:?} {manner:?}: {note}");
    assert_eq!(next.status, Status::Pass, "{at:?} {manner:?}: {report}");
}

#[test]
fn a_start_that_panics_hangs_or_blocks_runs_nothing() {
    for (manner, status, told) in [
        (Panics, Status::NotRun, "starting a harness panicked: no luck"),
        (Hangs, Status::NotRun, "starting a harness hung: nothing was done for 1s"),
        (Blocks, Status::Fail, "starting a harness hung: it blocked its thread for 1.5s"),
    ] {
        nothing_runs(Step::Start, manner, told);
        one_check_ends(status, Step::Start, manner, told);
    }
}

#[test]
fn a_harness_that_cannot_be_asked_runs_nothing() {
    for at in [Step::GivesStore, Step::Declares, Step::GivesDeviations] {
        nothing_runs(at, Panics, "asking the harness panicked: no luck");
        nothing_runs(at, Blocks, "asking the harness hung: it blocked its thread for 1.5s");
    }
}

#[test]
fn a_harness_that_cannot_be_asked_again_fails_its_check() {
    for (at, what) in [
        (Step::GivesStore, "asking for the store and its clock"),
        (Step::GivesDeviations, "asking for deviations"),
    ] {
        one_check_ends(Status::Fail, at, Panics, &format!("{what} panicked: no luck"));
        one_check_ends(Status::Fail, at, Blocks, &format!("{what} hung: it blocked its thread for 1.5s"));
    }
}

#[test]
fn a_driver_that_hangs_while_it_is_observed_runs_nothing() {
    let what = "observing how exactly lifetimes are told hung:";
    nothing_runs(Step::TellsRemaining, Hangs, &format!("{what} nothing was done for 1s"));
    nothing_runs(Step::TellsRemaining, Blocks, &format!("{what} it blocked its thread for 1.5s"));
}

#[test]
fn a_driver_that_panics_while_it_is_observed_is_only_not_observed() {
    let report = run(Trouble { at: Step::TellsRemaining, manner: Panics }, TO_KNOW);
    assert!(report.checks().iter().all(|check| check.status == Status::Pass), "{report}");
    assert!(report.to_string().contains("observing how exactly lifetimes are told panicked: no luck"), "{report}");
}

#[test]
fn a_driver_that_blocks_the_thread_of_a_case_fails_its_check() {
    one_check_ends(Status::Fail, Step::Gets, Panics, "panicked: no luck");
    one_check_ends(Status::Fail, Step::Gets, Hangs, "hung: nothing was done for 1s");
    one_check_ends(Status::Fail, Step::Gets, Blocks, "the check hung: it blocked its thread for 1.5s");
}

#[test]
fn a_clean_up_that_panics_or_hangs_fails_its_check() {
    one_check_ends(Status::Fail, Step::Lists, Panics, "cleaning up panicked: no luck");
    one_check_ends(Status::Fail, Step::Lists, Hangs, "cleaning up hung: nothing was done for 1s");
    one_check_ends(Status::Fail, Step::Lists, Blocks, "cleaning up hung: it blocked its thread for 1.5s");
}

#[test]
fn a_harness_that_panics_or_hangs_when_it_is_dropped_fails_its_check() {
    one_check_ends(Status::Fail, Step::Ends, Panics, "dropping the harness panicked: no luck");
    one_check_ends(Status::Fail, Step::Ends, Blocks, "dropping the harness hung: it blocked its thread for 1.5s");
}
