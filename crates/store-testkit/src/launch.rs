//! Starting one server process and waiting until it is the one that answers.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::backend::server_binary;
use crate::endpoint::{Address, Credentials, Endpoint};
use crate::lifetime::Lifetime;
use crate::options::{Listen, ServerOptions};
use crate::resp::{Connection, Reply};
use crate::{Error, keeper, wait_until};

/// A start takes some 10 ms; the rest is for machines that build and test at the same time.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long one probe waits for a reply. Whoever took the port may accept and never answer, and the next probe is what
/// notices that our own process has given up.
const PROBE_LIMIT: Duration = Duration::from_millis(500);

/// How often a port that somebody else took in between is replaced by another.
const PORT_ATTEMPTS: u32 = 16;

/// The longest path that fits into the kernel's `sun_path` with its closing NUL, on every Unix we know of.
const LONGEST_SOCKET_PATH: usize = 103;

/// The user that the testkit's own commands run as. A test may give the default user a password, take its rights or
/// switch it off, while the server runs: that must not lock the testkit out. Its password is no secret, because the
/// server listens on loopback only and is as open to its default user.
const CONTROL_USER: &str = "store-testkit";
const CONTROL_PASSWORD: &str = "store-testkit";

/// What a running server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) process_id: u32,
    pub(crate) run_id: String,
}

impl Identity {
    pub(crate) fn ask(connection: &mut Connection) -> Result<Self, Error> {
        let reply = connection.command(&["INFO", "server"])?;
        let info = reply.as_text().ok_or(Error::Protocol { met: "an INFO that is not text" })?;
        let field = |name: &str| {
            info.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.trim().to_owned())
        };
        // Valkey also reports the Redis version it is compatible with, so its own field is asked for first.
        let (name, version) = match field("valkey_version") {
            Some(version) => ("valkey", version),
            None => ("redis", field("redis_version").ok_or(Error::Protocol { met: "an INFO without a version" })?),
        };
        let process_id = field("process_id")
            .and_then(|value| value.parse().ok())
            .ok_or(Error::Protocol { met: "an INFO without a process_id" })?;
        let run_id = field("run_id").ok_or(Error::Protocol { met: "an INFO without a run_id" })?;
        Ok(Self { name, version, process_id, run_id })
    }
}

/// A server that was started: its process, and all that is needed to start it again in the same place.
pub(crate) struct Launched {
    pub(crate) launch: Launch,
    pub(crate) child: Child,
    pub(crate) identity: Identity,
}

/// How a server is started in its directory.
pub(crate) struct Launch {
    binary: PathBuf,
    directory: PathBuf,
    lifetime: Lifetime,
    address: Address,
    password: Option<String>,
}

impl Launch {
    /// Starts a server with its files in `directory`, which must exist.
    pub(crate) fn first(options: &ServerOptions, directory: &Path, lifetime: Lifetime) -> Result<Launched, Error> {
        let binary = server_binary()?;
        let mut attempts = PORT_ATTEMPTS;
        loop {
            attempts -= 1;
            let launch = Self {
                binary: binary.clone(),
                directory: directory.to_owned(),
                lifetime,
                address: choose_address(options.listen, directory)?,
                password: options.password.clone(),
            };
            launch.write_config(options)?;
            match launch.run() {
                // The port was free when it was chosen; whoever took it since keeps it.
                Err(Error::Start { log, .. }) if attempts > 0 && port_was_taken(&log) => {}
                Err(error) => return Err(error),
                Ok((child, identity)) => return Ok(Launched { launch, child, identity }),
            }
        }
    }

    /// Starts the process and waits until it answers. The configuration file is there from the first start.
    pub(crate) fn run(&self) -> Result<(Child, Identity), Error> {
        let mut child = self.spawn().map_err(Error::io("starting the server"))?;
        match self.await_ready(&mut child) {
            Ok(identity) => Ok((child, identity)),
            Err(error) => {
                // Not ready is not gone. Both fail only for a child that has ended and been waited for.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// What a client under test is given.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let credentials = self.password.clone().map(|password| Credentials { user: None, password });
        Endpoint { address: self.address.clone(), credentials, database: 0 }
    }

    /// What the testkit's own commands use.
    pub(crate) fn control(&self) -> Endpoint {
        control(self.address.clone())
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = File::create(self.log_path())?;
        let mut command = Command::new(&self.binary);
        command.arg(self.config_path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.lifetime.apply(&mut command);
        keeper::spawn(command)
    }

    /// Ready is an answer by this very process. Another server may have the port: it is not ours to talk to.
    fn await_ready(&self, child: &mut Child) -> Result<Identity, Error> {
        let answer = wait_until("the server's first answer", START_LIMIT, || match child.try_wait() {
            Ok(None) => self.ask_identity().filter(|identity| identity.process_id == child.id()).map(Ok),
            Ok(Some(status)) => Some(Err(format!("it ended with {status}"))),
            Err(error) => Some(Err(format!("its state cannot be read: {error}"))),
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
        let mut lines = vec![
            format!("dir {}", quoted(&self.directory.to_string_lossy())),
            "save \"\"".to_owned(),
            format!("user {CONTROL_USER} on >{CONTROL_PASSWORD} ~* &* +@all"),
        ];
        match &self.address {
            Address::Tcp { host, port } => lines.extend([format!("bind {host}"), format!("port {port}")]),
            Address::Unix(path) => {
                lines.extend(["port 0".to_owned(), format!("unixsocket {}", quoted(&path.to_string_lossy()))]);
            }
        }
        lines.extend(self.password.iter().map(|password| format!("requirepass {}", quoted(password))));
        lines.extend(options.directives.iter().map(|(name, value)| format!("{name} {value}")));
        lines.push(String::new());
        fs::write(self.config_path(), lines.join("\n")).map_err(Error::io("writing the server's configuration"))
    }

    fn config_path(&self) -> PathBuf {
        self.directory.join("server.conf")
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    fn last_log_lines(&self) -> String {
        const LINES: usize = 12;
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// A server started by the testkit, with the rights of its control user.
pub(crate) fn control(address: Address) -> Endpoint {
    let credentials = Credentials { user: Some(CONTROL_USER.to_owned()), password: CONTROL_PASSWORD.to_owned() };
    Endpoint { address, credentials: Some(credentials), database: 0 }
}

fn choose_address(listen: Listen, directory: &Path) -> Result<Address, Error> {
    match listen {
        Listen::Tcp => {
            let probe = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
            let address = probe.map_err(Error::io("looking for a free port"))?;
            Ok(Address::Tcp { host: address.ip().to_string(), port: address.port() })
        }
        Listen::Unix => {
            let path = directory.join("redis.sock");
            if path.as_os_str().len() <= LONGEST_SOCKET_PATH {
                return Ok(Address::Unix(path));
            }
            // The server would cut the path off without a word and listen somewhere else.
            let reason = format!("a unix socket's path is at most {LONGEST_SOCKET_PATH} bytes long");
            Err(Error::Start { reason: format!("{reason}: {}", path.display()), log: String::new() })
        }
    }
}

fn port_was_taken(log: &str) -> bool {
    log.contains("Address already in use")
}

/// An argument as the server's configuration parser reads it back, whatever it consists of.
fn quoted(argument: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("\\x{other:02x}"),
    };
    format!("\"{}\"", argument.bytes().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_taken_in_between_is_recognised_in_the_servers_own_words() {
        let directory = tempfile::tempdir().unwrap();
        let stranger = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = stranger.local_addr().unwrap().port();
        let launch = Launch {
            binary: server_binary().unwrap(),
            directory: directory.path().to_owned(),
            lifetime: Lifetime::WithOwner,
            address: Address::Tcp { host: "127.0.0.1".to_owned(), port },
            password: None,
        };
        launch.write_config(&ServerOptions::new()).unwrap();
        let Err(Error::Start { log, .. }) = launch.run() else { panic!("started on a port that is taken") };
        assert!(port_was_taken(&log), "{log}");
    }

    #[test]
    fn a_socket_path_that_the_kernel_would_not_take_is_refused() {
        let deep = PathBuf::from("/").join("d".repeat(LONGEST_SOCKET_PATH));
        let error = choose_address(Listen::Unix, &deep).unwrap_err().to_string();
        assert!(error.contains("at most"), "{error}");
    }
}
