//! A model store behind a way that can be interrupted, and that may deal wrongly with it.

use std::future::{Future, pending};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store_conformance::{HarnessError, Outage, Way};
use store_core::{
    Address, BatchItem, Bytes, Cache, Capabilities, CounterOptions, DeleteOptions, Entry, Error, ErrorKind,
    ExpireOptions, FencingToken, GetOptions, Key, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Outcome,
    Page, Remaining, Result, SetOptions, SetOutcome, Store, Ttl, WriteOptions, async_trait,
};

use crate::fault::Fault;
use crate::store::ModelStore;

/// How long its operations take when nothing answers.
pub(crate) const LIMIT: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub(crate) struct Remote {
    inner: ModelStore,
    fault: Fault,
    way: Arc<RemoteWay>,
}

/// What is wrong with the way at the moment.
#[derive(Debug, Default)]
pub(crate) struct RemoteWay {
    outage: Mutex<Option<Outage>>,
    outages: AtomicU64,
    writes: AtomicU64,
}

#[async_trait]
impl Way for RemoteWay {
    async fn interrupt(&self, outage: Outage) -> std::result::Result<(), HarnessError> {
        self.outages.fetch_add(1, Ordering::Relaxed);
        *self.outage.lock().unwrap_or_else(PoisonError::into_inner) = Some(outage);
        Ok(())
    }

    async fn restore(&self) -> std::result::Result<(), HarnessError> {
        *self.outage.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

impl Remote {
    pub(crate) fn new(inner: ModelStore, fault: Fault) -> Self {
        Self { inner, fault, way: Arc::default() }
    }

    pub(crate) fn way(&self) -> Arc<RemoteWay> {
        Arc::clone(&self.way)
    }

    fn outage(&self) -> Option<Outage> {
        let outage = *self.way.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let lasts = self.fault == Fault::OutageNeverPasses && self.way.outages.load(Ordering::Relaxed) > 0;
        outage.or(lasts.then_some(Outage::Gone))
    }

    async fn read<T, F: Future<Output = Result<T>>>(&self, missing: Option<T>, ask: impl Fn() -> F) -> Result<T> {
        match (self.outage(), missing) {
            (Some(Outage::Gone | Outage::Silent), Some(missing)) if self.fault == Fault::OutageReadsAsMiss => {
                Ok(missing)
            }
            (Some(Outage::Gone | Outage::Silent), _) => Err(self.away().await),
            _ => ask().await,
        }
    }

    async fn write<T, F: Future<Output = Result<T>>>(&self, apply: impl Fn() -> F) -> Result<T> {
        match self.outage() {
            Some(Outage::AnswersLost) if self.way.writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) => {
                let applied = apply().await;
                match self.fault {
                    Fault::LostAnswerIsSentAgain => apply().await,
                    Fault::LostAnswerPassesForDone => applied,
                    Fault::LostAnswerPassesForUnapplied => Err(lost(Outcome::NotApplied)),
                    _ => Err(lost(Outcome::Unknown)),
                }
            }
            Some(Outage::Gone | Outage::Silent) => Err(self.away().await),
            _ => apply().await,
        }
    }

    async fn away(&self) -> Error {
        match self.outage() {
            Some(Outage::Silent) if self.fault == Fault::OutageHangs => pending().await,
            Some(Outage::Silent) => {
                tokio::time::sleep(LIMIT).await;
                Error::new(ErrorKind::Timeout, "no answer")
            }
            _ => lost(Outcome::NotApplied),
        }
    }
}

fn lost(outcome: Outcome) -> Error {
    Error::new(ErrorKind::Unavailable, "the connection ended").with_outcome(outcome)
}

#[async_trait]
impl Store for Remote {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn default_lifetime(&self) -> Lifetime {
        self.inner.default_lifetime()
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.read(Some(None), || self.inner.get_entry(at, options)).await
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.write(|| self.inner.set_entry(at, value.clone(), options.clone())).await
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        self.write(|| self.inner.delete_entry(at, options.clone())).await
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.write(|| self.inner.expire_entry(at, options)).await
    }

    async fn take_entry(&self, at: Address<'_>, options: WriteOptions) -> Result<Option<Bytes>> {
        self.write(|| self.inner.take_entry(at, options)).await
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.read(None, || self.inner.entry_remaining(at)).await
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.read(None, || self.inner.list_page(namespace, options.clone())).await
    }

    async fn acquire_lock(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        self.write(|| self.inner.acquire_lock(at, owner, options)).await
    }

    async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
        self.write(|| self.inner.extend_lock(at, owner, ttl)).await
    }

    async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        self.write(|| self.inner.release_lock(at, owner)).await
    }

    async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        self.read(None, || self.inner.lock_is_held(at, owner)).await
    }

    async fn ping(&self) -> Result<()> {
        self.read(None, || self.inner.ping()).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

#[async_trait]
impl Cache for Remote {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.read(None, || self.inner.get_entries(namespace, keys)).await
    }

    async fn set_entries(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>, options: WriteOptions) -> Result<()> {
        self.write(|| self.inner.set_entries(namespace, items.clone(), options)).await
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.write(|| self.inner.add_to_counter(at, delta, options)).await
    }
}
