//! What every driver promises, on a clock that only the suite moves.

use std::sync::Arc;

use store_conformance::{ClockControl, Harness, HarnessError};
use store_core::{Cache, ManualClock, Store};
use store_memory::{MemoryCache, MemoryStore};

struct MemoryHarness {
    clock: ManualClock,
    store: MemoryStore,
    cache: MemoryCache,
}

impl MemoryHarness {
    async fn start() -> Result<Self, HarnessError> {
        let clock = ManualClock::new();
        let store = MemoryStore::builder().clock(clock.clone()).build();
        let cache = MemoryCache::builder().clock(clock.clone()).build();
        Ok(Self { clock, store, cache })
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

store_conformance::main!("memory", MemoryHarness::start);
