//! The wrapper, as a store.

use std::future::{Future, pending};

use store_core::{
    Address, Bytes, Capabilities, DeleteOptions, Entry, Error, ErrorKind, ExpireOptions, FencingToken, GetOptions, Key,
    Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Outcome, Page, Remaining, Result, SetOptions, SetOutcome,
    Store, Ttl, WriteOptions, async_trait,
};

use super::operation::Operation;
use super::{End, Fate, Faults};

/// Forwards every call to the store under it, except for what its [`Faults`] do to it.
///
/// Around a store it is a store, around a cache a cache, around a client for records such a client; `Arc<dyn Store>` and
/// the like are all of these too. It declares what the store under it declares, and without rules behaves as that does.
///
/// A batch is one call, and so is `clear`: they fail as a whole or not at all.
#[derive(Clone, Debug)]
pub struct FaultyStore<S> {
    pub(super) inner: S,
    faults: Faults,
}

impl<S> FaultyStore<S> {
    /// Wraps a store, a cache or a client for records. Several may share their faults.
    pub fn new(inner: S, faults: Faults) -> Self {
        Self { inner, faults }
    }

    /// The store under it.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Carries out a call as its fate has it.
    pub(super) async fn meet<T>(
        &self,
        operation: Operation,
        keys: &[Key<'_>],
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let Fate { delay, end } = self.faults.fate(operation, keys);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match end {
            None => call.await,
            Some(End::Hang) => pending().await,
            Some(End::FailBefore(kind)) => Err(made_to_fail(kind, "made to fail instead", Outcome::NotApplied)),
            Some(End::FailAfter(kind)) => {
                let _lost = call.await?;
                Err(made_to_fail(kind, "made to lose the answer", Outcome::Unknown))
            }
        }
    }
}

fn made_to_fail(kind: ErrorKind, message: &'static str, outcome: Outcome) -> Error {
    Error::new(kind, message).with_outcome(outcome)
}

/// The error of an operation that people call directly, so that nobody above names it.
pub(super) fn named(error: Error, operation: &'static str, declared: &Capabilities) -> Error {
    error.with_driver(declared.driver).with_context(operation, None)
}

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the rules")]
#[async_trait]
impl<S: Store> Store for FaultyStore<S> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn default_lifetime(&self) -> Lifetime {
        self.inner.default_lifetime()
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.meet(Operation::Get, &[at.key], self.inner.get_entry(at, options)).await
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.meet(Operation::Set, &[at.key], self.inner.set_entry(at, value, options)).await
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        self.meet(Operation::Delete, &[at.key], self.inner.delete_entry(at, options)).await
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.meet(Operation::Expire, &[at.key], self.inner.expire_entry(at, options)).await
    }

    async fn take_entry(&self, at: Address<'_>, options: WriteOptions) -> Result<Option<Bytes>> {
        self.meet(Operation::Take, &[at.key], self.inner.take_entry(at, options)).await
    }

    async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        self.meet(Operation::Exists, &[at.key], self.inner.entry_exists(at)).await
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.meet(Operation::Ttl, &[at.key], self.inner.entry_remaining(at)).await
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.meet(Operation::List, &[], self.inner.list_page(namespace, options)).await
    }

    async fn clear_namespace(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        self.meet(Operation::Clear, &[], self.inner.clear_namespace(namespace, options)).await
    }

    async fn clear_subtree(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        self.meet(Operation::Clear, &[], self.inner.clear_subtree(namespace, options)).await
    }

    async fn acquire_lock(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        self.meet(Operation::AcquireLock, &[at.key], self.inner.acquire_lock(at, owner, options)).await
    }

    async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
        self.meet(Operation::ExtendLock, &[at.key], self.inner.extend_lock(at, owner, ttl)).await
    }

    async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        self.meet(Operation::ReleaseLock, &[at.key], self.inner.release_lock(at, owner)).await
    }

    async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        self.meet(Operation::LockIsHeld, &[at.key], self.inner.lock_is_held(at, owner)).await
    }

    async fn ping(&self) -> Result<()> {
        let answer = self.meet(Operation::Ping, &[], self.inner.ping()).await;
        answer.map_err(|error| named(error, "ping", self.capabilities()))
    }

    async fn close(&self) -> Result<()> {
        let answer = self.meet(Operation::Close, &[], self.inner.close()).await;
        answer.map_err(|error| named(error, "close", self.capabilities()))
    }
}
