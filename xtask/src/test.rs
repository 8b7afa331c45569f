//! `cargo xtask test`: everything a contributor must have green.

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use store_testkit::{
    ClusterDeployment, ClusterOptions, RedisServer, SentinelDeployment, SentinelOptions, ServerOptions,
};

use crate::conformance::Reports;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{failures, programs, run, set_up, text};

const QUICKSTART: &str = "quickstart";
const CRAWL_RECORDS: &str = "crawl-records";
const REDIS_TOPOLOGIES: &str = "redis-topologies";
const EXAMPLES: [&str; 3] = [QUICKSTART, CRAWL_RECORDS, REDIS_TOPOLOGIES];

/// A book's worth.
const WORDS_BYTES: usize = 1_200_000;

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut steps = Steps::default();
    add_steps(workspace, &Reports::none_yet(workspace)?, &mut steps);
    Ok(steps.finish())
}

/// The steps of this command, for those that do more; the suites leave their reports. Without a server none of them is
/// worth its time.
pub(crate) fn add_steps(workspace: &Workspace, reports: &Reports, steps: &mut Steps) {
    if !steps.run("a server for the tests", || set_up::server_for_tests(workspace)) {
        return;
    }
    steps.run("tests: unit, integration, conformance, documentation", || {
        let mut tests = workspace.cargo(["test", "--no-fail-fast"]);
        tests.args(programs::selection(workspace)?);
        reports.collect_from(&mut tests);
        failures::run_tests(&mut tests)
    });
    if !steps.run("the examples", || programs::build(workspace, &EXAMPLES)) {
        return;
    }
    steps.run("quickstart: the same on memory and on Redis", || quickstart(workspace, &[]).map(drop));
    steps.run("quickstart: the words of a text, counted on memory and on Redis", || quickstart_counts(workspace));
    steps.run("crawl-records: the same on memory and on Redis", || crawl_records(workspace));
    steps.run("redis-topologies: the same on one server, behind Sentinel and on a Cluster", || topologies(workspace));
}

/// The quickstart itself compares its counts with a plain count, and fails when they differ.
fn quickstart_counts(workspace: &Workspace) -> Result<()> {
    let text = text::text(WORDS_BYTES);
    let file = workspace.output_directory("xtask")?.join("words.txt");
    std::fs::write(&file, &text).with_context(|| format!("writing {}", file.display()))?;
    let output = quickstart(workspace, &["--words".as_ref(), file.as_os_str()])?;
    let frequent = text::most_frequent(&text).context("a text without words")?;
    ensure!(output.contains(frequent), "the most frequent word is not in the quickstart's output: {frequent}");
    Ok(())
}

/// Runs the quickstart on memory and on Redis and gives what it printed, which must be the same.
fn quickstart(workspace: &Workspace, arguments: &[&OsStr]) -> Result<String> {
    let server = RedisServer::start(ServerOptions::new())?;
    let on_memory = run::capture(programs::command(workspace, QUICKSTART)?.args(arguments))?;
    let on_redis =
        run::capture(programs::command(workspace, QUICKSTART)?.args(arguments).args(["--url", server.url()]))?;
    ensure_same(("on memory", &on_memory), ("on Redis", &on_redis))?;
    Ok(on_memory)
}

/// Runs the example on memory and on Redis, and there once more after an interruption. What it prints must be the same
/// where all files are new, and what it exports must be the file.
fn crawl_records(workspace: &Workspace) -> Result<()> {
    const KEY: &str = "images/leaf.png";

    let server = RedisServer::start(ServerOptions::new())?;
    let sample = workspace.root().join("examples/crawl-records/sample");
    let exported = workspace.output_directory("xtask")?.join("exported");
    let run = |arguments: &[&str]| {
        let mut example = programs::command(workspace, CRAWL_RECORDS)?;
        example.arg(&sample).args(arguments).args(["--export", KEY, "--to"]).arg(&exported);
        let output = run::capture(&mut example)?;
        ensure!(std::fs::read(&exported)? == std::fs::read(sample.join(KEY))?, "what was exported is not the file");
        Ok(output)
    };
    let on_memory = run(&[])?;
    ensure_same(("on memory", &on_memory), ("on Redis", &run(&["--url", server.url()])?))?;

    let interrupted = ["--url", server.url(), "--name", "interrupted"];
    run(&[&interrupted[..], &["--stop-after", "6"]].concat())?;
    let resumed = run(&interrupted)?;
    ensure!(resumed.contains("6 of them stored by an earlier run"), "the second run began anew: {resumed}");
    let totals = |output: &str| output.lines().skip(2).collect::<Vec<_>>().join("\n");
    ensure_same(("in one run", &totals(&on_memory)), ("in two runs", &totals(&resumed)))
}

/// Runs the example on all three topologies. What begins with `#` tells about the servers; all else must be the same.
fn topologies(workspace: &Workspace) -> Result<()> {
    let server = RedisServer::start(ServerOptions::new())?;
    let sentinel = SentinelDeployment::start(SentinelOptions::new())?;
    let cluster = ClusterDeployment::start(ClusterOptions::new())?;
    let output = |url: &str| -> Result<String> {
        let output = run::capture(programs::command(workspace, REDIS_TOPOLOGIES)?.arg(url))?;
        Ok(output.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"))
    };
    let on_one_server = output(server.url())?;
    for (place, url) in [("behind Sentinel", sentinel.url()), ("on a Cluster", cluster.url())] {
        ensure_same(("on one server", &on_one_server), (place, &output(url)?))?;
    }
    Ok(())
}

/// Compares what an example printed in two places.
fn ensure_same((place, printed): (&str, &str), (other_place, other): (&str, &str)) -> Result<()> {
    ensure!(!printed.trim().is_empty(), "nothing was printed {place}");
    if let Some((one, other)) = printed.lines().zip(other.lines()).find(|(one, other)| one != other) {
        eprintln!("{place}: {one}\n{other_place}: {other}");
    }
    ensure!(printed == other, "what was printed {place} and {other_place} differs");
    Ok(())
}
