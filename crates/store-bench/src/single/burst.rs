//! As many operations as some tasks get done through one client in a given time.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::clients::Client;

/// 100 bytes, which are text for clients that would rather have text.
pub(super) const VALUE: &str =
    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";

#[derive(Clone, Copy)]
pub(super) struct Burst {
    pub(super) per_second: f64,
    pub(super) p99_micros: f64,
}

/// Has `tasks` tasks use the client for `length`, each with an entry of its own.
pub(super) async fn of<C: Client>(client: &C, tasks: usize, length: Duration) -> Result<Burst> {
    let mut running = JoinSet::new();
    let start = Instant::now();
    for task in 0..tasks {
        running.spawn(operate(client.clone(), format!("session-{task:03}"), start + length));
    }
    let mut latencies = Vec::new();
    while let Some(done) = running.join_next().await {
        latencies.extend(done??);
    }
    let took = start.elapsed();
    let place = latencies.len() * 99 / 100;
    ensure!(!latencies.is_empty(), "no operation was carried out");
    let (_, p99, _) = latencies.select_nth_unstable(place);
    let p99_micros = p99.as_secs_f64() * 1e6;
    Ok(Burst { per_second: latencies.len() as f64 / took.as_secs_f64(), p99_micros })
}

/// The latency of each operation.
async fn operate<C: Client>(client: C, key: String, end: Instant) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut before = Instant::now();
    while before < end {
        if latencies.len() % 2 == 0 {
            client.set(&key).await?;
        } else {
            let length = client.get(&key).await?;
            // A miss would be cheap, and worth nothing as a figure.
            ensure!(length == Some(VALUE.len()), "the server did not return what was written");
        }
        let after = Instant::now();
        latencies.push(after - before);
        before = after;
    }
    Ok(latencies)
}
