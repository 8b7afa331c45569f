//! Starting one server and waiting until it is the one that answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{self, Place};
use crate::endpoint::{Address, Credentials, Endpoint, Security};
use crate::identity::Identity;
use crate::options::{Listen, Mode, ServerOptions};
use crate::resp::{Connection, Reply};
use crate::{Error, port, wait_until};

/// A start takes some 10 ms; the rest is for machines that build and test at the same time.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long one probe waits for a reply. Whoever took the port may accept and never answer, and the next probe is what
/// notices that our own process has given up.
const PROBE_LIMIT: Duration = Duration::from_millis(500);

/// How often a port that somebody else took in between is replaced by another.
const PORT_ATTEMPTS: u32 = 16;

/// The longest path that fits into the kernel's `sun_path` with its closing NUL, on every Unix we know of.
const LONGEST_SOCKET_PATH: usize = 103;

/// The server's configuration file, in its directory.
const CONFIG: &str = "server.conf";

/// What can run a server's program.
pub(crate) trait Runner: Send {
    type Program: Program;

    /// Starts the program for the server in `launch`, whose configuration file is written.
    fn start(&self, launch: &Launch) -> Result<Self::Program, Error>;
}

/// A server's program that was started.
pub(crate) trait Program: Send {
    /// The process id that the server reports.
    fn id(&self) -> u32;

    /// How the program ended, and then its output is in the server's log; `None` while it runs.
    fn ended(&mut self) -> Option<String>;

    /// Ends the program at once, and returns when it is gone.
    fn kill(&mut self) -> Result<(), Error>;

    /// Makes the program stand still, and returns when it does.
    fn stop(&mut self) -> Result<(), Error>;

    /// Lets a program that stands still run on.
    fn cont(&mut self) -> Result<(), Error>;
}

/// A server that was started: its program, and what is needed to start it again in the same place.
pub(crate) struct Launched<P> {
    pub(crate) launch: Launch,
    pub(crate) program: P,
    pub(crate) identity: Identity,
}

/// A server's directory, and what was decided about it.
#[derive(Clone)]
pub(crate) struct Launch {
    directory: PathBuf,
    mode: Mode,
    place: Place,
    security: Security,
    login: Option<Credentials>,
}

impl Launch {
    /// Starts a server with its files in `directory`, which must exist.
    pub(crate) fn first<R: Runner>(
        options: &ServerOptions,
        directory: &Path,
        runner: &R,
    ) -> Result<Launched<R::Program>, Error> {
        let mut attempts = PORT_ATTEMPTS;
        loop {
            attempts -= 1;
            let launch = Self {
                directory: directory.to_owned(),
                mode: options.mode,
                place: choose_place(options, directory)?,
                security: options.security(),
                login: options.login.clone(),
            };
            launch.write_config(options)?;
            match launch.run(runner) {
                // The port was free when it was chosen; whoever took it since keeps it.
                Err(Error::Start { log, .. }) if attempts > 0 && port_was_taken(&log) => {}
                Err(error) => return Err(error),
                Ok((program, identity)) => return Ok(Launched { launch, program, identity }),
            }
        }
    }

    /// Starts the program and waits until it answers. The configuration file is there from the first start.
    pub(crate) fn run<R: Runner>(&self, runner: &R) -> Result<(R::Program, Identity), Error> {
        let mut program = runner.start(self)?;
        match self.await_ready(&mut program) {
            Ok(identity) => Ok((program, identity)),
            Err(error) => {
                // Not ready is not gone. It fails only for one that is.
                let _ = program.kill();
                Err(error)
            }
        }
    }

    /// What a client under test is given.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let (address, credentials) = (self.place.address.clone(), self.login.clone());
        Endpoint { address, security: self.security, credentials, database: 0 }
    }

    /// What the testkit's own commands use.
    pub(crate) fn control(&self) -> Endpoint {
        config::control(self.place.control.clone())
    }

    /// The arguments that the program is given.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = PathBuf> {
        [self.directory.join(CONFIG)].into_iter().chain(flags(self.mode).iter().map(PathBuf::from))
    }

    #[cfg(feature = "containers")]
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the program's output goes.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    /// Ready is an answer by this very program. Another server may have the port: it is not ours to talk to.
    fn await_ready(&self, program: &mut impl Program) -> Result<Identity, Error> {
        let answer = wait_until("the server's first answer", START_LIMIT, || match program.ended() {
            None => self.ask_identity().filter(|identity| identity.process_id == program.id()).map(Ok),
            Some(how) => Some(Err(how)),
        });
        let reason = match answer {
            Ok(Ok(identity)) => return Ok(identity),
            Ok(Err(reason)) => reason,
            Err(late) => late.to_string(),
        };
        Err(Error::Start { reason, log: self.last_log_lines() })
    }

    /// `None` while the server does not listen, or still loads its data.
    fn ask_identity(&self) -> Option<Identity> {
        let mut connection = Connection::open_within(&self.control(), PROBE_LIMIT).ok()?;
        let identity = Identity::ask(&mut connection).ok()?;
        let pong = connection.command(&["PING"]).ok()?;
        (pong == Reply::Status("PONG".to_owned())).then_some(identity)
    }

    fn write_config(&self, options: &ServerOptions) -> Result<(), Error> {
        if let Some(tls) = &options.tls {
            tls.write_files(&self.directory)?;
        }
        let text = config::text(options, &self.place, &self.directory);
        fs::write(self.directory.join(CONFIG), text).map_err(Error::io("writing the server's configuration"))
    }

    fn last_log_lines(&self) -> String {
        const LINES: usize = 12;
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// A sentinel is the same program; its name alone would do, but not every distribution links it under that name.
fn flags(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Sentinel => &["--sentinel"],
        Mode::Server | Mode::ClusterNode => &[],
    }
}

fn choose_place(options: &ServerOptions, directory: &Path) -> Result<Place, Error> {
    let free_port = || port::free().map_err(Error::io("looking for a free port"));
    let tcp = || Ok::<_, Error>(Address::Tcp { host: "127.0.0.1".to_owned(), port: free_port()? });
    let unix = || socket_path(directory).map(Address::Unix);
    let (address, control) = match (options.security(), options.listen) {
        // The testkit speaks no TLS, so that a mistake in the driver's cannot hide itself here.
        (Security::Tls, _) => (tcp()?, unix()?),
        (Security::Plain, Listen::Tcp) => same(tcp()?),
        (Security::Plain, Listen::Unix) => same(unix()?),
    };
    Ok(Place { address, control, bus_port: free_port()? })
}

fn same(address: Address) -> (Address, Address) {
    (address.clone(), address)
}

fn socket_path(directory: &Path) -> Result<PathBuf, Error> {
    let path = directory.join("redis.sock");
    if path.as_os_str().len() <= LONGEST_SOCKET_PATH {
        return Ok(path);
    }
    // The server would cut the path off without a word and listen somewhere else.
    let reason = format!("a unix socket's path is at most {LONGEST_SOCKET_PATH} bytes long");
    Err(Error::Start { reason: format!("{reason}: {}", path.display()), log: String::new() })
}

fn port_was_taken(log: &str) -> bool {
    log.contains("Address already in use")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::lifetime::Lifetime;
    use crate::process::Processes;

    #[test]
    fn a_port_taken_in_between_is_recognised_in_the_servers_own_words() {
        let directory = tempfile::tempdir().unwrap();
        let stranger = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = stranger.local_addr().unwrap().port();
        let (address, control) = same(Address::Tcp { host: "127.0.0.1".to_owned(), port });
        let launch = Launch {
            directory: directory.path().to_owned(),
            mode: Mode::Server,
            place: Place { address, control, bus_port: port },
            security: Security::Plain,
            login: None,
        };
        launch.write_config(&ServerOptions::new()).unwrap();
        let Err(Error::Start { log, .. }) = launch.run(&Processes::new(Lifetime::WithOwner).unwrap()) else {
            panic!("started on a port that is taken")
        };
        assert!(port_was_taken(&log), "{log}");
    }

    #[test]
    fn a_socket_path_that_the_kernel_would_not_take_is_refused() {
        let deep = PathBuf::from("/").join("d".repeat(LONGEST_SOCKET_PATH));
        let error = socket_path(&deep).unwrap_err().to_string();
        assert!(error.contains("at most"), "{error}");
    }
}
