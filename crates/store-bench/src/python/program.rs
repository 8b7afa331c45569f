//! A program in Python that works in bursts when it is told to, by a line of JSON, and answers with another.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::task::block_in_place;

use crate::burst::Burst;
use crate::contest::Contestant;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// What runs programs, each with the packages of an environment of its own.
pub(crate) struct Interpreters<'a> {
    environments: &'a Path,
}

impl<'a> Interpreters<'a> {
    pub(crate) fn find(environments: Option<&'a Path>) -> Result<Self> {
        let environments = environments.context(
            "programs in Python need environments with their packages: run `cargo xtask bench`, which makes them, or \
             name their directory by --python",
        )?;
        Ok(Self { environments })
    }

    /// With Litestar.
    pub(crate) fn litestar(&self, script: &str, arguments: &[&str]) -> Result<Program> {
        Program::start(&self.interpreter("litestar"), script, arguments)
    }

    /// With cachelib and redis-py.
    pub(crate) fn redis(&self, script: &str, arguments: &[&str]) -> Result<Program> {
        Program::start(&self.interpreter("redis"), script, arguments)
    }

    fn interpreter(&self, environment: &str) -> PathBuf {
        self.environments.join(environment).join("bin").join("python")
    }
}

/// It ends with its standard input, so also when this process is killed.
pub(crate) struct Program {
    script: String,
    line: Mutex<Line>,
}

struct Line {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Serialize)]
struct Request {
    tasks: usize,
    milliseconds: f64,
}

#[derive(Deserialize)]
struct Answer {
    per_second: f64,
    p99_micros: f64,
}

impl Program {
    fn start(python: &Path, script: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(python);
        // Without what else this machine has for Python, and without bytecode beside the sources.
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").args(["-s", "-B"]);
        command.arg(Path::new(SCRIPTS).join(script)).args(arguments);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let child = child.with_context(|| format!("cannot start {}", python.display()))?;
        let requests = child.stdin.context("no standard input of a program")?;
        let answers = BufReader::new(child.stdout.context("no standard output of a program")?);
        Ok(Self { script: script.to_owned(), line: Mutex::new(Line { requests, answers }) })
    }
}

impl Line {
    fn ask(&mut self, request: &Request) -> Result<Answer> {
        writeln!(self.requests, "{}", serde_json::to_string(request)?)?;
        let mut answer = String::new();
        let length = self.answers.read_line(&mut answer)?;
        ensure!(length > 0, "it ended without an answer; its standard error says why");
        Ok(serde_json::from_str(&answer)?)
    }
}

#[async_trait]
impl Contestant for Program {
    async fn burst(&self, tasks: usize, length: Duration) -> Result<Burst> {
        let request = Request { tasks, milliseconds: length.as_secs_f64() * 1e3 };
        let answer = block_in_place(|| self.line.lock().unwrap_or_else(PoisonError::into_inner).ask(&request));
        let Answer { per_second, p99_micros } = answer.with_context(|| format!("asking {}", self.script))?;
        Ok(Burst { per_second, p99_micros })
    }
}
