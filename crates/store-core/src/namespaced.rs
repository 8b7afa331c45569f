//! A handle on one namespace of a store.

use bytes::Bytes;

use crate::cache::Cache;
use crate::capability::Capabilities;
use crate::entry::{
    Address, BatchItem, CounterOptions, DeleteOptions, Entry, ExpireOptions, GetOptions, ListOptions, Page, SetOptions,
    SetOutcome, WriteOptions,
};
use crate::error::{Error, Result};
use crate::expiry::{Lifetime, Remaining, Ttl};
use crate::forward::BoxFuture;
use crate::key::Key;
use crate::lock::{FencingToken, LockOptions, LockOwner};
use crate::namespace::Namespace;
use crate::store::Store;

/// A store that sees one namespace of another, and whatever is nested in it.
///
/// Of a store it is a store, of a cache a cache, counters and batches included. The driver still gets the whole path.
/// Made by [`StoreExt::namespace`](crate::StoreExt::namespace); its own [`namespace`](Self::namespace) goes deeper
/// without stacking handles, so that depth costs nothing per call. A handle on an `Arc<dyn Store>` that is a handle
/// itself has to join the two paths in every call, which allocates.
#[derive(Clone, Debug)]
pub struct Namespaced<S> {
    inner: S,
    path: Namespace,
}

impl<S> Namespaced<S> {
    pub(crate) fn new(inner: S, path: Namespace) -> Self {
        Self { inner, path }
    }

    /// The namespace, complete from its root as far as this handle knows.
    #[must_use]
    pub fn path(&self) -> &Namespace {
        &self.path
    }

    /// A handle on a namespace nested in this one.
    ///
    /// # Errors
    /// As [`StoreExt::namespace`](crate::StoreExt::namespace).
    pub fn namespace<N>(&self, child: N) -> Result<Self>
    where
        S: Clone,
        N: TryInto<Namespace>,
        N::Error: Into<Error>,
    {
        let path = self.path.join(&child.try_into().map_err(Into::into)?)?;
        Ok(Self { inner: self.inner.clone(), path })
    }

    /// The store under the handle.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The store under the handle, without it.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

// The extension traits always ask for the empty namespace. Then the path is lent as it is and the inner store's future
// handed on, without an allocation; this is why the methods are written in the form that `#[async_trait]` expands to.
// Only a handle around an opaque `Arc<dyn Store>` that is a handle itself has to join paths during the call.

/// Methods that take an [`Address`] first.
macro_rules! at_joined_address {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        fn $name<'life0, 'life1, 'async_trait>(
            &'life0 self, at: Address<'life1>, $($arg: $ty),*
        ) -> BoxFuture<'async_trait, $out>
        where
            'life0: 'async_trait,
            'life1: 'async_trait,
            Self: 'async_trait,
        {
            if at.namespace.is_empty() {
                return self.inner.$name(Address { namespace: &self.path, key: at.key }, $($arg),*);
            }
            Box::pin(async move {
                let namespace = self.path.join(at.namespace)?;
                self.inner.$name(Address { namespace: &namespace, key: at.key }, $($arg),*).await
            })
        }
    )*};
}

/// Methods that take a [`Namespace`] first.
macro_rules! in_joined_namespace {
    ($($name:ident<$($lifetime:lifetime),*>($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        fn $name<'life0, 'life1, $($lifetime,)* 'async_trait>(
            &'life0 self, namespace: &'life1 Namespace, $($arg: $ty),*
        ) -> BoxFuture<'async_trait, $out>
        where
            'life0: 'async_trait,
            'life1: 'async_trait,
            $($lifetime: 'async_trait,)*
            Self: 'async_trait,
        {
            if namespace.is_empty() {
                return self.inner.$name(&self.path, $($arg),*);
            }
            Box::pin(async move {
                let namespace = self.path.join(namespace)?;
                self.inner.$name(&namespace, $($arg),*).await
            })
        }
    )*};
}

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the handle")]
impl<S: Store> Store for Namespaced<S> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn default_lifetime(&self) -> Lifetime {
        self.inner.default_lifetime()
    }

    at_joined_address! {
        get_entry(options: GetOptions) -> Option<Entry>;
        set_entry(value: Bytes, options: SetOptions) -> SetOutcome;
        delete_entry(options: DeleteOptions) -> bool;
        expire_entry(options: ExpireOptions) -> bool;
        take_entry(options: WriteOptions) -> Option<Bytes>;
        entry_exists() -> bool;
        entry_remaining() -> Option<Remaining>;
        acquire_lock(owner: LockOwner, options: LockOptions) -> Option<FencingToken>;
        extend_lock(owner: LockOwner, ttl: Ttl) -> bool;
        release_lock(owner: LockOwner) -> bool;
        lock_is_held(owner: LockOwner) -> bool;
    }

    fn list_page<'life0, 'life1, 'async_trait>(
        &'life0 self,
        namespace: &'life1 Namespace,
        options: ListOptions,
    ) -> BoxFuture<'async_trait, Page>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let namespace = self.path.join(namespace)?;
            let mut page = self.inner.list_page(&namespace, options).await?;
            // Callers know only what lies below the handle, so the path down to it is taken off again.
            for listed in &mut page.keys {
                if let Some(relative) = listed.namespace.relative_to(&self.path) {
                    listed.namespace = relative;
                }
            }
            Ok(page)
        })
    }

    in_joined_namespace! {
        clear_namespace<>(options: WriteOptions) -> u64;
        clear_subtree<>(options: WriteOptions) -> u64;
    }

    fn ping<'life0, 'async_trait>(&'life0 self) -> BoxFuture<'async_trait, ()>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.ping()
    }

    fn close<'life0, 'async_trait>(&'life0 self) -> BoxFuture<'async_trait, ()>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.close()
    }
}

#[deny(clippy::missing_trait_methods, reason = "a method added to the trait must not slip past the handle")]
impl<S: Cache> Cache for Namespaced<S> {
    in_joined_namespace! {
        get_entries<'life2, 'life3>(keys: &'life2 [Key<'life3>]) -> Vec<Option<Bytes>>;
        set_entries<'life2>(items: Vec<BatchItem<'life2>>, options: WriteOptions) -> ();
        delete_entries<'life2, 'life3>(keys: &'life2 [Key<'life3>], options: WriteOptions) -> Vec<bool>;
        expire_entries<'life2, 'life3>(keys: &'life2 [Key<'life3>], options: ExpireOptions) -> Vec<bool>;
    }

    at_joined_address! {
        add_to_counter(delta: i64, options: CounterOptions) -> i64;
    }
}
