//! Raw commands: what they may do, and what not.

use store_redis::prelude::*;
use store_redis::raw::RawRoute;
use store_redis::redis::{self, Value, cmd};
use store_redis::{Namespace, Outcome};
use store_testkit::{ClusterDeployment, ClusterOptions};

use crate::support::{assert_is, cluster, config, connect, failure, start};

#[tokio::test]
async fn a_raw_command_sees_what_the_store_wrote() {
    let server = start();
    let cache = connect(config(&server)).await;
    let app = cache.namespace("app").unwrap();
    app.set("k", "v").await.unwrap();
    let wire_key = cache.raw().wire_key(app.path(), "k").unwrap();
    let route = RawRoute::WireKey(&wire_key);
    let length = cache.raw().read(cmd("STRLEN").arg(&wire_key), route).await.unwrap();
    assert_eq!(length, Value::Int(1));
    cache.raw().execute(cmd("APPEND").arg(&wire_key).arg("w"), route).await.unwrap();
    assert_eq!(app.get("k").await.unwrap().as_deref(), Some(&b"vw"[..]));
    assert_eq!(cache.raw().wire_key(&Namespace::EMPTY, "").unwrap_err().kind(), ErrorKind::InvalidKey);
}

#[tokio::test]
async fn refusals_have_the_kinds_of_the_table() {
    let server = start();
    let cache = connect(config(&server)).await;
    server.command(&["RPUSH", "l", "x"]).unwrap();
    let error = failure(cache.raw().execute(cmd("INCR").arg("l"), RawRoute::WireKey(b"l")).await);
    assert_is(&error, ErrorKind::WrongType, Outcome::NotApplied);
    assert_eq!((error.operation(), error.driver()), (Some("raw"), Some("redis")));
}

#[tokio::test]
async fn what_belongs_to_a_connection_is_refused_unsent() {
    let server = start();
    let cache = connect(config(&server)).await;
    let before = cache.stats();
    for name in ["select", "MULTI", "Watch", "SUBSCRIBE", "hello", "RESET"] {
        let error = failure(cache.raw().execute(&cmd(name), RawRoute::AnyPrimary).await);
        assert_is(&error, ErrorKind::InvalidArgument, Outcome::NotApplied);
    }
    assert_is(
        &failure(cache.raw().execute(&redis::Cmd::new(), RawRoute::AnyPrimary).await),
        ErrorKind::InvalidArgument,
        Outcome::NotApplied,
    );
    assert_eq!(cache.stats(), before);
}

#[tokio::test]
async fn in_a_cluster_raw_commands_go_to_the_node_of_their_key_or_to_all() {
    let deployment = ClusterDeployment::start(ClusterOptions::new()).unwrap();
    let cache = connect(cluster(&deployment)).await;
    for key in ["a", "b", "c", "d", "e", "f"] {
        cache.raw().execute(cmd("SET").arg(key).arg(key), RawRoute::WireKey(key.as_bytes())).await.unwrap();
    }
    assert_eq!(cache.stats().moved, 0);
    let sizes = cache.raw().execute_on_every_primary(&cmd("DBSIZE")).await.unwrap();
    assert_eq!(sizes.len(), 3);
    let sizes = sizes.into_iter().map(|size| match size.unwrap() {
        Value::Int(size) => size,
        other => panic!("{other:?}"),
    });
    assert_eq!(sizes.sum::<i64>(), 6);
    let wrong_node = failure(
        cache
            .raw()
            .execute_on_every_primary(cmd("SET").arg("a").arg("x"))
            .await
            .unwrap()
            .into_iter()
            .find(Result::is_err)
            .unwrap(),
    );
    assert_is(&wrong_node, ErrorKind::Unavailable, Outcome::NotApplied);
}
