//! The suite as a test binary: reads the command line, shows each check as it ends, reports, and tells by its exit code.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test binary talks to the terminal")]

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::args::{self, Command};
use crate::harness::{Harness, HarnessError};
use crate::options::Options;
use crate::report::{CheckReport, Report, Status};
use crate::run::{names, run_watched};

/// What libtest exits with when a test failed.
const FAILED: u8 = 101;

/// Does what the command line asks for: what [`main!`](crate::main) expands to.
pub fn run_from_command_line<H, F, S>(driver: &str, start: S) -> ExitCode
where
    H: Harness,
    F: Future<Output = Result<H, HarnessError>> + Send + 'static,
    S: Fn() -> F + Send + Sync + 'static,
{
    match args::parse(std::env::args().skip(1), |name| std::env::var(name).ok()) {
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
        Ok(Command::Run(options, destination)) => {
            let report = run_watched(driver, start, options, show);
            println!("\n{report}");
            finish(&report, destination.map(|destination| destination.file(driver)))
        }
    }
}

/// In libtest's terse format, which is also a prefix of its pretty one; nextest reads nothing else.
fn list(options: &Options) {
    for name in names(options) {
        println!("{name}: test");
    }
}

fn show(check: &CheckReport) {
    let outcome = match check.status {
        Status::Pass => "ok",
        Status::Fail => "FAILED",
        Status::Unsupported => "ok, unsupported",
        Status::Deviation => "ok, deviation",
        Status::NotRun => "FAILED, not run",
    };
    let reason = match &check.note {
        Some(note) if check.status.is_success() => format!(": {note}"),
        _ => String::new(),
    };
    println!("test {} ... {outcome}{reason} ({} cases, {:.2} s)", check.name(), check.cases, check.seconds);
}

fn finish(report: &Report, file: Option<PathBuf>) -> ExitCode {
    if let Some(path) = file
        && let Err(error) = std::fs::write(&path, format!("{:#}\n", report.to_json()))
    {
        eprintln!("cannot write the report to {}: {error}", path.display());
        return ExitCode::from(FAILED);
    }
    if report.is_success() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
