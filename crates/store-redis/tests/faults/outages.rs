//! The server is down, hangs, comes back, or is somewhere else in its life.

use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{AtLeastOnce, Config, ErrorKind, Outcome, RedisCache, RedisStore, Retry, RetryPolicy};
use store_testkit::{Listen, ServerOptions};

use crate::support::{
    PATIENCE, PROTOCOLS, assert_is, command, config, connect, eventually, failure, info, recovers, start,
};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn stopped_server_is_unavailable_and_nothing_was_applied() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        cache.set("k", "v").await.unwrap();
        server.kill().unwrap();
        for error in [
            failure(cache.set("k", "w").await),
            failure(cache.get("k").await),
            failure(cache.increment("n", 1).await),
            failure(cache.set_many([("a", "1"), ("b", "2")]).await),
        ] {
            assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
            assert!(error.to_string().contains(&format!("127.0.0.1:{}", server.port().unwrap())), "{error}");
        }
        server.restart().unwrap();
        assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn connecting_to_a_stopped_server_says_what_was_tried() {
    let server = start(ServerOptions::new());
    server.kill().unwrap();
    let error = failure(RedisStore::connect(server.url()).await);
    assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
    let tried = format!("127.0.0.1:{}: connection refused", server.port().unwrap());
    assert!(error.to_string().contains(&tried), "{error}");

    let server = start(ServerOptions::new().listen(Listen::Unix));
    server.kill().unwrap();
    let error = failure(RedisStore::connect(server.url()).await);
    assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
    assert!(error.to_string().contains(server.socket().unwrap().to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_host_that_never_answers_is_given_up_within_the_connect_timeout() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Config::tcp("127.0.0.1", port).with_connect_timeout(SHORT);
    let error = failure(RedisStore::connect_with(config).await);
    assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
    assert!(error.to_string().contains(&format!("server=127.0.0.1:{port}")), "{error}");
    assert!(error.to_string().contains("connect_timeout=200ms"), "{error}");
}

#[tokio::test]
async fn a_name_without_an_address_is_unavailable() {
    let error = failure(RedisStore::connect("redis://no-such-host.invalid").await);
    assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
    assert!(error.to_string().contains("no-such-host.invalid:6379"), "{error}");
}

#[tokio::test]
async fn paused_server_times_out_and_the_outcome_is_unknown() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = RedisCache::connect_with(config(&server, protocol).with_deadline(SHORT)).await.unwrap();
        server.stop().unwrap();
        for error in
            [failure(cache.increment("n", 1).await), failure(cache.set("k", "v").await), failure(cache.get("k").await)]
        {
            assert_is(&error, ErrorKind::Timeout, Retry::AfterBackoff, Outcome::Unknown);
        }
        server.cont().unwrap();
        recovers(&cache).await;
        // Unknown means just that: what was sent was executed when the server ran on, once and not twice.
        assert_eq!(cache.increment("n", 1).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn restart_while_idle_goes_unnoticed_even_if_the_runtime_saw_nothing() {
    // On one thread, which the restart blocks: the runtime has no chance to hear of it before the next call.
    restart_while_idle_twenty_times().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restart_while_idle_goes_unnoticed_on_several_threads() {
    restart_while_idle_twenty_times().await;
}

async fn restart_while_idle_twenty_times() {
    for (protocol, listen) in PROTOCOLS.into_iter().zip([Listen::Tcp, Listen::Unix]) {
        let server = start(ServerOptions::new().listen(listen));
        let cache = connect(&server, protocol).await;
        for _ in 0..20 {
            server.restart().unwrap();
            // An increment is never repeated after an unknown outcome, so none may occur.
            assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn callers_that_wait_for_a_restarted_server_share_one_new_connection() {
    let server = start(ServerOptions::new());
    let cache = connect(&server, PROTOCOLS[0]).await;
    server.restart().unwrap();
    let before = info(&server, "stats", "total_connections_received");
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.increment("n", 1).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let after = info(&server, "stats", "total_connections_received");
    // One of ours, and one that asked for the second number.
    assert_eq!(after - before, 2);
    assert_eq!(cache.increment("n", 1).await.unwrap(), 101);
}

#[tokio::test]
async fn a_write_is_repeated_after_an_unknown_outcome_only_where_asked_for() {
    let server = start(ServerOptions::new());
    let policy = RetryPolicy::default().with_at_least_once(AtLeastOnce::SameAnswer);
    let patient = config(&server, PROTOCOLS[0]).with_response_timeout(Some(SHORT)).with_deadline(PATIENCE);
    let plain = RedisCache::connect_with(patient.clone()).await.unwrap();
    let repeating = RedisCache::connect_with(patient.with_retry(policy)).await.unwrap();
    server.stop().unwrap();
    let set = tokio::spawn({
        let cache = repeating.clone();
        async move { cache.set("k", "v").await }
    });
    let error = failure(plain.set("k", "w").await);
    assert_is(&error, ErrorKind::Timeout, Retry::AfterBackoff, Outcome::Unknown);
    let error = failure(repeating.delete("k").await);
    assert_is(&error, ErrorKind::Timeout, Retry::AfterBackoff, Outcome::Unknown);
    server.cont().unwrap();
    set.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_hang_until_their_deadline_leave_the_budget_to_those_that_can_be_repeated() {
    let server = start(ServerOptions::new());
    let policy = RetryPolicy::default().with_budget_percent(0).with_pauses(SHORT / 100, SHORT / 100);
    let config = config(&server, PROTOCOLS[0]).with_retry(policy).with_deadline(SHORT);
    let cache = RedisCache::connect_with(config).await.unwrap();
    server.stop().unwrap();
    // More than a full budget pays for.
    let reads: Vec<_> = (0..1100)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { failure(cache.get("k").await) })
        })
        .collect();
    for read in reads {
        assert_eq!(read.await.unwrap().kind(), ErrorKind::Timeout);
    }
    server.cont().unwrap();
    recovers(&cache).await;
    command(&server, &["REPLICAOF", "127.0.0.1", "1"]);
    command(&server, &["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    let before = info(&server, "stats", "total_error_replies");
    failure(cache.get("k").await);
    assert!(info(&server, "stats", "total_error_replies") - before > 1);
}

#[tokio::test]
async fn a_server_busy_with_a_script_is_unavailable() {
    let server = start(ServerOptions::new().directive("busy-reply-threshold", "20"));
    let cache = connect(&server, PROTOCOLS[1]).await;
    let mut other = server.connect().unwrap();
    let script = std::thread::spawn(move || other.command(&["EVAL", "while true do end", "0"]));
    eventually("the server is busy", || server.command(&["PING"]).is_err());
    let error = failure(cache.set("k", "v").await);
    assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
    command(&server, &["SCRIPT", "KILL"]);
    assert!(script.join().unwrap().is_err());
    recovers(&cache).await;
    assert_eq!(cache.get("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_server_that_loads_its_data_is_unavailable() {
    let options = ServerOptions::new()
        .directive("key-load-delay", "2000")
        .directive("loading-process-events-interval-bytes", "1024");
    let server = start(options);
    let cache = connect(&server, PROTOCOLS[0]).await;
    for n in 0..500 {
        cache.set(&format!("key-{n}"), vec![b'v'; 100]).await.unwrap();
    }
    command(&server, &["SAVE"]);
    let restart = std::thread::spawn(move || {
        server.restart().unwrap();
        server
    });
    let mut loading = 0;
    while !restart.is_finished() {
        if let Err(error) = cache.get("key-0").await {
            assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::AfterBackoff), "{error:?}");
            loading += u32::from(error.to_string().contains("loading"));
        }
    }
    assert!(loading > 0);
    let _server = restart.join().unwrap();
    recovers(&cache).await;
    assert!(cache.exists("key-499").await.unwrap());
}
