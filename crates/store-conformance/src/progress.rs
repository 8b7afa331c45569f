//! How a hang is told from a case that takes long.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// When something of a case was done last.
///
/// A long program on a busy machine may take minutes, and gets somewhere all the time; a hang gets nowhere.
#[derive(Debug)]
pub(crate) struct Progress(Cell<Instant>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Cell::new(Instant::now()))
    }

    /// To be called where a case of many operations has done one of them.
    pub(crate) fn note(&self) {
        self.0.set(Instant::now());
    }

    /// What the case comes to; `None` when nothing was done for `limit`.
    pub(crate) async fn watch<T>(&self, limit: Duration, case: impl Future<Output = T>) -> Option<T> {
        let mut case = std::pin::pin!(case);
        loop {
            let seen = self.0.get();
            match timeout_at(seen + limit, case.as_mut()).await {
                Ok(result) => return Some(result),
                Err(_) if self.0.get() > seen => {}
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

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
