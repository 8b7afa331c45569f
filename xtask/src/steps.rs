//! A row of steps: each announced, timed and run even when one before it failed, then summed up.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    outcome: Result<Outcome>,
}

/// How a step that did not fail ended.
pub(crate) enum Outcome {
    Passed,
    /// Passed, with something left unchecked that the reader has to know of.
    PassedExcept(String),
}

impl Steps {
    /// Runs a step; whether it passed.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> bool {
        self.run_noting(name, || step().map(|()| Outcome::Passed))
    }

    pub(crate) fn run_noting(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome>) -> bool {
        eprintln!("\n== {name}");
        let begin = Instant::now();
        let outcome = step();
        if let Err(error) = &outcome {
            eprintln!("error: {error:#}");
        }
        let passed = outcome.is_ok();
        self.done.push(Step { name: name.to_owned(), took: begin.elapsed(), outcome });
        passed
    }

    /// Prints the summary; its last line counts.
    pub(crate) fn finish(self) -> ExitCode {
        println!();
        self.done.iter().for_each(Step::print);
        let failed = self.done.iter().filter(|step| step.outcome.is_err()).count();
        println!("steps: {} passed, {failed} failed", self.done.len() - failed);
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Step {
    fn print(&self) {
        let (verdict, note) = match &self.outcome {
            Ok(Outcome::Passed) => ("ok", String::new()),
            Ok(Outcome::PassedExcept(note)) => ("ok", format!("  ({note})")),
            Err(error) => ("FAILED", format!("  ({error:#})")),
        };
        println!("{verdict:>6}  {:>7.1} s  {}{note}", self.took.as_secs_f64(), self.name);
    }
}
