//! Durations as figures, and a control timer that tells how long this machine itself stood still.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

/// Whole milliseconds, rounded up: no figure looks better than it was.
pub(crate) fn millis(duration: Duration) -> u64 {
    micros(duration).div_ceil(1000)
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

const TICK: Duration = Duration::from_millis(5);

/// A timer on the runtime of the calls that are measured. What it is late by, they may be late by.
pub(crate) struct ControlTimer {
    longest: Arc<AtomicU64>,
    task: AbortHandle,
}

impl ControlTimer {
    pub(crate) fn start(runtime: &Runtime) -> Self {
        let longest = Arc::new(AtomicU64::new(0));
        let noted = Arc::clone(&longest);
        let task = runtime.spawn(async move {
            loop {
                let due = Instant::now() + TICK;
                tokio::time::sleep(TICK).await;
                noted.fetch_max(micros(due.elapsed()), Ordering::Relaxed);
            }
        });
        Self { longest, task: task.abort_handle() }
    }

    /// The longest stall so far.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_micros(self.longest.load(Ordering::Relaxed))
    }
}

impl Drop for ControlTimer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
