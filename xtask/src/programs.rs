//! Programs of the workspace, for steps that run them: built with the tests, so that what both need is compiled once.

use std::process::Command;

use anyhow::Result;

use crate::run;
use crate::workspace::{Workspace, published_features};

/// Which packages the tests are of, and with which features. Others would mean another build of all drivers.
pub(crate) fn selection(workspace: &Workspace) -> Result<[String; 5]> {
    let features = published_features(&workspace.metadata()?).join(",");
    Ok(["--workspace", "--exclude", "store-bench", "--features", &features].map(str::to_owned))
}

/// Builds programs by their names. With the tests, because what those depend on decides about features too.
pub(crate) fn build(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let mut build = workspace.cargo(["build", "--tests"]);
    build.args(selection(workspace)?).args(names.iter().flat_map(|name| ["--bin", name]));
    run::run(&mut build)
}

/// A program that was built, in the root of the workspace.
pub(crate) fn command(workspace: &Workspace, name: &str) -> Result<Command> {
    let mut command = Command::new(workspace.output_directory("debug")?.join(name));
    command.current_dir(workspace.root());
    Ok(command)
}
