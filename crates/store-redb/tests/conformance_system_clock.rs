//! What every driver promises, on the system's clock, with every write on the disk before it is answered: the suite has to
//! wait, and expired entries are freed meanwhile.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness, HarnessError};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, Store};
use store_redb::{RedbCache, RedbKeyValueStoreClient, RedbStore};
use tempfile::TempDir;

struct SystemClockHarness {
    store: RedbStore,
    _directory: TempDir,
}

impl SystemClockHarness {
    async fn new() -> Result<Self, HarnessError> {
        let directory = tempfile::tempdir()?;
        let builder = RedbStore::builder().sweep_interval(Duration::from_millis(5));
        let store = builder.open(directory.path().join("data.redb")).await?;
        Ok(Self { store, _directory: directory })
    }
}

impl Harness for SystemClockHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(RedbCache::from_store(&self.store))
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedbCache::from_store(&self.store)))
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(Arc::new(RedbKeyValueStoreClient::from_store(&self.store).with_access_times(AccessTimes::Exact)))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Wall { uncertainty: Duration::ZERO }
    }
}

store_conformance::main!("redb-system-clock", SystemClockHarness::new);
