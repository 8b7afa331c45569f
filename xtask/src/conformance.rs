//! `cargo xtask conformance`: runs the suite on each driver and reports by clause.
//!
//! A driver is a test binary of its crate. It is told where to write its report, and its report is believed only if it
//! was written by this run and accounts for every clause of the contract.

mod matrix;
mod mutants;
mod readme;
mod repeat;
mod report;
mod reports;
mod table;

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use store_testkit::Release;

use crate::tidy::clauses;
use crate::tidy::tree::Tree;
use crate::workspace::Workspace;
use crate::{images, run, set_up};

use matrix::Row;
use report::DriverReport;
pub(crate) use reports::Reports;
use table::{Layout, Report};

/// A driver's name and where its suite is.
struct Driver {
    name: &'static str,
    package: &'static str,
    target: &'static str,
    server: Server,
    pace: Pace,
}

#[derive(PartialEq, Eq)]
enum Server {
    Needed,
    NotNeeded,
}

/// What a default run takes its time with, and so how long it may take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Nothing: the driver is in the process, and the suite moves its clock.
    ManualClock,
    /// Waiting for the clock of a driver in the process.
    WallClock,
    /// That, and round trips.
    Network,
    /// The disk, which differs too much from machine to machine.
    Disk,
}

impl Pace {
    /// How long a default run may take.
    fn bar(self) -> Option<Duration> {
        match self {
            Self::ManualClock => Some(Duration::from_secs(5)),
            Self::WallClock => Some(Duration::from_secs(20)),
            Self::Network => Some(Duration::from_secs(60)),
            Self::Disk => None,
        }
    }
}

const DRIVERS: &[Driver] = &[
    Driver {
        name: "memory",
        package: "store-memory",
        target: "conformance",
        server: Server::NotNeeded,
        pace: Pace::ManualClock,
    },
    Driver {
        name: "memory-system-clock",
        package: "store-memory",
        target: "conformance_system_clock",
        server: Server::NotNeeded,
        pace: Pace::WallClock,
    },
    Driver {
        name: "memory-coarse-clock",
        package: "store-memory",
        target: "conformance_coarse_clock",
        server: Server::NotNeeded,
        pace: Pace::WallClock,
    },
    Driver { name: "redb", package: "store-redb", target: "conformance", server: Server::NotNeeded, pace: Pace::Disk },
    Driver {
        name: "redis-standalone",
        package: "store-redis",
        target: "conformance",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-standalone-resp3",
        package: "store-redis",
        target: "conformance_resp3",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-standalone-pooled",
        package: "store-redis",
        target: "conformance_pooled",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-standalone-litestar",
        package: "store-redis",
        target: "conformance_litestar",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-standalone-flat",
        package: "store-redis",
        target: "conformance_flat",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-sentinel",
        package: "store-redis",
        target: "conformance_sentinel",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-cluster",
        package: "store-redis",
        target: "conformance_cluster",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-cluster-per-namespace",
        package: "store-redis",
        target: "conformance_cluster_per_namespace",
        server: Server::Needed,
        pace: Pace::Network,
    },
    Driver {
        name: "redis-cluster-per-key",
        package: "store-redis",
        target: "conformance_cluster_per_key",
        server: Server::Needed,
        pace: Pace::Network,
    },
];

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Runs this driver; may be given several times. All of them unless given.
    #[arg(long = "driver", value_name = "NAME")]
    drivers: Vec<String>,
    /// Runs every topology on every server release in containers, the protocols by turns.
    #[arg(long, conflicts_with = "drivers")]
    matrix: bool,
    /// Runs the suite on the mutants instead, each of which it has to find out, and reports by mutant and family.
    #[arg(long, conflicts_with_all = ["drivers", "matrix", "cases", "seed", "time_budget", "repeat", "read", "readme"])]
    mutants: bool,
    /// Runs each mutant so often; once unless told otherwise.
    #[arg(long, value_name = "N", requires = "mutants")]
    times: Option<NonZeroU32>,
    /// How many generated cases the model runs.
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// Replays the cases of an earlier run.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Ends the generated cases of each driver after so many seconds; unless --cases says how many, there are as many as fit.
    #[arg(long, value_name = "SECONDS")]
    time_budget: Option<u64>,
    /// Runs each driver so often, one after another, and stops at the first failure. Without a number: 100 times memory, 20
    /// times one Redis, 5 times each other. Fails too when a run of the default size took longer than such runs may.
    #[arg(long, value_name = "N", conflicts_with_all = ["matrix", "json", "markdown", "readme"])]
    repeat: Option<Option<u32>>,
    /// Runs nothing and shows the reports that runs of the suites have left in this directory.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["matrix", "repeat"])]
    read: Option<PathBuf>,
    /// Writes the table into README.md, in place of the one that is there, unless there are problems.
    #[arg(long, conflicts_with_all = ["matrix", "drivers"])]
    readme: bool,
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
    if options.mutants {
        return mutants::run(workspace, options.times, options.json.as_deref(), options.markdown.as_deref());
    }
    if let Some(directory) = &options.read {
        return read(workspace, directory, options);
    }
    if let Some(times) = options.repeat {
        return repeat::run(workspace, times, options);
    }
    let runs = match options.matrix {
        true => in_containers(workspace)?,
        false => as_configured(workspace, &options.drivers)?,
    };
    let reports = Reports::none_yet(workspace)?;
    let layout = if options.matrix { Layout::ByRun } else { Layout::ByFamily };
    let mut summary = Summary::new(workspace, layout)?;
    for run in runs {
        let ended = run::run(&mut run.command(workspace, &reports, options)?);
        summary.add(&run, reports.take(run.driver().name));
        summary.problems.extend(ended.err().map(|error| format!("{}: {error:#}", run.name())));
    }
    summary.finish(workspace, options)
}

/// Judges what others have run.
fn read(workspace: &Workspace, directory: &Path, options: &Options) -> Result<()> {
    let reports = Reports::left_in(directory.to_owned());
    let mut summary = Summary::new(workspace, Layout::ByFamily)?;
    for driver in selected(&options.drivers)? {
        summary.add(&Run::AsConfigured(driver), reports.read(driver.name));
    }
    summary.finish(workspace, options)
}

/// Judges what the suites of all drivers have written, where `cargo test` ran them, and whether the README still says so.
pub(crate) fn judge(workspace: &Workspace, reports: &Reports) -> Result<()> {
    let mut summary = Summary::new(workspace, Layout::ByFamily)?;
    for driver in DRIVERS {
        summary.add(&Run::AsConfigured(driver), reports.take(driver.name));
    }
    let stale = readme::check(workspace, &summary.report);
    summary.problems.extend(stale.err().map(|error| format!("{error:#}")));
    summary.finish(workspace, &Options::default())
}

fn as_configured(workspace: &Workspace, names: &[String]) -> Result<Vec<Run>> {
    let drivers = selected(names)?;
    if drivers.iter().any(|driver| driver.server == Server::Needed) {
        set_up::server_for_tests(workspace)?;
    }
    Ok(drivers.into_iter().map(Run::AsConfigured).collect())
}

fn in_containers(workspace: &Workspace) -> Result<Vec<Run>> {
    Release::ALL.into_iter().try_for_each(|release| images::ensure_image(workspace, release))?;
    Ok(matrix::rows().map(Run::InContainers).collect())
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

/// The suite on one driver.
enum Run {
    /// On the servers that the environment names.
    AsConfigured(&'static Driver),
    InContainers(Row),
}

impl Run {
    fn driver(&self) -> &'static Driver {
        match self {
            Self::AsConfigured(driver) => driver,
            Self::InContainers(row) => row.driver,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::AsConfigured(driver) => driver.name.to_owned(),
            Self::InContainers(row) => row.name(),
        }
    }

    fn command(&self, workspace: &Workspace, reports: &Reports, options: &Options) -> Result<Command> {
        let driver = self.driver();
        let mut command =
            workspace.cargo(["test", "--package", driver.package, "--all-features", "--test", driver.target]);
        match self {
            Self::AsConfigured(driver) if driver.server == Server::NotNeeded => &mut command,
            Self::AsConfigured(_) => command.args(set_up::backend_features()?),
            Self::InContainers(row) => command.args(set_up::CONTAINERS).envs(row.environment()),
        };
        if options.release {
            command.arg("--release");
        }
        command.arg("--");
        let numbers = [("--cases", options.cases), ("--seed", options.seed), ("--time-budget", options.time_budget)];
        for (name, number) in numbers {
            command.args(number.map(|number| [name.to_owned(), number.to_string()]).into_iter().flatten());
        }
        reports.collect_from(&mut command);
        // Progress, here: the report is our result.
        command.stdout(std::io::stderr());
        Ok(command)
    }

    /// What the report has to say beside the checks.
    fn check_subject(&self, report: &DriverReport) -> Result<()> {
        match self {
            Self::AsConfigured(_) => Ok(()),
            Self::InContainers(row) => row.check_subject(report),
        }
    }
}

/// What the runs have come to.
struct Summary {
    clauses: Vec<String>,
    report: Report,
    problems: Vec<String>,
}

impl Summary {
    fn new(workspace: &Workspace, layout: Layout) -> Result<Self> {
        let clauses = clauses::declared(&Tree::of_repository(workspace.root())?);
        let clauses = clauses.into_iter().map(|clause| clause.label).collect();
        Ok(Self { clauses, report: Report::new(layout), problems: Vec::new() })
    }

    fn add(&mut self, run: &Run, report: Result<DriverReport>) {
        let judged = report.and_then(|report| {
            self.problems.extend(report.problems(self.clauses.iter().map(String::as_str)));
            let checked = run.check_subject(&report);
            self.report.drivers.push(report);
            checked
        });
        self.problems.extend(judged.err().map(|error| format!("{}: {error:#}", run.name())));
    }

    fn finish(self, workspace: &Workspace, options: &Options) -> Result<()> {
        print!("{}", self.report.text());
        write(options.json.as_deref(), || format!("{:#}\n", self.report.json()))?;
        write(options.markdown.as_deref(), || self.report.markdown())?;
        if self.problems.is_empty() {
            return if options.readme { readme::write(workspace, &self.report) } else { Ok(()) };
        }
        self.problems.iter().for_each(|problem| eprintln!("{problem}"));
        bail!("{} problems", self.problems.len())
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
        let known = DRIVERS.iter().map(|driver| driver.name).collect::<Vec<_>>().join(", ");
        assert!(error.to_string().contains(&known), "{error}");
    }
}
