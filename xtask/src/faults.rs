//! `cargo xtask faults`: builds the scenarios of failing servers as users build, and runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{run, set_up};

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Runs on this topology: standalone, sentinel or cluster; may be given several times. All of them unless given.
    #[arg(long = "topology", value_name = "TOPOLOGY")]
    topologies: Vec<String>,
    /// Runs this scenario; may be given several times. All of them unless given.
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// How long each random schedule goes on.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Decides about everything random.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Runs every scenario so often, whatever it asks for itself.
    #[arg(long, value_name = "N")]
    repeats: Option<u64>,
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

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    set_up::server_binary(workspace)?;
    let mut command = workspace.cargo(["run", "--release", "--package", "store-faults", "--"]);
    options.add_to(&mut command)?;
    run::run(&mut command)
}

impl Options {
    fn add_to(&self, command: &mut Command) -> Result<()> {
        let named = [("--topology", &self.topologies), ("--scenario", &self.scenarios)];
        for (option, values) in named {
            command.args(values.iter().flat_map(|value| [option, value]));
        }
        let numbers = [("--seconds", self.seconds), ("--seed", self.seed), ("--repeats", self.repeats)];
        for (option, number) in numbers {
            command.args(number.map(|number| [option.to_owned(), number.to_string()]).into_iter().flatten());
        }
        for (option, file) in [("--json", &self.json), ("--markdown", &self.markdown)] {
            if let Some(file) = file {
                command.arg(option).arg(absolute(file)?);
            }
        }
        command.args(self.list.then_some("--list"));
        Ok(())
    }
}

/// Our working directory is the user's, that of the scenarios is the workspace.
fn absolute(file: &Path) -> Result<PathBuf> {
    std::path::absolute(file).with_context(|| format!("resolving {}", file.display()))
}
