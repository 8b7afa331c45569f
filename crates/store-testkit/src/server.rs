//! A server and the controls that a test has over it.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::backend::Backend;
use crate::endpoint::{Address, Credentials, Endpoint};
use crate::identity::Identity;
use crate::info::Info;
use crate::lifetime::Lifetime;
use crate::node::{Launcher, Node, Runtime, State};
use crate::process::Processes;
use crate::resp::{Connection, Reply};
use crate::running::Owned;
use crate::{Error, Release, ServerOptions};

/// How long a probe of a node that may be down waits for a reply, before the next one looks again.
const PROBE_LIMIT: Duration = Duration::from_millis(500);

/// A Redis or Valkey server on one node. Dropping it ends the process and removes its files.
///
/// All methods take `&self`, so that one server can be shared by all tests of a binary; see [`shared`].
pub struct RedisServer {
    url: String,
    identity: Identity,
    endpoint: Endpoint,
    control: Endpoint,
    origin: Origin,
}

enum Origin {
    Launched(Mutex<Box<dyn Runtime>>),
    Url,
}

/// Without the URL, which may hold a password of the user's.
impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer")
            .field("address", &self.endpoint.address)
            .field("name", &self.identity.name)
            .field("version", &self.identity.version)
            .finish_non_exhaustive()
    }
}

impl RedisServer {
    /// Starts a server, or connects to the one that [`BACKEND_VARIABLE`](crate::BACKEND_VARIABLE) names. Returns when
    /// it answers.
    ///
    /// # Errors
    /// Those of [`start_process`](Self::start_process) or [`at_url`](Self::at_url), [`Error::Container`] when the engine
    /// refuses a step, and [`Error::OnlyOnProcess`] for options that a server given by URL cannot be given.
    pub fn start(options: ServerOptions) -> Result<Self, Error> {
        match Backend::from_environment()? {
            Backend::Url(url) if options == ServerOptions::default() => Self::at_url(url),
            backend => Self::launch(&*backend.launcher("a server with options")?, &options),
        }
    }

    /// Starts a local process whatever the environment says: for tests of what happens to a server, which nobody wants
    /// to happen to one of theirs. Returns when it answers.
    ///
    /// # Errors
    /// [`Error::NoServerBinary`] where there is none, [`Error::Start`] with the end of the server's log when it does
    /// not answer within 20 s.
    pub fn start_process(options: ServerOptions) -> Result<Self, Error> {
        Self::launch(&*Backend::Process.launcher("a process")?, &options)
    }

    /// Starts a local process of a release, whichever the environment names: for what compares several of them. Returns
    /// when it answers.
    ///
    /// # Errors
    /// [`Error::ReleaseMissing`] where the release is not unpacked, [`Error::Start`] as
    /// [`start_process`](Self::start_process).
    pub fn start_release(release: Release, options: ServerOptions) -> Result<Self, Error> {
        Self::launch(&Owned(Processes::of(release.program()?, Lifetime::WithOwner)), &options)
    }

    pub(crate) fn launch(launcher: &dyn Launcher, options: &ServerOptions) -> Result<Self, Error> {
        let Node { runtime, endpoint, control, identity } = launcher.launch(options)?;
        Ok(Self { url: endpoint.url(), identity, endpoint, control, origin: Origin::Launched(Mutex::new(runtime)) })
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
        let identity = Identity::ask(&mut Connection::open(&endpoint)?)?;
        Ok(Self { url, identity, control: endpoint.clone(), endpoint, origin: Origin::Url })
    }

    /// The URL to give to a client: `redis://[user:password@]127.0.0.1:port`, `rediss://…` with TLS, or
    /// `unix://[user:password@]/path`.
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

    /// What clients log in with.
    pub(crate) fn login(&self) -> Option<&Credentials> {
        self.endpoint.credentials.as_ref()
    }

    /// What the testkit and other nodes log in with.
    pub(crate) fn control_login(&self) -> Option<&Credentials> {
        self.control.credentials.as_ref()
    }

    /// As in the list of hosts of a URL; `None` on a unix socket.
    pub(crate) fn host_and_port(&self) -> Option<String> {
        self.port().map(|port| format!("127.0.0.1:{port}"))
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
        self.identity.name
    }

    /// The server's own version, as in `7.0.15`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.identity.version
    }

    /// The random id that the server gave itself when it was started first.
    pub(crate) fn run_id(&self) -> &str {
        &self.identity.run_id
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

    /// One field of a section of `INFO`, as text; `None` where the server has no such field.
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn info(&self, section: &str, field: &str) -> Result<Option<String>, Error> {
        let info = Info::ask(&mut self.connect()?, section)?;
        Ok(info.field(field).map(str::to_owned))
    }

    /// One command on a connection that waits no longer than a probe may, for nodes that may be down or stopped.
    pub(crate) fn probe<A: AsRef<[u8]>>(&self, arguments: &[A]) -> Result<Reply, Error> {
        Connection::open_within(&self.control, PROBE_LIMIT)?.command(arguments)
    }

    /// What the server is doing, as far as it was done by the methods below; a server given by URL is always
    /// [`State::Running`].
    #[must_use]
    pub fn state(&self) -> State {
        self.runtime("state").map_or(State::Running, |runtime| runtime.state())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state() == State::Running
    }

    /// The process id, which changes with a restart.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Down`] after [`kill`](Self::kill).
    pub fn pid(&self) -> Result<u32, Error> {
        self.runtime("pid")?.pid()
    }

    /// Ends the process with SIGKILL and returns when it is gone. Nothing happens when it is down already.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL.
    pub fn kill(&self) -> Result<(), Error> {
        self.runtime("kill")?.kill()
    }

    /// Stops the process with SIGSTOP and returns when it stands still: its connections stay open and unanswered.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Down`] after [`kill`](Self::kill).
    pub fn stop(&self) -> Result<(), Error> {
        self.runtime("stop")?.stop()
    }

    /// Lets a stopped process run on (SIGCONT). Nothing happens when it runs.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Down`] after [`kill`](Self::kill).
    pub fn cont(&self) -> Result<(), Error> {
        self.runtime("cont")?.cont()
    }

    /// Ends the process with SIGKILL if it runs, and starts it again at the same port or socket, in the same directory
    /// and with the same configuration, as the server itself may have rewritten it. It comes back empty unless it was
    /// started with `appendonly yes`. Returns when it answers.
    ///
    /// # Errors
    /// [`Error::OnlyOnProcess`] on a server given by URL, [`Error::Start`] when it does not come up again.
    pub fn restart(&self) -> Result<(), Error> {
        let mut runtime = self.runtime("restart")?;
        runtime.kill()?;
        runtime.start()
    }

    fn runtime(&self, asked: &'static str) -> Result<MutexGuard<'_, Box<dyn Runtime>>, Error> {
        match &self.origin {
            // A panic between two steps leaves at worst a killed process, which is a state like any other.
            Origin::Launched(runtime) => Ok(runtime.lock().unwrap_or_else(PoisonError::into_inner)),
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
