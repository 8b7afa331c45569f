//! Pools that give no connection, and settings that do not fit one.

use std::time::{Duration, Instant};

use store_redis::prelude::*;
use store_redis::{Config, Outcome, RedisCache, RedisStore, Tls};

use crate::support::{CANARY, PATIENCE, assert_is, config, failure, over, pool, start};

#[tokio::test]
async fn a_wrong_password_is_a_typed_error_that_does_not_show_it() {
    let server = start();
    server.set_user("app", &["on", &format!(">{CANARY}"), "~*", "+@all"]).unwrap();
    let at = format!("127.0.0.1:{}", server.port().unwrap());
    let refused = RedisStore::from_pool(pool(format!("redis://app:wrong-{CANARY}@{at}"), 1)).await;
    assert_is(&failure(refused), ErrorKind::PermissionDenied, Outcome::NotApplied);
    let store = RedisStore::from_pool(pool(format!("redis://app:{CANARY}@{at}"), 1)).await.unwrap();
    store.set("k", "v").await.unwrap();
    assert!(!format!("{store:?}").contains(CANARY));
}

#[tokio::test]
async fn an_exhausted_pool_is_an_overload_within_the_wait() {
    let server = start();
    let pool = pool(server.url(), 1);
    let cache = over(&pool, config().with_exclusive_wait(Duration::from_millis(100))).await;
    let held = pool.get().await.unwrap();
    let error = failure(cache.get("k").await);
    assert_is(&error, ErrorKind::Overloaded, Outcome::NotApplied);
    assert!(cache.stats().exclusive_waits > 0);
    drop(held);
    cache.get("k").await.unwrap();
}

#[tokio::test]
async fn an_exhausted_pool_holds_nobody_longer_than_the_deadline() {
    let server = start();
    let pool = pool(server.url(), 1);
    let cache = over(&pool, config().with_deadline(Duration::from_millis(200))).await;
    let _held = pool.get().await.unwrap();
    let begun = Instant::now();
    assert_is(&failure(cache.get("k").await), ErrorKind::Overloaded, Outcome::NotApplied);
    assert!(begun.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_comes_back() {
    let server = start();
    let cache = over(&pool(server.url(), 1), config()).await;
    server.kill().unwrap();
    let error = failure(cache.set("k", "v").await);
    assert_is(&error, ErrorKind::Unavailable, Outcome::NotApplied);
    assert!(error.to_string().contains("connection refused"), "{error}");
    server.restart().unwrap();
    cache.set("k", "v").await.unwrap();
}

#[tokio::test]
async fn a_user_without_the_right_to_info_is_refused_at_once() {
    let server = start();
    server.set_user("app", &["on", ">pw", "~*", "+@all", "-info"]).unwrap();
    let at = format!("redis://app:pw@127.0.0.1:{}", server.port().unwrap());
    let error = failure(RedisStore::from_pool(pool(at, 1)).await);
    assert_is(&error, ErrorKind::PermissionDenied, Outcome::NotApplied);
}

#[tokio::test]
async fn settings_that_are_the_pools_and_pools_that_no_setting_expects_are_refused() {
    let server = start();
    let pool = pool(server.url(), 1);
    let refused = [
        ("db", Config::pooled().with_db(1)),
        ("password", Config::pooled().with_password(CANARY)),
        ("client_name", Config::pooled().with_client_name("web")),
        ("tls", Config::pooled().with_tls(Tls::new())),
        ("pool", Config::tcp("127.0.0.1", server.port().unwrap())),
    ];
    for (option, config) in refused {
        let error = failure(RedisCache::builder(config).pool(pool.clone()).connect().await);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(&format!("option={option}")), "{error}");
    }
    let error = failure(RedisCache::connect_with(Config::pooled()).await);
    assert!(error.kind() == ErrorKind::Config && error.to_string().contains("option=pool"), "{error}");
}
