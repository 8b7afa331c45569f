//! `cargo xtask test`: everything a contributor must have green.

use std::path::Path;
use std::process::{Command, ExitCode};

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
        run::run(&mut workspace.cargo(["test", "--workspace", "--exclude", "store-bench", "--all-features"]))
    });
    steps.run("quickstart: the same output on memory and on Redis", || quickstart_agrees(workspace));
    steps.run("quickstart: the words of a text, counted on memory and on Redis", || quickstart_counts(workspace));
}

fn quickstart_agrees(workspace: &Workspace) -> Result<()> {
    let server = RedisServer::start(ServerOptions::new())?;
    let on_memory = run::capture(&mut quickstart(workspace))?;
    let on_redis = run::capture(quickstart(workspace).args(["--url", server.url()]))?;
    ensure!(!on_memory.trim().is_empty(), "the quickstart printed nothing");
    let different = on_memory.lines().zip(on_redis.lines()).find(|(memory, redis)| memory != redis);
    if let Some((memory, redis)) = different {
        eprintln!("on memory: {memory}\non Redis:  {redis}");
    }
    ensure!(on_memory == on_redis, "the quickstart's output differs between memory and Redis");
    Ok(())
}

/// The quickstart itself compares its counts with a plain count and fails when they differ.
fn quickstart_counts(workspace: &Workspace) -> Result<()> {
    let file = workspace.output_directory("xtask")?.join("words.txt");
    std::fs::write(&file, text::text(WORDS_BYTES)).with_context(|| format!("writing {}", file.display()))?;
    let server = RedisServer::start(ServerOptions::new())?;
    run::run(words(&mut quickstart(workspace), &file))?;
    run::run(words(quickstart(workspace).args(["--url", server.url()]), &file))
}

fn quickstart(workspace: &Workspace) -> Command {
    workspace.cargo(["run", "--quiet", "--package", "quickstart", "--"])
}

fn words<'a>(command: &'a mut Command, file: &Path) -> &'a mut Command {
    command.arg("--words").arg(file)
}
