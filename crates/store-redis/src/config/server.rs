//! The parts of a [`Config`](crate::Config) that describe a server and the line to it.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::nonzero;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Server {
    /// On a TCP port.
    Tcp {
        /// A name or an address; an IPv6 address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// On a unix socket.
    Unix {
        /// The path of the socket.
        path: PathBuf,
    },
    /// Wherever the connections of a pool lead that was given to [`Builder::pool`](crate::Builder), with the feature
    /// `deadpool-redis`. The pool alone knows.
    Pooled,
}

impl Server {
    /// On a TCP port of `host`: a name or an address, an IPv6 address without brackets.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp { host: host.into(), port }
    }

    /// On the unix socket at `path`.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::Unix { path: path.into() }
    }
}

/// As in a message: `host:port`, or the path; where neither is known, `of-the-pool`.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path } => write!(f, "{}", path.display()),
            Self::Pooled => f.write_str("of-the-pool"),
        }
    }
}

/// A user name or a password. It has no `Display`, and its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The hidden text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// A version of the Redis protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// Understood by every server.
    #[default]
    Resp2,
    /// Since Redis 6.
    Resp3,
}

/// Whether TCP may hold back a small write until an earlier one is acknowledged (Nagle's algorithm).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Coalescing {
    /// No: each write leaves at once (`TCP_NODELAY`).
    #[default]
    Off,
    /// Yes. Behind a delayed acknowledgement a call may wait some 40 ms.
    On,
}

/// When TCP asks an idle peer whether it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keepalive {
    /// After this long without traffic. Whole seconds, rounded up, at most 32767, and so is `interval`.
    pub idle: Duration,
    /// Then this often.
    pub interval: Duration,
    /// So many unanswered questions end the connection. At most 127.
    pub retries: NonZeroU32,
}

impl Keepalive {
    /// Asks after `idle` without traffic, then every 5 s, and gives up after 3 unanswered questions.
    #[must_use]
    pub fn after(idle: Duration) -> Self {
        Self { idle, interval: Duration::from_secs(5), retries: nonzero(3) }
    }
}

/// After 30 s.
impl Default for Keepalive {
    fn default() -> Self {
        Self::after(Duration::from_secs(30))
    }
}
