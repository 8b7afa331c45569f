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

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// For the import of a library on a busy machine, and for a few thousand calls.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Worker {
    /// None once an answer was not waited for: it would be read as that of the next request.
    process: Mutex<Option<Process>>,
}

/// It ends with its standard input, so also when this process is killed.
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
        let worker = Self::of(script(python, &format!("{system}_worker"), &[url])?)?;
        worker.forget().await?;
        Ok(worker)
    }

    fn of(mut child: Child) -> Result<Self> {
        let requests = child.stdin.take().context("the worker has a standard input")?;
        let answers = child.stdout.take().context("the worker has a standard output")?;
        let answers = BufReader::new(answers).lines();
        Ok(Self { process: Mutex::new(Some(Process { child, requests, answers })) })
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

    /// # Cancel safety
    /// The worker is ended, as it is when it does not answer in time.
    pub(crate) async fn ask(&self, request: Value) -> Result<Answer> {
        self.ask_within(PATIENCE, request).await
    }

    async fn ask_within(&self, patience: Duration, request: Value) -> Result<Answer> {
        let mut process = self.process.lock().await;
        let mut asked =
            process.take().context("the Python worker was ended, because an answer did not come in time")?;
        let answered = timeout(patience, asked.ask(&request)).await;
        let answer = answered.with_context(|| format!("the Python worker did not answer within {patience:?}"))??;
        *process = Some(asked);
        Ok(answer)
    }

    /// Whether it takes further requests.
    pub(crate) async fn is_there(&self) -> bool {
        self.process.lock().await.is_some()
    }
}

/// Starts a script with the Python of an environment, and with nothing of what else this machine has for Python.
pub(crate) fn script(python: &Path, name: &str, arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new(python);
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    // Without packages of the user, and without bytecode beside the sources.
    command.args(["-s", "-B", &format!("{SCRIPTS}/{name}.py")]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().with_context(|| format!("starting {}", python.display()))
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

    /// Answers each line with itself, and a line with `late` a second later.
    const ECHO: &str = r#"while read -r line; do case $line in *late*) sleep 1;; esac; echo '{"value": 1}'; done"#;

    #[tokio::test]
    async fn a_worker_whose_answer_came_late_answers_nothing_more() {
        let mut command = Command::new("sh");
        command.args(["-c", ECHO]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let worker = Worker::of(command.spawn().unwrap()).unwrap();
        assert!(matches!(worker.ask(json!("in time")).await, Ok(Answer::Value(_))));
        assert!(worker.is_there().await);
        assert!(worker.ask_within(Duration::ZERO, json!("late")).await.is_err());
        assert!(!worker.is_there().await);
        assert!(worker.ask(json!("in time")).await.is_err());
    }

    #[test]
    fn an_answer_is_a_value_or_an_exception_and_nothing_else() {
        assert!(matches!(Answer::read(r#"{"value": null}"#), Ok(Answer::Value(Value::Null))));
        let raised = Answer::read(r#"{"raised": "KeyError", "message": "k"}"#);
        assert!(matches!(raised, Ok(Answer::Raised { class, message }) if class == "KeyError" && message == "k"));
        assert!(Answer::read("{}").is_err());
        assert!(Answer::read("Traceback").is_err());
    }
}
