//! Which tests failed and why, said again at the end: the output of thousands of tests stands between a failure and the
//! summary, and whoever has only the last lines of it must still know.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::run::shown;

/// How many lines of a test's own words are said again.
const LINES_OF_A_REASON: usize = 12;

/// Runs tests with their output where ours goes. When one fails, the error names each, with the reason it gave.
pub(crate) fn run_tests(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", shown(command)))?;
    let (output, errors) = (child.stdout.take().context("no output")?, child.stderr.take().context("no errors")?);
    let (of_output, of_errors) = thread::scope(|scope| {
        let of_errors = scope.spawn(|| pass_on(errors, io::stderr()));
        (pass_on(output, io::stdout()), of_errors.join())
    });
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    let mut failures = of_output?;
    if let Ok(Ok(of_errors)) = of_errors {
        failures.targets = of_errors.targets;
    }
    bail!("{} ended with {status}{failures}", shown(command))
}

/// Passes all of it on as it comes, and gives what it tells of failures.
fn pass_on(from: impl Read, mut to: impl Write) -> Result<Failures> {
    let (mut from, mut line, mut failures) = (BufReader::new(from), Vec::new(), Failures::default());
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        failures.read(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    to.flush()?;
    Ok(failures)
}

/// What the output of `cargo test` tells of failures: in each test binary the blocks `---- name stdout ----` with a
/// failed test's own words, and on standard error, which binaries failed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Failures {
    tests: Vec<Failed>,
    targets: Vec<String>,
    is_in_a_block: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Failed {
    name: String,
    reason: Vec<String>,
}

impl Failures {
    fn read(&mut self, line: &str) {
        if let Some(name) = block_of(line) {
            self.tests.push(Failed { name: name.to_owned(), reason: Vec::new() });
            self.is_in_a_block = true;
        } else if line == "failures:" || line.starts_with("test result:") {
            self.is_in_a_block = false;
        } else if let Some(target) = line.trim_start().strip_prefix('`').and_then(|line| line.strip_suffix('`')) {
            self.targets.push(target.to_owned());
        } else if self.is_in_a_block {
            self.add_reason(line);
        }
    }

    fn add_reason(&mut self, line: &str) {
        let Some(failed) = self.tests.last_mut() else { return };
        if line.contains(" panicked at ") {
            // What the test printed before says what it did, not why it failed.
            failed.reason.clear();
        }
        if !line.is_empty() && failed.reason.len() < LINES_OF_A_REASON {
            failed.reason.push(line.to_owned());
        }
    }
}

/// The test that a block is about, of the lines `---- name stdout ----` and, where a test has no output of its own,
/// `---- name ----`.
fn block_of(line: &str) -> Option<&str> {
    let name = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    Some(name.strip_suffix(" stdout").unwrap_or(name))
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for target in &self.targets {
            write!(f, "\n  failed: {target}")?;
        }
        for failed in &self.tests {
            write!(f, "\n  {}", failed.name)?;
            for line in &failed.reason {
                write!(f, "\n    {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(output: &str) -> Failures {
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.read(line));
        failures
    }

    /// What both harnesses of tests print, the built-in one and `libtest-mimic`.
    const OUTPUT: &str = "
running 2 tests
test passes ... ok
test module::fails ... FAILED

failures:

---- module::fails stdout ----
what it printed
thread 'module::fails' panicked at src/lib.rs:7:9:
assertion failed: 1 == 2

failures:
    module::fails

test result: FAILED. 1 passed; 1 failed; 0 ignored

running 1 test
test keys::any ... FAILED

failures:

---- keys::any ----
saw nothing

failures:
    keys::any

test result: FAILED. 0 passed; 1 failed; 0 ignored
";

    #[test]
    fn every_failed_test_is_named_with_its_reason() {
        let shown = failures(OUTPUT).to_string();
        let expected = "
  module::fails
    thread 'module::fails' panicked at src/lib.rs:7:9:
    assertion failed: 1 == 2
  keys::any
    saw nothing";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_long_reason_is_cut() {
        let lines = (0..100).map(|number| format!("line {number}\n")).collect::<String>();
        let shown = failures(&format!("---- long stdout ----\n{lines}failures:\n    long\n")).to_string();
        assert_eq!(shown.lines().count(), 2 + LINES_OF_A_REASON);
    }

    #[test]
    fn targets_are_named_also_where_no_test_speaks() {
        let errors = "error: 2 targets failed:\n    `-p store-core --lib`\n    `-p store-redis --test conformance`\n";
        let expected = "\n  failed: -p store-core --lib\n  failed: -p store-redis --test conformance";
        assert_eq!(failures(errors).to_string(), expected);
    }

    #[test]
    fn output_is_passed_on_unchanged() {
        let mut passed_on = Vec::new();
        let failures = pass_on(&b"---- \xff stdout ----\nwhy\nno end"[..], &mut passed_on).expect("memory");
        assert_eq!(passed_on, b"---- \xff stdout ----\nwhy\nno end");
        assert_eq!(failures.tests[0].reason, ["why", "no end"]);
    }
}
