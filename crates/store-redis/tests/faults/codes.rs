//! Every row of the documented table of error codes, provoked on a real server.

use store_redis::prelude::*;
use store_redis::raw::RawRoute;
use store_redis::{Config, Error, RedisCache, RetryPolicy, redis};
use store_testkit::{ClusterDeployment, ClusterOptions, RedisServer, ServerOptions};

use crate::support::{CANARY, command, eventually, fail_snapshot, failure, start};

/// Rows that no server can be brought to here, each with the reason. What their texts mean is a unit test's matter.
const NOT_PROVOKED: [(&str, &str); 3] = [
    ("DENIED", "protected mode denies clients from other machines only"),
    ("NOPROTO", "every supported server speaks the versions that can be asked for"),
    ("EXECABORT", "always judged by the error inside, which is another row"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_of_the_table_means_on_a_server_what_the_table_says() {
    let mut provoked = 0;
    for row in include_str!("../../src/error_codes.md").lines().skip(2) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('`', "")).collect();
        if NOT_PROVOKED.iter().any(|(label, _)| *label == cells[0]) {
            continue;
        }
        let error = provoke(&cells[0]).await;
        let means = [format!("{:?}", error.kind()), format!("{:?}", error.retry()), format!("{:?}", error.outcome())];
        assert_eq!(means, cells[2..5], "{}: {error}", cells[0]);
        provoked += 1;
    }
    assert!(provoked > 20, "{provoked}");
}

async fn provoke(label: &str) -> Error {
    match label {
        "LOADING" => loading().await,
        "BUSY" => busy().await,
        "TRYAGAIN" => in_a_moving_slot(async |cache, gone, left| failure(cache.get_many(&[gone, left]).await)).await,
        "ASK" => in_a_moving_slot(async |cache, gone, _| failure(cache.get(gone).await)).await,
        "MASTERDOWN" => {
            let (server, cache) = lone(ServerOptions::new()).await;
            command(&server, &["REPLICAOF", "127.0.0.1", "1"]);
            command(&server, &["CONFIG", "SET", "replica-serve-stale-data", "no"]);
            failure(cache.get("k").await)
        }
        "READONLY" => {
            let (server, cache) = lone(ServerOptions::new()).await;
            command(&server, &["REPLICAOF", "127.0.0.1", "1"]);
            failure(cache.set("k", "v").await)
        }
        "NOREPLICAS" => {
            let (server, cache) = lone(ServerOptions::new()).await;
            command(&server, &["CONFIG", "SET", "min-replicas-to-write", "1"]);
            failure(cache.set("k", "v").await)
        }
        "NOSCRIPT" => raw(redis::cmd("EVALSHA").arg("f".repeat(40)).arg(1).arg("k")).await,
        "ERR (client limit)" => client_limit().await,
        "CLUSTERDOWN" => {
            let (_server, cache) = lone(ServerOptions::new().directive("cluster-enabled", "yes")).await;
            failure(cache.set("k", "v").await)
        }
        "MOVED" => on_a_node(async |cache| loop_until_failure(cache).await).await,
        "CROSSSLOT" => on_a_node(async |cache| failure(cache.get_many(&["a", "b"]).await)).await,
        "OOM" => {
            let (server, cache) = lone(ServerOptions::new()).await;
            server.exhaust_memory().unwrap();
            failure(cache.set("k", "v").await)
        }
        "MISCONF" => cannot_save().await,
        "NOPERM" => {
            let rules = format!("reader on >{CANARY} ~* +@all -set");
            let (server, _) = lone(ServerOptions::new().directive("user", rules)).await;
            failure(as_user(&server, "reader").await.set("k", "v").await)
        }
        "ERR (permissions, in a script)" => {
            let rules = format!("writer on >{CANARY} ~* +@all -set");
            let (server, _) = lone(ServerOptions::new().directive("user", rules)).await;
            command(&server, &["SET", ":k", "v"]);
            failure(as_user(&server, "writer").await.set("k", "w").if_value("v").await)
        }
        "NOAUTH" => {
            let server = start(ServerOptions::new().password(CANARY));
            failure(RedisCache::connect_with(once(&server)).await)
        }
        "WRONGPASS" => {
            let server = start(ServerOptions::new().password(CANARY));
            failure(RedisCache::connect_with(once(&server).with_password("another")).await)
        }
        "WRONGTYPE" => {
            let (server, cache) = lone(ServerOptions::new()).await;
            command(&server, &["RPUSH", ":k", "x"]);
            failure(cache.get("k").await)
        }
        "ERR (not an integer)" => {
            let (_server, cache) = lone(ServerOptions::new()).await;
            cache.set("k", "x").await.unwrap();
            failure(cache.increment("k", 1).await)
        }
        "ERR (overflow)" => {
            let (_server, cache) = lone(ServerOptions::new()).await;
            cache.set("k", i64::MAX.to_string()).await.unwrap();
            failure(cache.increment("k", 1).await)
        }
        // The module is not free software; a script says its sentence, which the driver has to know again.
        "Existing (RedisJSON)" => {
            let sentence = "return redis.error_reply('Existing key has wrong Redis type')";
            raw(redis::cmd("EVAL").arg(sentence).arg(1).arg("k")).await
        }
        "ERR (unknown command, in a script)" => {
            raw(redis::cmd("EVAL").arg("return redis.call('NO.SUCH.COMMAND')").arg(1).arg("k")).await
        }
        "ERR (unknown command)" => raw(redis::cmd("NO.SUCH.COMMAND").arg("k")).await,
        "ERR (database)" => {
            let server = start(ServerOptions::new());
            failure(RedisCache::connect_with(once(&server).with_db(99)).await)
        }
        "ERR (anything else)" => raw(redis::cmd("SET").arg("k").arg("v").arg("NX").arg("XX")).await,
        "any other code" => raw(redis::cmd("EVAL").arg("return redis.error_reply('STRANGE x')").arg(1).arg("k")).await,
        other => panic!("the table has a row that nothing provokes: {other}"),
    }
}

/// The settings under which the first refusal is the answer.
fn once(server: &RedisServer) -> Config {
    Config::tcp("127.0.0.1", server.port().unwrap()).with_retry(RetryPolicy::default().with_retries(0))
}

async fn lone(options: ServerOptions) -> (RedisServer, RedisCache) {
    let server = start(options);
    let cache = RedisCache::connect_with(once(&server)).await.unwrap();
    (server, cache)
}

async fn as_user(server: &RedisServer, name: &str) -> RedisCache {
    RedisCache::connect_with(once(server).with_user(name, CANARY)).await.unwrap()
}

async fn raw(command: &redis::Cmd) -> Error {
    let (_server, cache) = lone(ServerOptions::new()).await;
    failure(cache.raw().execute(command, RawRoute::AnyPrimary).await)
}

/// A server that reads its data again, slowly.
async fn loading() -> Error {
    let options = ServerOptions::new()
        .directive("enable-debug-command", "yes")
        .directive("loading-process-events-interval-bytes", "1024");
    let (server, cache) = lone(options).await;
    for number in 0..200 {
        cache.set(&format!("k{number}"), "x".repeat(2000)).await.unwrap();
    }
    command(&server, &["CONFIG", "SET", "key-load-delay", "100000"]);
    let mut other = server.connect().unwrap();
    // It ends with the server, long before all is loaded.
    let reload = std::thread::spawn(move || other.command(&["DEBUG", "RELOAD"]));
    eventually("the server is loading", || {
        server.info("persistence", "loading").is_ok_and(|loading| loading.as_deref() == Some("1"))
    });
    let error = failure(cache.get("k0").await);
    server.kill().unwrap();
    assert!(reload.join().unwrap().is_err());
    error
}

/// A server in the middle of a script that does not end.
async fn busy() -> Error {
    let (server, cache) = lone(ServerOptions::new()).await;
    command(&server, &["CONFIG", "SET", "busy-reply-threshold", "1"]);
    let mut other = server.connect().unwrap();
    let script = std::thread::spawn(move || other.command(&["EVAL", "while true do end", "0"]));
    eventually(
        "the script runs",
        || matches!(server.command(&["PING"]), Err(store_testkit::Error::Refused { message, .. }) if message.contains("BUSY")),
    );
    let error = failure(cache.get("k").await);
    command(&server, &["SCRIPT", "KILL"]);
    assert!(script.join().unwrap().is_err());
    error
}

async fn client_limit() -> Error {
    let server = start(ServerOptions::new());
    let mut held = vec![server.connect().unwrap()];
    held[0].command(&["CONFIG", "SET", "maxclients", "2"]).unwrap();
    held.push(server.connect().unwrap());
    failure(RedisCache::connect_with(once(&server)).await)
}

async fn cannot_save() -> Error {
    let (server, cache) = lone(ServerOptions::new().directive("save", "3600 1")).await;
    cache.set("k", "v").await.unwrap();
    fail_snapshot(&server);
    failure(cache.set("k", "w").await)
}

fn cluster() -> ClusterDeployment {
    ClusterDeployment::start(ClusterOptions::new().replicas_per_primary(0)).unwrap()
}

/// A node of a cluster, taken for a lone server.
async fn on_a_node(ask: impl AsyncFn(&RedisCache) -> Error) -> Error {
    let deployment = cluster();
    let cache = RedisCache::connect_with(once(&deployment.nodes()[0])).await.unwrap();
    ask(&cache).await
}

/// Two thirds of all keys are elsewhere.
async fn loop_until_failure(cache: &RedisCache) -> Error {
    for number in 0.. {
        if let Err(error) = cache.set(&format!("k{number}"), "v").await {
            return error;
        }
    }
    unreachable!("numbers do not end")
}

/// A node that gives a slot away, taken for a lone server; of two keys in the slot one has gone and one has not.
async fn in_a_moving_slot(ask: impl AsyncFn(&Namespaced<RedisCache>, &str, &str) -> Error) -> Error {
    let deployment = cluster();
    let slot = deployment.slot_of("{app}:gone").unwrap();
    let owner = deployment.primary_of_slot(slot).unwrap();
    let other = deployment.primaries().into_iter().find(|node| node.id() != owner.id()).unwrap();
    let cache = RedisCache::connect_with(once(owner)).await.unwrap().namespace("app").unwrap();
    for key in ["gone", "left"] {
        cache.set(key, "v").await.unwrap();
    }
    let migration = deployment.begin_migration(slot, other).unwrap();
    migration.move_key("{app}:gone").unwrap();
    ask(&cache, "gone", "left").await
}
