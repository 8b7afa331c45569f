//! What every driver promises, with a clock whose plain reads lag: an entry may be seen for as long as is declared.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, Store};
use store_memory::{CoarseClock, MemoryCache, MemoryKeyValueStoreClient};

struct CoarseClockHarness {
    cache: MemoryCache,
    records: MemoryKeyValueStoreClient,
}

impl CoarseClockHarness {
    fn new() -> Self {
        let cache = MemoryCache::builder().clock(CoarseClock::new()).sweep_interval(Duration::from_millis(5)).build();
        let records = MemoryKeyValueStoreClient::builder().access_times(AccessTimes::Exact).build();
        Self { cache, records }
    }
}

impl Harness for CoarseClockHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.cache.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(self.cache.clone()))
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(Arc::new(self.records.clone()))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Wall { uncertainty: Duration::ZERO }
    }
}

store_conformance::main!("memory-coarse-clock", || async { Ok(CoarseClockHarness::new()) });
