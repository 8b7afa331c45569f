//! `cargo xtask test`: everything a contributor must have green.

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use store_testkit::{RedisServer, ServerOptions};

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{run, set_up, text};

/// A book's worth.
const WORDS_BYTES: usize = 1_200_000;

pub(crate) fn run(workspace: &Workspace) -> ExitCode {
    let mut steps = Steps::default();
    add_steps(workspace, &mut steps);
    steps.finish()
}

/// The steps of this command, for those that do more. Without a server none of them is worth its time.
pub(crate) fn add_steps(workspace: &Workspace, steps: &mut Steps) {
    if !steps.run("a server for the tests", set_up::server_for_tests) {
        return;
    }
    steps.run("tests: unit, integration, conformance, documentation", || {
        let selection = ["--workspace", "--exclude", "store-bench", "--all-features", "--no-fail-fast"];
        run::run(workspace.cargo(["test"]).args(selection))
    });
    steps.run("quickstart: the same on memory and on Redis", || quickstart(workspace, &[]).map(drop));
    steps.run("quickstart: the words of a text, counted on memory and on Redis", || quickstart_counts(workspace));
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
    let command = || {
        let mut command = workspace.cargo(["run", "--quiet", "--package", "quickstart", "--"]);
        command.args(arguments);
        command
    };
    let on_memory = run::capture(&mut command())?;
    let on_redis = run::capture(command().args(["--url", server.url()]))?;
    ensure!(!on_memory.trim().is_empty(), "the quickstart printed nothing");
    if let Some((memory, redis)) = on_memory.lines().zip(on_redis.lines()).find(|(memory, redis)| memory != redis) {
        eprintln!("on memory: {memory}\non Redis:  {redis}");
    }
    ensure!(on_memory == on_redis, "the quickstart's output differs between memory and Redis");
    Ok(on_memory)
}
