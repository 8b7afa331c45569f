//! What every driver promises, on a clock that only the suite moves.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness, HarnessError};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, ManualClock, Store, UrlTemplate};
use store_memory::{MemoryCache, MemoryKeyValueStoreClient, MemoryStore};

struct MemoryHarness {
    clock: ManualClock,
    store: MemoryStore,
    cache: MemoryCache,
    records: MemoryKeyValueStoreClient,
}

/// How the client for records makes public addresses.
const URLS: &str = "https://files.example/{id}?key={key}";

const SWEEP_INTERVAL: Duration = Duration::from_millis(1);

/// Bytes.
const OUT_OF_REACH: usize = usize::MAX / 2;

impl MemoryHarness {
    fn new() -> Result<Self, HarnessError> {
        let clock = ManualClock::new();
        let store = MemoryStore::builder().clock(clock.clone()).build();
        // Swept as well as seen as gone, and counted against a limit that no check reaches: both have to go unnoticed.
        let cache =
            MemoryCache::builder().clock(clock.clone()).sweep_interval(SWEEP_INTERVAL).limit_bytes(OUT_OF_REACH);
        let records = MemoryKeyValueStoreClient::builder().clock(clock.clone()).access_times(AccessTimes::Exact);
        let records = records.url_template(UrlTemplate::new(URLS)?).build();
        Ok(Self { clock, store, cache: cache.build(), records })
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

    fn url_template(&self) -> Option<String> {
        Some(URLS.to_owned())
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }
}

store_conformance::main!("memory", || async { MemoryHarness::new() });
