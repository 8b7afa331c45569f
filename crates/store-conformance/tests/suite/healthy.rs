//! The suite finds nothing wrong with a store that keeps the contract.

use store_conformance::{Options, Status};
use store_core::Listing;

use crate::fault::Fault;
use crate::harness::{Setup, run};
use crate::mutants::RECORDS;

#[test]
fn the_healthy_store_passes_every_check() {
    let report = run(Fault::None, Setup::default(), Options::new());
    assert!(report.is_success(), "{report}");
    for check in report.checks() {
        assert_eq!(check.status, Status::Pass, "{}: {:?}", check.name(), check.note);
    }
}

#[test]
fn an_unordered_store_may_list_each_key_twice() {
    let setup = Setup { listing: Some(Listing::Unordered), ..Setup::default() };
    let report = run(Fault::ListRepeatsKeys, setup, Options::new());
    assert!(report.is_success(), "{report}");
}

#[test]
fn records_may_have_short_keys_only() {
    let setup = Setup { longest_record_key: Some(64), ..Setup::default() };
    let report = run(Fault::None, setup, Options::new().only("records::").only(RECORDS));
    assert!(report.is_success(), "{report}");
}
