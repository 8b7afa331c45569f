//! A primary with replicas, and the sentinels that watch them.

mod assembly;
mod faults;
mod options;
mod watch;

use std::time::Duration;

use crate::endpoint::{Credentials, percent_encode};
use crate::node::Launcher;
use crate::options::Mode;
use crate::role::Role;
use crate::{Backend, Error, RedisServer, wait_until};

pub use options::SentinelOptions;

/// The name under which the sentinels watch the primary.
const SERVICE: &str = "mymaster";

/// How long a failover may take, with room for a machine that builds and tests at the same time.
const FAILOVER_LIMIT: Duration = Duration::from_secs(60);

/// A key that nobody uses, to see whether a write would be taken.
const PROBE_KEY: &str = "store-testkit:probe";

/// A primary, its replicas, and sentinels that replace it when it fails. Dropping it ends all of them.
///
/// Nothing here remembers who is the primary: the sentinels decide that, and are asked.
#[derive(Debug)]
pub struct SentinelDeployment {
    servers: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
    url: String,
}

impl SentinelDeployment {
    /// Starts the deployment, and returns when all replicas follow the primary and all sentinels know each other, the
    /// primary and its replicas. That takes about a second.
    ///
    /// # Errors
    /// Those of [`RedisServer::start`]; [`Error::NotInTime`] when the nodes do not find each other within 60 s;
    /// [`Error::Options`] when the options contradict each other;
    /// [`Error::OnlyOnProcess`] when [`BACKEND_VARIABLE`](crate::BACKEND_VARIABLE) names a URL.
    pub fn start(options: SentinelOptions) -> Result<Self, Error> {
        Self::launch(&*Backend::from_environment()?.launcher("a Sentinel deployment")?, &options)
    }

    /// Starts replicas and sentinels, as local processes, for a primary that is already there: on 127.0.0.1, without
    /// TLS, and perhaps of another program, which has to answer `INFO`, `PING`, `PUBLISH` and `SUBSCRIBE`. What the
    /// options say of a primary is not looked at. Dropping the deployment does not end a primary given by URL.
    ///
    /// # Errors
    /// Those of [`start`](Self::start), whatever the environment says.
    pub fn start_over(primary: RedisServer, options: SentinelOptions) -> Result<Self, Error> {
        options.validate()?;
        Self::assemble(&*Backend::Process.launcher("a process")?, primary, &options)
    }

    pub(crate) fn launch(launcher: &dyn Launcher, options: &SentinelOptions) -> Result<Self, Error> {
        options.validate()?;
        let primary = RedisServer::launch(launcher, &options.servers.clone().in_deployment(Mode::Server))?;
        Self::assemble(launcher, primary, options)
    }

    fn assemble(launcher: &dyn Launcher, primary: RedisServer, options: &SentinelOptions) -> Result<Self, Error> {
        let login = primary.login().map_or_else(String::new, Credentials::user_info);
        let (servers, sentinels) = assembly::assemble(launcher, primary, options)?;
        let url = url(options, &login, &sentinels);
        Ok(Self { servers, sentinels, url })
    }

    /// The URL to give to a client: `redis+sentinel://[user:password@]127.0.0.1:p1,127.0.0.1:p2,127.0.0.1:p3/mymaster`
    /// with the ports of the sentinels and the credentials of the servers. Those of the sentinels, if they have any,
    /// follow as `?sentinel_username=…&sentinel_password=…`. With TLS the scheme is `redis+sentinels`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name under which the sentinels watch the primary.
    #[must_use]
    pub fn service(&self) -> &str {
        SERVICE
    }

    /// All data servers, whatever their role is now; the first began as the primary.
    #[must_use]
    pub fn servers(&self) -> &[RedisServer] {
        &self.servers
    }

    /// All sentinels. They are servers too, and can be killed, stopped and restarted like any other. One that stood
    /// still for more than 2 s distrusts its clock and finds nothing dead for the next 30 s.
    #[must_use]
    pub fn sentinels(&self) -> &[RedisServer] {
        &self.sentinels
    }

    /// The server that the sentinels name as the primary and that says so itself. Waits for one while there is none,
    /// as during a failover.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when there is none within 60 s.
    pub fn primary(&self) -> Result<&RedisServer, Error> {
        wait_until("a primary that the sentinels name", FAILOVER_LIMIT, || self.named_primary())
    }

    /// The running servers that follow the primary now.
    ///
    /// # Errors
    /// Those of [`primary`](Self::primary).
    pub fn replicas(&self) -> Result<Vec<&RedisServer>, Error> {
        let port = self.primary()?.port().unwrap_or_default();
        Ok(self.servers.iter().filter(|server| server.is_running() && server.follows(port)).collect())
    }

    /// Waits until nothing is left to repair: all running sentinels name the same server, it takes writes, and all other
    /// running servers follow it. Returns that primary.
    ///
    /// A server that says it is a primary, and is none any more, is made a replica by the sentinels only after some 10 s.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when that is not so within 60 s.
    pub fn await_settled(&self) -> Result<&RedisServer, Error> {
        let settled = |primary: &&RedisServer| self.is_settled(primary);
        wait_until("a settled Sentinel deployment", FAILOVER_LIMIT, || self.named_primary().filter(settled))
    }

    /// Waits until all running sentinels name a server other than `former`, and it takes writes. Returns that new
    /// primary. Others may still have to follow it, `former` among them, which may go on taking writes until then.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when that is not so within 60 s.
    pub fn await_new_primary(&self, former: &RedisServer) -> Result<&RedisServer, Error> {
        let replaces = |primary: &&RedisServer| primary.port() != former.port() && primary.takes_writes(PROBE_KEY);
        wait_until("a new primary", FAILOVER_LIMIT, || self.named_primary().filter(replaces))
    }

    /// Waits until `former` is replaced and nothing is left to repair, as [`await_settled`](Self::await_settled) says
    /// it. Returns the new primary. A former primary that runs on has to follow as well, which takes some 10 s.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when that is not so within 60 s.
    pub fn await_failover(&self, former: &RedisServer) -> Result<&RedisServer, Error> {
        let replaced = |primary: &&RedisServer| primary.port() != former.port() && self.is_settled(primary);
        wait_until("the end of the failover", FAILOVER_LIMIT, || self.named_primary().filter(replaced))
    }

    /// The server that all running sentinels name, if it agrees.
    fn named_primary(&self) -> Option<&RedisServer> {
        let mut sentinels = self.sentinels.iter().filter(|sentinel| sentinel.is_running());
        let named = watch::primary_port(sentinels.next()?)?;
        if !sentinels.all(|sentinel| watch::primary_port(sentinel) == Some(named)) {
            return None;
        }
        let server = self.servers.iter().find(|server| server.port() == Some(named))?;
        server.role().is_ok_and(|role| role == Role::Primary).then_some(server)
    }

    fn is_settled(&self, primary: &RedisServer) -> bool {
        let Some(port) = primary.port() else { return false };
        let mut others = self.servers.iter().filter(|server| server.port() != Some(port) && server.is_running());
        primary.takes_writes(PROBE_KEY) && others.all(|server| server.follows(port))
    }
}

fn url(options: &SentinelOptions, login: &str, sentinels: &[RedisServer]) -> String {
    let hosts: Vec<_> = sentinels.iter().filter_map(RedisServer::host_and_port).collect();
    let query = options.sentinels.login.as_ref().map_or_else(String::new, |login| {
        let user = login.user.as_ref().map(|user| format!("sentinel_username={}&", percent_encode(user)));
        format!("?{}sentinel_password={}", user.unwrap_or_default(), percent_encode(&login.password))
    });
    let suffix = options.sentinels.security().suffix();
    format!("redis+sentinel{suffix}://{login}{}/{SERVICE}{query}", hosts.join(","))
}
