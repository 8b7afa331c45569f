//! `get` and `set` half and half, of 100 bytes, beside what applications in Python have for it, on one server.

mod program;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use store_redis::{RedisStore, Store};
use store_testkit::{RedisServer, ServerOptions};

use crate::contest::Contest;
use crate::effort::Effort;
use crate::get_set::{GetSet, Ours};
use crate::report::{Bar, Row};
use crate::runtime::runtime;

pub(crate) use program::Interpreters;

const GROUP: &str = "python";

/// Tasks of one event loop beside Litestar's store, which is asynchronous, and threads beside cachelib's cache.
const TASKS: usize = 64;

/// Measures all of it, with the interpreters of the environments in `python`.
pub(crate) fn measure(effort: Effort, python: Option<&Path>) -> Result<Vec<Row>> {
    let interpreters = Interpreters::find(python)?;
    let server = RedisServer::start_process(ServerOptions::new())?;
    let port = server.port().context("a server without a port")?.to_string();
    let litestar = interpreters.litestar("litestar_store.py", &[server.url()])?;
    let cachelib = interpreters.redis("cachelib_cache.py", &["127.0.0.1", &port])?;
    eprintln!("{GROUP}: {TASKS} tasks");
    runtime()?.block_on(async {
        let store: Arc<dyn Store> = Arc::new(RedisStore::connect(server.url()).await?);
        let bar = Bar::ratio_at_least(10.0);
        let ours = |task| GetSet { client: Ours(Arc::clone(&store)), key: format!("session-{task:03}") };
        let contest = Contest::of(ours).against("Litestar's RedisStore", bar, litestar).against(
            "cachelib's RedisCache, in threads",
            bar,
            cachelib,
        );
        Ok(contest.hold(TASKS, effort).await?.throughput(GROUP, "get and set through Arc<dyn Store>"))
    })
}
