//! Who we are, where that changes while the program runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{
    Config, CredentialProvider, Credentials, Error, ErrorKind, Outcome, RedisCache, RedisStore, Result, Retry,
    Sentinel, async_trait,
};
use store_testkit::{
    ClusterDeployment, ClusterOptions, RedisServer, SentinelDeployment, SentinelOptions, ServerOptions,
};
use tokio::sync::watch;

use crate::support::{
    CANARY, PATIENCE, PROTOCOLS, assert_permanent, cluster, command, config, eventually, failure, sentinel, start,
};

/// Credentials that a test changes, and how often they were asked for.
struct Rotated {
    current: watch::Sender<Result<Credentials>>,
    asked: AtomicU32,
}

impl Rotated {
    fn new(user: &str, password: &str) -> Arc<Self> {
        let current = watch::Sender::new(Ok(Credentials::user(user, password)));
        Arc::new(Self { current, asked: AtomicU32::new(0) })
    }

    fn rotate(&self, user: &str, password: &str) {
        self.current.send_modify(|current| *current = Ok(Credentials::user(user, password)));
    }

    fn fail(&self, error: Error) {
        self.current.send_modify(|current| *current = Err(error));
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl CredentialProvider for Rotated {
    async fn credentials(&self) -> Result<Credentials> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.current.borrow().clone()
    }

    async fn changed(&self, known: &Credentials) {
        let is_new = |current: &Result<Credentials>| current.as_ref().ok() != Some(known);
        self.current.subscribe().wait_for(is_new).await.unwrap();
    }
}

/// A user with all rights and this password. The user name of a test is a secret like its password.
fn set_user(server: &RedisServer, user: &str, password: &str) {
    command(server, &["ACL", "SETUSER", user, "reset", "on", &format!(">{password}"), "~*", "&*", "+@all"]);
}

fn remove_user(server: &RedisServer, user: &str) {
    command(server, &["ACL", "DELUSER", user]);
}

/// Number and user of each connection that is called `NAME`.
fn clients(server: &RedisServer) -> Vec<(String, String)> {
    let listed = server.command(&["CLIENT", "LIST"]).unwrap();
    let field = |line: &str, name: &str| {
        let value = line.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        value.unwrap().to_owned()
    };
    let lines = listed.as_text().unwrap().lines().filter(|line| line.contains(&format!(" name={NAME} ")));
    lines.map(|line| (field(line, "id"), field(line, "user"))).collect()
}

const NAME: &str = "under-test";

fn secret(text: &str) -> String {
    format!("{text}-{CANARY}")
}

async fn connect(config: Config, provider: &Arc<Rotated>) -> RedisCache {
    let builder = RedisCache::builder(config.with_client_name(NAME)).credentials(provider.clone());
    assert!(!format!("{builder:?}").contains(CANARY));
    builder.connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotated_credentials_reach_live_connections_and_new_ones_and_no_call_fails() {
    let server = start(ServerOptions::new());
    for protocol in PROTOCOLS {
        let (old, new) = (secret("old"), secret("new"));
        set_user(&server, &old, &secret("first"));
        let provider = Rotated::new(&old, &secret("first"));
        let cache = connect(config(&server).with_protocol(protocol), &provider).await;
        let (stop, stopped) = watch::channel(false);
        let callers: Vec<_> = (0..8)
            .map(|n| {
                let (cache, stopped) = (cache.clone(), stopped.clone());
                tokio::spawn(async move {
                    let mut made = 0;
                    while !*stopped.borrow() {
                        made += 1;
                        assert_eq!(cache.increment(&format!("n{n}"), 1).await.unwrap(), made);
                    }
                })
            })
            .collect();
        let before = clients(&server);
        assert_eq!(before.iter().map(|(_, user)| user).collect::<Vec<_>>(), [&old]);

        set_user(&server, &new, &secret("second"));
        provider.rotate(&new, &secret("second"));
        eventually("the live connection has logged in again", || {
            clients(&server).iter().map(|(id, user)| (id, user)).eq(before.iter().map(|(id, _)| (id, &new)))
        });
        // Also ends every connection that is still the old user's.
        remove_user(&server, &old);
        assert_eq!(clients(&server).len(), 1);

        stop.send_replace(true);
        for caller in callers {
            caller.await.unwrap();
        }
        command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
        cache.ping().await.unwrap();
        let after = clients(&server);
        assert!(after != before && after.iter().all(|(_, user)| *user == new), "{after:?}");
        assert!(!format!("{cache:?}").contains(CANARY));
        for n in 0..8 {
            cache.delete(&format!("n{n}")).await.unwrap();
        }
        remove_user(&server, &new);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_the_server_learns_late_is_tried_again() {
    let server = start(ServerOptions::new());
    set_user(&server, "app", &secret("first"));
    let provider = Rotated::new("app", &secret("first"));
    let cache = connect(config(&server), &provider).await;
    let before = clients(&server);
    provider.rotate("late", &secret("second"));
    let asked = provider.asked();
    eventually("the server has refused it", || provider.asked() > asked);
    cache.ping().await.unwrap();
    set_user(&server, "late", &secret("second"));
    eventually("the connection has logged in", || clients(&server).iter().any(|(_, user)| user == "late"));
    assert_eq!(clients(&server).first().map(|(id, _)| id), before.first().map(|(id, _)| id));
}

#[tokio::test]
async fn credentials_that_the_server_keeps_refusing_end_the_connection_and_the_next_call_tells() {
    let server = start(ServerOptions::new());
    for protocol in PROTOCOLS {
        set_user(&server, "app", &secret("first"));
        let provider = Rotated::new("app", &secret("first"));
        let cache = connect(config(&server).with_protocol(protocol), &provider).await;
        provider.rotate("app", &secret("wrong"));
        let limit = tokio::time::Instant::now() + PATIENCE;
        let error = loop {
            match cache.ping().await {
                Ok(()) => assert!(tokio::time::Instant::now() < limit),
                error => break failure(error),
            }
        };
        assert_permanent(&error, ErrorKind::PermissionDenied, "wrong user name or password");
        provider.rotate("app", &secret("first"));
        cache.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_fails_leaves_live_connections_as_they_are() {
    let server = start(ServerOptions::new());
    set_user(&server, "app", &secret("first"));
    let provider = Rotated::new("app", &secret("first"));
    let cache = connect(config(&server).with_deadline(Duration::from_secs(1)), &provider).await;
    let before = clients(&server);
    let asked = provider.asked();
    provider.fail(Error::new(ErrorKind::Unavailable, "the vault is sealed"));
    eventually("it is asked in vain", || provider.asked() > asked + 6);
    cache.ping().await.unwrap();
    assert_eq!(clients(&server), before);

    command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
    let error = failure(cache.ping().await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied), "{error:?}");
    assert!(error.to_string().contains("the credential provider: the vault is sealed"), "{error}");
    let asked = provider.asked();
    provider.fail(Error::new(ErrorKind::PermissionDenied, "the vault does not know us"));
    let error = failure(cache.ping().await);
    assert_permanent(&error, ErrorKind::PermissionDenied, "the vault does not know us");
    assert_eq!(provider.asked(), asked + 1);
    provider.rotate("app", &secret("first"));
    cache.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_provider_that_may_pass_is_tried_again_within_the_call() {
    let server = start(ServerOptions::new());
    set_user(&server, "app", &secret("first"));
    let provider = Rotated::new("app", &secret("first"));
    let cache = connect(config(&server), &provider).await;
    provider.fail(Error::new(ErrorKind::Unavailable, "the vault restarts").with_retry(Retry::AfterBackoff));
    command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
    let asked = provider.asked();
    let call = tokio::spawn({
        let cache = cache.clone();
        async move { cache.increment("n", 1).await }
    });
    eventually("the provider has failed", || provider.asked() > asked);
    provider.rotate("app", &secret("first"));
    assert_eq!(call.await.unwrap().unwrap(), 1);
}

/// A provider that does something else than to provide.
struct Odd(fn());

#[async_trait]
impl CredentialProvider for Odd {
    async fn credentials(&self) -> Result<Credentials> {
        (self.0)();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_provider_that_panics_or_hangs_is_a_typed_error_within_the_connect_timeout() {
    let server = start(ServerOptions::new());
    let connect = |odd: fn()| {
        let config = config(&server).with_connect_timeout(Duration::from_millis(200));
        RedisStore::builder(config).credentials(Arc::new(Odd(odd))).connect()
    };
    let error = failure(connect(|| panic!("{CANARY}")).await);
    assert_permanent(&error, ErrorKind::Other, "the credential provider panicked");
    let error = failure(connect(|| ()).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied), "{error:?}");
    assert!(error.to_string().contains("no credentials from their provider in time"), "{error}");
}

#[tokio::test]
async fn a_user_comes_from_the_settings_or_from_a_provider_and_not_from_both() {
    let provider = || Rotated::new("app", CANARY);
    let refused = |builder: store_redis::Builder<RedisStore>, option: &'static str| async move {
        let error = failure(builder.connect().await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotApplied));
        assert!(error.to_string().contains(option), "{error}");
    };
    let config = Config::tcp("127.0.0.1", 1);
    let user = config.clone().with_user(CANARY, CANARY);
    refused(RedisStore::builder(user).credentials(provider()), "option=credentials").await;
    refused(RedisStore::builder(config).sentinel_credentials(provider()), "option=sentinel_credentials").await;
    let sentinel = Sentinel::new([store_redis::Server::tcp("127.0.0.1", 1)], "service");
    let user = Config::sentinel(sentinel.with_password(CANARY));
    refused(RedisStore::builder(user).sentinel_credentials(provider()), "option=sentinel_credentials").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_and_sentinels_have_providers_of_their_own_through_a_failover() {
    let options = SentinelOptions::new()
        .replica_count(1)
        .servers(ServerOptions::new().user("app", secret("servers")))
        .sentinels(ServerOptions::new().user("watcher", secret("sentinels")));
    let deployment = SentinelDeployment::start(options).unwrap();
    let (servers, sentinels) = (Rotated::new("app", &secret("servers")), Rotated::new("watcher", &secret("sentinels")));
    let config = Config::sentinel(sentinel(&deployment)).with_connect_timeout(PATIENCE).with_deadline(PATIENCE);
    let store = RedisStore::builder(config).credentials(servers.clone()).sentinel_credentials(sentinels.clone());
    let store = store.connect().await.unwrap();
    store.set("k", "v").await.unwrap();

    for sentinel in deployment.sentinels() {
        set_user(sentinel, "successor", &secret("third"));
    }
    let asked = sentinels.asked();
    sentinels.rotate("successor", &secret("third"));
    // A connection to ask questions over, and a subscription, each.
    eventually("all connections to sentinels have asked", || {
        sentinels.asked() >= asked + 2 * u32::try_from(deployment.sentinels().len()).unwrap()
    });
    let former = deployment.fail_over().unwrap();
    deployment.await_failover(former).unwrap();
    store.set("k", "w").await.unwrap();
    assert!(servers.asked() >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_of_a_cluster_learns_of_rotated_credentials() {
    let nodes = ServerOptions::new().user("app", secret("first"));
    let deployment = ClusterDeployment::start(ClusterOptions::new().nodes(nodes).replicas_per_primary(0)).unwrap();
    let provider = Rotated::new("app", &secret("first"));
    let config = Config::cluster(cluster(&deployment));
    let cache = connect(config.with_connect_timeout(PATIENCE).with_deadline(PATIENCE), &provider).await;
    for node in deployment.nodes() {
        set_user(node, "successor", &secret("second"));
    }
    provider.rotate("successor", &secret("second"));
    for node in deployment.nodes() {
        eventually("every connection has logged in again", || {
            clients(node).iter().all(|(_, user)| user == "successor")
        });
    }
    for n in 0..30 {
        cache.namespace(format!("root{n}")).unwrap().set("k", "v").await.unwrap();
    }
}
