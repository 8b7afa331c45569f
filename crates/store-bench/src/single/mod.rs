//! Single operations on one server: `get` and `set` half and half, of 100 bytes, by some tasks that share one client.
//!
//! All clients take turns within each round, on the same server and the same runtime, and each round begins with
//! another one of them. What is compared are the ratios within the rounds: from one to the next the machine itself may be
//! faster or slower by a third.

mod burst;
mod clients;

use std::time::Duration;

use anyhow::Result;
use store_testkit::{RedisServer, ServerOptions};
use tokio::runtime::Builder;

use crate::report::{Figures, Round, Row};
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

const ROUNDS: usize = 9;
const LENGTH: Duration = Duration::from_millis(250);
/// Threads of the runtime. The server is a process of its own.
const WORKERS: usize = 2;

/// Measures all of it.
pub(crate) fn measure() -> Result<Vec<Row>> {
    let server = RedisServer::start_process(ServerOptions::new())?;
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    runtime.block_on(async {
        let clients = Clients::connect(server.url()).await?;
        let mut rows = Vec::new();
        for tasks in TASKS {
            eprintln!("{GROUP}: {tasks} tasks");
            rows.extend(with_tasks(&clients, tasks).await?);
        }
        Ok(rows)
    })
}

async fn with_tasks(clients: &Clients, tasks: usize) -> Result<Vec<Row>> {
    let peers = Peer::ALL.into_iter().filter(|peer| *peer != Peer::Pool || tasks == POOL_TASKS).collect::<Vec<_>>();
    let mut measured = Vec::with_capacity(ROUNDS);
    // The first round warms up.
    for round in 0..=ROUNDS {
        let bursts = one_round(clients, &peers, tasks, round).await?;
        if round > 0 {
            measured.push(bursts);
        }
    }
    let figures = |peer: usize, figure: fn(&Burst) -> f64| {
        let rounds = std::array::from_fn::<_, ROUNDS, _>(|round| {
            let bursts: &Bursts = &measured[round];
            Round { ours: figure(&bursts.ours), peer: figure(&bursts.peers[peer]) }
        });
        Figures::of(rounds)
    };
    let mut rows = Vec::new();
    for (number, peer) in peers.iter().enumerate() {
        let row = |name, unit, figures| Row { group: GROUP, name, tasks, peer: peer.name(), unit, figures };
        rows.push(row(NAME, "operations/s", figures(number, |burst| burst.per_second)));
        if *peer == Peer::Shared && tasks == P99_TASKS {
            rows.push(row(NAME_P99, "microseconds", figures(number, |burst| burst.p99_micros)));
        }
    }
    Ok(rows)
}

/// What the clients did within one round.
struct Bursts {
    ours: Burst,
    peers: Vec<Burst>,
}

async fn one_round(clients: &Clients, peers: &[Peer], tasks: usize, round: usize) -> Result<Bursts> {
    // Ours, and then the peers; whose turn is first moves on from round to round.
    let count = 1 + peers.len();
    let mut bursts: Vec<Option<Burst>> = vec![None; count];
    for turn in 0..count {
        let place = (turn + round) % count;
        bursts[place] = Some(match place {
            0 => burst::of(&clients.ours, tasks, LENGTH).await?,
            _ => clients.burst_of(peers[place - 1], tasks, LENGTH).await?,
        });
    }
    let mut bursts = bursts.into_iter().flatten();
    let ours = bursts.next().ok_or_else(|| anyhow::anyhow!("no turn was ours"))?;
    Ok(Bursts { ours, peers: bursts.collect() })
}
