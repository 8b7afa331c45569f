//! What a store declares, with what rights it gets along, and how it ends.

use std::collections::BTreeSet;
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{
    Address, Capabilities, Config, Eviction, Key, Lifetime, LockOwner, Namespaced, Outcome, Protocol, RedisCache,
    RedisStore, Result, Timestamp,
};
use store_testkit::{ServerOptions, shared};

use crate::support::{DAY, connect, is_about, list, own_server};

#[tokio::test]
async fn eviction_is_declared_by_the_servers_policy() {
    for (policy, eviction) in [("noeviction", Eviction::Never), ("volatile-ttl", Eviction::WhenFull)] {
        let server = own_server(ServerOptions::new().directive("maxmemory-policy", policy));
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            assert_eq!(connect(server.url(), protocol).await.capabilities().eviction, eviction, "{policy}");
        }
    }
}

#[tokio::test]
async fn what_is_declared_is_what_the_documents_say() {
    let cache = connect(shared().unwrap().url(), Protocol::Resp2).await;
    let Capabilities { driver, max_key_bytes, max_value_bytes, max_batch_items, .. } = *cache.capabilities();
    assert_eq!((driver, max_key_bytes, max_value_bytes, max_batch_items), ("redis", 32 << 10, 64 << 20, 65_536));
}

#[tokio::test]
async fn a_cache_over_the_connections_of_a_store_sees_the_same_and_ends_with_it() {
    let store = RedisStore::connect(shared().unwrap().url()).await.unwrap();
    let cache = RedisCache::from_store(&store);
    let (store_view, cache_view) = (store.namespace("one-line").unwrap(), cache.namespace("one-line").unwrap());
    store_view.set("k", "v").await.unwrap();
    assert_eq!(store_view.ttl("k").await.unwrap(), Some(Remaining::Never));
    assert_eq!(cache_view.get_many(&["k"]).await.unwrap(), [Some("v".into())]);
    cache_view.set("k", "v").await.unwrap();
    assert!(is_about(store_view.ttl("k").await.unwrap(), Duration::from_secs(300)));
    let lasting = cache.clone().with_default_lifetime(Lifetime::Never).namespace("one-line").unwrap();
    lasting.set("k", "v").await.unwrap();
    assert_eq!(store_view.ttl("k").await.unwrap(), Some(Remaining::Never));
    cache.close().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(store_view.get("k").await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(cache.ping().await.unwrap_err().kind(), ErrorKind::Closed);
}

/// The line that the README tells people to give to an application whose root is `app`.
fn documented_acl() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let line = readme.lines().find_map(|line| line.strip_prefix("ACL SETUSER ")).unwrap();
    ["ACL", "SETUSER"].into_iter().chain(line.split_whitespace()).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_documented_acl_suffices_for_every_operation_and_for_nothing_else() {
    let server = own_server(ServerOptions::new());
    server.command(&["SET", "{other}:k", "v"]).unwrap();
    for (less, eviction) in [(None, Eviction::Never), (Some("-info"), Eviction::WhenFull)] {
        let rights = documented_acl().into_iter().chain(less.map(str::to_owned));
        server.command(&rights.collect::<Vec<_>>()).unwrap();
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let config = server.url().parse::<Config>().unwrap().with_protocol(protocol).with_client_name("acl-test");
            let cache = RedisCache::connect_with(config.with_user("app", "secret")).await.unwrap();
            let app = cache.namespace("app").unwrap();
            every_operation(&app).await.unwrap();
            let refused = cache.namespace("other").unwrap().get("k").await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
            let refused = cache.delete_whole_database().await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
            assert_eq!(refused.operation(), Some("delete_whole_database"));
            assert_eq!(cache.capabilities().eviction, eviction);
        }
    }
}

async fn every_operation(cache: &Namespaced<RedisCache>) -> Result<()> {
    let lifetimes = [Expiry::Default, Expiry::Never, Expiry::At(Timestamp::MAX)];
    for expiry in lifetimes {
        cache.set("k", "v").expiry(expiry).await?;
        assert!(cache.set("k", "v").expiry(expiry).if_present().await?.is_stored());
        assert!(cache.set("k", "v").expiry(expiry).if_value("v").await?.is_stored());
        assert!(!cache.add("k", "v").expiry(expiry).await?);
        assert!(cache.expire("k", expiry).await?);
        assert_eq!(cache.increment("n", 1).expiry_on_create(expiry).await?, 1);
        cache.set_many([("n", "1", expiry), ("k", "v", Expiry::Keep)]).await?;
        assert_eq!(cache.expire_many(&["n", "missing"], expiry).await?, [true, false]);
        assert_eq!(cache.delete_many(&["n"]).await?, [true]);
    }
    cache.set("k", "v").keep_expiry().await?;
    assert!(cache.get("k").await?.is_some());
    assert!(cache.get("k").with_expiry().await?.is_some());
    assert!(cache.get("k").renew(DAY).await?.is_some());
    assert!(cache.get_many(&["k"]).await?.len() == 1);
    assert!(cache.exists("k").await? && cache.ttl("k").await?.is_some());
    assert!(cache.delete("k").if_value("v").await?);
    cache.set("k", "v").await?;
    assert!(cache.take("k").await?.is_some());
    cache.set("k", "v").await?;
    assert_eq!(list(cache).await, ["k"]);
    assert_eq!(cache.clear().await?, 1);
    let guard = cache.lock("k", DAY).wait(DAY).await?.unwrap();
    assert!(guard.extend(DAY).await? && guard.is_held().await? && guard.release().await?);
    assert!(!cache.delete("k").await?);
    cache.ping().await
}

const SCRIPTS: [&str; 7] = [
    include_str!("../../src/script/acquire_lock.lua"),
    include_str!("../../src/script/add_to_counter.lua"),
    include_str!("../../src/script/compare_and_delete.lua"),
    include_str!("../../src/script/compare_and_set.lua"),
    include_str!("../../src/script/extend_lock.lua"),
    include_str!("../../src/script/get_and_renew.lua"),
    include_str!("../../src/script/release_lock.lua"),
];

/// The owner of a lock that a test plants, and what that looks like.
const OWNER: LockOwner = LockOwner::from_bytes([0; LockOwner::BYTES]);
const HELD: &str = "00000000000000000000000000000000:5";

/// The commands that scripts call, in small letters.
fn commands_of_scripts() -> BTreeSet<String> {
    let calls = SCRIPTS.iter().flat_map(|script| script.split("redis.call('").skip(1));
    calls.map(|call| call.split('\'').next().unwrap().to_ascii_lowercase()).collect()
}

const OPERATIONS_OF_SCRIPTS: [&str; 10] =
    ["renew", "renew and tell", "swap", "remove", "add", "create", "lock", "lock again", "extend", "release"];

async fn call_script(app: &Namespaced<RedisCache>, operation: &str) -> Result<()> {
    let held = Address { namespace: &Namespace::EMPTY, key: Key::new("held")? };
    let add = |key| app.increment(key, 1).expiry_on_create(Expiry::At(Timestamp::MAX));
    match operation {
        "renew" => app.get("k").renew(DAY * 2).await.map(drop),
        "renew and tell" => app.get("k").renew(DAY * 2).with_expiry().await.map(drop),
        "swap" => app.set("k", "w").if_value("v").await.map(drop),
        "remove" => app.delete("k").if_value("v").await.map(drop),
        "add" => add("n").await.map(drop),
        "lock" => app.try_lock("free", DAY).await.map(drop),
        "lock again" => app.try_lock("held", DAY * 2).with_owner(OWNER).await.map(drop),
        "extend" => app.extend_lock(held, OWNER, Ttl::new(DAY * 2)?).await.map(drop),
        "release" => app.release_lock(held, OWNER).await.map(drop),
        _ => add("new").await.map(drop),
    }
}

/// The server does not undo what a script did before one of its commands is refused.
#[tokio::test]
async fn a_script_with_a_forbidden_command_changes_nothing_before_it_fails() {
    let server = own_server(ServerOptions::new());
    let plant = |key, value| server.command(&["SET", key, value, "PX", "86400000"]).unwrap();
    let look = |key: &str| ["GET", "PEXPIRETIME"].map(|command| server.command(&[command, key]).unwrap());
    for forbidden in commands_of_scripts() {
        server.command(&[&documented_acl()[..], &[format!("-{forbidden}")]].concat()).unwrap();
        let config = server.url().parse::<Config>().unwrap().with_user("app", "secret");
        let app = RedisCache::connect_with(config).await.unwrap().namespace("app").unwrap();
        let mut refused = 0;
        for operation in OPERATIONS_OF_SCRIPTS {
            plant("{app}:k", "v");
            plant("{app}:n", "5");
            plant("%l{app}:held", HELD);
            plant("%f{app}", "5");
            server.command(&["UNLINK", "{app}:new", "%l{app}:free"]).unwrap();
            let keys = ["{app}:k", "{app}:n", "{app}:new", "%l{app}:held", "%l{app}:free", "%f{app}"];
            let before = keys.map(look);
            if let Err(error) = call_script(&app, operation).await {
                assert_eq!((error.kind(), error.outcome()), (ErrorKind::PermissionDenied, Outcome::NotApplied));
                assert_eq!(keys.map(look), before, "{operation} without {forbidden}");
                refused += 1;
            }
        }
        assert!(refused > 0, "{forbidden}");
    }
}
