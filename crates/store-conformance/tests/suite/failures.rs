//! What a failure says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use store_conformance::Options;

use crate::fault::Fault;
use crate::harness::{Setup, run};
use crate::mutants::{MODEL, RECORDS};

/// With time to make a program as short as it gets, however busy the machine is.
fn patient() -> Options {
    Options::new().shrink_limit(Duration::from_secs(3600))
}

#[test]
fn a_failure_shows_the_shortest_program_and_how_to_run_it_again() {
    let first = run(Fault::DeleteAlwaysTrue, Setup::default(), patient().seed(7).only(MODEL));
    let note = first.model().and_then(|model| model.note.clone()).unwrap();
    assert!(note.contains("in step 1 of"), "{note}");
    let seed = note.split("STORE_CONFORMANCE_SEED=").nth(1).and_then(|rest| rest.lines().next()).unwrap();

    let (_, test) = note.split_once("as a test of its own:").unwrap();
    assert!(test.contains("#[tokio::test]\nasync fn programs_agree_with_the_model()"), "{note}");
    assert!(test.contains("let store = ...; // yours") && test.contains("// What failed: saw an entry"), "{note}");
    assert!(test.contains("assert!(!"), "{note}");

    let again = patient().seed(seed.parse().unwrap()).cases(1).only(MODEL);
    let second = run(Fault::DeleteAlwaysTrue, Setup::default(), again);
    let repeated = second.model().and_then(|model| model.note.clone()).unwrap();
    assert_eq!(repeated, note);
}

#[test]
fn a_failure_of_records_shows_the_shortest_program_too() {
    let report = run(Fault::PurgeForgetsCreation, Setup::default(), patient().only(RECORDS));
    let note = report.record_model().and_then(|model| model.note.clone()).unwrap();
    assert!(steps(&note) <= 4 && note.contains(".purge().await?;"), "{note}");
    assert!(note.contains("async fn record_programs_agree_with_the_model()"), "{note}");
}

#[test]
fn without_time_for_it_a_program_is_shown_as_it_was_drawn() {
    let longest = |options: Options| {
        let notes = (0..8).map(|seed| run(Fault::ListReadsOnePage, Setup::default(), options.clone().seed(seed)));
        let notes = notes.map(|report| report.model().and_then(|model| model.note.clone()).unwrap());
        notes.map(|note| steps(&note)).max().unwrap()
    };
    let options = patient().only(MODEL);
    assert!(longest(options.clone().shrink_limit(Duration::ZERO)) > longest(options));
}

/// How many operations the program in a note has.
fn steps(note: &str) -> usize {
    let program =
        note.split("this program:").nth(1).and_then(|rest| rest.split("as a test of its own:").next()).unwrap();
    program.lines().filter(|line| line.trim_end().ends_with(';')).count()
}
