//! As many turns as some tasks get through in a given time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

/// What a task does again and again.
pub(crate) trait Work: Send + 'static {
    /// Does it once more. The first is turn 0.
    fn turn(&mut self, number: usize) -> impl Future<Output = Result<()>> + Send;
}

/// How far the tasks got.
#[derive(Clone, Copy)]
pub(crate) struct Burst {
    pub(crate) per_second: f64,
    pub(crate) p99_micros: f64,
}

/// Has a task for each work do it for `length`.
pub(crate) async fn of<W: Work>(works: impl IntoIterator<Item = W>, length: Duration) -> Result<Burst> {
    let mut running = JoinSet::new();
    let start = Instant::now();
    for work in works {
        running.spawn(repeat(work, start + length));
    }
    let mut latencies = Vec::new();
    while let Some(done) = running.join_next().await {
        latencies.extend(done??);
    }
    let took = start.elapsed();
    ensure!(!latencies.is_empty(), "no turn was taken");
    let place = latencies.len() * 99 / 100;
    let (_, p99, _) = latencies.select_nth_unstable(place);
    let p99_micros = p99.as_secs_f64() * 1e6;
    Ok(Burst { per_second: latencies.len() as f64 / took.as_secs_f64(), p99_micros })
}

/// How long each turn took.
async fn repeat<W: Work>(mut work: W, end: Instant) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut before = Instant::now();
    while before < end {
        work.turn(latencies.len()).await?;
        let after = Instant::now();
        latencies.push(after - before);
        before = after;
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many turns without an error.
    struct Until(usize);

    impl Work for Until {
        async fn turn(&mut self, number: usize) -> Result<()> {
            tokio::task::yield_now().await;
            ensure!(number < self.0, "turn {number}");
            Ok(())
        }
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn every_task_takes_turns_until_the_time_is_over() {
        let length = Duration::from_millis(20);
        let begun = Instant::now();
        let burst = block_on(of([Until(usize::MAX), Until(usize::MAX)], length)).unwrap();
        assert!(begun.elapsed() >= length);
        assert!(burst.per_second > 0.0 && burst.p99_micros > 0.0);
    }

    #[test]
    fn the_first_error_ends_a_burst() {
        let failed = block_on(of([Until(usize::MAX), Until(3)], Duration::from_secs(3600)));
        assert_eq!(failed.err().unwrap().to_string(), "turn 3");
    }
}
