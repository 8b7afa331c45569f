//! Deployments, and ways to look at them.

use store_redis::prelude::*;
use store_redis::{Config, Error, Outcome};
use store_testkit::{ClusterDeployment, RedisServer, SentinelDeployment};

pub(crate) use crate::common::{PATIENCE, eventually, failure};
use crate::deployments;
pub(crate) use crate::deployments::connect;
pub(crate) use crate::info::info;

pub(crate) fn start() -> RedisServer {
    RedisServer::start_process(store_testkit::ServerOptions::new()).unwrap()
}

pub(crate) fn config(server: &RedisServer) -> Config {
    Config::tcp("127.0.0.1", server.port().unwrap()).with_deadline(PATIENCE).with_exclusive_wait(PATIENCE)
}

/// Behind sentinels.
pub(crate) fn sentinel(deployment: &SentinelDeployment) -> Config {
    Config::sentinel(deployments::sentinel(deployment)).with_deadline(PATIENCE)
}

/// On a cluster.
pub(crate) fn cluster(deployment: &ClusterDeployment) -> Config {
    Config::cluster(deployments::cluster(deployment)).with_deadline(PATIENCE).with_exclusive_wait(PATIENCE)
}

#[track_caller]
pub(crate) fn assert_is(error: &Error, kind: ErrorKind, outcome: Outcome) {
    assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{error:?}");
}

/// How many connections there are beside the one that asks.
pub(crate) fn clients(server: &RedisServer) -> u64 {
    info(server, "clients", "connected_clients") - 1
}

pub(crate) fn text(value: Option<Bytes>) -> Option<String> {
    value.map(|value| String::from_utf8(value.to_vec()).unwrap())
}
