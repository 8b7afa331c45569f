//! The configuration file of a node: what a test asked for, and what every node needs.

use std::path::Path;

use crate::endpoint::{Address, Credentials, Endpoint, Security};
use crate::options::{Mode, ServerOptions};
use crate::tls::Tls;

/// The user that the testkit's own commands run as. A test may give the default user a password, take its rights or
/// switch it off, while the server runs: that must not lock the testkit out. Nodes also log into each other as this
/// user, for the same reason. Its password is no secret, because the server listens on loopback only and is as open to
/// its default user.
const CONTROL_USER: &str = "store-testkit";
const CONTROL_PASSWORD: &str = "store-testkit";

/// Where a node listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where clients are sent.
    pub(crate) address: Address,
    /// Where the testkit's own commands go.
    pub(crate) control: Address,
    /// The port on which the nodes of a Cluster talk to each other; not used by other nodes.
    pub(crate) bus_port: u16,
}

/// A server started by the testkit, with the rights of its control user.
pub(crate) fn control(address: Address) -> Endpoint {
    Endpoint { address, security: Security::Plain, credentials: Some(control_credentials()), database: 0 }
}

pub(crate) fn control_credentials() -> Credentials {
    Credentials { user: Some(CONTROL_USER.to_owned()), password: CONTROL_PASSWORD.to_owned() }
}

/// The text of the file, for a node that keeps its files in `directory`.
pub(crate) fn text(options: &ServerOptions, place: &Place, directory: &Path) -> String {
    let mut lines = vec![
        format!("dir {}", quoted(&directory.to_string_lossy())),
        "save \"\"".to_owned(),
        format!("user {CONTROL_USER} on >{CONTROL_PASSWORD} ~* &* +@all"),
    ];
    lines.extend(listening(place, options.security()));
    lines.extend(options.tls.iter().flat_map(Tls::directives));
    lines.extend(options.login.iter().flat_map(login));
    lines.extend(of_mode(options, place));
    lines.extend(options.directives.iter().map(|(name, value)| format!("{name} {value}")));
    lines.push(String::new());
    lines.join("\n")
}

fn listening(place: &Place, security: Security) -> Vec<String> {
    let mut lines = match (&place.address, security) {
        (Address::Tcp { host, port }, Security::Plain) => vec![format!("bind {host}"), format!("port {port}")],
        (Address::Tcp { host, port }, Security::Tls) => {
            vec![format!("bind {host}"), "port 0".to_owned(), format!("tls-port {port}")]
        }
        (Address::Unix(_), _) => vec!["port 0".to_owned()],
    };
    if let Address::Unix(path) = &place.control {
        lines.push(format!("unixsocket {}", quoted(&path.to_string_lossy())));
    }
    lines
}

fn login(Credentials { user, password }: &Credentials) -> Vec<String> {
    match user {
        None => vec![format!("requirepass {}", quoted(password))],
        Some(user) => vec![
            format!("user {} on {} ~* &* +@all", quoted(user), quoted(&format!(">{password}"))),
            "user default off".to_owned(),
        ],
    }
}

fn of_mode(options: &ServerOptions, place: &Place) -> Vec<String> {
    let replication = [
        format!("masteruser {CONTROL_USER}"),
        format!("masterauth {CONTROL_PASSWORD}"),
        // A replica is sent its first copy at once, not after the 5 s in which others might want the same one.
        "repl-diskless-sync-delay 0".to_owned(),
    ];
    match options.mode {
        Mode::Server => replication.into(),
        Mode::ClusterNode => {
            let bus_security = options.tls.as_ref().map(|_| "tls-cluster yes".to_owned());
            let cluster = ["cluster-enabled yes".to_owned(), format!("cluster-port {}", place.bus_port)];
            replication.into_iter().chain(cluster).chain(bus_security).collect()
        }
        Mode::Sentinel => {
            vec![format!("sentinel sentinel-user {CONTROL_USER}"), format!("sentinel sentinel-pass {CONTROL_PASSWORD}")]
        }
    }
}

/// An argument as the server's configuration parser reads it back, whatever it consists of.
fn quoted(argument: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("\\x{other:02x}"),
    };
    format!("\"{}\"", argument.bytes().map(escape).collect::<String>())
}
