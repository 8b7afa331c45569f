//! Configurations for deployments, and calls that have to come through.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use store_redis::prelude::*;
use store_redis::{Error, Outcome, RedisCache, Result, Server};
use store_testkit::RedisServer;
use tokio::time::Instant;

pub(crate) use crate::common::{PATIENCE, eventually, failure};
pub(crate) use crate::deployments::{address, cluster, connect, sentinel};

pub(crate) fn at_port(port: u16) -> Server {
    Server::tcp("127.0.0.1", port)
}

/// Gives a server the user whom the README describes under this name, with further rights.
pub(crate) fn give_documented_rights(server: &RedisServer, user: &str, more: &[&str]) {
    let line = format!("ACL SETUSER {user} ");
    let documented = include_str!("../../README.md").lines().find(|documented| documented.starts_with(&line)).unwrap();
    let command: Vec<_> = documented.split_whitespace().chain(more.iter().copied()).collect();
    server.command(&command).unwrap();
}

/// Repeats an operation until it succeeds, as it has to once a fault is gone.
pub(crate) async fn comes_through<T, F: Future<Output = Result<T>>>(operation: impl Fn() -> F) -> T {
    let limit = Instant::now() + PATIENCE;
    loop {
        match operation().await {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < limit, "does not recover: {error}"),
        }
    }
}

/// How often a server was asked for `command`.
pub(crate) fn calls(server: &RedisServer, command: &str) -> u64 {
    let stats = server.info("commandstats", &format!("cmdstat_{command}")).unwrap();
    stats.map_or(0, |stats| stats.strip_prefix("calls=").unwrap().split(',').next().unwrap().parse().unwrap())
}

/// Does something to servers, on a thread of its own, while increments go on; they have to succeed again afterwards.
pub(crate) async fn increments_during(cache: &RedisCache, key: &str, fault: impl FnOnce() + Send) -> Tally {
    cache.set(key, "0").never_expires().await.unwrap();
    let over = AtomicBool::new(false);
    let runtime = tokio::runtime::Handle::current();
    let mut tally = std::thread::scope(|scope| {
        let fault = scope.spawn(|| {
            fault();
            over.store(true, Ordering::Relaxed);
        });
        let tally = tokio::task::block_in_place(|| runtime.block_on(increment_until(cache, key, &over)));
        fault.join().unwrap();
        tally
    });
    let value = comes_through(|| async { cache.get(key).await }).await.unwrap();
    tally.value = std::str::from_utf8(&value).unwrap().parse().unwrap();
    assert!(tally.value <= tally.acknowledged + tally.unknown, "something was applied twice: {tally:?}");
    tally
}

async fn increment_until(cache: &RedisCache, key: &str, over: &AtomicBool) -> Tally {
    const ENOUGH: u32 = 20;
    let mut tally = Tally::default();
    let (mut latest, mut successes_after) = (Instant::now(), 0);
    while successes_after < ENOUGH {
        match cache.increment(key, 1).await {
            Ok(_) => {
                tally.acknowledged += 1;
                latest = Instant::now();
                successes_after += u32::from(over.load(Ordering::Relaxed));
            }
            Err(error) => {
                tally.unknown += i64::from(error.outcome() == Outcome::Unknown);
                tally.errors.push(error);
            }
        }
        assert!(latest.elapsed() < PATIENCE, "no write succeeds any more: {tally:?}");
    }
    tally
}

/// What became of a row of increments.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: i64,
    pub(crate) unknown: i64,
    pub(crate) errors: Vec<Error>,
    /// What the server says in the end.
    pub(crate) value: i64,
}
