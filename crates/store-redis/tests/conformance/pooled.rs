//! What every driver promises, over a pool that the program made.

mod harness;
mod outage;

use std::time::Duration;

use store_redis::deadpool_redis::{Manager, Pool, Runtime};
use store_redis::redis::AsyncConnectionConfig;
use store_redis::{Config, Deployment, Layout, Protocol, RedisStore, Server};

use harness::{Connecting, On, RedisHarness};

/// Enough for all checks that run at a time.
const CONNECTIONS: usize = 64;

/// Over a pool of connections to the server that the config names.
fn over_a_pool(config: Config, layout: Layout) -> Connecting {
    Box::pin(async move {
        let protocol = match config.protocol {
            Protocol::Resp3 => "?protocol=resp3",
            _ => "",
        };
        let url = match &config.deployment {
            Deployment::Standalone(Server::Tcp { host, port }) => format!("redis://{host}:{port}/{protocol}"),
            other => return Err(format!("no pool for {other:?}").into()),
        };
        let settings = settings(config.connect_timeout);
        let pool = Pool::builder(Manager::new_with_config(url, settings)?).max_size(CONNECTIONS);
        let pool = pool.runtime(Runtime::Tokio1).build()?;
        let patience = config.deadline;
        let config = config.with_deployment(Deployment::Standalone(Server::Pooled)).with_exclusive_wait(patience);
        Ok(RedisStore::builder(config).layout(layout).pool(pool).connect().await?)
    })
}

/// The pool's own limits, which would end connections on a busy machine.
fn settings(patience: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(patience)).set_response_timeout(Some(patience))
}

store_conformance::main!("redis-standalone-pooled", || RedisHarness::start_with(
    On::Standalone,
    Protocol::Resp2,
    over_a_pool
));
