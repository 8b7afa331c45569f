//! A store whose second handle serves what it remembers, and says so: its reads are excused, and nothing else is.

use store_conformance::{Options, Report};
use store_core::Reads;

use crate::fault::Fault;
use crate::harness::{Setup, run};

/// The check that judges histories by what the driver declares of its reads.
const HISTORIES: &str = "concurrency::operations_are_linearizable";

fn declaring(reads: Reads, fault: Fault) -> Report {
    let setup = Setup { reads: Some(reads), ..Setup::default() };
    run(fault, setup, Options::new().only(HISTORIES))
}

#[test]
fn stale_reads_are_excused_where_they_are_declared() {
    let report = declaring(Reads::MayBeStale, Fault::None);
    assert!(report.is_success(), "{report}");
    // The same reads are stale enough to be seen.
    let report = declaring(Reads::Latest, Fault::SecondHandleReadsStale);
    assert!(!report.is_success(), "{report}");
}

#[test]
fn what_stale_reads_do_not_excuse_is_found() {
    for fault in [
        // Reads of what nobody wrote.
        Fault::TearsOneValueInAThousand,
        // Writes that look at what is no longer there.
        Fault::ReadsThenWritesIfAbsent,
        Fault::ComparesThenWritesIfValue,
        Fault::IfValueStoresNowAndThen,
        // Removals that two are told of, or nobody sees.
        Fault::TakesInTwoSteps,
        Fault::ForgetsOneDeleteInTwoHundred,
    ] {
        let report = declaring(Reads::MayBeStale, fault);
        assert!(!report.is_success(), "{fault:?}: {report}");
    }
}
