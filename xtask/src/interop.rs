//! `cargo xtask interop`: shares data with Python libraries, each in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::{self, Environment};
use crate::workspace::Workspace;
use crate::{programs, run, set_up};

/// One file for each system, with the exact version of every package of its environment.
pub(crate) const CONSTRAINTS: &str = "crates/store-interop/python/constraints";

const PROGRAM: &str = "store-interop";

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Runs the cases of this system; may be given several times. All of them unless given.
    #[arg(long = "system", value_name = "SYSTEM")]
    systems: Vec<String>,
    /// Runs only cases with this text in their names.
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Writes the cases to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    set_up::server_binary(workspace)?;
    let directory = workspace.output_directory("interop")?;
    let environments = environments(&workspace.root().join(CONSTRAINTS), &directory, &options.systems)?;
    python::make(&environments)?;
    programs::build(workspace, &[PROGRAM])?;
    let mut command = programs::command(workspace, PROGRAM)?;
    command.arg("--environments").arg(directory);
    options.add_to(&mut command)?;
    run::run(&mut command)
}

fn environments(constraints: &Path, directory: &Path, systems: &[String]) -> Result<Vec<Environment>> {
    let mut known = python::environments(constraints, directory)?;
    if let Some(unknown) = systems.iter().find(|system| !known.iter().any(|known| known.name() == **system)) {
        let names: Vec<_> = known.iter().map(Environment::name).collect();
        bail!("no system {unknown}; there are {}", names.join(", "));
    }
    known.retain(|known| systems.is_empty() || systems.iter().any(|system| known.name() == **system));
    Ok(known)
}

impl Options {
    fn add_to(&self, command: &mut Command) -> Result<()> {
        command.args(self.systems.iter().flat_map(|system| ["--system", system]));
        command.args(self.case.iter().flat_map(|case| ["--case", case]));
        if let Some(file) = &self.json {
            // Our working directory is the user's, that of the cases is the workspace.
            let file = std::path::absolute(file).with_context(|| format!("resolving {}", file.display()))?;
            command.arg("--json").arg(file);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraints() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(CONSTRAINTS)
    }

    #[test]
    fn only_environments_of_systems_that_were_asked_for_are_made() {
        let made = |systems: &[&str]| {
            let systems: Vec<_> = systems.iter().map(|&system| system.to_owned()).collect();
            let made = environments(&constraints(), Path::new("directory"), &systems)?;
            anyhow::Ok(made.into_iter().map(|environment| environment.directory).collect::<Vec<_>>())
        };
        assert_eq!(made(&["cachelib"]).unwrap(), [Path::new("directory/cachelib")]);
        assert_eq!(made(&[]).unwrap().len(), 4);
        assert!(made(&["nothing"]).is_err());
    }
}
