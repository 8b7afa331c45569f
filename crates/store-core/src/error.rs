//! The one error type: what went wrong, whether to try again, and whether the operation may have happened.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::key::Key;

/// The result of every fallible function of the contract.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a caller would act differently.
///
/// The *kinds of transport*, which every operation can answer and which the documentation of single operations does not
/// repeat, are [`Unavailable`](Self::Unavailable), [`Timeout`](Self::Timeout), [`Overloaded`](Self::Overloaded),
/// [`PermissionDenied`](Self::PermissionDenied), [`Closed`](Self::Closed) and [`Other`](Self::Other); of those that write,
/// also [`Full`](Self::Full).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is not 1 byte to 32 KiB of text, a namespace segment is empty, or a driver was told to refuse them.
    InvalidKey,
    /// An argument that no backend could accept, such as a lifetime of zero.
    InvalidArgument,
    /// The cursor was not made by this driver's `list`.
    InvalidCursor,
    /// Key, namespace, value or batch exceeds a declared limit.
    TooLarge,
    /// The stored thing is not an entry of ours, for instance a list written by another program.
    WrongType,
    /// The stored value is not a decimal `i64` in canonical form.
    NotAnInteger,
    /// The sum leaves the range of `i64`.
    OutOfRange,
    /// The stored bytes do not decode with the codec that was asked to read them.
    Corrupt,
    /// The driver does not declare the capability that the call needs.
    Unsupported,
    /// A named collection of records does not exist.
    NotFound,
    /// The collection of records was dropped; open it again.
    Dropped,
    /// The store was closed by its owner.
    Closed,
    /// `clear` without a namespace, which would empty the whole database.
    ClearRefused,
    /// The backend cannot be reached or cannot answer now.
    Unavailable,
    /// The deadline of the call passed.
    Timeout,
    /// Waiting for a place in a queue, for a connection, or for other writers of the same entry took too long.
    Overloaded,
    /// The backend has no room: memory limit or disk.
    Full,
    /// The backend knows the caller and refuses, or refuses to know it.
    PermissionDenied,
    /// A setting is wrong; the message names it.
    Config,
    /// None of the above.
    Other,
}

/// Whether and when the same call may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same call fails again until somebody changes something.
    Never,
    /// Transient: pause, with jitter, and try again.
    AfterBackoff,
    /// The backend's layout changed: it must be read again before the next attempt.
    AfterRefresh,
}

/// Whether the failed operation may have taken effect. There is no third answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It did not happen and will not, no part of it.
    NotApplied,
    /// It may have happened, as a whole or in part, or may still happen a little later.
    Unknown,
}

/// A failed operation.
///
/// Small (one pointer) and cheap to clone, so that several waiters can share it.
///
/// # Contract
/// * `errors_name_the_operation`: an error that an operation returns carries the operation, the driver, and the key where there is one.
/// * `errors_never_show_values`: neither `Debug` nor `Display` of an error, nor of its sources, shows a value or a secret; a key is shortened.
/// * `refusals_are_not_applied`: an error decided before anything was sent, or by a refusal of the backend, has the outcome [`Outcome::NotApplied`], and the entry is as it was.
/// * `partly_applied_is_unknown`: where a batch or a walk stopped after a part of it was done, the outcome is [`Outcome::Unknown`].
/// * `outages_are_errors`: while its backend cannot be reached, or does not answer, every operation ends with [`ErrorKind::Unavailable`] or [`ErrorKind::Timeout`] within the driver's limit: it does not hang, and does not pass for an answer.
/// * `outages_pass`: once the backend answers again, the same handles work without any help.
/// * `lost_answers_are_unknown`: a write whose answer was lost ends with [`Outcome::Unknown`], and is not applied twice; one that never arrived does not pass for done.
/// * `bad_input_is_a_typed_error`: bad input gets its kind on every driver, and nothing panics.
///
/// A write whose answer was lost is [`Outcome::Unknown`]: it may have happened, now or a little later. A driver repeats
/// on its own only reads, and writes that certainly were not applied.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    retry: Retry,
    outcome: Outcome,
    message: Cow<'static, str>,
    operation: Option<&'static str>,
    driver: Option<&'static str>,
    key: Option<ShortKey>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind.
    ///
    /// `message` is lowercase, names the thing and its limit, and never contains a value or a secret.
    ///
    /// Retry and outcome start as the cautious choice for the kind: what is decided before or instead of execution
    /// (bad input, a refusal by type, size or permission) is never retried and was not applied; for
    /// [`Unavailable`](ErrorKind::Unavailable), [`Timeout`](ErrorKind::Timeout) and [`Other`](ErrorKind::Other) the
    /// outcome is unknown until the driver says otherwise with [`with_outcome`](Self::with_outcome).
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let (retry, outcome) = kind.cautious();
        Self(Arc::new(Inner {
            kind,
            retry,
            outcome,
            message: message.into(),
            operation: None,
            driver: None,
            key: None,
            source: None,
        }))
    }

    /// The driver does not declare `capability`; nothing was sent.
    #[must_use]
    pub fn unsupported(capability: &'static str) -> Self {
        Self::new(
            ErrorKind::Unsupported,
            format!("the driver does not declare this capability; capability={capability}"),
        )
    }

    /// The store was closed; nothing was sent.
    #[must_use]
    pub fn closed() -> Self {
        Self::new(ErrorKind::Closed, "the store was closed")
    }

    /// Replaces the advice on trying again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.inner_mut().retry = retry;
        self
    }

    /// Replaces the statement on what happened.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.inner_mut().outcome = outcome;
        self
    }

    /// Names the driver, for instance `"redis"`, unless an inner layer already did.
    ///
    /// A driver need not call it for what its methods return: the extension traits add the name it declares.
    #[must_use]
    pub fn with_driver(mut self, driver: &'static str) -> Self {
        self.inner_mut().driver.get_or_insert(driver);
        self
    }

    /// Keeps the error underneath. The caller vouches that its text shows no value and no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner_mut().source = Some(Arc::new(source));
        self
    }

    /// Names the operation and the key, unless an inner layer already did.
    #[must_use]
    pub fn with_context(mut self, operation: &'static str, key: Option<Key<'_>>) -> Self {
        let inner = self.inner_mut();
        inner.operation.get_or_insert(operation);
        if inner.key.is_none() {
            inner.key = key.map(ShortKey::of);
        }
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether and when to try again.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// Whether the operation may have taken effect.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The operation that failed, as people call it: `"get"`, `"set"`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The driver that failed.
    #[must_use]
    pub fn driver(&self) -> Option<&'static str> {
        self.0.driver
    }

    /// The key, shortened to what a log can bear.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_ref().map(|key| &*key.0)
    }

    /// The error of one step of an operation, as the error of the whole, when `applied` steps before it were applied: a
    /// step that was not does not make the whole unapplied. For drivers whose batches and walks take several steps.
    #[must_use]
    pub fn after_steps(self, applied: u64) -> Self {
        if applied == 0 { self } else { self.with_outcome(Outcome::Unknown) }
    }

    fn inner_mut(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }
}

impl ErrorKind {
    fn cautious(self) -> (Retry, Outcome) {
        match self {
            Self::InvalidKey
            | Self::InvalidArgument
            | Self::InvalidCursor
            | Self::TooLarge
            | Self::WrongType
            | Self::NotAnInteger
            | Self::OutOfRange
            | Self::Corrupt
            | Self::Unsupported
            | Self::NotFound
            | Self::Dropped
            | Self::Closed
            | Self::ClearRefused
            | Self::PermissionDenied
            | Self::Config => (Retry::Never, Outcome::NotApplied),
            Self::Overloaded | Self::Full => (Retry::AfterBackoff, Outcome::NotApplied),
            Self::Unavailable | Self::Timeout => (Retry::AfterBackoff, Outcome::Unknown),
            Self::Other => (Retry::Never, Outcome::Unknown),
        }
    }
}

/// Lets conversions that cannot fail stand where fallible ones are asked for.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(&inner.message)?;
        if let Some(operation) = inner.operation {
            write!(f, "; operation={operation}")?;
        }
        if let Some(driver) = inner.driver {
            write!(f, " driver={driver}")?;
        }
        if let Some(key) = &inner.key {
            write!(f, " key=\"{}\"", key.0)?;
        }
        if inner.outcome == Outcome::Unknown {
            f.write_str(" outcome=unknown")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("retry", &inner.retry)
            .field("outcome", &inner.outcome)
            .field("message", &inner.message)
            .field("operation", &inner.operation)
            .field("driver", &inner.driver)
            .field("key", &inner.key.as_ref().map(|key| &*key.0))
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// A key fit for logs: control characters escaped, at most [`ShortKey::CHARS`] characters of it.
#[derive(Clone)]
struct ShortKey(Box<str>);

impl ShortKey {
    const CHARS: usize = 40;

    fn of(key: Key<'_>) -> Self {
        let text = key.as_str();
        let mut short: String = text.chars().take(Self::CHARS).flat_map(char::escape_debug).collect();
        if text.chars().nth(Self::CHARS).is_some() {
            short.push_str(&format!("…({} bytes)", text.len()));
        }
        Self(short.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_one_pointer_and_shareable() {
        fn shareable<T: Clone + Send + Sync + 'static>() {}
        shareable::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_names_operation_driver_and_key_once() {
        let error = Error::new(ErrorKind::TooLarge, "value too large; limit=3")
            .with_driver("memory")
            .with_context("set", Some(Key::new("s-81").unwrap()))
            .with_context("update", Some(Key::new("other").unwrap()));
        assert_eq!(error.to_string(), "value too large; limit=3; operation=set driver=memory key=\"s-81\"");
    }

    #[test]
    fn long_keys_are_shortened_and_escaped() {
        let long = format!("a\n{}", "é".repeat(100));
        let error = Error::closed().with_context("get", Some(Key::new(&long).unwrap()));
        let shown = error.key().unwrap();
        assert!(shown.starts_with("a\\né"), "{shown}");
        assert!(shown.ends_with("…(202 bytes)"), "{shown}");
    }

    #[test]
    fn a_clone_keeps_its_own_context() {
        let first = Error::closed();
        let second = first.clone().with_context("get", None);
        assert_eq!(first.operation(), None);
        assert_eq!(second.operation(), Some("get"));
    }

    #[test]
    fn unreachable_is_unknown_until_said_otherwise() {
        assert_eq!(Error::new(ErrorKind::Timeout, "x").outcome(), Outcome::Unknown);
        assert_eq!(Error::new(ErrorKind::Full, "x").outcome(), Outcome::NotApplied);
    }
}
