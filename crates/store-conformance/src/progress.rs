//! How a hang is told from a case that takes long.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::timeout;

/// How much of a case was done. Clones count together, on whatever thread.
///
/// A long program on a busy machine may take minutes, and gets somewhere all the time; a hang gets nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<AtomicU64>);

impl Progress {
    /// How often it is looked within the limit whether anything was done.
    const LOOKS: u32 = 8;

    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The case got somewhere. Every call through a handle of its scope says so.
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// What the case comes to; `None` when nothing was done for `limit`, or up to an eighth longer.
    pub(crate) async fn watch<T>(&self, limit: Duration, case: impl Future<Output = T>) -> Option<T> {
        let mut case = std::pin::pin!(case);
        let (mut seen, mut idle) = (self.0.load(Ordering::Relaxed), 0);
        while idle < Self::LOOKS {
            if let Ok(result) = timeout(limit / Self::LOOKS, case.as_mut()).await {
                return Some(result);
            }
            let now = self.0.load(Ordering::Relaxed);
            idle = if now == seen { idle + 1 } else { 0 };
            seen = now;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, advance};

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_case_may_take_long_as_long_as_it_gets_somewhere() {
        let progress = Progress::new();
        let case = async {
            for _ in 0..10 {
                advance(LIMIT / 2).await;
                progress.note();
            }
            "done"
        };
        assert_eq!(progress.watch(LIMIT, case).await, Some("done"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_case_that_stops_half_way_hangs() {
        let (progress, began) = (Progress::new(), Instant::now());
        let case = async {
            advance(LIMIT / 2).await;
            progress.note();
            std::future::pending::<()>().await;
        };
        assert_eq!(progress.watch(LIMIT, case).await, None);
        assert!(began.elapsed() < LIMIT * 2, "{:?}", began.elapsed());
    }
}
