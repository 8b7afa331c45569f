//! Batches on one server: reads of so many values, and writes of as many with a lifetime each.

mod works;

use std::sync::Arc;

use anyhow::Result;
use redis::IntoConnectionInfo;
use redis::io::tcp::TcpSettings;
use store_redis::{Cache, RedisCache};
use store_testkit::{RedisServer, ServerOptions};

use crate::contest::Contest;
use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::runtime::runtime;
use works::{Batch, GetMany, Mget, SetMany, SetPipeline};

const GROUP: &str = "batch";

/// Entries of a batch.
const SIZES: [usize; 3] = [16, 256, 4096];

/// Batches under way at the same time. One alone would measure how fast this machine wakes processes up.
const TASKS: usize = 8;

/// What our throughput has to be beside what it is made of.
fn bar() -> Bar {
    Bar::ratio_at_least(0.9)
}

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let server = RedisServer::start_process(ServerOptions::new())?;
    runtime()?.block_on(async {
        let cache: Arc<dyn Cache> = Arc::new(RedisCache::connect(server.url()).await?);
        let settings = server.url().into_connection_info()?.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let connection = redis::Client::open(settings)?.get_multiplexed_async_connection().await?;
        let mut rows = Vec::new();
        for size in SIZES {
            eprintln!("{GROUP}: {size} entries");
            let batch = |task| Batch::of_task(task, size);
            let writes = Contest::of(|task| SetMany { cache: cache.clone(), batch: batch(task) }).against(
                "redis-rs, a pipeline of SET PX",
                bar(),
                |task| SetPipeline { connection: connection.clone(), batch: batch(task) },
            );
            rows.extend(writes.hold(TASKS, effort).await?.throughput(GROUP, &format!("set_many of {size}")));
            let reads = Contest::of(|task| GetMany { cache: cache.clone(), batch: batch(task) }).against(
                "redis-rs, MGET",
                bar(),
                |task| Mget { connection: connection.clone(), batch: batch(task) },
            );
            rows.extend(reads.hold(TASKS, effort).await?.throughput(GROUP, &format!("get_many of {size}")));
        }
        Ok(rows)
    })
}
