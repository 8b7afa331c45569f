//! Comparisons with other clients, side by side.
//!     cargo run --release -p store-bench -- --quick --only instructions --json figures.json
//! `cargo xtask bench` installs what this needs and runs it. This file dispatches; each group is a module of its own.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod allocations;
mod atomic;
mod batch;
mod burst;
mod clear;
mod cluster;
mod contest;
mod core;
mod effort;
mod get_set;
mod instructions;
mod memory;
mod own_process;
mod plots;
mod python;
mod records;
mod report;
mod rounds;
mod runtime;
mod single;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use store_testkit::Release;

use crate::core::Allocated;
use crate::effort::Effort;
use crate::instructions::Work;
use crate::memory::{Expiry, Fill};
use crate::records::Walk;
use crate::report::{Report, Row};

/// Compares this project's drivers with the clients underneath and beside them.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Runs this group only.
    #[arg(long, value_name = "GROUP")]
    only: Option<Group>,
    /// Measures in fewer and shorter rounds: meant for 3 minutes instead of 25.
    #[arg(long)]
    quick: bool,
    /// Writes the figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the table to this file, in Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Writes what has to be reached, and whether it is, to this file, in Markdown.
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Draws how figures grow, in tasks and in the size of the store, as SVG into this directory.
    #[arg(long, value_name = "DIRECTORY")]
    plots: Option<PathBuf>,
    /// Keeps the profiles of the instruction counts in this directory, to be read with `callgrind_annotate`.
    #[arg(long, value_name = "DIRECTORY")]
    profiles: Option<PathBuf>,
    /// Where environments for Python are, as `cargo xtask bench` makes them.
    #[arg(long, value_name = "DIRECTORY")]
    python: Option<PathBuf>,
    /// Measures `clear` on this release of the server too, as in `redis:8.0`; may be given several times.
    #[arg(long = "clear-on", value_name = "RELEASE")]
    clear_on: Vec<Release>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// What `Arc<dyn Store>` and namespaces cost over the direct call.
    Core,
    /// What is one step on the server, beside a plain write of ours.
    Atomic,
    /// Batches, beside what they are made of.
    Batch,
    /// Removal of a small part of a large database.
    Clear,
    /// Single operations on a Cluster, beside other clients.
    Cluster,
    /// Instructions that the client spends on one operation.
    Instructions,
    /// A hit, reads and writes of two threads, the size of an entry, and a million that expire, in the memory driver.
    Memory,
    /// Single operations on one server, beside what applications in Python have.
    Python,
    /// Values of records, beside Python and beside our entries; pages of small and of large collections, and the memory
    /// that a walk takes.
    Records,
    /// Single operations on one server, beside other clients.
    Single,
}

/// What this program starts itself as.
#[derive(Subcommand)]
enum Part {
    /// Counts what calls ask of the allocator.
    #[command(hide = true)]
    Allocated(Allocated),
    /// Carries out operations to be counted from outside.
    #[command(hide = true)]
    Worker(Work),
    /// Fills a map or cache.
    #[command(hide = true)]
    Fill(Fill),
    /// Keeps entries until all expire at one time.
    #[command(hide = true)]
    Expiry(Expiry),
    /// Walks through a collection of records.
    #[command(hide = true)]
    Walk(Walk),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    match &arguments.part {
        Some(Part::Allocated(allocated)) => return allocated.carry_out(),
        Some(Part::Worker(work)) => return work.carry_out(),
        Some(Part::Fill(fill)) => return fill.carry_out(),
        Some(Part::Expiry(expiry)) => return expiry.carry_out(),
        Some(Part::Walk(walk)) => return walk.carry_out(),
        None => {}
    }
    ensure!(!cfg!(debug_assertions), "figures of a build without optimisation say nothing: add --release");
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let mut rows = Vec::new();
    for group in Group::value_variants() {
        if arguments.only.is_none_or(|only| only == *group) {
            rows.extend(group.measure(&arguments, effort)?);
        }
    }
    let report = Report::of_this_machine(effort, rows);
    println!("{}", report.text());
    arguments.plots.map_or(Ok(()), |directory| plots::draw(report.rows(), &directory))?;
    arguments.json.map_or(Ok(()), |file| report::write(&file, &report.json()?))?;
    arguments.markdown.map_or(Ok(()), |file| report::write(&file, &report.markdown()))?;
    arguments.summary.map_or(Ok(()), |file| report::write(&file, &report.summary()))
}

impl Group {
    fn measure(self, arguments: &Arguments, effort: Effort) -> Result<Vec<Row>> {
        let python = arguments.python.as_deref();
        match self {
            Self::Core => core::measure(effort),
            Self::Atomic => atomic::measure(effort),
            Self::Batch => batch::measure(effort),
            Self::Clear => clear::measure(effort, &arguments.clear_on),
            Self::Cluster => cluster::measure(effort),
            Self::Instructions => instructions::measure(effort, arguments.profiles.as_deref()),
            Self::Memory => memory::measure(effort),
            Self::Python => python::measure(effort, python),
            Self::Records => records::measure(effort, python),
            Self::Single => single::measure(effort),
        }
    }
}
