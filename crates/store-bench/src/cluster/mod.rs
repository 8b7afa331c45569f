//! Single operations on a Cluster of three primaries with a replica each: `get` and `set` half and half, of 100 bytes,
//! by some tasks that share one client, over 64 namespaces.

mod clients;

use anyhow::Result;
use store_testkit::{ClusterDeployment, ClusterOptions};

use crate::contest::Contest;
use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::runtime::runtime;

pub(crate) use clients::{Roots, connect_redis, key, wire_key_under_root};

const GROUP: &str = "cluster";
const NAME: &str = "get and set over 64 roots through Arc<dyn Store>";

/// How many tasks there are, and what our throughput then has to be beside redis-rs's.
const SETTINGS: [(usize, f64); 3] = [(16, 1.3), (64, 1.5), (512, 2.0)];

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let cluster = ClusterDeployment::start(ClusterOptions::new())?;
    runtime()?.block_on(async {
        let roots = Roots::connect(cluster.url()).await?;
        let redis = connect_redis(cluster.url()).await?;
        let fred = clients::connect_fred(cluster.url()).await?;
        let mut rows = Vec::new();
        for (tasks, bar) in SETTINGS {
            eprintln!("{GROUP}: {tasks} tasks");
            let contest = Contest::of(clients::ours(&roots))
                .against(
                    "redis-rs ClusterConnection",
                    Bar::ratio_at_least(bar),
                    clients::shared_by_tasks(redis.clone()),
                )
                .against("fred 10", Bar::ratio_at_least(1.0), clients::shared_by_tasks(fred.clone()));
            rows.extend(contest.hold(tasks, effort).await?.throughput(GROUP, NAME));
        }
        Ok(rows)
    })
}
