//! Every setting of a connection to Redis, as plain data.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use store_core::{Error, ErrorKind, Lifetime, Result};

use crate::url;

mod retry;
mod server;

pub use retry::{AtLeastOnce, RetryPolicy};
pub use server::{Coalescing, Keepalive, Protocol, Secret, Server};

/// The port that Redis listens on unless it is told otherwise.
pub(crate) const DEFAULT_PORT: u16 = 6379;

/// The longest value that a server takes in its default configuration; it answers a longer one by closing the line.
const SERVER_MAX_VALUE_BYTES: usize = 512 * 1024 * 1024;

/// Far beyond any use, and far below what semaphores and memory can count.
const MOST_CONNECTIONS: usize = 1000;
const MOST_IN_FLIGHT: u32 = 1_000_000;

/// How to reach a server, and how to treat it.
///
/// Made from a URL ([`str::parse`]), or by [`Config::tcp`] and [`Config::unix`], and refined with
/// setters. All timeouts are longer than zero; a value that makes no sense is an error when the store connects.
///
/// `Debug` never shows user name and password.
///
/// ```
/// use std::time::Duration;
/// use store_redis::Config;
///
/// let config = Config::tcp("cache.example", 6379).with_db(2).with_deadline(Duration::from_millis(800));
/// assert_eq!("redis://cache.example/2?deadline=0.8".parse::<Config>()?, config);
/// # Ok::<(), store_core::Error>(())
/// ```
///
/// # URLs
/// ```text
/// redis://[[user]:password@][host][:port][/db][?option=value&…]        also valkey://
/// unix://[[user]:password@]/path/to/socket[?option=value&…]            also redis+unix://, valkey+unix://
/// ```
/// A missing host is `localhost`, a missing port 6379. User name, password, host, path and option values are
/// percent-decoded once. An option in the query wins over the same thing elsewhere in the URL. Durations are seconds,
/// `2` or `0.25`; those that can be switched off are by `no`, `off`, `false` or `0`. A user without a password has the
/// empty one: `user:@host`. An option that is not in this table, or that comes twice, is an error:
///
/// | option | also | field |
/// | --- | --- | --- |
/// | `db` | | [`db`](Self::db) |
/// | `username`, `password` | | [`username`](Self::username), [`password`](Self::password) |
/// | `client_name` | | [`client_name`](Self::client_name) |
/// | `protocol` | | [`protocol`](Self::protocol): `2`, `3`, `resp2`, `resp3` |
/// | `connections` | | [`connections`](Self::connections) |
/// | `connect_timeout` | `socket_connect_timeout` | [`connect_timeout`](Self::connect_timeout) |
/// | `deadline` | | [`deadline`](Self::deadline) |
/// | `response_timeout` | `socket_timeout` | [`response_timeout`](Self::response_timeout); can be switched off |
/// | `keepalive` | `socket_keepalive` | [`keepalive`](Self::keepalive): `yes`, or the idle time; can be switched off |
/// | `user_timeout` | | [`user_timeout`](Self::user_timeout); can be switched off |
/// | `nodelay` | | [`coalescing`](Self::coalescing): `yes`, `no` |
/// | `health_check_interval` | | [`health_check_interval`](Self::health_check_interval); can be switched off |
/// | `timeouts_before_probe` | | [`timeouts_before_probe`](Self::timeouts_before_probe) |
/// | `max_in_flight` | | [`max_in_flight`](Self::max_in_flight) |
/// | `max_value_bytes` | | [`max_value_bytes`](Self::max_value_bytes) |
/// | `default_ttl` | | [`default_lifetime`](Self::default_lifetime): seconds, or `never` |
/// | `retries` | | [`RetryPolicy::retries`] |
/// | `retry_first_pause`, `retry_longest_pause` | | [`RetryPolicy::first_pause`], [`RetryPolicy::longest_pause`] |
/// | `retry_budget_percent` | | [`RetryPolicy::budget_percent`] |
/// | `at_least_once` | | [`RetryPolicy::at_least_once`]: `never`, `same_answer`, `same_effect` |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where the server listens.
    pub server: Server,
    /// The database to select. 0 by default.
    pub db: u32,
    /// The ACL user. None by default: the server's default user.
    pub username: Option<Secret>,
    /// The password. None by default.
    pub password: Option<Secret>,
    /// The name of each connection in `CLIENT LIST`. None by default.
    pub client_name: Option<String>,
    /// The version of the protocol. RESP2 by default, which every server speaks.
    pub protocol: Protocol,
    /// How many connections all callers share. 1 by default, at most 1000; more help only where one core cannot drive
    /// the line.
    pub connections: NonZeroUsize,
    /// How long a connection may take to be made, handshake included. 2 s by default.
    pub connect_timeout: Duration,
    /// How long a call may take in all: waiting, dialling, repeating, and the reply. 5 s by default.
    pub deadline: Duration,
    /// How long one attempt of a call waits for its reply. None by default: as long as the deadline leaves.
    ///
    /// A shorter one lets a read try again, on a new connection where the old one does not answer.
    pub response_timeout: Option<Duration>,
    /// Whether and how TCP asks for signs of life on an idle line. After 30 s, every 5 s, 3 times by default.
    pub keepalive: Option<Keepalive>,
    /// How long sent bytes may stay unacknowledged before TCP gives up, where the system knows such an option (Linux).
    /// 10 s by default; `None` leaves it to the system, which may take a quarter of an hour.
    pub user_timeout: Option<Duration>,
    /// Whether TCP sends small writes at once. At once by default.
    pub coalescing: Coalescing,
    /// After how long without traffic a call sends a `PING` ahead; calls that come meanwhile wait for its answer. A
    /// connection that gives none within the connect timeout is closed. 30 s by default; `None` never does.
    pub health_check_interval: Option<Duration>,
    /// After how many timeouts in a row a second connection is tried, which replaces the first if the server answers
    /// on it. 3 by default. A call that its caller drops while it waits counts as one, if it waited for 200 ms.
    pub timeouts_before_probe: NonZeroU32,
    /// How many calls may wait for a reply on one connection; further ones wait for a place. 8192 by default, at
    /// most 1000000.
    pub max_in_flight: NonZeroU32,
    /// The longest value in bytes. 64 MiB by default, at most 512 MiB.
    pub max_value_bytes: usize,
    /// What is repeated, how often and how fast.
    pub retry: RetryPolicy,
    /// The lifetime that entries get by default. None by default: never for a store, 300 s for a cache.
    pub default_lifetime: Option<Lifetime>,
}

impl Config {
    /// A server on a TCP port, with every other setting at its default.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::at(Server::Tcp { host: host.into(), port })
    }

    /// A server on a unix socket, with every other setting at its default.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::at(Server::Unix { path: path.into() })
    }

    pub(crate) fn at(server: Server) -> Self {
        Self {
            server,
            db: 0,
            username: None,
            password: None,
            client_name: None,
            protocol: Protocol::default(),
            connections: NonZeroUsize::MIN,
            connect_timeout: Duration::from_secs(2),
            deadline: Duration::from_secs(5),
            response_timeout: None,
            keepalive: Some(Keepalive::default()),
            user_timeout: Some(Duration::from_secs(10)),
            coalescing: Coalescing::default(),
            health_check_interval: Some(Duration::from_secs(30)),
            timeouts_before_probe: nonzero(3),
            max_in_flight: nonzero(8192),
            max_value_bytes: 64 * 1024 * 1024,
            retry: RetryPolicy::default(),
            default_lifetime: None,
        }
    }

    /// Refuses what makes no sense, before anything is dialled.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], naming the option.
    pub(crate) fn validate(&self) -> Result<()> {
        self.validate_server()?;
        if self.username.is_some() && self.password.is_none() {
            return Err(config_error(
                "username",
                "a user name needs a password; of a user without one it is empty, user:@host",
            ));
        }
        if self.client_name.as_deref().is_some_and(|name| !is_client_name(name)) {
            return Err(config_error("client_name", "a client name is 1 or more printable ASCII characters, no space"));
        }
        if self.connections.get() > MOST_CONNECTIONS {
            return Err(config_error("connections", "at most 1000 connections are shared"));
        }
        if self.max_in_flight.get() > MOST_IN_FLIGHT {
            return Err(config_error("max_in_flight", "at most 1000000 calls wait on one connection"));
        }
        if !(1..=SERVER_MAX_VALUE_BYTES).contains(&self.max_value_bytes) {
            return Err(config_error("max_value_bytes", "a value has a limit of 1 byte to 512 MiB"));
        }
        self.validate_durations()
    }

    fn validate_server(&self) -> Result<()> {
        match &self.server {
            Server::Tcp { host, .. } if host.is_empty() => Err(config_error("host", "a host has a name")),
            Server::Tcp { port: 0, .. } => Err(config_error("port", "a port is 1 to 65535")),
            Server::Unix { path } if path.as_os_str().is_empty() => Err(config_error("path", "a socket has a path")),
            Server::Unix { path } if path.as_os_str().as_encoded_bytes().contains(&0) => {
                Err(config_error("path", "a path contains no NUL"))
            }
            Server::Tcp { .. } | Server::Unix { .. } => Ok(()),
        }
    }

    fn validate_durations(&self) -> Result<()> {
        let always = [
            ("connect_timeout", self.connect_timeout),
            ("deadline", self.deadline),
            ("retry_first_pause", self.retry.first_pause),
            ("retry_longest_pause", self.retry.longest_pause),
        ];
        let where_set = [
            ("response_timeout", self.response_timeout),
            ("user_timeout", self.user_timeout),
            ("health_check_interval", self.health_check_interval),
            ("keepalive", self.keepalive.map(|keepalive| keepalive.idle)),
            ("keepalive", self.keepalive.map(|keepalive| keepalive.interval)),
        ];
        let set = where_set.into_iter().filter_map(|(option, duration)| Some((option, duration?)));
        for (option, duration) in always.into_iter().chain(set) {
            if duration.is_zero() {
                return Err(config_error(option, "a duration is longer than zero"));
            }
            if duration > LONGEST_DURATION {
                return Err(config_error(option, "a duration is at most one day"));
            }
        }
        Ok(())
    }
}

/// Beyond it no setting makes sense, and arithmetic on points in time stays far from its limits.
const LONGEST_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

fn is_client_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An error about the setting `option`. `reason` never contains the setting: it may be a secret in the wrong place.
pub(crate) fn config_error(option: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{reason}; option={option}"))
}

const fn nonzero(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).expect("a positive constant")
}

/// Setters, one for each field.
macro_rules! setters {
    ($($(#[$doc:meta])* $setter:ident($field:ident: $ty:ty);)*) => {
        impl Config {$(
            $(#[$doc])*
            #[must_use]
            pub fn $setter(mut self, $field: $ty) -> Self {
                self.$field = $field;
                self
            }
        )*}
    };
}

setters! {
    /// Sets [`server`](Self::server).
    with_server(server: Server);
    /// Sets [`db`](Self::db).
    with_db(db: u32);
    /// Sets [`protocol`](Self::protocol).
    with_protocol(protocol: Protocol);
    /// Sets [`connections`](Self::connections).
    with_connections(connections: NonZeroUsize);
    /// Sets [`connect_timeout`](Self::connect_timeout).
    with_connect_timeout(connect_timeout: Duration);
    /// Sets [`deadline`](Self::deadline).
    with_deadline(deadline: Duration);
    /// Sets [`response_timeout`](Self::response_timeout).
    with_response_timeout(response_timeout: Option<Duration>);
    /// Sets [`keepalive`](Self::keepalive).
    with_keepalive(keepalive: Option<Keepalive>);
    /// Sets [`user_timeout`](Self::user_timeout).
    with_user_timeout(user_timeout: Option<Duration>);
    /// Sets [`coalescing`](Self::coalescing).
    with_coalescing(coalescing: Coalescing);
    /// Sets [`health_check_interval`](Self::health_check_interval).
    with_health_check_interval(health_check_interval: Option<Duration>);
    /// Sets [`timeouts_before_probe`](Self::timeouts_before_probe).
    with_timeouts_before_probe(timeouts_before_probe: NonZeroU32);
    /// Sets [`max_in_flight`](Self::max_in_flight).
    with_max_in_flight(max_in_flight: NonZeroU32);
    /// Sets [`max_value_bytes`](Self::max_value_bytes).
    with_max_value_bytes(max_value_bytes: usize);
    /// Sets [`retry`](Self::retry).
    with_retry(retry: RetryPolicy);
}

impl Config {
    /// Sets [`username`](Self::username) and [`password`](Self::password): an ACL user.
    #[must_use]
    pub fn with_user(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.username = Some(Secret::new(username));
        self.with_password(password)
    }

    /// Sets [`password`](Self::password): the server's default user, unless a user name is set.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::new(password));
        self
    }

    /// Sets [`client_name`](Self::client_name).
    #[must_use]
    pub fn with_client_name(mut self, client_name: impl Into<String>) -> Self {
        self.client_name = Some(client_name.into());
        self
    }

    /// Sets [`default_lifetime`](Self::default_lifetime).
    #[must_use]
    pub fn with_default_lifetime(mut self, default_lifetime: Lifetime) -> Self {
        self.default_lifetime = Some(default_lifetime);
        self
    }
}

impl FromStr for Config {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self> {
        url::parse(url)
    }
}
