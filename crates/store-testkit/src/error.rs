//! What can go wrong while a server is started, asked or ended.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::Release;

/// Why a server could not be had, asked or controlled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Neither `redis-server` nor `valkey-server` is on `PATH`.
    NoServerBinary,
    /// `STORE_TEST_BACKEND` holds something that names no backend, or one that is not built in.
    Backend {
        /// What is wrong with it, in one line.
        reason: &'static str,
    },
    /// `STORE_TEST_SERVER` names no release that can be had.
    Release {
        /// What is wrong with it, in one line.
        reason: &'static str,
    },
    /// `STORE_TEST_PROTOCOL` names no protocol.
    UnknownProtocol,
    /// The release that is asked for is not on this machine: not unpacked, or for containers not there as an image.
    ReleaseMissing {
        /// Which.
        release: Release,
    },
    /// The container engine refused a step, or there is none.
    Container {
        /// The step.
        step: &'static str,
        /// What the engine said.
        reason: String,
    },
    /// A server given by URL was asked for something that only a process of ours can do.
    OnlyOnProcess {
        /// What was asked for.
        asked: &'static str,
    },
    /// What was asked for contradicts itself.
    Options {
        /// How.
        reason: &'static str,
    },
    /// A certificate could not be made.
    Certificate(rcgen::Error),
    /// The server was killed and not restarted, so there is no process to control.
    Down,
    /// The server did not come up.
    Start {
        /// What was seen.
        reason: String,
        /// The last lines of the server's log.
        log: String,
    },
    /// The server answered a command with an error.
    Refused {
        /// The command's name, without its arguments.
        command: String,
        /// The error as the server wrote it.
        message: String,
    },
    /// What was read is not a RESP2 reply.
    Protocol {
        /// What was met instead.
        met: &'static str,
    },
    /// A state that was waited for did not come.
    NotInTime {
        /// What was waited for.
        awaited: String,
        /// How long.
        limit: Duration,
    },
    /// The operating system refused a step.
    Io {
        /// The step.
        step: &'static str,
        /// Its error.
        source: io::Error,
    },
}

impl Error {
    /// Names the step that failed, because an `io::Error` alone does not say what was attempted.
    pub(crate) fn io(step: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { step, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServerBinary => f.write_str(
                "no redis-server or valkey-server on PATH: install one (Debian, Ubuntu: apt-get install redis-server) \
                 or set STORE_TEST_BACKEND to the URL of a server",
            ),
            Self::Backend { reason } => write!(f, "STORE_TEST_BACKEND: {reason}"),
            Self::Release { reason } => write!(f, "STORE_TEST_SERVER: {reason}"),
            Self::UnknownProtocol => f.write_str("STORE_TEST_PROTOCOL: neither `resp2` nor `resp3`"),
            Self::ReleaseMissing { release } => {
                let name = release.name();
                write!(f, "{name} is not on this machine: run `cargo xtask images --server {name}`")
            }
            Self::Container { step, reason } => write!(f, "{step}: {reason}"),
            Self::OnlyOnProcess { asked } => {
                write!(f, "{asked} needs a server process of the tests' own, STORE_TEST_BACKEND names a URL")
            }
            Self::Options { reason } => f.write_str(reason),
            Self::Certificate(_) => f.write_str("a certificate could not be made"),
            Self::Down => f.write_str("the server was killed and not restarted"),
            Self::Start { reason, log } => write!(f, "the server did not start: {reason}; its log ends with:\n{log}"),
            Self::Refused { command, message } => write!(f, "{command} was refused: {message}"),
            Self::Protocol { met } => write!(f, "not a RESP2 reply: {met}"),
            Self::NotInTime { awaited, limit } => write!(f, "{awaited}: not within {limit:?}"),
            Self::Io { step, .. } => f.write_str(step),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Certificate(source) => Some(source),
            _ => None,
        }
    }
}

impl From<rcgen::Error> for Error {
    fn from(source: rcgen::Error) -> Self {
        Self::Certificate(source)
    }
}
