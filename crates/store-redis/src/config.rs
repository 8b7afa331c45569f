//! Every setting of a connection to Redis, as plain data.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use store_core::{Error, ErrorKind, Lifetime, Result};

use crate::url;

mod deployment;
mod retry;
mod server;
mod tls;
mod validate;

pub(crate) use deployment::reachable;
pub use deployment::{Cluster, Coverage, Deployment, ReadFrom, Sentinel, SlotPolicy};
pub use retry::{AtLeastOnce, RetryPolicy};
pub use server::{Coalescing, Keepalive, Protocol, Secret, Server};
#[cfg(feature = "tls")]
pub(crate) use tls::Verification;
pub use tls::{Identity, Pem, Roots, Tls};

/// The port that Redis listens on unless it is told otherwise.
pub(crate) const DEFAULT_PORT: u16 = 6379;

/// The port that sentinels listen on unless they are told otherwise.
pub(crate) const DEFAULT_SENTINEL_PORT: u16 = 26379;

/// How to reach the servers, and how to treat them.
///
/// Made from a URL ([`str::parse`]), or by [`Config::tcp`], [`Config::unix`], [`Config::sentinel`] and
/// [`Config::cluster`], and refined with setters. Every duration is longer than zero and at most a day. A setting that
/// makes no sense, alone or with the others, is an error of kind [`Config`](ErrorKind::Config) that names it: when the
/// URL is parsed, or else when the store connects, before anything is dialled.
///
/// `Debug` never shows user names and passwords.
///
/// # URLs
/// ```text
/// redis://[[user]:password@][host][:port][/db][?option=value&…]
/// unix://[[user]:password@]/path/to/socket[?option=value&…]
/// redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/service[?option=value&…]
/// redis+cluster://[[user]:password@]host[:port][,host[:port]…][?option=value&…]
/// ```
/// With TLS these are `rediss://`, `redis+sentinels://` (TLS to the servers and to the sentinels) and
/// `redis+clusters://`. For `redis` one may write `valkey`, and for `unix` also `redis+unix` and `valkey+unix`.
///
/// ```
/// use std::time::Duration;
/// use store_redis::{Cluster, Config, Sentinel, Server, Tls};
///
/// let config: Config = "redis://cache.example/2?deadline=0.8".parse()?;
/// assert_eq!(config, Config::tcp("cache.example", 6379).with_db(2).with_deadline(Duration::from_millis(800)));
/// # Ok::<(), store_core::Error>(())
/// ```
/// ```
/// # use store_redis::{Config, Pem, Tls};
/// let config: Config = "rediss://web:secret@cache.example?tls_ca_file=/etc/redis/ca.pem".parse()?;
/// let tls = Tls::new().with_roots(Pem::File("/etc/redis/ca.pem".into()));
/// assert_eq!(config, Config::tcp("cache.example", 6379).with_tls(tls).with_user("web", "secret"));
/// # Ok::<(), store_core::Error>(())
/// ```
/// ```
/// # use store_redis::Config;
/// let config: Config = "unix:///run/redis.sock?db=1".parse()?;
/// assert_eq!(config, Config::unix("/run/redis.sock").with_db(1));
/// # Ok::<(), store_core::Error>(())
/// ```
/// ```
/// # use store_redis::{Config, Sentinel, Server};
/// let config: Config = "redis+sentinel://web:secret@s1,s2:26380/orders?sentinel_password=other&db=1".parse()?;
/// let sentinels = [Server::tcp("s1", 26379), Server::tcp("s2", 26380)];
/// let sentinel = Sentinel::new(sentinels, "orders").with_password("other");
/// assert_eq!(config, Config::sentinel(sentinel).with_user("web", "secret").with_db(1));
/// # Ok::<(), store_core::Error>(())
/// ```
/// ```
/// # use store_redis::{Cluster, Config, Server, Tls};
/// let config: Config = "redis+clusters://:secret@c1:7000,c2:7000".parse()?;
/// let cluster = Cluster::new([Server::tcp("c1", 7000), Server::tcp("c2", 7000)]);
/// assert_eq!(config, Config::cluster(cluster).with_tls(Tls::new()).with_password("secret"));
/// # Ok::<(), store_core::Error>(())
/// ```
///
/// A missing host is `localhost`; a missing port is 6379, that of a sentinel 26379. User and password are those of the
/// servers; the sentinels have options of their own. User name, password, hosts, service, path and option values are
/// percent-decoded once. A user without a password has the empty one: `user:@host`.
///
/// # Options of a URL
/// An option wins over the same thing elsewhere in the URL. One that is not in this table, that comes twice, or that
/// does not fit the form is an error; `also` is what redis-py calls it. Durations are seconds, `2` or `0.25`; those that
/// can be switched off are by `no`, `off`, `false` or `0`. Files are read when the store connects. The options of TLS
/// hold for sentinels and servers alike.
///
#[doc = include_str!("url/options.md")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Which servers hold the data.
    pub deployment: Deployment,
    /// TLS to the servers that hold the data. None by default.
    pub tls: Option<Tls>,
    /// Which servers answer reads. The primary by default.
    pub read_from: ReadFrom,
    /// How entries are spread over the slots of a cluster. [`SlotPolicy::Root`] by default.
    pub slot_policy: SlotPolicy,
    /// The database to select. 0 by default; a cluster has no other.
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
    /// How many connections to each server may be open for calls that share none: transactions, and writes that wait
    /// for replicas. 8 by default, at most 1000.
    pub exclusive_connections: NonZeroUsize,
    /// How long such a call waits for one of them. 1 s by default.
    pub exclusive_wait: Duration,
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
    /// on it. 2 by default. A call that its caller drops while it waits counts as one, if it waited for 200 ms.
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
        Self::at(Deployment::Standalone(Server::tcp(host, port)))
    }

    /// A server on a unix socket, with every other setting at its default.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::at(Deployment::Standalone(Server::unix(path)))
    }

    /// For a store over a pool of the program's own, with every other setting at its default: see
    /// [`Server::Pooled`]. The settings of connections are the pool's; here they are refused or mean nothing.
    #[must_use]
    pub fn pooled() -> Self {
        Self::at(Deployment::Standalone(Server::Pooled))
    }

    /// A primary behind sentinels, with every other setting at its default.
    #[must_use]
    pub fn sentinel(sentinel: Sentinel) -> Self {
        Self::at(Deployment::Sentinel(sentinel))
    }

    /// A cluster, with every other setting at its default.
    #[must_use]
    pub fn cluster(cluster: Cluster) -> Self {
        Self::at(Deployment::Cluster(cluster))
    }

    pub(crate) fn at(deployment: Deployment) -> Self {
        Self {
            deployment,
            tls: None,
            read_from: ReadFrom::default(),
            slot_policy: SlotPolicy::default(),
            db: 0,
            username: None,
            password: None,
            client_name: None,
            protocol: Protocol::default(),
            connections: NonZeroUsize::MIN,
            exclusive_connections: const { NonZeroUsize::new(8).expect("a positive constant") },
            exclusive_wait: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(2),
            deadline: Duration::from_secs(5),
            response_timeout: None,
            keepalive: Some(Keepalive::default()),
            user_timeout: Some(Duration::from_secs(10)),
            coalescing: Coalescing::default(),
            health_check_interval: Some(Duration::from_secs(30)),
            timeouts_before_probe: nonzero(2),
            max_in_flight: nonzero(8192),
            max_value_bytes: 64 * 1024 * 1024,
            retry: RetryPolicy::default(),
            default_lifetime: None,
        }
    }

    /// Whether the data is of use although some of it cannot be reached.
    pub(crate) fn may_be_partial(&self) -> bool {
        matches!(&self.deployment, Deployment::Cluster(cluster) if cluster.coverage == Coverage::Partial)
    }
}

/// Why a setting of connections is refused where a pool of the program's makes them.
pub(crate) const OTHERS_CONNECT: &str = "the connections of a pool are made by the pool";

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
    /// Sets [`deployment`](Self::deployment).
    with_deployment(deployment: Deployment);
    /// Sets [`read_from`](Self::read_from).
    with_read_from(read_from: ReadFrom);
    /// Sets [`slot_policy`](Self::slot_policy).
    with_slot_policy(slot_policy: SlotPolicy);
    /// Sets [`db`](Self::db).
    with_db(db: u32);
    /// Sets [`protocol`](Self::protocol).
    with_protocol(protocol: Protocol);
    /// Sets [`connections`](Self::connections).
    with_connections(connections: NonZeroUsize);
    /// Sets [`exclusive_connections`](Self::exclusive_connections).
    with_exclusive_connections(exclusive_connections: NonZeroUsize);
    /// Sets [`exclusive_wait`](Self::exclusive_wait).
    with_exclusive_wait(exclusive_wait: Duration);
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
    /// Sets [`tls`](Self::tls); `None` for none.
    #[must_use]
    pub fn with_tls(mut self, tls: impl Into<Option<Tls>>) -> Self {
        self.tls = tls.into();
        self
    }

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
