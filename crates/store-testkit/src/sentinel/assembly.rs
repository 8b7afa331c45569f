//! Making a Sentinel deployment of single nodes, by commands.

use std::time::Duration;

use super::{FAILOVER_LIMIT, SERVICE, SentinelOptions, watch};
use crate::endpoint::Credentials;
use crate::faults::whole_millis;
use crate::node::Launcher;
use crate::options::Mode;
use crate::{Error, RedisServer, ServerOptions, wait_until};

/// How often sentinels announce themselves while they look for each other; later it is every 2 s, as by default.
const EAGER: Duration = Duration::from_millis(50);
const USUAL: Duration = Duration::from_secs(2);

/// The data servers, the primary first, and the sentinels.
pub(super) fn assemble(
    launcher: &dyn Launcher,
    primary: RedisServer,
    options: &SentinelOptions,
) -> Result<(Vec<RedisServer>, Vec<RedisServer>), Error> {
    let replicas = launch(launcher, &options.servers, Mode::Server, options.replica_count)?;
    let sentinels = launch(launcher, &options.sentinels, Mode::Sentinel, options.sentinel_count)?;
    follow(&primary, &replicas)?;
    sentinels.iter().try_for_each(|sentinel| watch_over(&primary, sentinel, options))?;
    sentinels.iter().try_for_each(|sentinel| await_whole_picture(sentinel, options))?;
    sentinels.iter().try_for_each(|sentinel| announce_every(sentinel, USUAL))?;
    Ok((std::iter::once(primary).chain(replicas).collect(), sentinels))
}

fn launch(
    launcher: &dyn Launcher,
    options: &ServerOptions,
    mode: Mode,
    count: usize,
) -> Result<Vec<RedisServer>, Error> {
    let options = options.clone().in_deployment(mode);
    (0..count).map(|_| RedisServer::launch(launcher, &options)).collect()
}

fn follow(primary: &RedisServer, replicas: &[RedisServer]) -> Result<(), Error> {
    replicas.iter().try_for_each(|replica| replica.replicate(primary))?;
    replicas.iter().try_for_each(|replica| replica.await_link(primary))
}

fn watch_over(primary: &RedisServer, sentinel: &RedisServer, options: &SentinelOptions) -> Result<(), Error> {
    announce_every(sentinel, EAGER)?;
    let port = primary.port().unwrap_or_default().to_string();
    sentinel.command(&["SENTINEL", "MONITOR", SERVICE, "127.0.0.1", &port, &options.agreeing().to_string()])?;
    let patience = [
        ("down-after-milliseconds", whole_millis(options.down_after)),
        ("failover-timeout", whole_millis(options.failover_timeout)),
    ];
    for (name, value) in primary.control_login().into_iter().flat_map(login).chain(patience) {
        sentinel.command(&["SENTINEL", "SET", SERVICE, name, &value])?;
    }
    Ok(())
}

/// What a sentinel logs in with. Without a user it is the default one.
fn login(Credentials { user, password }: &Credentials) -> impl Iterator<Item = (&'static str, String)> {
    let user = user.iter().map(|user| ("auth-user", user.clone()));
    user.chain([("auth-pass", password.clone())])
}

fn announce_every(sentinel: &RedisServer, period: Duration) -> Result<(), Error> {
    sentinel.command(&["SENTINEL", "DEBUG", "PUBLISH-PERIOD", &whole_millis(period)]).map(drop)
}

fn await_whole_picture(sentinel: &RedisServer, options: &SentinelOptions) -> Result<(), Error> {
    let expected = watch::Picture { replicas: options.replica_count, other_sentinels: options.sentinel_count - 1 };
    wait_until("a sentinel that knows all others", FAILOVER_LIMIT, || {
        (watch::picture(sentinel).ok()? == expected).then_some(())
    })
}
