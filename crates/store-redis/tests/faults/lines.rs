//! The server is well, and the line to it is not.

use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Config, ErrorKind, Outcome, RedisCache, Retry};
use store_testkit::ServerOptions;

use crate::support::{PATIENCE, PROTOCOLS, Router, assert_is, command, connect, failure, start};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_killed_connection_goes_unnoticed_while_idle() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        for n in 1..=20 {
            command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
            assert_eq!(cache.increment("n", 1).await.unwrap(), n);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_killed_under_load_lose_no_acknowledged_increment_and_apply_none_twice() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let mut other = server.connect().unwrap();
        let killer = std::thread::spawn(move || {
            let mut killed = 0;
            while stopped.recv_timeout(Duration::from_millis(5)).is_err() {
                killed += other.command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap().as_integer().unwrap();
            }
            killed
        });
        let writers: Vec<_> = (0..16).map(|n| tokio::spawn(count_up(cache.clone(), format!("n{n}")))).collect();
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
}

/// One writer for each key, so that every loss and every double shows. How many increments succeeded, and of how many
/// nobody knows.
async fn count_up(cache: RedisCache, key: String) -> (u32, u32) {
    let (mut acknowledged, mut unknown) = (0, 0);
    for _ in 0..2000 {
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

#[tokio::test]
async fn a_frozen_line_is_replaced_after_timeouts_in_a_row() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let router = Router::start(&server).await;
        let config = Config::tcp("127.0.0.1", router.port).with_protocol(protocol).with_deadline(SHORT);
        let cache = RedisCache::connect_with(config).await.unwrap();
        assert_eq!(router.lines(), 1);
        router.freeze();
        for _ in 0..3 {
            let error = failure(cache.increment("n", 1).await);
            assert_is(&error, ErrorKind::Timeout, Retry::AfterBackoff, Outcome::Unknown);
        }
        crate::support::recovers(&cache).await;
        assert_eq!(router.lines(), 2);
        // What the frozen line swallowed never arrived.
        assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_read_tries_again_where_the_response_timeout_leaves_time() {
    let server = start(ServerOptions::new());
    let router = Router::start(&server).await;
    let config = Config::tcp("127.0.0.1", router.port)
        .with_timeouts_before_probe(std::num::NonZeroU32::MIN)
        .with_response_timeout(Some(SHORT))
        .with_deadline(PATIENCE);
    let cache = RedisCache::connect_with(config).await.unwrap();
    cache.set("k", "v").await.unwrap();
    router.freeze();
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(router.lines(), 2);
}

#[tokio::test]
async fn a_line_frozen_while_idle_is_found_by_the_health_check_before_anything_is_sent() {
    let server = start(ServerOptions::new());
    let router = Router::start(&server).await;
    let config = Config::tcp("127.0.0.1", router.port)
        .with_health_check_interval(Some(Duration::from_millis(10)))
        .with_connect_timeout(Duration::from_secs(1));
    let cache = RedisCache::connect_with(config).await.unwrap();
    cache.set("k", "v").await.unwrap();
    router.freeze();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
    assert_eq!(router.lines(), 2);
}

#[tokio::test]
async fn a_server_that_hangs_keeps_its_connection() {
    let server = start(ServerOptions::new());
    let router = Router::start(&server).await;
    let config = Config::tcp("127.0.0.1", router.port).with_deadline(SHORT).with_connect_timeout(SHORT);
    let cache = RedisCache::connect_with(config).await.unwrap();
    server.stop().unwrap();
    for _ in 0..6 {
        failure(cache.get("k").await);
    }
    server.cont().unwrap();
    crate::support::recovers(&cache).await;
    cache.set("k", "v").await.unwrap();
    // Probes came and went; none of them got an answer, so none of them took over.
    assert!(router.lines() <= 4, "{}", router.lines());
}
