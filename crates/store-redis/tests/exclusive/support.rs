//! Deployments, and ways to look at them.

use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Cluster, Config, Error, Outcome, RedisCache, Result, Sentinel, Server};
use store_testkit::{ClusterDeployment, RedisServer, SentinelDeployment, wait_until};

/// Long enough for whatever has to happen on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn start() -> RedisServer {
    RedisServer::start_process(store_testkit::ServerOptions::new()).unwrap()
}

pub(crate) fn config(server: &RedisServer) -> Config {
    Config::tcp("127.0.0.1", server.port().unwrap()).with_deadline(PATIENCE).with_exclusive_wait(PATIENCE)
}

pub(crate) fn sentinel(deployment: &SentinelDeployment) -> Config {
    let sentinels = deployment.sentinels().iter().map(address);
    Config::sentinel(Sentinel::new(sentinels, deployment.service())).with_deadline(PATIENCE)
}

pub(crate) fn cluster(deployment: &ClusterDeployment) -> Config {
    let seeds = deployment.nodes().iter().take(2).map(|node| address(node));
    Config::cluster(Cluster::new(seeds)).with_deadline(PATIENCE).with_exclusive_wait(PATIENCE)
}

fn address(server: &RedisServer) -> Server {
    Server::Tcp { host: "127.0.0.1".to_owned(), port: server.port().unwrap() }
}

pub(crate) async fn connect(config: Config) -> RedisCache {
    RedisCache::connect_with(config).await.unwrap()
}

#[track_caller]
pub(crate) fn failure<T>(result: Result<T>) -> Error {
    match result {
        Ok(_) => panic!("the operation succeeded"),
        Err(error) => error,
    }
}

#[track_caller]
pub(crate) fn assert_is(error: &Error, kind: ErrorKind, outcome: Outcome) {
    assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{error:?}");
}

pub(crate) fn eventually(awaited: &str, holds: impl Fn() -> bool) {
    wait_until(awaited, PATIENCE, || holds().then_some(())).unwrap();
}

/// How many connections there are beside the one that asks.
pub(crate) fn clients(server: &RedisServer) -> u64 {
    let reply = server.command(&["INFO", "clients"]).unwrap();
    let text = reply.as_text().unwrap().to_owned();
    let clients: u64 = text.lines().find_map(|line| line.strip_prefix("connected_clients:")?.parse().ok()).unwrap();
    clients - 1
}

pub(crate) fn text(value: Option<Bytes>) -> Option<String> {
    value.map(|value| String::from_utf8(value.to_vec()).unwrap())
}
