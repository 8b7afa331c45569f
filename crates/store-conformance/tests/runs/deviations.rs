//! What is told of a deviation.

use store_conformance::{Deviation, Options, Status};

use crate::driver::{Backend, Deletes, Trouble, TroubledHarness};

#[test]
fn a_deviation_tells_its_reason_and_what_was_seen() {
    let start = || async {
        let deviations = vec![Deviation::new("delete_reports_removal", "the backend does not tell")];
        Ok(TroubledHarness::new(Backend::new(), Trouble::NONE).deleting(Deletes::AlwaysTrue, deviations))
    };
    let report = store_conformance::run("deviating", start, Options::new().only("removal::delete_reports_removal"));
    let [check] = report.checks() else { panic!("{report}") };
    assert_eq!(check.status, Status::Deviation, "{report}");
    let note = check.note.as_deref().unwrap_or_default();
    let seen = note.strip_prefix("the backend does not tell; seen: ").unwrap_or_default();
    assert!(seen.contains("saw true") && seen.lines().count() == 1, "{note}");
}
