//! What every driver promises, on the system's clock: the suite has to wait, and a sweeper runs meanwhile.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, Store};
use store_memory::{MemoryCache, MemoryKeyValueStoreClient};

struct SystemClockHarness {
    cache: MemoryCache,
    records: MemoryKeyValueStoreClient,
}

impl SystemClockHarness {
    fn new() -> Self {
        let cache = MemoryCache::builder().sweep_interval(Duration::from_millis(5)).build();
        let records = MemoryKeyValueStoreClient::builder().access_times(AccessTimes::Exact).build();
        Self { cache, records }
    }
}

impl Harness for SystemClockHarness {
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

store_conformance::main!("memory-system-clock", || async { Ok(SystemClockHarness::new()) });
