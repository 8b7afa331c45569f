//! What the Redis driver makes of servers that fail: named scenarios with figures, and what it is held to.
//!     cargo xtask faults --scenario hiccup --topology cluster --json figures.json
//! This file dispatches; each family of scenarios is a module of its own.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod feed;
mod figures;
mod ledger;
mod report;
mod scenario;
mod scenarios;
mod time;
mod topology;
mod writers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use store_testkit::ServerOptions;

use crate::scenario::Scenario;
use crate::scenarios::ALL;
use crate::topology::{Deployment, Replacement, Topology};

/// Runs scenarios of failing servers, and fails when the driver misses a bar.
#[derive(Parser)]
#[command(name = "cargo xtask faults")]
struct Arguments {
    /// Runs on this topology; may be given several times. All of them unless given.
    #[arg(long = "topology", value_name = "TOPOLOGY")]
    topologies: Vec<Topology>,
    /// Runs this scenario; may be given several times. All of them unless given.
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// How long each random schedule goes on.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    seconds: u64,
    /// Decides about everything random; the next repeat has the next seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Runs every scenario so often, whatever it asks for itself.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeats: Option<u32>,
    /// Writes the figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes a table for people to this file.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Says which scenarios there are, and runs none.
    #[arg(long)]
    list: bool,
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
    if arguments.list {
        ALL.iter().for_each(list);
        return Ok(());
    }
    let chosen = chosen(arguments)?;
    let server = Deployment::start(Topology::Standalone, Replacement::Prompt, ServerOptions::new())?.version();
    eprintln!("{server}, seed {}, {} scenarios", arguments.seed, chosen.len());
    let mut rows = Vec::new();
    for (scenario, topology) in chosen {
        eprintln!("{} on {}: {}", scenario.name, topology.name(), scenario.about);
        let repeats = arguments.repeats.unwrap_or(scenario.repeats);
        let row = scenario.run(topology, repeats, arguments.seed, Duration::from_secs(arguments.seconds));
        println!("{}", report::text(&row));
        rows.push(row);
    }
    let json = || format!("{:#}\n", report::json(&rows, &server, arguments.seed));
    write(arguments.json.as_deref(), json)?;
    write(arguments.markdown.as_deref(), || report::markdown(&rows))?;
    match rows.iter().filter(|row| !row.passed()).count() {
        0 => Ok(()),
        missed => bail!("{missed} of {} rows miss a bar", rows.len()),
    }
}

fn list(scenario: &Scenario) {
    let topologies: Vec<_> = scenario.topologies.iter().map(|topology| topology.name()).collect();
    println!("{:24} {:29} {}", scenario.name, topologies.join(","), scenario.about);
}

/// The scenarios that were asked for, on each topology that was asked for and that they know.
fn chosen(arguments: &Arguments) -> Result<Vec<(&'static Scenario, Topology)>> {
    for name in &arguments.scenarios {
        if !ALL.iter().any(|scenario| scenario.name == name) {
            bail!("no scenario {name}; --list says which there are");
        }
    }
    let wanted = |scenario: &&Scenario| {
        arguments.scenarios.is_empty() || arguments.scenarios.iter().any(|name| scenario.name == name)
    };
    let on = |topology: &Topology| arguments.topologies.is_empty() || arguments.topologies.contains(topology);
    let pairs: Vec<_> = ALL
        .iter()
        .filter(wanted)
        .flat_map(|scenario| scenario.topologies.iter().filter(|it| on(it)).map(move |it| (scenario, *it)))
        .collect();
    if pairs.is_empty() {
        bail!("none of these scenarios knows any of these topologies; --list says which they know");
    }
    Ok(pairs)
}

fn write(file: Option<&Path>, content: impl FnOnce() -> String) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, content()).with_context(|| format!("writing {}", file.display()))
}
