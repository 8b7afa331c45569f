//! `cargo xtask interop`: shares data with Python libraries, each in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::{self, Environment};
use crate::workspace::Workspace;
use crate::{run, set_up};

/// One file for each system, with the exact version of every package of its environment.
const CONSTRAINTS: &str = "crates/store-interop/python/constraints";

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
    let mut command = workspace.cargo(["run", "--package", "store-interop", "--", "--environments"]);
    command.arg(directory);
    options.add_to(&mut command)?;
    run::run(&mut command)
}

fn environments(constraints: &Path, directory: &Path, systems: &[String]) -> Result<Vec<Environment>> {
    let known = files(constraints)?;
    let name = |file: &PathBuf| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let known: Vec<_> = known.into_iter().map(|file| (name(&file), file)).collect();
    if let Some(unknown) = systems.iter().find(|system| !known.iter().any(|(name, _)| name == *system)) {
        let names: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
        bail!("no system {unknown}; there are {}", names.join(", "));
    }
    let chosen = known.into_iter().filter(|(name, _)| systems.is_empty() || systems.contains(name));
    Ok(chosen.map(|(name, file)| Environment { directory: directory.join(name), constraints: file }).collect())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let reading = || format!("reading {}", directory.display());
    let entries = std::fs::read_dir(directory).with_context(reading)?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>().with_context(reading)?;
    files.sort();
    Ok(files)
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
