//! Code of the user's on each new connection.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{
    Config, Error, ErrorKind, NewConnection, OnConnect, Outcome, ReadFrom, RedisCache, Result, Retry, Role,
    async_trait, redis,
};
use store_testkit::{
    ClusterDeployment, ClusterOptions, RedisServer, SentinelDeployment, SentinelOptions, ServerOptions,
};

use crate::support::{
    CANARY, PATIENCE, PROTOCOLS, address, assert_permanent, cluster, command, config, eventually, failure, sentinel,
    start,
};

/// Notes what it sees, names the connection, and ends as it is told to.
#[derive(Default)]
struct Noting {
    seen: Mutex<Vec<(String, Role)>>,
    ending: Mutex<Ending>,
}

#[derive(Clone, Default)]
enum Ending {
    #[default]
    Well,
    Failing(Error),
    Panicking,
    Hanging,
}

impl Noting {
    fn seen(&self) -> Vec<(String, Role)> {
        self.seen.lock().unwrap().clone()
    }

    fn end_by(&self, ending: Ending) {
        *self.ending.lock().unwrap() = ending;
    }
}

#[async_trait]
impl OnConnect for Noting {
    async fn on_connect(&self, connection: &mut NewConnection<'_>) -> Result<()> {
        self.seen.lock().unwrap().push((connection.server().to_string(), connection.role()));
        connection.raw_command(redis::cmd("CLIENT").arg("SETNAME").arg(NAME)).await?;
        let ending = self.ending.lock().unwrap().clone();
        match ending {
            Ending::Well => Ok(()),
            Ending::Failing(error) => Err(error),
            Ending::Panicking => panic!("{CANARY}"),
            Ending::Hanging => std::future::pending().await,
        }
    }
}

const NAME: &str = "named-by-the-hook";

fn named_clients(server: &RedisServer) -> usize {
    let clients = server.command(&["CLIENT", "LIST"]).unwrap();
    clients.as_text().unwrap().matches(&format!(" name={NAME} ")).count()
}

async fn connect(config: Config, hook: &Arc<Noting>) -> RedisCache {
    RedisCache::builder(config).on_connect(hook.clone()).connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hook_sees_every_connection_before_its_first_use() {
    let server = start(ServerOptions::new());
    for protocol in PROTOCOLS {
        let hook = Arc::new(Noting::default());
        let config = config(&server).with_protocol(protocol).with_connections(NonZeroUsize::new(3).unwrap());
        let cache = connect(config, &hook).await;
        for _ in 0..6 {
            cache.get("k").await.unwrap();
        }
        assert_eq!(hook.seen(), vec![(address(&server).to_string(), Role::Standalone); 3]);
        assert_eq!(named_clients(&server), 3);
        command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
        for _ in 0..6 {
            cache.get("k").await.unwrap();
        }
        assert_eq!(hook.seen().len(), 6);
        cache.close().await.unwrap();
        eventually("the connections are gone", || named_clients(&server) == 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_fails_refuses_the_connection_and_the_next_one_is_asked_anew() {
    let server = start(ServerOptions::new());
    let hook = Arc::new(Noting::default());
    let cache = connect(config(&server), &hook).await;
    hook.end_by(Ending::Failing(Error::new(ErrorKind::Config, "not the server of this region")));
    cache.ping().await.unwrap();
    command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
    for seen in 2..4 {
        let error = failure(cache.increment("n", 1).await);
        assert_permanent(&error, ErrorKind::Config, "the on-connect hook: not the server of this region");
        assert_eq!(hook.seen().len(), seen);
    }
    eventually("what was refused is closed", || named_clients(&server) == 0);
    hook.end_by(Ending::Panicking);
    let error = failure(cache.increment("n", 1).await);
    assert_permanent(&error, ErrorKind::Other, "the on-connect hook: it panicked");
    hook.end_by(Ending::Well);
    assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_says_that_it_may_pass_is_tried_again_within_the_call() {
    let server = start(ServerOptions::new());
    let hook = Arc::new(Noting::default());
    let cache = connect(config(&server), &hook).await;
    hook.end_by(Ending::Failing(Error::new(ErrorKind::Unavailable, "wait").with_retry(Retry::AfterBackoff)));
    command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
    let call = tokio::spawn({
        let cache = cache.clone();
        async move { cache.increment("n", 1).await }
    });
    eventually("the hook has refused", || hook.seen().len() >= 2);
    hook.end_by(Ending::Well);
    assert_eq!(call.await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn a_hook_that_hangs_is_given_up_with_the_connect_timeout() {
    let server = start(ServerOptions::new());
    let hook = Arc::new(Noting::default());
    hook.end_by(Ending::Hanging);
    let config = config(&server).with_connect_timeout(Duration::from_millis(300));
    let error = failure(RedisCache::builder(config).on_connect(hook).connect().await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied), "{error:?}");
    assert!(error.to_string().contains("the on-connect hook did not end in time; connect_timeout=300ms"), "{error}");
}

#[tokio::test]
async fn a_command_that_the_server_refuses_is_an_error_by_the_table() {
    struct Forbidden;

    #[async_trait]
    impl OnConnect for Forbidden {
        async fn on_connect(&self, connection: &mut NewConnection<'_>) -> Result<()> {
            connection.raw_command(redis::cmd("CONFIG").arg("GET").arg("dir")).await.map(drop)
        }
    }

    let server = start(ServerOptions::new().directive("user", format!("app on >{CANARY} ~* +@all -config")));
    let config = config(&server).with_user("app", CANARY);
    let error = failure(RedisCache::builder(config).on_connect(Arc::new(Forbidden)).connect().await);
    assert_permanent(&error, ErrorKind::PermissionDenied, "the on-connect hook: the user may not do this");
}

#[tokio::test]
async fn behind_sentinels_it_sees_primary_and_replicas_and_no_sentinel() {
    let deployment = SentinelDeployment::start(SentinelOptions::new().replica_count(1)).unwrap();
    let config = Config::sentinel(sentinel(&deployment)).with_connect_timeout(PATIENCE).with_deadline(PATIENCE);
    let hook = Arc::new(Noting::default());
    let cache = connect(config.with_read_from(ReadFrom::Replica), &hook).await;
    cache.get("k").await.unwrap();
    let of = |server: &RedisServer, role| (address(server).to_string(), role);
    let replicas = deployment.replicas().unwrap();
    assert_eq!(hook.seen(), [of(deployment.primary().unwrap(), Role::Primary), of(replicas[0], Role::Replica)]);
}

#[tokio::test]
async fn in_a_cluster_it_sees_every_node() {
    let deployment = ClusterDeployment::start(ClusterOptions::new()).unwrap();
    let config = Config::cluster(cluster(&deployment));
    let hook = Arc::new(Noting::default());
    let config = config.with_connect_timeout(PATIENCE).with_deadline(PATIENCE).with_read_from(ReadFrom::Replica);
    let cache = connect(config, &hook).await;
    for n in 0..60 {
        cache.namespace(format!("root{n}")).unwrap().get("k").await.unwrap();
    }
    let seen = |role| {
        let seen: HashSet<_> = hook.seen().into_iter().filter(|(_, seen)| *seen == role).collect();
        seen.len()
    };
    assert_eq!((seen(Role::Replica), deployment.primaries().len()), (3, 3));
    assert!(seen(Role::Primary) >= 3);
}
