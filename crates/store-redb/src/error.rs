//! Why a step fails: a refusal, which is its own answer, or the file, which is everybody's trouble. Errors of redb become
//! ours here and nowhere else.

use std::borrow::Cow;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use store_core::{Error, ErrorKind, Outcome};

use crate::touched;

/// Why a step did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was refused: by what it was asked for, or by a row that is damaged.
    Refused(Error),
    /// The file could not be read or written, and redb does nothing more with it. It ends the transaction.
    Storage(Error),
}

impl Failure {
    /// Whether only the step that met it fails: over what it asked for or what it has read, not over the disk.
    pub(crate) fn is_of_one_step(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Storage(error) => error.kind() == ErrorKind::Corrupt,
        }
    }

    /// The same, met while a transaction was committed: nobody knows whether the disk has it.
    pub(crate) fn of_commit(self) -> Self {
        match self {
            Self::Refused(error) => Self::Refused(error.with_outcome(Outcome::Unknown)),
            Self::Storage(error) => Self::Storage(error.with_outcome(Outcome::Unknown)),
        }
    }

    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Refused(error) | Self::Storage(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

macro_rules! storage_failures {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for Failure {
            fn from(error: redb::$error) -> Self {
                Self::Storage(storage_error(error.into()))
            }
        }
    )*};
}

storage_failures!(StorageError, TableError, TransactionError, CommitError, DatabaseError, CompactionError);

/// What is stored is nothing that this driver writes.
pub(crate) fn corrupt(what: &'static str) -> Failure {
    let message = match touched::last() {
        Some(table) => format!("the file is damaged; table={table} what={what}"),
        None => format!("the file is damaged; what={what}"),
    };
    Failure::Refused(Error::new(ErrorKind::Corrupt, message))
}

/// Enters redb, which panics over some pages that are damaged.
pub(crate) fn guarded<T>(enter: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    touched::forget();
    // Nothing of ours is left half-way: a transaction that unwinds is not committed.
    catch_unwind(AssertUnwindSafe(enter)).unwrap_or_else(|_panic| {
        Err(redb::StorageError::Corrupted("a page is not what it should be".to_owned()).into())
    })
}

fn storage_error(error: redb::Error) -> Error {
    let (kind, message) = match &error {
        redb::Error::Io(error) => of_system(error.kind()),
        redb::Error::Corrupted(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TableIsNotMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. } => {
            (ErrorKind::Corrupt, "the file is damaged, or none of this driver")
        }
        redb::Error::UpgradeRequired(_) => (ErrorKind::Config, "the file has an old format of redb"),
        redb::Error::DatabaseAlreadyOpen => {
            (ErrorKind::Unavailable, "the file is open already, in another process or in this one")
        }
        redb::Error::PreviousIo | redb::Error::LockPoisoned(_) => {
            (ErrorKind::Unavailable, "the file has to be opened again after a failure")
        }
        _ => (ErrorKind::Other, "redb failed"),
    };
    let message = match touched::last() {
        Some(table) if kind == ErrorKind::Corrupt => format!("{message}; table={table}").into(),
        _ => Cow::Borrowed(message),
    };
    // Until a commit has begun, and that one says so itself, nothing has been written.
    Error::new(kind, message).with_outcome(Outcome::NotApplied).with_source(error)
}

fn of_system(kind: io::ErrorKind) -> (ErrorKind, &'static str) {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (ErrorKind::Full, "there is no room for the file to grow")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::PermissionDenied, "the system does not allow the file to be read and written")
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            (ErrorKind::Config, "there can be no file at this path")
        }
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            (ErrorKind::Corrupt, "the file is damaged, or none of this driver")
        }
        _ => (ErrorKind::Unavailable, "the file cannot be read or written"),
    }
}
