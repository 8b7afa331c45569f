//! `--repeat`: default runs, again and again, to meet what happens once in many of them.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Driver, Options, Pace, Reports, Run, as_configured};
use crate::workspace::Workspace;

/// Runs each driver so often. The first failure ends it, with what the suite said and the seed that repeats it. What took
/// too long is told in the end.
pub(super) fn run(workspace: &Workspace, times: Option<u32>, options: &Options) -> Result<()> {
    let reports = Reports::none_yet(workspace)?;
    let mut slow = Vec::new();
    for run in as_configured(workspace, &options.drivers)? {
        let times = times.unwrap_or_else(|| usual_times(run.driver()));
        for number in 1..=times {
            let place = format!("{}, run {number} of {times}", run.name());
            let Ended { seed, seconds } = once(workspace, &run, &reports, options).with_context(|| place.clone())?;
            println!("{place}: seed {seed}, {seconds} s");
            let judged = seconds.as_f64().filter(|_| is_of_default_size(options));
            slow.extend(
                judged
                    .and_then(|seconds| excess(run.driver().pace, seconds))
                    .map(|excess| format!("{place}: {excess}")),
            );
        }
    }
    slow.iter().for_each(|run| println!("{run}"));
    ensure!(slow.is_empty(), "{} runs took too long", slow.len());
    Ok(())
}

/// Bars are for what everybody runs.
fn is_of_default_size(options: &Options) -> bool {
    options.cases.is_none() && options.time_budget.is_none()
}

/// By how much a run took too long.
fn excess(pace: Pace, seconds: f64) -> Option<String> {
    let bar = pace.bar()?;
    let taken = Duration::try_from_secs_f64(seconds).ok()?;
    (taken >= bar).then(|| format!("took {seconds:.1} s, and a default run has to end before {bar:?}"))
}

/// As often as it takes to trust a default run: most where it costs least.
fn usual_times(driver: &Driver) -> u32 {
    match driver.name {
        "memory" => 100,
        "redis-standalone" => 20,
        _ => 5,
    }
}

/// A run that succeeded.
struct Ended {
    seed: Value,
    seconds: Value,
}

fn once(workspace: &Workspace, run: &Run, reports: &Reports, options: &Options) -> Result<Ended> {
    let mut command = run.command(workspace, reports, options)?;
    let output = command.stdout(Stdio::piped()).output().context("cargo test")?;
    let told = || String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let report = reports.take(run.driver().name).with_context(told)?;
    let (seed, seconds) = (&report.written["seed"], &report.written["seconds"]);
    ensure!(output.status.success(), "{}\nfailed with seed {seed}", told());
    Ok(Ended { seed: seed.clone(), seconds: seconds.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_over_its_bar_is_told_and_one_on_disk_has_none() {
        let told = excess(Pace::ManualClock, 5.0).unwrap();
        assert_eq!(told, "took 5.0 s, and a default run has to end before 5s");
        for (pace, seconds, is_slow) in [
            (Pace::ManualClock, 4.9, false),
            (Pace::WallClock, 19.9, false),
            (Pace::WallClock, 20.1, true),
            (Pace::Network, 59.9, false),
            (Pace::Network, 60.1, true),
            (Pace::Disk, 3600.0, false),
        ] {
            assert_eq!(excess(pace, seconds).is_some(), is_slow, "{seconds}");
        }
    }

    #[test]
    fn a_run_of_another_size_is_not_judged_by_its_time() {
        assert!(is_of_default_size(&Options { seed: Some(1), ..Options::default() }));
        assert!(!is_of_default_size(&Options { cases: Some(9000), ..Options::default() }));
        assert!(!is_of_default_size(&Options { time_budget: Some(60), ..Options::default() }));
    }
}
