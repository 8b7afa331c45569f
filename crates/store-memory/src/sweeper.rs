//! Frees entries that expired and that nobody asks for again.
//!
//! Nothing depends on it but memory: every operation checks the expiry itself.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::engine::Engine;

/// Starts the sweeper of a store on the current tokio runtime. Outside of one there is none.
pub(crate) fn start(engine: &Arc<Engine>, interval: Duration) {
    if let Ok(runtime) = Handle::try_current() {
        let (alive, ended) = oneshot::channel();
        *engine.alive.lock() = Some(alive);
        runtime.spawn(run(Arc::downgrade(engine), ended, interval));
    }
}

/// Sweeps every `interval` until the store is closed or its last handle is gone: either drops the sender, and that ends
/// the wait at once.
async fn run(engine: Weak<Engine>, mut ended: oneshot::Receiver<Infallible>, interval: Duration) {
    while timeout(interval, &mut ended).await.is_err() {
        sweep(&engine).await;
    }
}

/// Works off what has expired, in bounded steps with a turn for others after each.
///
/// The engine is held for one step at a time, because a sweeper must not keep a store alive.
async fn sweep(engine: &Weak<Engine>) {
    let mut shard = 0;
    while let Some(found) = engine.upgrade().and_then(|engine| engine.sweep(shard)) {
        shard = found;
        tokio::task::yield_now().await;
    }
}
