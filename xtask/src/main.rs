//! The project's commands: `cargo xtask …`. This file dispatches; each command is a file of its own.
//!
//! Progress and the commands that are run go to standard error, results to standard output.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod bench;
mod ci;
mod conformance;
mod containers;
mod deny;
mod failures;
mod faults;
mod images;
mod interop;
mod msrv;
mod programs;
mod python;
mod readme;
mod redis;
mod run;
mod set_up;
mod steps;
mod test;
mod text;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// What a contributor runs; CI runs the same.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs everything a contributor must have green: all tests on all drivers, the suite, the examples.
    Test,
    /// Runs `test`, and the checks of format, lints, documentation, rules, dependencies and licences.
    Ci,
    /// Runs the conformance suite and reports by driver and clause.
    Conformance(conformance::Options),
    /// Runs the benchmarks.
    Bench(bench::Options),
    /// Lets servers fail in every way that the tests know, and counts what the Redis driver makes of it.
    Faults(faults::Options),
    /// Shares data with applications in Python, both ways, and reports case by case.
    Interop(interop::Options),
    /// Starts or ends a Redis server to try things on.
    #[command(subcommand)]
    Redis(redis::Task),
    /// Makes the servers of other versions that tests can ask for, as container images and to run as processes.
    Images(images::Options),
    /// Checks the rules that no compiler knows; see xtask/src/tidy.rs for the list.
    Tidy(tidy::Options),
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let done = match task {
        Task::Test => return test::run(&workspace),
        Task::Ci => return ci::run(&workspace),
        Task::Conformance(options) => conformance::run(&workspace, &options),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Faults(options) => faults::run(&workspace, &options),
        Task::Interop(options) => interop::run(&workspace, &options),
        Task::Redis(task) => redis::run(&workspace, &task),
        Task::Images(options) => images::run(&workspace, &options),
        Task::Tidy(options) => tidy::run(&workspace, &options),
    };
    done.map(|()| ExitCode::SUCCESS)
}
