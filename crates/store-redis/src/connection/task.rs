//! A task that lives no longer than what it works for.

use std::future::Future;

use tokio::task::AbortHandle;

/// Dropping it ends the task.
#[derive(Debug)]
pub(super) struct Task(AbortHandle);

impl Task {
    /// Runs `future` on the caller's runtime.
    pub(super) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(future).abort_handle())
    }

    /// Ends it now.
    pub(super) fn abort(&self) {
        self.0.abort();
    }

    /// Whether it has ended, or its runtime has.
    pub(super) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
