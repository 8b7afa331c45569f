//! A driver whose writes fail after some that succeeded, and certainly do nothing then.

use std::sync::atomic::{AtomicU64, Ordering};

use store_core::{
    Address, Bytes, Cache, Capabilities, DeleteOptions, Entry, Error, ErrorKind, ExpireOptions, GetOptions, Lifetime,
    ListOptions, Namespace, Outcome, Page, Remaining, Result, SetOptions, SetOutcome, Store, async_trait,
};

/// Forwards single operations and leaves batches and walks to the bodies that the contract provides, so that a batch is a
/// sequence of writes of which any can be the one that fails.
#[derive(Debug)]
pub(crate) struct Failing<S> {
    inner: S,
    writes_left: AtomicU64,
}

impl<S> Failing<S> {
    pub(crate) fn after(writes: u64, inner: S) -> Self {
        Self { inner, writes_left: AtomicU64::new(writes) }
    }

    fn write(&self) -> Result<()> {
        let one_less = |left: u64| left.checked_sub(1);
        match self.writes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(ErrorKind::Unavailable, "made to fail").with_outcome(Outcome::NotApplied)),
        }
    }
}

#[async_trait]
impl<S: Store> Store for Failing<S> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn default_lifetime(&self) -> Lifetime {
        self.inner.default_lifetime()
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.inner.get_entry(at, options).await
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.write()?;
        self.inner.set_entry(at, value, options).await
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        self.write()?;
        self.inner.delete_entry(at, options).await
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.write()?;
        self.inner.expire_entry(at, options).await
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.inner.entry_remaining(at).await
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.inner.list_page(namespace, options).await
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

impl<S: Cache> Cache for Failing<S> {}
