//! The runtime of whatever is measured while several tasks work at the same time.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Threads of the runtime. The server is a process of its own.
const WORKERS: usize = 2;

pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()
}
