//! `cargo xtask ci`: `test`, and what a reviewer should not have to look for.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::conformance::Reports;
use crate::steps::Steps;
use crate::workspace::{Workspace, published};
use crate::{conformance, containers, deny, interop, msrv, run, test, tidy};

/// What is quick to say no comes first.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let reports = Reports::none_yet(workspace)?;
    let mut steps = Steps::default();
    steps.run("tidy", || tidy::check(workspace.root()));
    steps.run("format", || run::run(&mut workspace.cargo(["fmt", "--all", "--check"])));
    steps.run("oldest compiler", || msrv::check(workspace));
    steps.run("clippy, default features", || clippy(workspace, &["--workspace", "--all-targets"]));
    steps.run("clippy, all features", || clippy(workspace, &["--workspace", "--all-targets", "--all-features"]));
    steps.run("clippy, each feature of a published crate alone", || clippy_each_feature(workspace));
    steps.run("documentation", || documentation(workspace));
    test::add_steps(workspace, &reports, &mut steps);
    steps.run("conformance report", || conformance::judge(workspace, &reports));
    steps.run("data shared with Python", || interop::run(workspace, &interop::Options::default()));
    steps.run_noting("one container deployment", || containers::check(workspace));
    steps.run_noting("dependencies and licences", || deny::check(workspace));
    Ok(steps.finish())
}

fn clippy(workspace: &Workspace, selection: &[&str]) -> Result<()> {
    run::run(workspace.cargo(["clippy"]).args(selection).args(["--", "-D", "warnings"]))
}

/// A feature that only compiles beside another one breaks the first user who wants it alone. Without features each crate
/// is by itself, as no other's wishes may help it; then one run a feature, for all crates that have it, since a driver's
/// feature turns on the one of that name in `store-core` and no other: `store-core` is compiled once a feature.
fn clippy_each_feature(workspace: &Workspace) -> Result<()> {
    let metadata = workspace.metadata()?;
    let mut having = BTreeMap::<_, Vec<_>>::new();
    for crate_ in published(&metadata) {
        let name = crate_["name"].as_str().context("a package without a name")?;
        let features = crate_["features"].as_object().context("a package without features")?;
        clippy(workspace, &["--package", name, "--lib", "--no-default-features"])?;
        for feature in features.keys().filter(|feature| *feature != "default") {
            having.entry(feature).or_default().push(name);
        }
    }
    for (feature, crates) in having {
        let features: Vec<_> = crates.iter().map(|name| format!("{name}/{feature}")).collect();
        let packages = crates.iter().flat_map(|name| ["--package", name]);
        let features = features.iter().flat_map(|feature| ["--features", feature]);
        clippy(
            workspace,
            &["--lib", "--no-default-features"].into_iter().chain(packages).chain(features).collect::<Vec<_>>(),
        )?;
    }
    Ok(())
}

fn documentation(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo(["doc", "--no-deps", "--workspace", "--all-features"]);
    run::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}
