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

use crate::case::Case;
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
    let chosen = chosen(&arguments.systems, &arguments.case)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut report = Report::default();
    for (system, cases) in chosen {
        let python = arguments.environments.join(system.name).join("bin").join("python");
        runtime.block_on(system.run(&python, &cases, &mut report));
    }
    // Without waiting for threads of a case that did not end.
    runtime.shutdown_background();
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{:#}\n", report.json()))
            .with_context(|| format!("writing {}", file.display()))?;
    }
    println!("{}", report.summary());
    ensure!(report.is_green(), "not every case passed");
    Ok(())
}

/// The systems with a case to run, with the cases.
fn chosen(names: &[String], text: &str) -> Result<Vec<(&'static System, Vec<Case>)>> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|system| system.name == **name)) {
        bail!("no system {unknown}; there are {}", ALL.map(|system| system.name).join(", "));
    }
    let systems = ALL.iter().filter(|system| names.is_empty() || names.iter().any(|name| name == system.name));
    let cases = |system: &System| system.cases().filter(|case| case.name().contains(text)).collect::<Vec<_>>();
    let mut chosen: Vec<_> = systems.map(|system| (system, cases(system))).collect();
    chosen.retain(|(_, cases)| !cases.is_empty());
    ensure!(!chosen.is_empty(), "no case has {text:?} in its name");
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_systems(names: &[&str], text: &str) -> Result<Vec<&'static str>> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        Ok(chosen(&names, text)?.into_iter().map(|(system, _)| system.name).collect())
    }

    #[test]
    fn only_systems_with_a_case_to_run_are_chosen_and_none_at_all_is_an_error() {
        assert_eq!(chosen_systems(&[], "").unwrap(), ALL.map(|system| system.name));
        assert_eq!(chosen_systems(&[], "counts on from a number of python").unwrap(), ["litestar", "cachetory"]);
        assert_eq!(chosen_systems(&["cachelib"], "").unwrap(), ["cachelib"]);
        assert!(chosen_systems(&["nothing"], "").is_err());
        assert!(chosen_systems(&["cachelib"], "no case is called like this").is_err());
    }
}
