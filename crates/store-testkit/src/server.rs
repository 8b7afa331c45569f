//! A server and the controls that a test has over it.

use std::fmt;
use std::path::Path;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::backend::Backend;
use crate::endpoint::{Address, Endpoint};
use crate::launch::{Identity, Launch, Launched};
use crate::lifetime::Lifetime;
use crate::resp::{Connection, Reply};
use crate::scratch::Scratch;
use crate::{Error, ServerOptions};

/// A Redis or Valkey server on one node. Dropping it ends the process and removes its files.
///
/// All methods take `&self`, so that one server can be shared by all tests of a binary; see [`shared`].
pub struct RedisServer {
    url: String,
    name: &'static str,
    version: String,
    endpoint: Endpoint,
    control: Endpoint,
    origin: Origin,
}

enum Origin {
    Process(Mutex<Process>),
    Url,
}

/// Without the URL, which may hold a password of the user's.
impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer")
            .field("address", &self.endpoint.address)
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl RedisServer {
    /// Starts a server, or connects to the one that [`BACKEND_VARIABLE`](crate::BACKEND_VARIABLE) names. Returns when
    /// it answers.
    ///
    /// # Errors
    /// Those of [`start_process`](Self::start_process) or [`at_url`](Self::at_url), and [`Error::OnlyOnProcess`] for
    /// options that a server given by URL cannot be given.
    pub fn start(options: ServerOptions) -> Result<Self, Error> {
        match Backend::from_environment()? {
            Backend::Process => Self::start_process(options),
            Backend::Url(url) if options == ServerOptions::default() => Self::at_url(url),
            Backend::Url(_) => Err(Error::OnlyOnProcess { asked: "a server with options" }),
        }
    }

    /// Starts a local process whatever the environment says: for tests of what happens to a server, which nobody wants
    /// to happen to one of theirs. Returns when it answers.
    ///
    /// # Errors
    /// [`Error::NoServerBinary`] where there is none, [`Error::Start`] with the end of the server's log when it does
    /// not answer within 20 s.
    pub fn start_process(options: ServerOptions) -> Result<Self, Error> {
        let directory = Scratch::new()?;
        let Launched { launch, child, identity } = Launch::first(&options, directory.path(), Lifetime::WithOwner)?;
        let endpoint = launch.endpoint();
        Ok(Self {
            url: endpoint.url(),
            name: identity.name,
            version: identity.version,
            endpoint,
            control: launch.control(),
            origin: Origin::Process(Mutex::new(Process { child: Some(child), launch, _directory: directory })),
        })
    }

    /// A handle to a server that is already there: `redis://[user:password@]host[:port][/database]` or
    /// `unix://[user:password@]/path[?db=N]`. It is neither ended nor cleared on drop.
    ///
    /// # Errors
    /// [`Error::Backend`] for a URL of another form, [`Error::Io`] or [`Error::Refused`] when the server does not let
    /// us in.
    pub fn at_url(url: impl Into<String>) -> Result<Self, Error> {
        let url = url.into();
        let endpoint = Endpoint::parse(&url)?;
        let Identity { name, version, .. } = Identity::ask(&mut Connection::open(&endpoint)?)?;
        Ok(Self { url, name, version, control: endpoint.clone(), endpoint, origin: Origin::Url })
    }

    /// The URL to give to a client: `redis://[:password@]127.0.0.1:port` or `unix://[:password@]/path`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The TCP port; `None` on a unix socket.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self.endpoint.address {
            Address::Tcp { port, .. } => Some(port),
            Address::Unix(_) => None,
        }
    }

    /// The unix socket; `None` on TCP.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        match &self.endpoint.address {
            Address::Unix(path) => Some(path),
            Address::Tcp { .. } => None,
        }
    }

    /// `redis` or `valkey`.
    #[must_use]
    pub fn server_name(&self) -> &str {
        self.name
    }

    /// The server's own version, as in `7.0.15`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs one command on a connection of its own, with all rights on a server started here, whatever the test does
    /// to the default user; with the URL's credentials on a server given by URL.
    ///
    /// # Errors
    /// [`Error::Refused`] for an error reply, [`Error::NotInTime`] when there is none within 5 s.
    pub fn command<A: AsRef<[u8]>>(&self, arguments: &[A]) -> Result<Reply, Error> {
        self.connect()?.command(arguments)
    }

    /// Opens a connection with the same rights, for many commands or for ones that belong to one connection.
    ///
    /// # Errors
    /// [`Error::Io`] when the server cannot be reached.
    pub fn connect(&self) -> Result<Connection, Error> {
        Connection::open(&self.control)
    }

    /// The process id, which changes with a restart.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Down`] after [`kill`](Self::kill).
    pub fn pid(&self) -> Result<u32, Error> {
        Ok(self.process("pid")?.running()?.id())
    }

    /// Ends the process with SIGKILL and returns when it is gone. Nothing happens when it is down already.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL.
    pub fn kill(&self) -> Result<(), Error> {
        self.process("kill")?.end()
    }

    /// Stops the process with SIGSTOP and returns when it stands still: its connections stay open and unanswered.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Down`] after [`kill`](Self::kill).
    pub fn stop(&self) -> Result<(), Error> {
        let mut process = self.process("stop")?;
        let pid = Pid::from_child(process.running()?);
        kill_process(pid, Signal::STOP).map_err(|error| Error::io("stopping the server")(error.into()))?;
        // The signal is only sent so far. NOWAIT leaves the state to be seen again by a second stop, and an exit to
        // whoever reaps the child.
        let states = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), states).map_err(|error| Error::io("waiting for the server to stop")(error.into()))?;
        Ok(())
    }

    /// Lets a stopped process run on (SIGCONT). Nothing happens when it runs.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Down`] after [`kill`](Self::kill).
    pub fn cont(&self) -> Result<(), Error> {
        let mut process = self.process("cont")?;
        let pid = Pid::from_child(process.running()?);
        kill_process(pid, Signal::CONT).map_err(|error| Error::io("letting the server run on")(error.into()))
    }

    /// Ends the process with SIGKILL if it runs, and starts it again at the same port or socket, in the same directory
    /// and with the same configuration. It comes back empty unless it was started with `appendonly yes`. Returns when
    /// it answers.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Start`] when it does not come up again.
    pub fn restart(&self) -> Result<(), Error> {
        let mut process = self.process("restart")?;
        process.end()?;
        process.child = Some(process.launch.run()?.0);
        Ok(())
    }

    fn process(&self, asked: &'static str) -> Result<MutexGuard<'_, Process>, Error> {
        match &self.origin {
            // A panic between two steps leaves at worst a killed process, which is a state like any other.
            Origin::Process(process) => Ok(process.lock().unwrap_or_else(PoisonError::into_inner)),
            Origin::Url => Err(Error::OnlyOnProcess { asked }),
        }
    }
}

/// The server that all callers in this process share: started by the first of them, gone with the process.
///
/// # Errors
/// Those of [`RedisServer::start`], the same for every caller.
pub fn shared() -> Result<&'static RedisServer, &'static Error> {
    static SHARED: OnceLock<Result<RedisServer, Error>> = OnceLock::new();
    SHARED.get_or_init(|| RedisServer::start(ServerOptions::new())).as_ref()
}

/// A server process of ours. The child is dropped, and so ended, before the directory that it writes to.
struct Process {
    child: Option<Child>,
    launch: Launch,
    _directory: Scratch,
}

impl Process {
    fn running(&mut self) -> Result<&Child, Error> {
        self.child.as_ref().ok_or(Error::Down)
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().and_then(|()| child.wait()).map(drop).map_err(Error::io("killing the server"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that cannot be ended here is ended by the kernel together with the tests.
        let _ = self.end();
    }
}
