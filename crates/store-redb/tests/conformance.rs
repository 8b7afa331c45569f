//! What every driver promises, on a clock that only the suite moves.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness, HarnessError};
use store_core::{Cache, ManualClock, Store};
use store_redb::{Flush, RedbCache, RedbStore};
use tempfile::TempDir;

struct RedbHarness {
    clock: ManualClock,
    store: RedbStore,
    _directory: TempDir,
}

impl RedbHarness {
    async fn new() -> Result<Self, HarnessError> {
        let (clock, directory) = (ManualClock::new(), tempfile::tempdir()?);
        let builder = RedbStore::builder().clock(clock.clone()).flush(Flush::Within(Duration::from_secs(1)));
        let store = builder.open(directory.path().join("data.redb")).await?;
        Ok(Self { clock, store, _directory: directory })
    }
}

impl Harness for RedbHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedbCache::from_store(&self.store)))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }
}

store_conformance::main!("redb", RedbHarness::new);
