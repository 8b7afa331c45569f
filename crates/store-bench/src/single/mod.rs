//! Single operations on one server: `get` and `set` half and half, of 100 bytes, by some tasks that share one client.
//!
//! All clients take turns within each round, on the same server and the same runtime, and each round begins with
//! another one of them. What is compared are the ratios within the rounds: from one to the next the machine itself may be
//! faster or slower by a third.

mod burst;
mod clients;

use anyhow::Result;
use store_testkit::{RedisServer, ServerOptions};
use tokio::runtime::Builder;

use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::rounds::{Rounds, turns, warm_up};
use burst::Burst;
use clients::{Clients, Peer};

const GROUP: &str = "single";
const NAME: &str = "get and set through Arc<dyn Store>";
const NAME_P99: &str = "p99 of them";

const TASKS: [usize; 4] = [1, 16, 64, 512];
/// Where the latencies are compared too.
const P99_TASKS: usize = 64;
/// Where a checkout for each operation is compared, which is far slower and needs no more figures.
const POOL_TASKS: usize = 64;

/// Threads of the runtime. The server is a process of its own.
const WORKERS: usize = 2;

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let server = RedisServer::start_process(ServerOptions::new())?;
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    runtime.block_on(async {
        let clients = Clients::connect(server.url()).await?;
        let mut rows = Vec::new();
        for tasks in TASKS {
            eprintln!("{GROUP}: {tasks} tasks");
            rows.extend(with_tasks(&clients, tasks, effort).await?);
        }
        Ok(rows)
    })
}

async fn with_tasks(clients: &Clients, tasks: usize, effort: Effort) -> Result<Vec<Row>> {
    let peers: Vec<_> = Peer::ALL.into_iter().filter(|peer| *peer != Peer::Pool || tasks == POOL_TASKS).collect();
    // Ours, and then the peers.
    let sides = 1 + peers.len();
    let mut rounds = Rounds::of(sides);
    for turn in warm_up(sides).chain(turns(sides, effort.rounds)) {
        let burst = match turn.side.checked_sub(1) {
            None => burst::of(&clients.ours, tasks, effort.burst).await?,
            Some(peer) => clients.burst_of(peers[peer], tasks, effort.burst).await?,
        };
        rounds.note(turn, burst);
    }
    let mut rows = Vec::new();
    for (number, &peer) in peers.iter().enumerate() {
        let row = |name: &str, unit, bar, figure: fn(&Burst) -> f64| {
            let figures = rounds.compare(0, 1 + number, figure);
            Row {
                group: GROUP,
                name: name.to_owned(),
                tasks,
                entries: None,
                peer: peer.name().to_owned(),
                unit,
                figures,
                bar,
            }
        };
        let at_least = peer.at_least(tasks).map(Bar::ratio_at_least);
        rows.push(row(NAME, "operations/s", at_least, |burst| burst.per_second));
        if peer == Peer::Shared && tasks == P99_TASKS {
            rows.push(row(NAME_P99, "microseconds", Some(Bar::ratio_at_most(1.0)), |burst| burst.p99_micros));
        }
    }
    Ok(rows)
}

impl Peer {
    /// How many times its operations ours have to be.
    fn at_least(self, tasks: usize) -> Option<f64> {
        match (self, tasks) {
            (Self::Shared, 1) => Some(0.97),
            (Self::Shared, 16) => Some(1.05),
            (Self::Shared, 64) => Some(1.4),
            (Self::Shared, 512) => Some(2.2),
            (Self::Fred | Self::Rustis, 16 | 64 | 512) => Some(1.0),
            (Self::Pool, 64) => Some(5.0),
            _ => None,
        }
    }
}
