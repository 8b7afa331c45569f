//! Connections that end under load.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{ErrorKind, Outcome, RedisCache};
use store_testkit::RedisServer;

/// How many increments each of so many writers makes, and how long after each other all connections are killed.
pub(crate) struct Load {
    pub(crate) writers: usize,
    pub(crate) increments: u32,
    pub(crate) pause: Duration,
}

/// Writes while connections are killed; no acknowledged increment is lost, and none is applied twice.
pub(crate) async fn writes_under_kills(server: &RedisServer, cache: &RedisCache, load: Load) {
    let (stop, stopped) = mpsc::channel::<()>();
    let mut other = server.connect().unwrap();
    let killer = thread::spawn(move || {
        let mut killed = 0;
        while stopped.recv_timeout(load.pause).is_err() {
            killed += other.command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap().as_integer().unwrap();
        }
        killed
    });
    let writer = |n| tokio::spawn(count_up(cache.clone(), format!("n{n}"), load.increments));
    let writers: Vec<_> = (0..load.writers).map(writer).collect();
    let mut counted = Vec::new();
    for writer in writers {
        counted.push(writer.await.unwrap());
    }
    stop.send(()).unwrap();
    assert!(killer.join().unwrap() > 0);
    for (n, (acknowledged, unknown)) in counted.into_iter().enumerate() {
        let applied = server.command(&["GET", &format!(":n{n}")]).unwrap().as_text().unwrap().parse().unwrap();
        assert!((acknowledged..=acknowledged + unknown).contains(&applied), "{applied} {acknowledged} {unknown}");
    }
}

/// One writer for each key, so that every loss and every double shows. How many increments succeeded, and of how many
/// nobody knows.
async fn count_up(cache: RedisCache, key: String, increments: u32) -> (u32, u32) {
    let (mut acknowledged, mut unknown) = (0, 0);
    for _ in 0..increments {
        match cache.increment(&key, 1).await {
            Ok(_) => acknowledged += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
                unknown += u32::from(error.outcome() == Outcome::Unknown);
            }
        }
    }
    (acknowledged, unknown)
}
