//! What every driver promises, on a clock that only the suite moves.

use std::sync::Arc;

use store_conformance::{ClockControl, Harness};
use store_core::{Cache, ManualClock, Store};
use store_memory::{MemoryCache, MemoryStore};

struct MemoryHarness {
    clock: ManualClock,
    store: MemoryStore,
    cache: MemoryCache,
}

impl MemoryHarness {
    fn new() -> Self {
        let clock = ManualClock::new();
        let store = MemoryStore::builder().clock(clock.clone()).build();
        let cache = MemoryCache::builder().clock(clock.clone()).build();
        Self { clock, store, cache }
    }
}

impl Harness for MemoryHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(self.cache.clone()))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }
}

store_conformance::main!("memory", || async { Ok(MemoryHarness::new()) });
