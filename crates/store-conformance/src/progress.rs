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
pub(crate) struct Progress {
    done: Arc<AtomicU64>,
    /// Of what this is a part of.
    whole: Option<Arc<AtomicU64>>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Of a part of this, which gets somewhere with it.
    pub(crate) fn of_part(&self) -> Self {
        Self { done: Arc::default(), whole: Some(Arc::clone(&self.done)) }
    }

    /// The case got somewhere. Every call through a handle of its scope says so.
    pub(crate) fn note(&self) {
        for counter in std::iter::once(&self.done).chain(&self.whole) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the case comes to; `None` when nothing was done for `limit`, or up to an eighth longer.
    pub(crate) async fn watch<T>(&self, limit: Duration, case: impl Future<Output = T>) -> Option<T> {
        let mut case = std::pin::pin!(case);
        let mut idleness = Idleness::of(self);
        while !idleness.is_hang() {
            if let Ok(result) = timeout(Idleness::pause(limit), case.as_mut()).await {
                return Some(result);
            }
            idleness.look();
        }
        None
    }
}

/// How long nothing was done, by looks from time to time.
pub(crate) struct Idleness<'a> {
    progress: &'a Progress,
    seen: u64,
    idle: u32,
}

impl<'a> Idleness<'a> {
    /// How often it is looked within a limit whether anything was done.
    const LOOKS: u32 = 8;

    pub(crate) fn of(progress: &'a Progress) -> Self {
        Self { progress, seen: progress.done.load(Ordering::Relaxed), idle: 0 }
    }

    /// Between two looks.
    pub(crate) fn pause(limit: Duration) -> Duration {
        limit / Self::LOOKS
    }

    pub(crate) fn look(&mut self) {
        let now = self.progress.done.load(Ordering::Relaxed);
        self.idle = if now == self.seen { self.idle + 1 } else { 0 };
        self.seen = now;
    }

    pub(crate) fn is_hang(&self) -> bool {
        self.idle >= Self::LOOKS
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

    #[test]
    fn a_part_that_gets_somewhere_gets_the_whole_somewhere() {
        let whole = Progress::new();
        let mut idleness = Idleness::of(&whole);
        for _ in 0..2 * Idleness::LOOKS {
            idleness.look();
            whole.of_part().note();
        }
        assert!(!idleness.is_hang());
        (0..=Idleness::LOOKS).for_each(|_| idleness.look());
        assert!(idleness.is_hang());
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
