#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod absence;
mod acquaintance;
mod args;
mod cases;
mod checks;
mod choices;
mod collections;
mod context;
mod environment;
mod every_check;
mod examination;
mod failing;
mod failure;
pub mod faults;
mod finding;
mod front;
mod granularity;
mod guard;
mod harness;
pub mod history;
mod known;
mod leaks;
mod level;
mod model;
mod noting;
mod options;
mod outage;
mod outputs;
mod pages;
mod progress;
mod race;
mod registry;
mod report;
mod run;
mod strategy;
mod suite;
mod time;
mod trial;
mod undeclaring;
mod walk;

#[doc = include_str!("guide.md")]
pub mod guide {}

pub use front::run_from_command_line;
pub use harness::{ClockControl, Deviation, Harness, HarnessError, Planted, Reopened};
pub use level::{Level, UnknownLevel};
pub use options::Options;
pub use outage::{Interruptible, Outage, Way};
pub use report::{CheckReport, Report, Standing, Status};
pub use run::run;
pub use suite::run_as_test;

/// Makes a test target with `harness = false` a run of the suite.
///
/// Takes the driver's name in reports and an async function that makes a [`Harness`], or a reason why there is none. The
/// [example](crate#on-your-own-driver) is a whole test file.
#[macro_export]
macro_rules! main {
    ($driver:expr, $start:expr $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::run_from_command_line($driver, $start)
        }
    };
}
