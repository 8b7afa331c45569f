//! Clients for records need not keep access times exactly, but as exactly as their harness says.

use store_conformance::{Options, Report, Status};
use store_core::AccessTimes;

use crate::fault::Fault;
use crate::harness::{Setup, run};

const CHECK: &str = "records::metadata_counts";
const MODEL: &str = "model::record_programs_agree_with_the_model";

fn run_keeping(access_times: AccessTimes, fault: Fault, options: Options) -> Report {
    run(fault, Setup { access_times: Some(access_times), ..Setup::default() }, options)
}

#[test]
fn a_client_may_keep_access_times_coarsely_or_not_at_all() {
    for access_times in [AccessTimes::Coarse, AccessTimes::Off] {
        let report = run_keeping(access_times, Fault::None, Options::new().only("records::").only(MODEL));
        assert!(report.is_success(), "{access_times:?}: {report}");
        for check in report.checks().iter().chain(report.record_model()) {
            assert_eq!(check.status, Status::Pass, "{access_times:?}: {} {:?}", check.name(), check.note);
        }
    }
}

#[test]
fn access_times_that_are_coarser_than_the_harness_says_are_found() {
    for (access_times, fault) in [
        (AccessTimes::Exact, Fault::AccessTimesAreTooCoarse),
        (AccessTimes::Coarse, Fault::AccessTimesAreTooCoarse),
        (AccessTimes::Coarse, Fault::ReadIsNoAccess),
        (AccessTimes::Off, Fault::MetadataReadIsAccess),
    ] {
        for check in [CHECK, MODEL] {
            let report = run_keeping(access_times, fault, Options::new().only(check));
            let judged: Vec<Status> =
                report.checks().iter().chain(report.record_model()).map(|check| check.status).collect();
            assert_eq!(judged, [Status::Fail], "{access_times:?} {fault:?} {check}");
        }
    }
}
