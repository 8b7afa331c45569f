//! Single operations on one server: `get` and `set` half and half, of 100 bytes, by some tasks that share one client.

mod clients;

use anyhow::Result;
use store_testkit::{RedisServer, ServerOptions};

use crate::contest::Contest;
use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::runtime::runtime;
use clients::{Clients, shared_by_tasks};

const GROUP: &str = "single";
const NAME: &str = "get and set through Arc<dyn Store>";
const NAME_P99: &str = "p99 of get and set through Arc<dyn Store>";

/// How many tasks there are, and what our throughput then has to be beside the others'.
struct Setting {
    tasks: usize,
    shared: f64,
    /// Beside fred and rustis.
    others: Option<f64>,
}

const SETTINGS: [Setting; 4] = [
    Setting { tasks: 1, shared: 0.97, others: None },
    Setting { tasks: 16, shared: 1.05, others: Some(1.0) },
    Setting { tasks: 64, shared: 1.4, others: Some(1.0) },
    Setting { tasks: 512, shared: 2.2, others: Some(1.0) },
];

/// Where the latencies are compared too.
const P99_TASKS: usize = 64;
/// Where a checkout for each operation is compared, which is far slower and needs no more figures.
const POOL_TASKS: usize = 64;

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let server = RedisServer::start_process(ServerOptions::new())?;
    runtime()?.block_on(async {
        let clients = Clients::connect(server.url()).await?;
        let mut rows = Vec::new();
        for setting in SETTINGS {
            eprintln!("{GROUP}: {} tasks", setting.tasks);
            rows.extend(beside_clients(&clients, &setting, effort).await?);
        }
        eprintln!("{GROUP}: {POOL_TASKS} tasks, beside a pool");
        rows.extend(beside_the_pool(&clients, effort).await?);
        Ok(rows)
    })
}

async fn beside_clients(clients: &Clients, setting: &Setting, effort: Effort) -> Result<Vec<Row>> {
    let others = setting.others.map(Bar::ratio_at_least);
    let contest = Contest::of(shared_by_tasks(&clients.ours))
        .against(
            "redis-rs MultiplexedConnection",
            Bar::ratio_at_least(setting.shared),
            shared_by_tasks(&clients.shared),
        )
        .against("fred 10", others, shared_by_tasks(&clients.fred))
        .against("rustis 0.27", others, shared_by_tasks(&clients.rustis));
    let outcome = contest.hold(setting.tasks, effort).await?;
    let mut rows = outcome.throughput(GROUP, NAME);
    if setting.tasks == P99_TASKS {
        rows.extend(outcome.p99(GROUP, NAME_P99, Bar::ratio_at_most(1.0)));
    }
    Ok(rows)
}

async fn beside_the_pool(clients: &Clients, effort: Effort) -> Result<Vec<Row>> {
    const PEER: &str = "deadpool-redis, a checkout an operation";
    let contest = Contest::of(shared_by_tasks(&clients.ours)).against(
        PEER,
        Bar::ratio_at_least(5.0),
        shared_by_tasks(&clients.pool),
    );
    Ok(contest.hold(POOL_TASKS, effort).await?.throughput(GROUP, NAME))
}
