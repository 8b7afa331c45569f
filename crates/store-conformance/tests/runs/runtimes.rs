//! The suite is called from wherever its caller happens to be.

use store_conformance::{Options, Report};

use crate::driver::{Backend, Trouble, TroubledHarness};

fn run() -> Report {
    let start = || async { Ok(TroubledHarness::new(Backend::new(), Trouble::NONE)) };
    store_conformance::run("troubled", start, Options::new().only("values::missing_is_none"))
}

#[tokio::test(flavor = "current_thread")]
async fn a_run_within_a_runtime_of_one_thread_ends() {
    let report = run();
    assert!(report.is_success(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_within_a_runtime_of_several_threads_ends() {
    let report = run();
    assert!(report.is_success(), "{report}");
    let beside = tokio::task::spawn_blocking(run).await.expect("it does not panic");
    assert!(beside.is_success(), "{beside}");
}
