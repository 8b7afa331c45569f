//! The task that moves the bytes of one connection.

use std::future::Future;
use std::sync::Arc;

use tokio::task::AbortHandle;

use crate::connection::line::Line;

/// A running driver. Dropping it ends the task and the socket with it: nobody waits for a reply any more, and a server
/// that hangs would otherwise keep both alive for ever.
#[derive(Debug)]
pub(super) struct Driver(AbortHandle);

impl Driver {
    /// Runs `driver` in a task of its own, on the caller's runtime.
    ///
    /// The line ends the moment the task ends, whether the peer hung up, the driver panicked, or the runtime under
    /// it was shut down. So a handle that outlives its runtime finds a closed line, and dials on the one it is used on.
    pub(super) fn spawn(line: Arc<Line>, driver: impl Future<Output = ()> + Send + 'static) -> Self {
        let ends_line = EndsLine(line);
        let task = tokio::spawn(async move {
            // Dropped after the driver, so that every reply that will ever come has come when the line says it ended.
            let _ends_line = ends_line;
            driver.await;
        });
        Self(task.abort_handle())
    }

    /// Ends it now, under whoever waits for a reply.
    pub(super) fn abort(&self) {
        self.0.abort();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.abort();
    }
}

struct EndsLine(Arc<Line>);

impl Drop for EndsLine {
    fn drop(&mut self) {
        self.0.end();
    }
}
