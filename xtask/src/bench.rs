//! `cargo xtask bench`: builds the benchmarks as users build, and runs them.

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context, Result};
use store_testkit::Release;

use crate::readme::Section;
use crate::workspace::Workspace;
use crate::{images, python, run, set_up};

/// The group that runs under valgrind.
const INSTRUCTIONS: &str = "instructions";

/// The groups that programs in Python take part in.
const WITH_PYTHON: [&str; 2] = ["python", "records"];

/// One file for each environment of these, with the exact version of every package.
pub(crate) const CONSTRAINTS: &str = "crates/store-bench/python/constraints";

/// What the README says of a run. No check holds it to one, for figures differ from machine to machine.
const SECTION: Section = Section::new("bench");

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs this group only, such as `instructions`.
    #[arg(long, value_name = "GROUP")]
    only: Option<String>,
    /// Measures in fewer and shorter rounds: meant for 3 minutes instead of 25.
    #[arg(long)]
    quick: bool,
    /// Measures `clear` on this release of the server too, as in `redis:8.0`; may be given several times.
    #[arg(long = "clear-on", value_name = "RELEASE")]
    clear_on: Vec<Release>,
    /// Writes the figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes all of the table to this file, in Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Draws how figures grow, in tasks and in the size of the store, as SVG into this directory.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Writes what has to be reached, and whether it is, into README.md, in place of what is there.
    #[arg(long, conflicts_with_all = ["only", "quick"])]
    readme: bool,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    set_up::server_for_tests(workspace)?;
    if options.wants(INSTRUCTIONS) {
        set_up::valgrind()?;
    }
    for release in &options.clear_on {
        images::ensure_program(workspace, *release)?;
    }
    let mut command = workspace.cargo(["run", "--release", "--package", "store-bench", "--"]);
    if let Some(group) = &options.only {
        command.args(["--only", group]);
    }
    if options.quick {
        command.arg("--quick");
    }
    if WITH_PYTHON.into_iter().any(|group| options.wants(group)) {
        let directory = workspace.output_directory("bench")?;
        python::make(&python::environments(&workspace.root().join(CONSTRAINTS), &directory)?)?;
        command.arg("--python").arg(directory);
    }
    command.args(options.clear_on.iter().flat_map(|release| ["--clear-on", release.name()]));
    pass(&mut command, "--json", options.json.as_deref())?;
    pass(&mut command, "--markdown", options.markdown.as_deref())?;
    pass(&mut command, "--plots", options.plots.as_deref())?;
    if options.readme { into_readme(workspace, &mut command) } else { run::run(&mut command) }
}

impl Options {
    fn wants(&self, group: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == group)
    }
}

/// Our working directory is the user's, the benchmarks' is the workspace.
fn pass(command: &mut Command, option: &str, path: Option<&Path>) -> Result<()> {
    if let Some(path) = path {
        command.arg(option).arg(absolute(path).with_context(|| format!("resolving the path of {option}"))?);
    }
    Ok(())
}

fn into_readme(workspace: &Workspace, command: &mut Command) -> Result<()> {
    let file = workspace.output_directory("bench")?.join("summary.md");
    run::run(command.arg("--summary").arg(&file))?;
    let summary = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    SECTION.write(workspace, &summary)
}
