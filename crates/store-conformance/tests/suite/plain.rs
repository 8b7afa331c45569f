//! The suite as plain tests: all of them on a store that keeps the contract, and one that fails.

use crate::fault::Fault;
use crate::harness::{Setup, start};

mod healthy {
    use super::{Fault, Setup, start};

    store_conformance::suite!("model-plain", || start(Fault::None, Setup::default()));
}

const DELETE: &str = "removal::delete_reports_removal";

#[test]
#[should_panic(expected = "---- removal::delete_reports_removal ----")]
fn a_test_of_a_broken_store_fails_with_what_was_seen() {
    store_conformance::run_as_test("broken", || start(Fault::DeleteAlwaysTrue, Setup::default()), DELETE);
}

#[test]
#[should_panic(expected = "there is no check removal::no_such_clause")]
fn a_check_that_does_not_exist_is_no_passing_test() {
    let start = || start(Fault::None, Setup::default());
    store_conformance::run_as_test("model-plain", start, "removal::no_such_clause");
}
