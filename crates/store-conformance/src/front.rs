//! The suite as a test binary: reads the command line, shows each check as it ends, reports, and tells by its exit code.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test binary talks to the terminal")]

use std::future::Future;
use std::process::ExitCode;

use crate::args::{self, Command};
use crate::environment;
use crate::harness::{Harness, HarnessError};
use crate::options::Options;
use crate::outputs::Outputs;
use crate::report::{CheckReport, Report, Standing, Status};
use crate::run::run_watched;
use crate::trial;

/// What libtest exits with when a test failed.
const FAILED: u8 = 101;

/// Does what the command line asks for: what [`main!`](crate::main) expands to.
pub fn run_from_command_line<H, F, S>(driver: &str, start: S) -> ExitCode
where
    H: Harness,
    F: Future<Output = Result<H, HarnessError>> + Send + 'static,
    S: Fn() -> F + Send + Sync + 'static,
{
    match command() {
        Err(wrong) => {
            eprintln!("{wrong}\n\n{}", args::HELP);
            ExitCode::from(FAILED)
        }
        Ok(Command::Help) => {
            println!("{}", args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Command::List(options)) => {
            list(&options);
            ExitCode::SUCCESS
        }
        Ok(Command::Run(options, outputs)) => {
            let report = run_watched(driver, start, options, show);
            println!("\n{report}");
            finish(&report, &outputs)
        }
    }
}

fn command() -> Result<Command, String> {
    let outputs = Outputs { reports: environment::reports(), ..Outputs::default() };
    args::parse(std::env::args().skip(1), Options::from_environment()?, outputs)
}

/// In libtest's terse format, which is also a prefix of its pretty one; nextest reads nothing else.
fn list(options: &Options) {
    for trial in trial::selected(options) {
        println!("{}: test", trial.name());
    }
}

fn show(check: &CheckReport) {
    println!("test {} ... {} ({} cases, {:.2} s)", check.name(), outcome(check), check.cases, check.seconds);
}

/// How a check ended, in the words of libtest, with the reason of what did not simply pass and yet fails nothing.
pub(crate) fn outcome(check: &CheckReport) -> String {
    let verdict = if check.is_success() { "ok" } else { "FAILED" };
    let standing = match check.standing {
        Standing::Counts => "",
        Standing::Required => ", required",
        Standing::Preview => ", preview",
    };
    let status = match check.status {
        Status::Pass => "",
        Status::Fail if check.is_success() => ", failed",
        Status::Fail => "",
        Status::Unsupported => ", unsupported",
        Status::Deviation => ", deviation",
        Status::NotRun => ", not run",
    };
    // What fails the run is shown at its end.
    let reason = check.note.as_ref().filter(|_| check.is_success()).map(|note| format!(": {note}"));
    format!("{verdict}{standing}{status}{}", reason.unwrap_or_default())
}

fn finish(report: &Report, outputs: &Outputs) -> ExitCode {
    if let Err(error) = outputs.write(report) {
        eprintln!("{error}");
        return ExitCode::from(FAILED);
    }
    if report.is_success() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
