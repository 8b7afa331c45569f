//! `Arc` and `Box` of a store are stores.
//!
//! The methods are written in the form that `#[async_trait]` expands to, because an `async` body would box the future
//! of the inner store a second time: here a pointer in between costs a call and no allocation.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::cache::Cache;
use crate::capability::Capabilities;
use crate::client::KeyValueStoreClient;
use crate::entry::{
    Address, BatchItem, CounterOptions, DeleteOptions, Entry, ExpireOptions, GetOptions, ListOptions, Page, SetOptions,
    SetOutcome, WriteOptions,
};
use crate::error::Result;
use crate::expiry::{Lifetime, Remaining, Ttl};
use crate::key::Key;
use crate::lock::{FencingToken, LockOptions, LockOwner};
use crate::namespace::Namespace;
use crate::records::{
    ContentType, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions, StoreMetadata,
};
use crate::store::Store;

/// What `#[async_trait]` makes of an `async fn`.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Writes one method in the expanded form: `name<'extra lifetimes>(arguments) -> output;`.
macro_rules! forward {
    ($($name:ident<$($lifetime:lifetime),*>($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        fn $name<'life0, $($lifetime,)* 'async_trait>(&'life0 self, $($arg: $ty),*) -> BoxFuture<'async_trait, $out>
        where
            'life0: 'async_trait,
            $($lifetime: 'async_trait,)*
            Self: 'async_trait,
        {
            (**self).$name($($arg),*)
        }
    )*};
}

macro_rules! forward_pointer {
    ($pointer:ident) => {
        #[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the pointer")]
        impl<S: Store + ?Sized> Store for $pointer<S> {
            fn capabilities(&self) -> &Capabilities {
                (**self).capabilities()
            }

            fn default_lifetime(&self) -> Lifetime {
                (**self).default_lifetime()
            }

            forward! {
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

        #[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the pointer")]
        impl<S: Cache + ?Sized> Cache for $pointer<S> {
            forward! {
                get_entries<'life1, 'life2, 'life3>(namespace: &'life1 Namespace, keys: &'life2 [Key<'life3>]) -> Vec<Option<Bytes>>;
                set_entries<'life1, 'life2>(namespace: &'life1 Namespace, items: Vec<BatchItem<'life2>>, options: WriteOptions) -> ();
                delete_entries<'life1, 'life2, 'life3>(namespace: &'life1 Namespace, keys: &'life2 [Key<'life3>], options: WriteOptions) -> Vec<bool>;
                expire_entries<'life1, 'life2, 'life3>(namespace: &'life1 Namespace, keys: &'life2 [Key<'life3>], options: ExpireOptions) -> Vec<bool>;
                add_to_counter<'life1>(at: Address<'life1>, delta: i64, options: CounterOptions) -> i64;
            }
        }

        #[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the pointer")]
        impl<S: KeyValueStoreClient + ?Sized> KeyValueStoreClient for $pointer<S> {
            fn capabilities(&self) -> &Capabilities {
                (**self).capabilities()
            }

            forward! {
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
    };
}

forward_pointer!(Arc);
forward_pointer!(Box);
