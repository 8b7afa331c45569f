//! Servers, pools to them, and ways to look at both.

use std::time::Duration;

use store_redis::deadpool_redis::{self, Pool, Runtime};
use store_redis::prelude::*;
use store_redis::{Config, Error, Outcome, RedisCache, Result};
use store_testkit::{RedisServer, ServerOptions, wait_until};

/// Long enough for whatever has to happen on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A piece of every password, and so of nothing that is shown.
pub(crate) const CANARY: &str = "cAnArY4711";

pub(crate) fn start() -> RedisServer {
    RedisServer::start_process(ServerOptions::new()).unwrap()
}

pub(crate) fn pool(url: impl Into<String>, connections: usize) -> Pool {
    let builder = deadpool_redis::Config::from_url(url).builder().unwrap();
    builder.max_size(connections).runtime(Runtime::Tokio1).build().unwrap()
}

pub(crate) fn config() -> Config {
    Config::pooled().with_deadline(PATIENCE).with_exclusive_wait(PATIENCE)
}

pub(crate) async fn over(pool: &Pool, config: Config) -> RedisCache {
    RedisCache::builder(config).pool(pool.clone()).connect().await.unwrap()
}

#[track_caller]
pub(crate) fn failure<T>(result: Result<T>) -> Error {
    let Err(error) = result else { panic!("the operation succeeded") };
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    error
}

#[track_caller]
pub(crate) fn assert_is(error: &Error, kind: ErrorKind, outcome: Outcome) {
    assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{error:?}");
}

pub(crate) fn eventually(awaited: &str, holds: impl Fn() -> bool) {
    wait_until(awaited, PATIENCE, || holds().then_some(())).unwrap();
}

/// A number out of `INFO clients`.
pub(crate) fn clients(server: &RedisServer, field: &str) -> u64 {
    let reply = server.command(&["INFO", "clients"]).unwrap();
    let lines = reply.as_text().unwrap().lines();
    let value = lines.into_iter().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.unwrap().parse().unwrap()
}
