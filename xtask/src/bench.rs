//! `cargo xtask bench`: builds the benchmarks as users build, and runs them.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{run, set_up};

/// The group that runs under valgrind.
const INSTRUCTIONS: &str = "instructions";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs this group only, such as `instructions`.
    #[arg(long, value_name = "GROUP")]
    only: Option<String>,
    /// Writes the figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    set_up::server_for_tests(workspace)?;
    if options.only.as_deref().is_none_or(|group| group == INSTRUCTIONS) {
        set_up::valgrind()?;
    }
    let mut command = workspace.cargo(["run", "--release", "--package", "store-bench", "--"]);
    if let Some(group) = &options.only {
        command.args(["--only", group]);
    }
    if let Some(file) = &options.json {
        // Our working directory is the user's, the benchmarks' is the workspace.
        command.arg("--json").arg(std::path::absolute(file).context("resolving the path of --json")?);
    }
    run::run(&mut command)
}
