//! The model store behind a way that can be interrupted, and a driver on this side of it that may deal wrongly with that.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use store_conformance::faults::{Faults, FaultyStore, Operation, Rule};
use store_conformance::{HarnessError, Outage, Way};
use store_core::{
    Address, BatchItem, Bytes, Cache, Capabilities, CounterOptions, DeleteOptions, Entry, ErrorKind, ExpireOptions,
    FencingToken, GetOptions, Key, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Outcome, Page, Remaining,
    Result, SetOptions, SetOutcome, Store, Ttl, WriteOptions, async_trait,
};

use super::ModelStore;
use crate::fault::Fault;

/// How long its operations take when nothing answers.
pub(crate) const LIMIT: Duration = Duration::from_millis(50);

/// Of the answers one in so many is lost.
const LOST: u64 = 3;

/// The driver.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    inner: FaultyStore<ModelStore>,
    fault: Fault,
    way: Arc<RemoteWay>,
}

/// What is wrong with the way at the moment.
#[derive(Debug)]
pub(crate) struct RemoteWay {
    faults: Faults,
    fault: Fault,
}

#[async_trait]
impl Way for RemoteWay {
    async fn interrupt(&self, outage: Outage) -> std::result::Result<(), HarnessError> {
        match outage {
            Outage::Gone => self.faults.add(Rule::fail_before()),
            Outage::Silent if self.fault == Fault::OutageHangs => self.faults.add(Rule::hang()),
            Outage::Silent => {
                self.faults.add(Rule::delay(LIMIT));
                self.faults.add(Rule::fail_before().kind(ErrorKind::Timeout));
            }
            Outage::AnswersLost if self.fault == Fault::LostAnswerPassesForDone => {}
            Outage::AnswersLost => self.faults.add(Rule::fail_after().on(Operation::writes()).every(LOST)),
            other => return Err(format!("nobody knows how to cause {other:?}").into()),
        }
        Ok(())
    }

    async fn restore(&self) -> std::result::Result<(), HarnessError> {
        if self.fault != Fault::OutageNeverPasses {
            self.faults.clear();
        }
        Ok(())
    }
}

impl Remote {
    pub(crate) fn new(inner: ModelStore, fault: Fault) -> Self {
        let faults = Faults::new();
        let way = Arc::new(RemoteWay { faults: faults.clone(), fault });
        Self { inner: FaultyStore::new(inner, faults), fault, way }
    }

    pub(crate) fn way(&self) -> Arc<RemoteWay> {
        Arc::clone(&self.way)
    }

    /// What the driver makes of the end of a write.
    async fn judged<T, F: Future<Output = Result<T>>>(&self, write: impl Fn() -> F) -> Result<T> {
        match (write().await, self.fault) {
            (Err(error), Fault::LostAnswerIsSentAgain) if error.outcome() == Outcome::Unknown => write().await,
            (Err(error), Fault::LostAnswerPassesForUnapplied) => Err(error.with_outcome(Outcome::NotApplied)),
            (end, _) => end,
        }
    }
}

#[async_trait]
impl Store for Remote {
    fn capabilities(&self) -> &Capabilities {
        Store::capabilities(&self.inner)
    }

    fn default_lifetime(&self) -> Lifetime {
        self.inner.default_lifetime()
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        match self.inner.get_entry(at, options).await {
            Err(_) if self.fault == Fault::OutageReadsAsMiss => Ok(None),
            end => end,
        }
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.judged(|| self.inner.set_entry(at, value.clone(), options.clone())).await
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        self.inner.delete_entry(at, options).await
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.inner.expire_entry(at, options).await
    }

    async fn take_entry(&self, at: Address<'_>, options: WriteOptions) -> Result<Option<Bytes>> {
        self.inner.take_entry(at, options).await
    }

    async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        self.inner.entry_exists(at).await
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.inner.entry_remaining(at).await
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.inner.list_page(namespace, options).await
    }

    async fn acquire_lock(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        self.inner.acquire_lock(at, owner, options).await
    }

    async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
        self.inner.extend_lock(at, owner, ttl).await
    }

    async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        self.inner.release_lock(at, owner).await
    }

    async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        self.inner.lock_is_held(at, owner).await
    }

    async fn ping(&self) -> Result<()> {
        Store::ping(&self.inner).await
    }

    async fn close(&self) -> Result<()> {
        Store::close(&self.inner).await
    }
}

#[async_trait]
impl Cache for Remote {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.inner.get_entries(namespace, keys).await
    }

    async fn set_entries(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>, options: WriteOptions) -> Result<()> {
        self.inner.set_entries(namespace, items, options).await
    }

    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: WriteOptions,
    ) -> Result<Vec<bool>> {
        self.inner.delete_entries(namespace, keys, options).await
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.judged(|| self.inner.add_to_counter(at, delta, options)).await
    }
}
