//! A Python process that carries out calls: lines of JSON, one answer to each request.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::python::Object;

pub(crate) const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// For the import of a library on a busy machine, and for a few thousand calls.
const PATIENCE: Duration = Duration::from_secs(60);

/// It ends with its standard input, so also when this process is killed.
pub(crate) struct Worker {
    process: Mutex<Process>,
}

struct Process {
    child: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

pub(crate) enum Answer {
    Value(Value),
    Raised { class: String, message: String },
}

impl Worker {
    /// `python` is that of the system's environment. Returns when the worker answers.
    pub(crate) async fn start(python: &Path, system: &str, url: &str) -> Result<Self> {
        let script = format!("{SCRIPTS}/{system}_worker.py");
        let mut command = Command::new(python);
        // Without bytecode beside the sources.
        command.args(["-B", &script, url]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("starting {}", python.display()))?;
        let requests = child.stdin.take().context("the worker has a standard input")?;
        let answers = child.stdout.take().context("the worker has a standard output")?;
        let answers = BufReader::new(answers).lines();
        let worker = Self { process: Mutex::new(Process { child, requests, answers }) };
        worker.forget().await?;
        Ok(worker)
    }

    pub(crate) async fn open(&self, options: Value) -> Result<Object<'_>> {
        match self.ask(json!({"open": options})).await? {
            Answer::Value(number) => {
                let number = number.as_u64().context("the worker gave an object without a number")?;
                Ok(Object { worker: self, number })
            }
            Answer::Raised { class, message } => bail!("opening in Python raised {class}: {message}"),
        }
    }

    pub(crate) async fn forget(&self) -> Result<()> {
        self.ask(json!({"forget": true})).await.map(drop)
    }

    pub(crate) async fn ask(&self, request: Value) -> Result<Answer> {
        let mut process = self.process.lock().await;
        let answered = timeout(PATIENCE, process.ask(&request)).await;
        answered.with_context(|| format!("the Python worker did not answer within {PATIENCE:?}"))?
    }
}

impl Process {
    async fn ask(&mut self, request: &Value) -> Result<Answer> {
        // When it has ended, its end says more than the broken pipe.
        let sent = self.requests.write_all(format!("{request}\n").as_bytes()).await;
        let answer = match sent {
            Ok(()) => self.answers.next_line().await.context("reading an answer of the Python worker")?,
            Err(_) => None,
        };
        let Some(answer) = answer else {
            let status = self.child.wait().await.context("waiting for the Python worker")?;
            bail!("the Python worker ended with {status}; its standard error says why");
        };
        Answer::read(&answer)
    }
}

impl Answer {
    fn read(line: &str) -> Result<Self> {
        let mut answer: Value =
            serde_json::from_str(line).context("the Python worker answered something else than JSON")?;
        if let Some(class) = answer["raised"].as_str() {
            let message = answer["message"].as_str().unwrap_or_default().to_owned();
            return Ok(Self::Raised { class: class.to_owned(), message });
        }
        ensure!(answer.get("value").is_some(), "the Python worker answered neither a value nor an exception");
        Ok(Self::Value(answer["value"].take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_value_or_an_exception_and_nothing_else() {
        assert!(matches!(Answer::read(r#"{"value": null}"#), Ok(Answer::Value(Value::Null))));
        let raised = Answer::read(r#"{"raised": "KeyError", "message": "k"}"#);
        assert!(matches!(raised, Ok(Answer::Raised { class, message }) if class == "KeyError" && message == "k"));
        assert!(Answer::read("{}").is_err());
        assert!(Answer::read("Traceback").is_err());
    }
}
