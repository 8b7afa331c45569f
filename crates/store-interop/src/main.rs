//! Redis data shared with applications in Python: cases in which one side writes and the other reads, counts, clears.
//!     cargo xtask interop --system cachelib --json cases.json
//! This file dispatches; each system is a module of its own, and a worker of its own in `python/`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod case;
mod python;
mod report;
mod rust;
mod server;
mod sides;
mod system;
mod systems;
mod wire;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use tokio::runtime::Builder;

use crate::report::Report;
use crate::system::System;
use crate::systems::ALL;

/// Shares data with Python libraries, case by case, and fails when a case does.
#[derive(Parser)]
#[command(name = "cargo xtask interop")]
struct Arguments {
    /// Where the virtual environments are, each in a directory that is called like its system.
    #[arg(long, value_name = "DIRECTORY")]
    environments: PathBuf,
    /// Runs the cases of this system; may be given several times. All of them unless given.
    #[arg(long = "system", value_name = "SYSTEM")]
    systems: Vec<String>,
    /// Runs only cases with this text in their names.
    #[arg(long, value_name = "TEXT", default_value = "")]
    case: String,
    /// Writes the cases to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut report = Report::default();
    for system in chosen(&arguments.systems)? {
        let cases = system.cases().filter(|case| case.name().contains(&arguments.case)).collect();
        let python = arguments.environments.join(system.name).join("bin").join("python");
        runtime.block_on(system.run(&python, cases, &mut report));
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{:#}\n", report.json()))
            .with_context(|| format!("writing {}", file.display()))?;
    }
    println!("{}", report.summary());
    ensure!(report.is_green(), "not every case passed");
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static System>> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|system| system.name == **name)) {
        bail!("no system {unknown}; there are {}", ALL.map(|system| system.name).join(", "));
    }
    Ok(ALL.iter().filter(|system| names.is_empty() || names.iter().any(|name| name == system.name)).collect())
}
