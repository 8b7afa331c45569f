//! The wrapper, as a cache.

use store_core::{
    Address, BatchItem, Bytes, Cache, CounterOptions, ExpireOptions, Key, Namespace, Result, WriteOptions, async_trait,
};

use super::faulty_store::FaultyStore;
use super::operation::Operation;

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the rules")]
#[async_trait]
impl<S: Cache> Cache for FaultyStore<S> {
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        self.meet(Operation::GetMany, keys, self.inner.get_entries(namespace, keys)).await
    }

    async fn set_entries(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>, options: WriteOptions) -> Result<()> {
        let keys: Vec<_> = items.iter().map(|item| item.key).collect();
        self.meet(Operation::SetMany, &keys, self.inner.set_entries(namespace, items, options)).await
    }

    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: WriteOptions,
    ) -> Result<Vec<bool>> {
        self.meet(Operation::DeleteMany, keys, self.inner.delete_entries(namespace, keys, options)).await
    }

    async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        self.meet(Operation::ExpireMany, keys, self.inner.expire_entries(namespace, keys, options)).await
    }

    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        self.meet(Operation::Increment, &[at.key], self.inner.add_to_counter(at, delta, options)).await
    }
}
