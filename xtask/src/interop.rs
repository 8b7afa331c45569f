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

#[cfg(test)]
mod tests {
    use super::*;

    fn constraints() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(CONSTRAINTS)
    }

    #[test]
    fn every_package_of_every_environment_has_one_version() {
        for file in files(&constraints()).unwrap() {
            let text = std::fs::read_to_string(&file).unwrap();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let pinned = line.split(';').next().unwrap_or_default().trim().split_once("==");
                let is_plain =
                    |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
                let pinned = pinned.is_some_and(|(name, version)| is_plain(name) && is_plain(version));
                assert!(pinned, "{}: {line}", file.display());
            }
        }
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
