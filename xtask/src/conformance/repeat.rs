//! `--repeat`: default runs, again and again, to meet what happens once in many of them.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use super::{Driver, Options, Reports, Run, as_configured};
use crate::workspace::Workspace;

/// Runs each driver so often. The first failure ends it, with what the suite said and the seed that repeats it.
pub(super) fn run(workspace: &Workspace, times: Option<u32>, options: &Options) -> Result<()> {
    let reports = Reports::none_yet(workspace)?;
    for run in as_configured(workspace, &options.drivers)? {
        let times = times.unwrap_or_else(|| usual_times(run.driver()));
        for number in 1..=times {
            let told = once(workspace, &run, &reports, options);
            let place = format!("{}, run {number} of {times}", run.name());
            println!("{place}: {}", told.with_context(|| place.clone())?);
        }
    }
    Ok(())
}

/// As often as it takes to trust a default run: most where it costs least.
fn usual_times(driver: &Driver) -> u32 {
    match driver.name {
        "memory" => 100,
        "redis-standalone" => 20,
        _ => 5,
    }
}

/// Gives the seed and the time of a run that succeeded.
fn once(workspace: &Workspace, run: &Run, reports: &Reports, options: &Options) -> Result<String> {
    let mut command = run.command(workspace, reports, options)?;
    let output = command.stdout(Stdio::piped()).output().context("cargo test")?;
    let told = || String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let report = reports.take(run.driver().name).with_context(told)?;
    let (seed, seconds) = (&report.written["seed"], &report.written["seconds"]);
    ensure!(output.status.success(), "{}\nfailed with seed {seed}", told());
    Ok(format!("seed {seed}, {seconds} s"))
}
