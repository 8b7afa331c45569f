//! What every driver promises, on a clock that only the suite moves.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness, HarnessError};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, ManualClock, Store, UrlTemplate};
use store_redb::{Flush, RedbCache, RedbKeyValueStoreClient, RedbStore};
use tempfile::TempDir;

struct RedbHarness {
    clock: ManualClock,
    store: RedbStore,
    records: RedbKeyValueStoreClient,
    _directory: TempDir,
}

/// How the client for records makes public addresses.
const URLS: &str = "https://files.example/{id}?key={key}";

impl RedbHarness {
    async fn new() -> Result<Self, HarnessError> {
        let (clock, directory) = (ManualClock::new(), tempfile::tempdir()?);
        let builder = RedbStore::builder().clock(clock.clone()).flush(Flush::Within(Duration::from_secs(1)));
        let store = builder.open(directory.path().join("data.redb")).await?;
        let records = RedbKeyValueStoreClient::from_store(&store).with_access_times(AccessTimes::Exact);
        let records = records.with_url_template(UrlTemplate::new(URLS)?);
        Ok(Self { clock, store, records, _directory: directory })
    }
}

impl Harness for RedbHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedbCache::from_store(&self.store)))
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

store_conformance::main!("redb", RedbHarness::new);
