//! A proxy that makes trouble: between a client and one server, on loopback, and aware of whole replies.
//!
//! ```no_run
//! use store_testkit::proxy::{Cut, FaultProxy, Faults, When};
//! use store_testkit::{RedisServer, ServerOptions};
//!
//! let server = RedisServer::start(ServerOptions::new())?;
//! let proxy = FaultProxy::start(server.url())?;
//! // The client under test is given `proxy.url()`. Its third INCR from here on runs, and it never learns so.
//! proxy.inject(Faults::new().only("INCR").cut(Cut::BeforeReply, When::After(2)));
//! # Ok::<(), store_testkit::Error>(())
//! ```

mod control;
mod faults;
mod frame;
mod line;
mod listener;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;

use crate::Error;
use crate::endpoint::{Address, Endpoint};
use control::Control;
use line::Line;
use listener::Listener;

pub use control::Counts;
pub use faults::{Cut, Ending, Faults, When};

/// A proxy in front of one server that listens on TCP and speaks RESP2 or RESP3. Dropping it ends its connections.
///
/// It passes everything on unchanged until it is given [`Faults`]. It dials the server once for each client, so a server
/// that was restarted at its port is found again. It does not end a connection by itself, whatever it holds back.
pub struct FaultProxy {
    url: String,
    server: SocketAddr,
    listener: Listener,
    control: Arc<Control>,
}

/// Without the URL, which may hold a password.
impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("port", &self.port())
            .field("server", &self.server)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl FaultProxy {
    /// Starts a proxy on a free port, in front of the server at `url`: `redis://[user:password@]host[:port]…`.
    ///
    /// # Errors
    /// [`Error::Backend`] for a URL that cannot be read, [`Error::Io`] when it names no TCP address, or when the system
    /// has no port or thread left.
    pub fn start(url: &str) -> Result<Self, Error> {
        let server = address_of(&Endpoint::parse(url)?.address).map_err(Error::io("finding the server to proxy"))?;
        let listener = Listener::new().map_err(Error::io("looking for a free port"))?;
        let url = with_authority(url, listener.address());
        let proxy = Self { url, server, listener, control: Arc::default() };
        proxy.accept_connections()?;
        Ok(proxy)
    }

    /// The URL to give to a client: the server's, with the proxy's host and port.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port on 127.0.0.1, which stays the same while connections are refused.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.address().port()
    }

    /// Replaces the faults by these, from the next request and reply on, and starts their counting anew. Replies that
    /// the old ones held are passed on, unless the new ones do something else with them.
    pub fn inject(&self, faults: Faults) {
        self.control.inject(faults);
    }

    /// Ends all faults and passes on what was held. Connections are refused still if they were.
    pub fn heal(&self) {
        self.inject(Faults::new());
    }

    /// Cuts every open connection now.
    pub fn cut_all(&self, ending: Ending) {
        self.control.lines().iter().for_each(|line| line.cut(ending));
    }

    /// Refuses new connections from now on, as when nobody listens. Open ones stay open.
    pub fn refuse_connections(&self) {
        self.listener.refuse();
    }

    /// Accepts connections again, at the same port.
    ///
    /// # Errors
    /// [`Error::Io`] when the system has no socket or thread left.
    pub fn accept_connections(&self) -> Result<(), Error> {
        let (server, control) = (self.server, Arc::clone(&self.control));
        let serve = move |client: TcpStream| {
            // Without a thread for it the connection is closed, which its client cannot miss.
            let _ = Line::open(client, server, Arc::clone(&control));
        };
        self.listener.accept(serve).map_err(Error::io("listening as a proxy"))
    }

    /// What has passed so far. A reply that a client has read is counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.control.counts()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listener.refuse();
        self.cut_all(Ending::Close);
    }
}

fn address_of(address: &Address) -> io::Result<SocketAddr> {
    let none = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why.to_owned());
    match address {
        Address::Tcp { host, port } => {
            (host.as_str(), *port).to_socket_addrs()?.next().ok_or_else(|| none("its host has no address"))
        }
        Address::Unix(_) => Err(none("it listens on a unix socket, and proxies speak TCP")),
    }
}

/// The URL with another host and port; credentials, database and options as they were.
fn with_authority(url: &str, authority: SocketAddr) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
    let (credentials, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => (format!("{credentials}@"), place),
        None => (String::new(), rest),
    };
    let path = place.find(['/', '?']).map_or("", |begin| &place[begin..]);
    format!("{scheme}://{credentials}{authority}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_host_and_port_of_the_url_change() {
        let authority = SocketAddr::from(([127, 0, 0, 1], 7777));
        for (url, expected) in [
            ("redis://h", "redis://127.0.0.1:7777"),
            ("redis://h:1/3?protocol=3", "redis://127.0.0.1:7777/3?protocol=3"),
            ("redis://u:p%40@[::1]:1?db=2", "redis://u:p%40@127.0.0.1:7777?db=2"),
        ] {
            assert_eq!(with_authority(url, authority), expected);
        }
    }

    #[test]
    fn a_unix_socket_is_refused() {
        let error = FaultProxy::start("unix:///run/redis.sock").unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}
