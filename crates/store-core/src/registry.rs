//! Stores by name, made on first use.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;
use crate::store_ext::StoreExt;

type Factory<S> = dyn Fn(&str) -> Result<Arc<S>> + Send + Sync;

/// Stores by name: registered ones, and for every other name one that a factory makes on first use and that is then
/// kept for good: names are the program's own, not a request's.
///
/// ```
/// use std::sync::Arc;
/// use store_memory::{MemoryStore, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let stores = StoreRegistry::of_stores(Arc::new(MemoryStore::new()));
/// stores.get("sessions")?.set("s-81", "cookie").await?;
/// assert!(stores.get("sessions")?.exists("s-81").await?);
/// assert!(!stores.get("drafts")?.exists("s-81").await?);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// ```
pub struct StoreRegistry<S: ?Sized = dyn Store> {
    factory: Box<Factory<S>>,
    stores: RwLock<HashMap<String, Arc<S>>>,
}

impl StoreRegistry<dyn Store> {
    /// Stores: every name is a namespace of `root`.
    #[must_use]
    pub fn of_stores(root: Arc<dyn Store>) -> Self {
        Self::new(move |name| Ok(Arc::new(root.namespace(name)?)))
    }
}

impl StoreRegistry<dyn Cache> {
    /// Caches: every name is a namespace of `root`.
    #[must_use]
    pub fn of_caches(root: Arc<dyn Cache>) -> Self {
        Self::new(move |name| Ok(Arc::new(root.namespace(name)?)))
    }
}

impl<S: ?Sized> StoreRegistry<S> {
    /// Names that are not registered get what `factory` makes of them.
    #[must_use]
    pub fn new(factory: impl Fn(&str) -> Result<Arc<S>> + Send + Sync + 'static) -> Self {
        Self { factory: Box::new(factory), stores: RwLock::default() }
    }

    /// The store of this name. Of concurrent first calls all get the same one.
    ///
    /// # Errors
    /// Those of the factory; then nothing is kept.
    pub fn get(&self, name: &str) -> Result<Arc<S>> {
        let known = self.stores.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(store) = known {
            return Ok(store);
        }
        // The factory is the user's code: it runs outside of the lock, so that it may panic or ask this registry.
        let made = (self.factory)(name)?;
        let mut stores = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        Ok(stores.entry(name.to_owned()).or_insert(made).clone())
    }

    /// Gives a name to a store.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] when the name is taken; [`replace`](Self::replace) takes it anyway.
    pub fn register(&self, name: impl Into<String>, store: Arc<S>) -> Result<()> {
        use std::collections::hash_map::Entry;

        match self.stores.write().unwrap_or_else(PoisonError::into_inner).entry(name.into()) {
            Entry::Vacant(free) => {
                free.insert(store);
                Ok(())
            }
            Entry::Occupied(taken) => {
                let name = taken.key();
                Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("a store of this name is registered; name={name:?}"),
                ))
            }
        }
    }

    /// Gives a name to a store, and returns the one that had it.
    pub fn replace(&self, name: impl Into<String>, store: Arc<S>) -> Option<Arc<S>> {
        self.stores.write().unwrap_or_else(PoisonError::into_inner).insert(name.into(), store)
    }
}

impl<S: ?Sized> fmt::Debug for StoreRegistry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("StoreRegistry").field("names", &stores.keys()).finish_non_exhaustive()
    }
}
