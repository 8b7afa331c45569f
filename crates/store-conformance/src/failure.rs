//! How a check ends, and what it says when a clause does not hold.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use store_core::Error;

use crate::harness::HarnessError;

/// How a check that did not fail ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The clause holds.
    Pass,
    /// The driver cannot be held to the clause, for this reason, and does not pretend otherwise.
    Unsupported(String),
}

pub(crate) type CheckResult = Result<Verdict, Failure>;

/// What was seen instead of what the clause promises, and which line saw it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    message: String,
    location: &'static Location<'static>,
    kind: Kind,
    /// The same as a test of its own.
    test: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Wrong,
    Hang,
}

impl Failure {
    /// Longer messages are cut: keys of 32 KiB explain nothing.
    const MAX_CHARS: usize = 4000;

    #[track_caller]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((end, _)) = message.char_indices().nth(Self::MAX_CHARS) {
            message.truncate(end);
            message.push_str(" … (cut)");
        }
        Self { message, location: Location::caller(), kind: Kind::Wrong, test: None }
    }

    /// A panic, with its message where it has one.
    #[track_caller]
    pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("without a message");
        Self::new(format!("panicked: {message}"))
    }

    /// A panic in something that belongs to no case.
    #[track_caller]
    pub(crate) fn of_panic_in(what: &str, panic: &(dyn Any + Send)) -> Self {
        let Self { message, .. } = Self::of_panic(panic);
        Self::new(format!("{what} {message}"))
    }

    /// A case that was given up.
    #[track_caller]
    pub(crate) fn hang(limit: Duration) -> Self {
        Self { kind: Kind::Hang, ..Self::new(format!("hung: nothing was done for {limit:?}")) }
    }

    /// Something that belongs to no case was given up.
    #[track_caller]
    pub(crate) fn hang_in(what: &str, limit: Duration) -> Self {
        Self { kind: Kind::Hang, ..Self::new(format!("{what} hung: nothing was done for {limit:?}")) }
    }

    /// Something was left behind with its thread.
    #[track_caller]
    pub(crate) fn blocked(what: &str, limit: Duration) -> Self {
        Self { kind: Kind::Hang, ..Self::new(format!("{what} hung: it blocked its thread for {limit:?}")) }
    }

    /// Whether the case was given up before it ended.
    pub(crate) fn is_hang(&self) -> bool {
        self.kind == Kind::Hang
    }

    /// What was seen instead of what.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Adds a test that fails for the same reason, to be shown behind everything else.
    pub(crate) fn with_test(self, test: String) -> Self {
        Self { test: Some(test), ..self }
    }

    /// Says under which circumstances it happened.
    pub(crate) fn in_context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{}\n{context}", self.message);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  at {}:{}", self.message, self.location.file(), self.location.line())?;
        match &self.test {
            Some(test) => write!(f, "\n\nas a test of its own:\n\n{test}"),
            None => Ok(()),
        }
    }
}

/// An operation that was to succeed failed.
impl From<Error> for Failure {
    #[track_caller]
    fn from(error: Error) -> Self {
        Self::new(format!("unexpected error: {error} ({:?})", error.kind()))
    }
}

impl From<HarnessError> for Failure {
    #[track_caller]
    fn from(error: HarnessError) -> Self {
        Self::new(format!("the harness failed: {error}"))
    }
}

/// Fails the check unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::failure::Failure::new(format!($($message)+)));
        }
    };
}
pub(crate) use ensure;

/// Fails the check unless what was seen is what the clause promises.
macro_rules! ensure_eq {
    ($seen:expr, $promised:expr, $($message:tt)+) => {
        // A match, so that what the operands borrow lives as long as they do.
        match (&$seen, &$promised) {
            (seen, promised) => {
                if seen != promised {
                    return Err($crate::failure::Failure::new(format!(
                        "{}: promised {promised:?}, saw {seen:?}",
                        format_args!($($message)+)
                    )));
                }
            }
        }
    };
}
pub(crate) use ensure_eq;

/// The error of an operation that has to fail with this kind.
#[track_caller]
pub(crate) fn refused_with<T: fmt::Debug>(
    answer: Result<T, Error>,
    kind: store_core::ErrorKind,
    what: impl fmt::Display,
) -> Result<Error, Failure> {
    match answer {
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => Err(Failure::new(format!("{what}: promised {kind:?}, saw {:?}: {error}", error.kind()))),
        Ok(answer) => Err(Failure::new(format!("{what}: promised {kind:?}, saw the answer {answer:?}"))),
    }
}
