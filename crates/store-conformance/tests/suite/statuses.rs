//! What each status means, and when a run succeeds.

use store_conformance::{ClockControl, Deviation, Harness, HarnessError, Options, Report, Standing, Status};
use store_core::{Capabilities, Store, Topology};

use crate::fault::Fault;
use crate::harness::{Setup, run};

const DELETE: &str = "removal::delete_reports_removal";

fn status_of(report: &Report, clause: &str) -> Status {
    report.checks().iter().find(|check| check.clause == clause).map_or(Status::NotRun, |check| check.status)
}

#[test]
fn what_a_driver_does_not_declare_is_verified_absent() {
    let capabilities = Some(Capabilities::minimal("minimal", Topology::InProcess));
    let report = run(Fault::None, Setup { capabilities, ..Setup::default() }, Options::new());
    assert!(report.is_success(), "{report}");
    for (clause, status) in [
        ("get_after_set_returns_value", Status::Pass),
        ("set_if_present", Status::Pass),
        ("undeclared_is_unsupported", Status::Pass),
        ("set_if_value", Status::Unsupported),
        ("take_returns_and_removes", Status::Unsupported),
        ("renew_only_if_expiring", Status::Unsupported),
        ("clear_is_exact", Status::Unsupported),
        ("increment_is_atomic", Status::Unsupported),
    ] {
        assert_eq!(status_of(&report, clause), status, "{clause}");
    }
}

#[test]
fn a_declared_deviation_has_to_fail() {
    let deviations = vec![Deviation::new("delete_reports_removal", "the backend does not tell")];
    let setup = Setup { deviations, ..Setup::default() };

    let broken = run(Fault::DeleteAlwaysTrue, setup.clone(), Options::new().only(DELETE));
    assert_eq!(status_of(&broken, "delete_reports_removal"), Status::Deviation);
    assert!(broken.is_success(), "{broken}");

    let mended = run(Fault::None, setup, Options::new().only(DELETE));
    assert_eq!(status_of(&mended, "delete_reports_removal"), Status::Fail);
    assert!(!mended.is_success());
}

#[test]
fn a_whole_run_with_a_deviation_that_the_model_sees_too_succeeds() {
    let clauses = ["renew_only_if_expiring", "programs_agree_with_the_model"];
    let deviations = clauses.map(|clause| Deviation::new(clause, "renewal gives every entry an expiry")).to_vec();
    let setup = Setup { deviations, ..Setup::default() };
    let report = run(Fault::RenewMakesLastingExpire, setup, Options::new());
    assert!(report.is_success(), "{report}");
    assert_eq!(status_of(&report, "renew_only_if_expiring"), Status::Deviation);
    assert_eq!(report.model().map(|model| model.status), Some(Status::Deviation));
}

#[test]
fn a_deviation_from_an_unknown_clause_runs_nothing() {
    let setup = Setup { deviations: vec![Deviation::new("no_such_clause", "a typing error")], ..Setup::default() };
    let report = run(Fault::None, setup, Options::new().only(DELETE));
    assert_eq!(status_of(&report, "delete_reports_removal"), Status::NotRun);
    assert!(!report.is_success());
}

#[test]
fn what_is_required_may_not_be_unsupported() {
    let minimal =
        || Setup { capabilities: Some(Capabilities::minimal("minimal", Topology::InProcess)), ..Setup::default() };
    let both = || Options::new().only("counters::increment_is_atomic").only("values::missing_is_none");
    assert!(run(Fault::None, minimal(), both()).is_success());
    assert!(run(Fault::None, minimal(), both().require("values")).is_success());

    let report = run(Fault::None, minimal(), both().require("counters"));
    assert!(!report.is_success());
    let standings: Vec<_> = report.checks().iter().map(|check| (check.family, check.standing)).collect();
    assert_eq!(standings, [("values", Standing::Counts), ("counters", Standing::Required)]);
    assert!(report.to_string().contains("(unsupported, and required)"), "{report}");
}

#[test]
fn a_required_family_that_does_not_exist_runs_nothing() {
    let report = run(Fault::None, Setup::default(), Options::new().only(DELETE).require("lokcs"));
    assert_eq!(status_of(&report, "delete_reports_removal"), Status::NotRun);
    assert!(report.to_string().contains("a required family that does not exist: lokcs"), "{report}");
}

/// A harness whose server is not there; it is never made.
struct Unreachable;

impl Harness for Unreachable {
    fn store(&self) -> std::sync::Arc<dyn Store> {
        unreachable!("no harness is made")
    }

    fn clock(&self) -> ClockControl {
        unreachable!("no harness is made")
    }
}

#[test]
fn a_missing_server_is_a_failure_with_its_reason() {
    let start = || async { Err::<Unreachable, HarnessError>("no server on PATH".into()) };
    let report = store_conformance::run("unreachable", start, Options::new());
    assert!(!report.is_success());
    assert!(!report.checks().is_empty());
    for check in report.checks().iter().chain(report.model()).chain(report.record_model()) {
        assert_eq!(check.status, Status::NotRun, "{}", check.name());
        assert!(check.note.as_deref().is_some_and(|note| note.contains("no server on PATH")), "{:?}", check.note);
    }
}

#[test]
fn the_report_as_json_names_every_check_and_the_coverage() {
    let report = run(Fault::None, Setup::default(), Options::new().seed(3).cases(200));
    let json = report.to_json();
    assert_eq!(json["driver"], "model");
    assert_eq!((&json["version"], &json["level"]), (&1.into(), &"2026.1".into()));
    assert_eq!(json["observed_granularity_ms"], 1.0);
    assert_eq!(json["of"], report.checks().len() + 2);
    assert_eq!(json["seed"], 3);
    assert_eq!(json["capabilities"]["listing"], "ByteOrder");
    let checks = json["checks"].as_array().unwrap();
    assert_eq!(checks.len(), report.checks().len());
    assert!(checks.iter().all(|check| check["family"].is_string() && check["status"].is_string()));
    for (model, kinds) in [("model", 30), ("record_model", 16)] {
        assert_eq!(json[model]["cases"], 200);
        let coverage = json[model]["coverage"].as_object().unwrap();
        assert!(coverage.len() >= kinds, "{coverage:?}");
        // To open the data again takes some drivers long, so few programs do.
        for (what, figures) in coverage.iter().filter(|(what, _)| *what != "reopen") {
            assert!(figures["percent"].as_f64().unwrap() >= 1.0, "{what} is rarer than one in a hundred operations");
        }
    }
}
