//! What a check wrote is removed, also where the check closed the store that it wrote by.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use store_conformance::{Options, Report, Status};
use store_core::StoreExt;

use crate::driver::{Backend, Trouble, TroubledHarness};

/// It writes, and closes the store.
const CLOSES: &str = "lifecycle::close_is_final";

/// Runs the check that closes all it has. Only so many harnesses can be made.
fn run(backend: &Backend, harnesses: usize) -> Report {
    let (backend, started) = (backend.clone(), Arc::new(AtomicUsize::new(0)));
    let start = move || {
        let (backend, number) = (backend.clone(), started.fetch_add(1, Ordering::SeqCst));
        async move {
            if number == harnesses {
                return Err("the server is gone".into());
            }
            Ok(TroubledHarness::new(backend, Trouble::NONE))
        }
    };
    store_conformance::run("closing", start, Options::new().only(CLOSES))
}

#[tokio::test]
async fn what_was_written_before_a_store_was_closed_is_removed_by_a_new_harness() {
    let backend = Backend::new();
    let report = run(&backend, usize::MAX);
    assert!(report.is_success(), "{report}");
    let written = backend.written();
    assert!(written.len() > 1, "besides the namespace in which the driver was observed: {written:?}");
    for namespace in written {
        let left = backend.data().namespace(&namespace).expect("it was written to").list().await;
        assert_eq!(left.expect("the data lasts").keys, [], "in {namespace:?}");
    }
}

#[test]
fn a_harness_that_cannot_be_made_again_is_told_with_the_check() {
    // One to get to know the driver, one for the check.
    let report = run(&Backend::new(), 2);
    let [check] = report.checks() else { panic!("{report}") };
    assert_eq!(check.status, Status::Fail);
    let note = check.note.as_deref().unwrap_or_default();
    assert!(note.starts_with("no harness to clean up with: the server is gone"), "{note}");
}
