//! A driver that could do everything it could before, but declares the least.

use store_core::{
    Address, BatchItem, Bytes, Cache, Capabilities, CounterOptions, DeleteOptions, Entry, ExpireOptions, FencingToken,
    GetOptions, Key, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Page, Remaining, Result, SetOptions,
    SetOutcome, Store, Ttl, WriteOptions, async_trait,
};

/// Forwards every operation to the store under it, so that only the declaration can make a call fail.
#[derive(Debug)]
pub(crate) struct Undeclaring<S> {
    inner: S,
    declared: Capabilities,
}

impl<S: Store> Undeclaring<S> {
    pub(crate) fn new(inner: S) -> Self {
        let all = inner.capabilities();
        let declared = Capabilities::minimal(all.driver, all.topology)
            .with_max_key_bytes(all.max_key_bytes)
            .with_max_value_bytes(all.max_value_bytes)
            .with_max_batch_items(all.max_batch_items);
        Self { inner, declared }
    }
}

#[deny(clippy::missing_trait_methods, reason = "a default method would fail for want of an implementation")]
#[async_trait]
impl<S: Store> Store for Undeclaring<S> {
    fn capabilities(&self) -> &Capabilities {
        &self.declared
    }

    fn default_lifetime(&self) -> Lifetime {
        self.inner.default_lifetime()
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.inner.get_entry(at, options).await
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.inner.set_entry(at, value, options).await
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

    async fn clear_namespace(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        self.inner.clear_namespace(namespace, options).await
    }

    async fn clear_subtree(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        self.inner.clear_subtree(namespace, options).await
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
        self.inner.ping().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

#[deny(clippy::missing_trait_methods, reason = "a default method would fail for want of an implementation")]
#[async_trait]
impl<S: Cache> Cache for Undeclaring<S> {
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

    async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        self.inner.expire_entries(namespace, keys, options).await
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.inner.add_to_counter(at, delta, options).await
    }
}
