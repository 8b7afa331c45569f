//! Without rules the wrapper passes the whole suite, in front of a driver that does.

use std::sync::Arc;

use store_conformance::faults::{Faults, FaultyStore};
use store_conformance::{ClockControl, Harness, HarnessError, Options, Status};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, ManualClock, Store};
use store_memory::{MemoryCache, MemoryKeyValueStoreClient, MemoryStore};

struct Wrapped {
    clock: ManualClock,
    store: Arc<dyn Store>,
    cache: Arc<dyn Cache>,
    records: Arc<dyn KeyValueStoreClient>,
}

impl Wrapped {
    fn new() -> Self {
        let (clock, faults) = (ManualClock::new(), Faults::new());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::builder().clock(clock.clone()).build());
        let cache: Arc<dyn Cache> = Arc::new(MemoryCache::builder().clock(clock.clone()).build());
        let records = MemoryKeyValueStoreClient::builder().clock(clock.clone()).access_times(AccessTimes::Exact);
        let records: Arc<dyn KeyValueStoreClient> = Arc::new(records.build());
        Self {
            clock,
            store: Arc::new(FaultyStore::new(store, faults.clone())),
            cache: Arc::new(FaultyStore::new(cache, faults.clone())),
            records: Arc::new(FaultyStore::new(records, faults)),
        }
    }
}

impl Harness for Wrapped {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::clone(&self.cache))
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(Arc::clone(&self.records))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }
}

#[test]
fn without_rules_it_passes_the_whole_suite() {
    let start = || async { Ok::<_, HarnessError>(Wrapped::new()) };
    let report = store_conformance::run("wrapped", start, Options::new());
    assert!(report.is_success(), "{report}");
    assert!(report.checks().iter().any(|check| check.family == "records" && check.status == Status::Pass), "{report}");
}
