//! What a driver kept after a check is told with the check.

use std::sync::Arc;

use store_conformance::{ClockControl, Harness, Options};
use store_core::{ManualClock, Store};

use crate::fault::Fault;
use crate::harness::{Setup, run};
use crate::store::ModelStore;

const NESTED: &str = "namespaces::namespaces_are_isolated";

#[test]
fn a_run_on_a_store_that_keeps_the_contract_leaks_nothing() {
    let report = run(Fault::None, Setup::default(), Options::new().cases(10));
    assert_eq!(report.leaks(), [""; 0]);
    let leaks = report.checks().iter().chain(report.model()).chain(report.record_model());
    assert_eq!(leaks.flat_map(|check| check.leaks.clone()).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn entries_that_a_clear_leaves_are_told_with_the_check_that_wrote_them() {
    let report = run(Fault::ClearKeepsNested, Setup::default(), Options::new().only(NESTED));
    let leaks = report.checks().iter().flat_map(|check| check.leaks.clone()).collect::<Vec<_>>();
    assert!(leaks.iter().any(|leak| leak.contains("entries are left after a clear, such as")), "{leaks:?}");
    assert!(report.to_string().contains(&format!("leak: {NESTED}: ")), "{report}");
    assert!(report.to_json()["checks"][0]["leaks"][0].is_string());
}

#[test]
fn collections_that_open_after_a_drop_are_told_with_the_check_that_made_them() {
    let report = run(Fault::UnknownIdIsMade, Setup::default(), Options::new().only("records::store_names"));
    let leaks = report.checks().iter().flat_map(|check| check.leaks.clone()).collect::<Vec<_>>();
    assert!(leaks.iter().any(|leak| leak.contains("still opens by its id after a drop")), "{leaks:?}");
}

/// Its driver has a task for each store, which nothing ends.
struct Spawning(ModelStore, ManualClock);

impl Harness for Spawning {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.1.clone())
    }
}

#[test]
fn tasks_that_outlive_every_handle_are_told_with_the_run() {
    let start = || async {
        tokio::spawn(std::future::pending::<()>());
        let clock = ManualClock::new();
        Ok(Spawning(ModelStore::new(clock.clone(), Fault::None), clock))
    };
    let report = store_conformance::run("spawning", start, Options::new().only("values::missing_is_none"));
    // One harness to ask what the driver is, and one for the check.
    assert_eq!(report.leaks(), ["2 tasks go on 500ms after every handle was dropped"]);
    assert!(report.is_success(), "{report}");
}
