//! Stores, caches and clients that note every call as progress, so that no check has to.
//!
//! A call is noted when it is made: then the one before was answered. The methods are written in the form that
//! `#[async_trait]` expands to, because an `async` body would box the future of every call a second time.

use std::pin::Pin;
use std::sync::Arc;

use store_core::{
    Address, BatchItem, Bytes, Cache, Capabilities, ContentType, CounterOptions, DeleteOptions, Entry, ExpireOptions,
    FencingToken, GetOptions, Key, KeyValueStoreClient, Lifetime, ListOptions, LockOptions, LockOwner, Namespace,
    OpenOptions, OpenedStore, Page, Record, RecordMetadata, RecordPage, RecordPageOptions, Remaining, Result,
    SetOptions, SetOutcome, Store, StoreMetadata, Ttl, WriteOptions,
};

use crate::progress::Progress;

/// What notes the calls to `inner`, on whatever thread they are made.
#[derive(Clone, Debug)]
pub(crate) struct Noting<S> {
    inner: S,
    progress: Progress,
}

impl<S> Noting<S> {
    pub(crate) fn new(inner: S, progress: &Progress) -> Self {
        Self { inner, progress: progress.clone() }
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Writes methods in the expanded form: `name<'extra lifetimes>(arguments) -> output;`.
macro_rules! note_and_forward {
    ($($name:ident<$($lifetime:lifetime),*>($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        fn $name<'life0, $($lifetime,)* 'async_trait>(&'life0 self, $($arg: $ty),*) -> BoxFuture<'async_trait, $out>
        where
            'life0: 'async_trait,
            $($lifetime: 'async_trait,)*
            Self: 'async_trait,
        {
            self.progress.note();
            self.inner.$name($($arg),*)
        }
    )*};
}

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past this layer")]
impl<S: Store + ?Sized> Store for Noting<Arc<S>> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn default_lifetime(&self) -> Lifetime {
        self.inner.default_lifetime()
    }

    note_and_forward! {
        get_entry<'life1>(at: Address<'life1>, options: GetOptions) -> Option<Entry>;
        set_entry<'life1>(at: Address<'life1>, value: Bytes, options: SetOptions) -> SetOutcome;
        delete_entry<'life1>(at: Address<'life1>, options: DeleteOptions) -> bool;
        expire_entry<'life1>(at: Address<'life1>, options: ExpireOptions) -> bool;
        take_entry<'life1>(at: Address<'life1>, options: WriteOptions) -> Option<Bytes>;
        entry_exists<'life1>(at: Address<'life1>) -> bool;
        entry_remaining<'life1>(at: Address<'life1>) -> Option<Remaining>;
        list_page<'life1>(namespace: &'life1 Namespace, options: ListOptions) -> Page;
        clear_namespace<'life1>(namespace: &'life1 Namespace, options: WriteOptions) -> u64;
        clear_subtree<'life1>(namespace: &'life1 Namespace, options: WriteOptions) -> u64;
        acquire_lock<'life1>(at: Address<'life1>, owner: LockOwner, options: LockOptions) -> Option<FencingToken>;
        extend_lock<'life1>(at: Address<'life1>, owner: LockOwner, ttl: Ttl) -> bool;
        release_lock<'life1>(at: Address<'life1>, owner: LockOwner) -> bool;
        lock_is_held<'life1>(at: Address<'life1>, owner: LockOwner) -> bool;
        ping<>() -> ();
        close<>() -> ();
    }
}

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past this layer")]
impl<S: Cache + ?Sized> Cache for Noting<Arc<S>> {
    note_and_forward! {
        get_entries<'life1, 'life2, 'life3>(namespace: &'life1 Namespace, keys: &'life2 [Key<'life3>]) -> Vec<Option<Bytes>>;
        set_entries<'life1, 'life2>(namespace: &'life1 Namespace, items: Vec<BatchItem<'life2>>, options: WriteOptions) -> ();
        delete_entries<'life1, 'life2, 'life3>(namespace: &'life1 Namespace, keys: &'life2 [Key<'life3>], options: WriteOptions) -> Vec<bool>;
        expire_entries<'life1, 'life2, 'life3>(namespace: &'life1 Namespace, keys: &'life2 [Key<'life3>], options: ExpireOptions) -> Vec<bool>;
        add_to_counter<'life1>(at: Address<'life1>, delta: i64, options: CounterOptions) -> i64;
    }
}

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past this layer")]
impl<S: KeyValueStoreClient + ?Sized> KeyValueStoreClient for Noting<Arc<S>> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    note_and_forward! {
        open_store<>(options: OpenOptions) -> OpenedStore;
        store_metadata<'life1>(store: &'life1 OpenedStore) -> StoreMetadata;
        get_record<'life1, 'life2>(store: &'life1 OpenedStore, key: Key<'life2>) -> Option<Record>;
        set_record<'life1, 'life2>(store: &'life1 OpenedStore, key: Key<'life2>, content_type: ContentType, value: Bytes) -> ();
        delete_record<'life1, 'life2>(store: &'life1 OpenedStore, key: Key<'life2>) -> bool;
        has_record<'life1, 'life2>(store: &'life1 OpenedStore, key: Key<'life2>) -> bool;
        list_record_keys<'life1>(store: &'life1 OpenedStore, options: RecordPageOptions) -> RecordPage<RecordMetadata>;
        list_records<'life1>(store: &'life1 OpenedStore, options: RecordPageOptions) -> RecordPage<Record>;
        purge_store<'life1>(store: &'life1 OpenedStore) -> ();
        drop_store<'life1>(store: &'life1 OpenedStore) -> ();
        record_url<'life1, 'life2>(store: &'life1 OpenedStore, key: Key<'life2>) -> String;
        ping<>() -> ();
        close<>() -> ();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use store_core::StoreExt;
    use store_memory::MemoryStore;

    use super::*;
    use crate::faults::{Faults, FaultyStore, Operation, Rule};
    use crate::walk::{Reach, walk};

    const LIMIT: Duration = Duration::from_secs(60);
    const KEYS: usize = 20;

    /// What becomes of a list of many pages, in a store that fails so when it lists.
    async fn list(rule: Rule) -> Option<usize> {
        let (progress, faults) = (Progress::new(), Faults::new());
        let store: Arc<dyn Store> = Arc::new(FaultyStore::new(MemoryStore::new(), faults.clone()));
        let store: Arc<dyn Store> = Arc::new(Noting::new(store, &progress));
        let store = store.namespace("app").unwrap();
        for key in 0..KEYS {
            store.set(&key.to_string(), "x").await.unwrap();
        }
        faults.add(rule.on([Operation::List]));
        let listed = progress.watch(LIMIT, walk(&store, Reach::Namespace, 1)).await;
        listed.map(|listed| listed.unwrap().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_walk_may_take_long_as_long_as_its_pages_come() {
        assert_eq!(list(Rule::delay(LIMIT / 2)).await, Some(KEYS));
    }

    #[tokio::test(start_paused = true)]
    async fn a_walk_that_gets_no_answer_half_way_hangs() {
        assert_eq!(list(Rule::hang().nth(KEYS as u64 / 2)).await, None);
    }
}
