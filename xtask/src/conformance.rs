//! `cargo xtask conformance`: runs the suite on each driver and reports by clause.
//!
//! A driver is a test binary of its crate. It is told where to write its report, and its report is believed only if it
//! was written by this run and accounts for every clause of the contract.

mod report;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::tidy::clauses;
use crate::tidy::tree::Tree;
use crate::workspace::Workspace;
use crate::{run, set_up};

use report::{DriverReport, Report};

/// A driver's name and where its suite is.
struct Driver {
    name: &'static str,
    package: &'static str,
    target: &'static str,
    server: Server,
}

#[derive(PartialEq, Eq)]
enum Server {
    Needed,
    NotNeeded,
}

const DRIVERS: &[Driver] = &[
    Driver { name: "memory", package: "store-memory", target: "conformance", server: Server::NotNeeded },
    Driver { name: "redis-standalone", package: "store-redis", target: "conformance", server: Server::Needed },
    Driver {
        name: "redis-standalone-resp3",
        package: "store-redis",
        target: "conformance_resp3",
        server: Server::Needed,
    },
    Driver { name: "redis-sentinel", package: "store-redis", target: "conformance_sentinel", server: Server::Needed },
    Driver { name: "redis-cluster", package: "store-redis", target: "conformance_cluster", server: Server::Needed },
    Driver {
        name: "redis-cluster-per-namespace",
        package: "store-redis",
        target: "conformance_cluster_per_namespace",
        server: Server::Needed,
    },
    Driver {
        name: "redis-cluster-per-key",
        package: "store-redis",
        target: "conformance_cluster_per_key",
        server: Server::Needed,
    },
];

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Runs this driver; may be given several times. All of them unless given.
    #[arg(long = "driver", value_name = "NAME")]
    drivers: Vec<String>,
    /// How many generated cases the model runs.
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// Replays the cases of an earlier run.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Ends the generated cases of each driver after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    time_budget: Option<u64>,
    /// Builds with optimisation, for many cases.
    #[arg(long)]
    release: bool,
    /// Writes the whole report to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the report as a table for people to this file.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let drivers = selected(&options.drivers)?;
    if drivers.iter().any(|driver| driver.server == Server::Needed) {
        set_up::server_for_tests(workspace)?;
    }
    let clauses = clauses::declared(&Tree::of_repository(workspace.root())?);
    let directory = workspace.output_directory("conformance")?;
    let mut report = Report::default();
    let mut problems = Vec::new();
    for driver in drivers {
        match run_driver(workspace, driver, options, &directory) {
            Ok(run) => {
                problems.extend(run.report.problems(clauses.iter().map(|clause| clause.label.as_str())));
                problems.extend(run.failure.map(|error| format!("{}: {error:#}", driver.name)));
                report.drivers.push(run.report);
            }
            Err(error) => problems.push(format!("{}: {error:#}", driver.name)),
        }
    }
    print!("{}", report.text());
    write(options.json.as_deref(), || format!("{:#}\n", report.json()))?;
    write(options.markdown.as_deref(), || report.markdown())?;
    if problems.is_empty() {
        return Ok(());
    }
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    bail!("{} problems", problems.len())
}

fn selected(names: &[String]) -> Result<Vec<&'static Driver>> {
    if names.is_empty() {
        return Ok(DRIVERS.iter().collect());
    }
    let find = |name: &String| {
        let known = || DRIVERS.iter().map(|driver| driver.name).collect::<Vec<_>>().join(", ");
        let driver = DRIVERS.iter().find(|driver| driver.name == name);
        driver.with_context(|| format!("no driver {name}; there are: {}", known()))
    };
    names.iter().map(find).collect()
}

/// A report that was written, and how the run failed beside it if it did.
struct Run {
    report: DriverReport,
    failure: Option<anyhow::Error>,
}

fn run_driver(workspace: &Workspace, driver: &Driver, options: &Options, directory: &Path) -> Result<Run> {
    let file = directory.join(format!("{}.json", driver.name));
    // A report that an earlier run left must never be taken for one of this run.
    if file.exists() {
        fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    }
    let mut command = workspace.cargo(["test", "--package", driver.package, "--test", driver.target]);
    if driver.server == Server::Needed {
        command.args(set_up::backend_features()?);
    }
    if options.release {
        command.arg("--release");
    }
    command.arg("--").arg("--json").arg(&file);
    let numbers = [("--cases", options.cases), ("--seed", options.seed), ("--time-budget", options.time_budget)];
    for (name, number) in numbers {
        command.args(number.map(|number| [name.to_owned(), number.to_string()]).into_iter().flatten());
    }
    // Progress, here: the report is our result.
    let failure = run::run(command.stdout(std::io::stderr())).err();
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Run { report: DriverReport::parse(driver.name, &text)?, failure }),
        Err(_) => Err(failure.unwrap_or_else(|| anyhow::anyhow!("the suite ended without a report"))),
    }
}

fn write(file: Option<&Path>, content: impl FnOnce() -> String) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    fs::write(file, content()).with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_drivers_run_unless_some_are_named() {
        assert_eq!(selected(&[]).unwrap().len(), DRIVERS.len());
        let named = selected(&["memory".to_owned()]).unwrap();
        assert_eq!(named.iter().map(|driver| driver.name).collect::<Vec<_>>(), ["memory"]);
    }

    #[test]
    fn an_unknown_driver_is_refused_with_the_known_ones() {
        let Err(error) = selected(&["mongo".to_owned()]) else { panic!("accepted") };
        assert!(error.to_string().contains("memory, redis-standalone"), "{error}");
    }
}
