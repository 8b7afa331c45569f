//! Whether a run goes on behind a check that fails.

use store_conformance::{Options, Report, Status};

use crate::driver::{Backend, Deletes, Trouble, TroubledHarness};

/// One check after another, of which the first fails.
fn run(options: Options) -> Report {
    let start =
        || async { Ok(TroubledHarness::new(Backend::new(), Trouble::NONE).deleting(Deletes::AlwaysTrue, Vec::new())) };
    let selected = options.threads(1).only("removal::delete_reports_removal").only("capabilities::");
    store_conformance::run("wrong", start, selected)
}

fn statuses(report: &Report) -> Vec<Status> {
    report.checks().iter().map(|check| check.status).collect()
}

#[test]
fn a_run_goes_on_behind_a_failure_unless_told_otherwise() {
    let all = run(Options::new());
    let [Status::Fail, others @ ..] = &*statuses(&all) else { panic!("{all}") };
    assert!(!others.is_empty() && !others.contains(&Status::NotRun), "{all}");

    let begun = run(Options::new().fail_fast());
    let [Status::Fail, left @ ..] = &*statuses(&begun) else { panic!("{begun}") };
    assert!(left.len() == others.len() && left.iter().all(|status| *status == Status::NotRun), "{begun}");
}
