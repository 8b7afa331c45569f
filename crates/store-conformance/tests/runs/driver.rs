//! A driver on a store in memory that does at a certain step what no driver should.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use store_conformance::{ClockControl, Deviation, Harness};
use store_core::{
    Address, Bytes, Capabilities, DeleteOptions, Entry, Error, ExpireOptions, GetOptions, ListOptions, Listing,
    ManualClock, Namespace, Page, Remaining, Result, SetOptions, SetOutcome, Store, Topology, async_trait,
};
use store_memory::MemoryStore;

static CAPABILITIES: Capabilities =
    Capabilities::minimal("troubled", Topology::InProcess).with_listing(Listing::ByteOrder);

/// Where something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Nowhere,
    Start,
    GivesStore,
    Declares,
    GivesDeviations,
    Gets,
    TellsRemaining,
    Lists,
    Ends,
}

/// What happens there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    Panics,
    /// Its future never comes.
    Hangs,
    /// It never returns.
    Blocks,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
    pub(crate) at: Step,
    pub(crate) manner: Manner,
}

impl Trouble {
    pub(crate) const NONE: Self = Self { at: Step::Nowhere, manner: Manner::Panics };

    pub(crate) fn befall(self, step: Step) {
        match self.manner {
            _ if self.at != step => {}
            Manner::Panics => panic!("no luck"),
            Manner::Blocks => loop {
                thread::park();
            },
            Manner::Hangs => {}
        }
    }

    pub(crate) async fn befall_async(self, step: Step) {
        self.befall(step);
        if self.at == step {
            pending::<()>().await;
        }
    }
}

/// What lasts longer than a harness: the data, and which namespaces were ever written to.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    clock: ManualClock,
    data: MemoryStore,
    written: Arc<Mutex<BTreeSet<Namespace>>>,
}

impl Backend {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        let data = MemoryStore::builder().clock(clock.clone()).build();
        Self { clock, data, written: Arc::default() }
    }

    pub(crate) fn data(&self) -> &MemoryStore {
        &self.data
    }

    pub(crate) fn written(&self) -> BTreeSet<Namespace> {
        self.written.lock().expect("nobody panics there").clone()
    }
}

/// Whether a delete tells what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletes {
    Rightly,
    AlwaysTrue,
}

#[derive(Clone, Debug)]
struct Troubled {
    backend: Backend,
    trouble: Trouble,
    deletes: Deletes,
    closed: Arc<AtomicBool>,
}

impl Troubled {
    fn open(&self) -> Result<&MemoryStore> {
        if self.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(&self.backend.data) }
    }
}

#[async_trait]
impl Store for Troubled {
    fn capabilities(&self) -> &Capabilities {
        self.trouble.befall(Step::Declares);
        &CAPABILITIES
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.trouble.befall_async(Step::Gets).await;
        self.open()?.get_entry(at, options).await
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.backend.written.lock().expect("nobody panics there").insert(at.namespace.clone());
        self.open()?.set_entry(at, value, options).await
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        let was_there = self.open()?.delete_entry(at, options).await?;
        Ok(was_there || self.deletes == Deletes::AlwaysTrue)
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.open()?.expire_entry(at, options).await
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.trouble.befall_async(Step::TellsRemaining).await;
        self.open()?.entry_remaining(at).await
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.trouble.befall_async(Step::Lists).await;
        self.open()?.list_page(namespace, options).await
    }

    async fn ping(&self) -> Result<()> {
        self.open()?.ping().await
    }

    async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::SeqCst);
        Ok(())
    }
}

pub(crate) struct TroubledHarness {
    store: Troubled,
    deviations: Vec<Deviation>,
}

impl TroubledHarness {
    pub(crate) fn new(backend: Backend, trouble: Trouble) -> Self {
        let closed = Arc::default();
        Self { store: Troubled { backend, trouble, deletes: Deletes::Rightly, closed }, deviations: Vec::new() }
    }

    pub(crate) fn deleting(mut self, deletes: Deletes, deviations: Vec<Deviation>) -> Self {
        self.store.deletes = deletes;
        self.deviations = deviations;
        self
    }
}

impl Drop for TroubledHarness {
    fn drop(&mut self) {
        self.store.trouble.befall(Step::Ends);
    }
}

impl Harness for TroubledHarness {
    fn store(&self) -> Arc<dyn Store> {
        self.store.trouble.befall(Step::GivesStore);
        Arc::new(self.store.clone())
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.store.backend.clock.clone())
    }

    fn deviations(&self) -> Vec<Deviation> {
        self.store.trouble.befall(Step::GivesDeviations);
        self.deviations.clone()
    }
}
