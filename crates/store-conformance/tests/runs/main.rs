//! Runs of the suite on drivers and harnesses that panic, hang, close what they have, or deviate.

mod clean_up;
mod deviations;
mod driver;
mod fail_fast;
mod runtimes;
mod troubles;
