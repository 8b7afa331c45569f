//! Servers that stay after the process that started them, until they are shut down by name.

mod deployment;

use std::path::{Path, PathBuf};

use crate::config::control;
use crate::endpoint::Endpoint;
use crate::identity::Identity;
use crate::launch::{Launch, Launched};
use crate::lifetime::Lifetime;
use crate::process::Processes;
use crate::resp::Connection;
use crate::{Error, RedisServer, ServerOptions};

pub use deployment::DetachedDeployment;

/// A server process in a session of its own. Dropping this value changes nothing; [`shut_down`](Self::shut_down) ends it.
///
/// The three parts that name it can be kept anywhere and put together again by [`from_parts`](Self::from_parts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachedServer {
    pid: u32,
    run_id: String,
    url: String,
}

impl DetachedServer {
    /// Starts a server with its files in `directory`, which must exist and belongs to the server from then on. Always a
    /// local process: what is already there under a URL needs no starting.
    ///
    /// # Errors
    /// [`Error::NoServerBinary`] where there is none, [`Error::Start`] with the end of the server's log when it does
    /// not answer within 20 s.
    pub fn start(options: &ServerOptions, directory: &Path) -> Result<Self, Error> {
        refuse_tls(options)?;
        let directory = absolute(directory)?;
        let processes = Processes::new(Lifetime::Detached)?;
        let Launched { launch, program, identity } = Launch::first(options, &directory, &processes)?;
        Ok(Self { pid: program.id(), run_id: identity.run_id, url: launch.endpoint().url() })
    }

    /// Names a server that was started earlier.
    #[must_use]
    pub fn from_parts(pid: u32, run_id: String, url: String) -> Self {
        Self { pid, run_id, url }
    }

    fn of(server: &RedisServer) -> Result<Self, Error> {
        Ok(Self { pid: server.pid()?, run_id: server.run_id().to_owned(), url: server.url().to_owned() })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The random id that the server gave itself when it started.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The URL to give to a client.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether this very server still answers at its URL: the same process and the same run of it.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when a server accepts the connection and then does not answer within 5 s, as one that is stopped
    /// does: it may be the one.
    pub fn is_running(&self) -> Result<bool, Error> {
        self.connect().map(|connection| connection.is_some())
    }

    /// Ends the server and returns when it is gone. Nothing happens when it is gone already, also when another server
    /// answers at its URL by now.
    ///
    /// The server is asked to shut down on the connection on which it proved to be the one that was started. No signal
    /// is sent, so no stranger that got its process id since can be hit.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when a server accepts the connection and then does not answer or end within 5 s, as one that is
    /// stopped does.
    pub fn shut_down(&self) -> Result<(), Error> {
        let Some(mut connection) = self.connect()? else { return Ok(()) };
        connection.send(&["SHUTDOWN", "NOSAVE"])?;
        connection.await_close()
    }

    /// `None` when nobody, or another server, is there.
    fn connect(&self) -> Result<Option<Connection>, Error> {
        let endpoint = control(Endpoint::parse(&self.url)?.address);
        let answer = Connection::open(&endpoint).and_then(|mut connection| {
            let identity = Identity::ask(&mut connection)?;
            Ok((connection, identity))
        });
        match answer {
            Ok((connection, identity)) => {
                let same = identity.process_id == self.pid && identity.run_id == self.run_id;
                Ok(same.then_some(connection))
            }
            Err(Error::Io { source, .. }) if nobody_listens(&source) => Ok(None),
            // Ours lets its control user in, whatever was done to the user of its URL.
            Err(Error::Refused { .. } | Error::Protocol { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn refuse_tls(options: &ServerOptions) -> Result<(), Error> {
    match options.tls {
        None => Ok(()),
        Some(_) => Err(Error::Options { reason: "a detached server is found again by its URL, without TLS" }),
    }
}

/// A server changes to its directory, so a path relative to ours would mean another one to it.
fn absolute(directory: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(directory).map_err(Error::io("resolving the server's directory"))
}

fn nobody_listens(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::NotFound)
}
