//! What each thread has of its own, so that threads do not fight over a line of memory.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many threads are out of each other's way.
const SHARDS: usize = 16;

/// One `T` a thread; every sixteenth thread that ever asked shares one.
#[derive(Debug, Default)]
pub(crate) struct Sharded<T>([Shard<T>; SHARDS]);

/// As large as two lines of a cache, which processors fetch in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard<T>(T);

impl<T> Sharded<T> {
    /// The one of the thread that asks.
    pub(crate) fn own(&self) -> &T {
        let [first, ..] = &self.0;
        &self.0.get(OWN_SHARD.get()).unwrap_or(first).0
    }

    /// Those of all threads.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|shard| &shard.0)
    }
}

thread_local! {
    static OWN_SHARD: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS)
    };
}
