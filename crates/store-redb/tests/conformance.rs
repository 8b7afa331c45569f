//! What every driver promises, on a clock that only the suite moves.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use store_conformance::{ClockControl, Harness, HarnessError, Reopened};
use store_core::{AccessTimes, Cache, KeyValueStoreClient, ManualClock, Store, UrlTemplate, async_trait};
use store_redb::{Flush, RedbCache, RedbKeyValueStoreClient, RedbStore};
use tempfile::TempDir;

struct RedbHarness {
    clock: ManualClock,
    urls: UrlTemplate,
    /// What the file is open in now.
    store: RwLock<RedbStore>,
    directory: TempDir,
}

/// How the client for records makes public addresses.
const URLS: &str = "https://files.example/{id}?key={key}";

impl RedbHarness {
    async fn new() -> Result<Self, HarnessError> {
        let (clock, directory) = (ManualClock::new(), tempfile::tempdir()?);
        let store = RwLock::new(open(clock.clone(), file_in(&directory)).await?);
        Ok(Self { clock, urls: UrlTemplate::new(URLS)?, store, directory })
    }

    fn opened(&self) -> RedbStore {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn file_in(directory: &TempDir) -> PathBuf {
    directory.path().join("data.redb")
}

async fn open(clock: ManualClock, file: PathBuf) -> store_core::Result<RedbStore> {
    RedbStore::builder().clock(clock).flush(Flush::Within(Duration::from_secs(1))).open(file).await
}

#[async_trait]
impl Harness for RedbHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.opened())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedbCache::from_store(&self.opened())))
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        let records = RedbKeyValueStoreClient::from_store(&self.opened()).with_access_times(AccessTimes::Exact);
        Some(Arc::new(records.with_url_template(self.urls.clone())))
    }

    fn url_template(&self) -> Option<String> {
        Some(URLS.to_owned())
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }

    async fn reopen(&self) -> Result<Reopened, HarnessError> {
        // Closed first, because a file is open in one store at a time.
        self.opened().close().await?;
        let opened = open(self.clock.clone(), file_in(&self.directory)).await?;
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(Reopened::Done)
    }
}

store_conformance::main!("redb", RedbHarness::new);
