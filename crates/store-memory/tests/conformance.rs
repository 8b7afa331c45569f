//! What every driver promises, on a clock that only the suite moves.

use std::sync::Arc;

use store_conformance::{ClockControl, Harness};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, ManualClock, Store};
use store_memory::{MemoryCache, MemoryKeyValueStoreClient, MemoryStore};

struct MemoryHarness {
    clock: ManualClock,
    store: MemoryStore,
    cache: MemoryCache,
    records: MemoryKeyValueStoreClient,
}

impl MemoryHarness {
    fn new() -> Self {
        let clock = ManualClock::new();
        let store = MemoryStore::builder().clock(clock.clone()).build();
        let cache = MemoryCache::builder().clock(clock.clone()).build();
        let records =
            MemoryKeyValueStoreClient::builder().clock(clock.clone()).access_times(AccessTimes::Exact).build();
        Self { clock, store, cache, records }
    }
}

impl Harness for MemoryHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(self.cache.clone()))
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(Arc::new(self.records.clone()))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }
}

store_conformance::main!("memory", || async { Ok(MemoryHarness::new()) });
