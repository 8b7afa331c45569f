//! A harness for a model store, healthy or with one fault.

use std::sync::Arc;

use store_conformance::{
    ClockControl, Deviation, Harness, HarnessError, Interruptible, Options, Planted, Reopened, Report,
};
use store_core::{
    AccessTimes, Address, Cache, Capabilities, KeyValueStoreClient, Listing, ManualClock, Namespace, OpenedStore,
    Reads, Store, async_trait,
};

use crate::fault::Fault;
use crate::records::{ModelRecords, URLS};
use crate::store::{LIMIT, ModelStore, REPLICAS, Remote};

/// So long that a few of them fill a page.
const LONGEST_RECORD: usize = 4 * 1024 * 1024;

/// What a harness says about its driver, apart from the store itself.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    pub(crate) capabilities: Option<Capabilities>,
    pub(crate) deviations: Vec<Deviation>,
    /// How the store lists, where not in byte order.
    pub(crate) listing: Option<Listing>,
    /// What the second handle's reads see, where not the latest writes.
    pub(crate) reads: Option<Reads>,
    /// The longest key of a record, where it is not the longest key there is.
    pub(crate) longest_record_key: Option<usize>,
    /// How it keeps access times, where not exactly.
    pub(crate) access_times: Option<AccessTimes>,
}

impl Setup {
    fn access_times(&self) -> AccessTimes {
        self.access_times.unwrap_or(AccessTimes::Exact)
    }
}

struct ModelHarness {
    clock: ManualClock,
    store: ModelStore,
    records: ModelRecords,
    fault: Fault,
    setup: Setup,
}

#[async_trait]
impl Harness for ModelHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn second_store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.second())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        // A store that declares less than all stands for a driver that has neither a cache nor records.
        if self.setup.capabilities.is_some() { None } else { Some(Arc::new(self.store.clone())) }
    }

    fn second_cache(&self) -> Option<Arc<dyn Cache>> {
        if self.setup.capabilities.is_some() { None } else { Some(Arc::new(self.store.second())) }
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        if self.setup.capabilities.is_some() { None } else { Some(Arc::new(self.records.clone())) }
    }

    fn access_times(&self) -> AccessTimes {
        self.setup.access_times()
    }

    fn url_template(&self) -> Option<String> {
        Some(URLS.to_owned())
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }

    fn replicas(&self) -> u32 {
        REPLICAS
    }

    async fn interruptible(&self) -> Result<Option<Interruptible>, HarnessError> {
        if self.setup.capabilities.is_some() {
            return Ok(None);
        }
        let remote = Remote::new(self.store.clone(), self.fault);
        let way = remote.way();
        Ok(Some(Interruptible::of_cache(Arc::new(remote), way, LIMIT)))
    }

    async fn reopen(&self) -> Result<Reopened, HarnessError> {
        self.store.reopen();
        self.records.reopen();
        Ok(Reopened::Done)
    }

    async fn plant_foreign(&self, at: Address<'_>) -> Result<Planted, HarnessError> {
        self.store.plant_foreign(at);
        Ok(Planted::Done)
    }

    async fn plant_key_that_is_no_text(&self, namespace: &Namespace) -> Result<Planted, HarnessError> {
        self.store.plant_unreadable_key(namespace);
        Ok(Planted::Done)
    }

    async fn damage_collection(&self, store: &OpenedStore) -> Result<Planted, HarnessError> {
        self.records.damage(store);
        Ok(Planted::Done)
    }

    async fn mend_collection(&self, store: &OpenedStore) -> Result<(), HarnessError> {
        self.records.mend(store);
        Ok(())
    }

    fn deviations(&self) -> Vec<Deviation> {
        self.setup.deviations.clone()
    }
}

/// Runs the suite on a model store.
pub(crate) fn run(fault: Fault, setup: Setup, options: Options) -> Report {
    store_conformance::run("model", move || start(fault, setup.clone()), options)
}

/// A model store with this fault.
pub(crate) async fn start(fault: Fault, setup: Setup) -> Result<impl Harness, HarnessError> {
    let clock = ManualClock::new();
    let mut store = ModelStore::new(clock.clone(), fault);
    if let Some(capabilities) = &setup.capabilities {
        store = store.declaring(capabilities.clone());
    }
    if let Some(listing) = setup.listing {
        let capabilities = store.capabilities().clone().with_listing(listing);
        store = store.declaring(capabilities);
    }
    if let Some(reads) = setup.reads {
        let capabilities = store.capabilities().clone().with_reads(reads);
        store = store.declaring(capabilities);
    }
    let capabilities = store.capabilities().clone().with_max_value_bytes(LONGEST_RECORD);
    let capabilities = match setup.longest_record_key {
        Some(bytes) => capabilities.with_max_key_bytes(bytes),
        None => capabilities,
    };
    let records = ModelRecords::new(clock.clone(), capabilities, fault).keeping(setup.access_times());
    let store = store.beside(records.clone());
    Ok(ModelHarness { clock, store, records, fault, setup })
}
