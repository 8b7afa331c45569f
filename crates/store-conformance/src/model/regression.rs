//! A program that failed, as a test to be pasted where the driver's other tests are.
//!
//! It is told by the oracle alone, which plays the store on a clock of its own: so it says what the contract promises, up
//! to the step that failed, and needs nothing of the run but where that was.

mod calls;
mod entries;
mod locks;
#[cfg(test)]
mod tests;
mod walks;

use std::fmt;
use std::time::Duration;

use store_core::Bytes;

pub(super) use entries::{Culprit, Setting, tell};

/// The line that whoever pastes a test fills in.
pub(super) const TO_FILL_IN: &str = "let store = ...; // yours";

/// The body of a test under way.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// What the test is given, before anything is done.
    pub(super) given: Vec<String>,
    pub(super) lines: Vec<String>,
}

impl Script {
    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A call that answers what is promised, or whatever it may where time leaves that open.
    pub(super) fn equals(&mut self, call: &str, view: &str, promised: Option<String>) {
        self.line(match promised {
            Some(promised) => format!("assert_eq!({call}.await?{view}, {promised});"),
            None => left_open(call),
        });
    }

    /// As [`equals`](Self::equals), for a call that answers yes or no.
    pub(super) fn is(&mut self, call: &str, view: &str, promised: Option<bool>) {
        self.line(match promised {
            Some(true) => format!("assert!({call}.await?{view});"),
            Some(false) => format!("assert!(!{call}.await?{view});"),
            None => left_open(call),
        });
    }

    /// A call that is refused with this kind of error.
    pub(super) fn refused(&mut self, call: &str, kind: store_core::ErrorKind) {
        self.line(format!(
            "assert_eq!({call}.await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::{kind:?}));"
        ));
    }

    fn mentions(&self, word: &str) -> bool {
        self.lines.iter().any(|line| line.contains(word))
    }
}

fn left_open(call: &str) -> String {
    format!("let _either = {call}.await?; // time leaves the answer open")
}

/// As a whole test, called after the check that failed.
pub(super) struct Test<'a> {
    pub(super) name: &'a str,
    pub(super) script: &'a Script,
}

impl fmt::Display for Test<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "#[tokio::test]\nasync fn {}() -> store_core::Result<()> {{", self.name)?;
        let script = self.script;
        let times: Vec<_> = [("Duration::", "Duration"), ("SystemTime::", "SystemTime")]
            .iter()
            .filter(|(use_of, _)| script.mentions(use_of))
            .collect();
        match times[..] {
            [] => {}
            [(_, one)] => writeln!(f, "    use std::time::{one};\n")?,
            _ => writeln!(f, "    use std::time::{{Duration, SystemTime}};\n")?,
        }
        writeln!(f, "    use store_core::prelude::*;\n")?;
        for line in script.given.iter().chain(&script.lines) {
            writeln!(f, "    {line}")?;
        }
        f.write_str("    Ok(())\n}")
    }
}

/// A literal of these bytes.
pub(super) fn literal(value: &[u8]) -> String {
    format!("b\"{}\"", value.escape_ascii())
}

/// A value as it is read, borrowed.
pub(super) fn read(value: Option<&Bytes>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some(&{}[..])", literal(value)))
}

/// A duration of whole milliseconds, as all of a program are.
pub(super) fn millis(duration: Duration) -> String {
    format!("Duration::from_millis({})", store_core::whole_millis(duration))
}
