//! The server answers, and refuses.

use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Config, ErrorKind, Outcome, RedisCache, RedisStore, Retry};
use store_testkit::ServerOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    CANARY, PATIENCE, PROTOCOLS, assert_is, command, config, connect, fail_snapshot, failure, recovers, start,
};

#[tokio::test]
async fn out_of_memory_is_full_and_changes_nothing() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        cache.set("k", "v").await.unwrap();
        command(&server, &["CONFIG", "SET", "maxmemory", "1"]);
        for error in [
            failure(cache.set("k", "w").await),
            failure(cache.set("k", "w").if_value("v").await),
            failure(cache.set_many([("k", "w"), ("l", "w")]).await),
            failure(cache.increment("n", 1).await),
        ] {
            assert_is(&error, ErrorKind::Full, Retry::AfterBackoff, Outcome::NotApplied);
        }
        assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
        assert!(cache.delete("k").await.unwrap());
        command(&server, &["CONFIG", "SET", "maxmemory", "0"]);
        cache.set("k", "w").await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_cannot_save_is_full() {
    let server = start(ServerOptions::new().directive("save", "3600 1"));
    let cache = connect(&server, PROTOCOLS[0]).await;
    cache.set("k", "v").await.unwrap();
    fail_snapshot(&server);
    assert_is(&failure(cache.set("k", "w").await), ErrorKind::Full, Retry::AfterBackoff, Outcome::NotApplied);
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
}

#[tokio::test]
async fn a_replica_reads_and_refuses_writes() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        cache.set("k", "v").await.unwrap();
        command(&server, &["REPLICAOF", "127.0.0.1", "1"]);
        for error in [
            failure(cache.set("k", "w").await),
            failure(cache.set_many([("k", "w")]).await),
            failure(cache.set("k", "w").if_value("v").await),
        ] {
            assert_is(&error, ErrorKind::Unavailable, Retry::AfterRefresh, Outcome::NotApplied);
        }
        assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
        command(&server, &["CONFIG", "SET", "replica-serve-stale-data", "no"]);
        let error = failure(cache.get("k").await);
        assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
        command(&server, &["REPLICAOF", "NO", "ONE"]);
        cache.set("k", "w").await.unwrap();
    }
}

#[tokio::test]
async fn too_few_replicas_make_writes_unavailable() {
    let server = start(ServerOptions::new());
    let cache = connect(&server, PROTOCOLS[1]).await;
    command(&server, &["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let error = failure(cache.set("k", "v").await);
    assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
    assert_eq!(cache.get("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_cluster_node_without_slots_is_unavailable() {
    let server = start(ServerOptions::new().directive("cluster-enabled", "yes"));
    let cache = connect(&server, PROTOCOLS[0]).await;
    let error = failure(cache.set("k", "v").await);
    assert_is(&error, ErrorKind::Unavailable, Retry::AfterRefresh, Outcome::NotApplied);
}

#[tokio::test]
async fn script_flush_at_any_time_goes_unnoticed() {
    for protocol in PROTOCOLS {
        let server = start(ServerOptions::new());
        let cache = connect(&server, protocol).await;
        cache.set("k", "0").await.unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let mut other = server.connect().unwrap();
        let flushes = std::thread::spawn(move || {
            let mut flushes = 0;
            while stopped.try_recv().is_err() {
                other.command(&["SCRIPT", "FLUSH"]).unwrap();
                flushes += 1;
            }
            flushes
        });
        for n in 0..2000 {
            let swapped = cache.set("k", format!("{}", n + 1)).if_value(format!("{n}")).await.unwrap();
            assert!(swapped.is_stored());
            assert!(cache.get("k").renew(Duration::from_secs(60)).await.unwrap().is_some());
        }
        stop.send(()).unwrap();
        assert!(flushes.join().unwrap() > 10);
    }
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_never_shown() {
    let password = format!("right-{CANARY}");
    let server = start(ServerOptions::new().password(&password));
    for protocol in PROTOCOLS {
        let config = Config::tcp("127.0.0.1", server.port().unwrap()).with_protocol(protocol);
        let store = RedisStore::connect_with(config.clone().with_password(&password)).await.unwrap();
        assert!(!format!("{store:?}").contains(CANARY));
        for wrong in [
            config.clone(),
            config.clone().with_password(format!("wrong-{CANARY}")),
            config.clone().with_user(format!("user-{CANARY}"), &password),
        ] {
            let error = failure(RedisStore::connect_with(wrong).await);
            assert_is(&error, ErrorKind::PermissionDenied, Retry::Never, Outcome::NotApplied);
            assert!(error.to_string().contains("server=127.0.0.1:"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_changed_password_denies_the_next_connection_only() {
    let server = start(ServerOptions::new().password(format!("old-{CANARY}")));
    let cache = connect(&server, PROTOCOLS[1]).await;
    command(&server, &["ACL", "SETUSER", "default", "resetpass", ">new"]);
    cache.set("k", "v").await.unwrap();
    command(&server, &["CLIENT", "KILL", "USER", "default"]);
    for _ in 0..2 {
        let error = failure(cache.get("k").await);
        assert_is(&error, ErrorKind::PermissionDenied, Retry::Never, Outcome::NotApplied);
    }
    command(&server, &["ACL", "SETUSER", "default", &format!(">old-{CANARY}")]);
    assert!(cache.get("k").await.unwrap().is_some());
}

#[tokio::test]
async fn an_acl_that_forbids_a_command_denies_it_alone() {
    let rules = format!("reader on >{CANARY} ~* +@all -set -info -eval -evalsha -multi");
    let server = start(ServerOptions::new().directive("user", rules));
    for protocol in PROTOCOLS {
        // INFO is forbidden too: a server that may not be asked who it is can be used all the same.
        let config = config(&server, protocol).with_user("reader", CANARY);
        let cache = RedisCache::connect_with(config).await.unwrap();
        command(&server, &["SET", "{ns}:seen", "v"]);
        for error in [failure(cache.set("k", "v").await), failure(cache.get("k").renew(Duration::from_secs(1)).await)] {
            assert_is(&error, ErrorKind::PermissionDenied, Retry::Never, Outcome::NotApplied);
        }
        assert_eq!(cache.get("k").await.unwrap(), None);
        let keys = cache.namespace("ns").unwrap().list().await.unwrap().keys;
        assert_eq!(keys.len(), 1);
        assert_eq!(cache.namespace("ns").unwrap().clear().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn an_acl_that_forbids_what_a_script_does_denies_the_script() {
    let server = start(ServerOptions::new().directive("user", format!("writer on >{CANARY} ~* +@all -set -pexpire")));
    for protocol in PROTOCOLS {
        let cache = RedisCache::connect_with(config(&server, protocol).with_user("writer", CANARY)).await.unwrap();
        command(&server, &["SET", ":k", "v"]);
        let error = failure(cache.set("k", "w").if_value("v").await);
        assert_is(&error, ErrorKind::PermissionDenied, Retry::Never, Outcome::NotApplied);
        assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    }
}

#[tokio::test]
async fn a_transaction_whose_multi_is_forbidden_may_have_been_applied_in_part() {
    let server = start(ServerOptions::new().directive("user", format!("writer on >{CANARY} ~* +@all -multi")));
    let config = config(&server, PROTOCOLS[0]).with_user("writer", CANARY);
    let cache = RedisCache::connect_with(config).await.unwrap();
    let error = failure(cache.set_many([("a", "1"), ("b", "2")]).await);
    assert_is(&error, ErrorKind::PermissionDenied, Retry::Never, Outcome::Unknown);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_a_config_error() {
    let server = start(ServerOptions::new());
    for protocol in PROTOCOLS {
        let error = failure(RedisStore::connect_with(config(&server, protocol).with_db(99)).await);
        assert_is(&error, ErrorKind::Config, Retry::Never, Outcome::NotApplied);
        assert!(error.to_string().contains("option=db"), "{error}");
    }
}

#[tokio::test]
async fn a_database_that_the_user_may_not_select_is_denied_and_the_command_named() {
    let server = start(ServerOptions::new().directive("user", format!("app on >{CANARY} ~* +@all -select")));
    for protocol in PROTOCOLS {
        let config = config(&server, protocol).with_user("app", CANARY);
        let error = failure(RedisStore::connect_with(config.clone().with_db(3)).await);
        assert_is(&error, ErrorKind::PermissionDenied, Retry::Never, Outcome::NotApplied);
        assert!(error.to_string().contains("SELECT"), "{error}");
        RedisStore::connect_with(config).await.unwrap();
    }
}

#[tokio::test]
async fn a_user_without_a_password_is_let_in_by_the_empty_one() {
    let server = start(ServerOptions::new().directive("user", "open on nopass ~* +@all"));
    let port = server.port().unwrap();
    for url in [format!("redis://open:@127.0.0.1:{port}"), format!("redis://127.0.0.1:{port}?username=open&password=")]
    {
        let cache = RedisCache::connect(&url).await.unwrap();
        cache.set("k", "v").await.unwrap();
    }
    let users = server.command(&["ACL", "LOG"]).unwrap();
    assert!(matches!(users, store_testkit::Reply::Array(denied) if denied.is_empty()));
}

#[tokio::test]
async fn whatever_is_no_redis_server_is_told_from_one_that_hangs_up() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut answers = [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""].into_iter();
        while let (Ok((mut client, _)), Some(answer)) = (listener.accept().await, answers.next()) {
            let _read = client.read(&mut [0; 100]).await.unwrap();
            client.write_all(answer).await.unwrap();
        }
    });
    for told in ["not the Redis protocol", "ended during the handshake"] {
        let error = failure(RedisStore::connect(&url).await);
        assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_more_clients_is_unavailable_until_one_leaves() {
    let server = start(ServerOptions::new());
    let mut held = vec![server.connect().unwrap()];
    held[0].command(&["CONFIG", "SET", "maxclients", "3"]).unwrap();
    held.push(server.connect().unwrap());
    held.push(server.connect().unwrap());
    for protocol in PROTOCOLS {
        let error = failure(RedisStore::connect_with(config(&server, protocol)).await);
        assert_is(&error, ErrorKind::Unavailable, Retry::AfterBackoff, Outcome::NotApplied);
    }
    held.pop();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let cache = loop {
        match RedisCache::connect_with(config(&server, PROTOCOLS[0])).await {
            Ok(cache) => break cache,
            Err(error) => assert!(tokio::time::Instant::now() < deadline, "{error}"),
        }
    };
    recovers(&cache).await;
}

#[tokio::test]
async fn the_client_name_is_that_of_every_connection() {
    let server = start(ServerOptions::new());
    for protocol in PROTOCOLS {
        let config = config(&server, protocol).with_client_name("web-1");
        let cache = RedisCache::connect_with(config).await.unwrap();
        for _ in 0..2 {
            cache.set("k", "v").await.unwrap();
            let clients = server.command(&["CLIENT", "LIST"]).unwrap();
            assert!(clients.as_text().unwrap().contains(" name=web-1 "), "{clients:?}");
            command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
        }
    }
}
