//! A view of a store whose values are of one type.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;

use crate::cache::Cache;
use crate::cache_ext::CacheExt;
use crate::call::Origin;
use crate::codec::{Codec, decode, encode};
use crate::error::{ErrorKind, Result};
use crate::key::Key;
use crate::request::{Add, Get, Set};
use crate::store::Store;
use crate::store_ext::StoreExt;
use crate::update::Update;

/// What becomes of stored bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum OnCorrupt {
    /// An error that names the key.
    #[default]
    Fail,
    /// A miss, as if there were no entry: for caches, whose values can be made anew.
    Miss,
}

/// A store whose values are of type `T`, in the form of codec `C`. Made by [`StoreExt::typed`].
///
/// # Contract
/// * `corrupt_names_the_key`: stored bytes that do not decode are [`Corrupt`](ErrorKind::Corrupt), an error that names the key; they stay as they are.
/// * `corrupt_can_be_a_miss`: with [`OnCorrupt::Miss`] they read as if there were no entry.
/// * `corrupt_spoils_no_other`: in a batch they are an error in their place, and the other answers are there.
/// * `panics_stay_with_their_caller`: a panic in a codec or in a function given to `update` leaves every other caller working.
///
/// Operations that touch no value (delete, ttl, …) are those of the [`store`](Self::store) underneath.
///
/// Cache-aside with a typed value:
///
/// ```
/// # #[cfg(feature = "json")] {
/// use store_memory::{MemoryCache, prelude::*};
/// use store_core::{OnCorrupt, codec::Json};
///
/// # async fn example() -> store_core::Result<()> {
/// let prices = MemoryCache::new().typed::<Vec<u32>, _>(Json).on_corrupt(OnCorrupt::Miss);
/// let price = match prices.get("tea").await? {
///     Some(price) => price,
///     None => {
///         let loaded = vec![3, 50];
///         prices.set("tea", &loaded).await?;
///         loaded
///     }
/// };
/// assert_eq!(price, [3, 50]);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
/// # }
/// ```
pub struct Typed<S, T, C> {
    store: S,
    codec: C,
    on_corrupt: OnCorrupt,
    value: PhantomData<fn() -> T>,
}

impl<S: Store, T, C: Codec<T>> Typed<S, T, C> {
    pub(crate) fn new(store: S, codec: C) -> Self {
        Self { store, codec, on_corrupt: OnCorrupt::default(), value: PhantomData }
    }

    /// Sets what becomes of bytes that do not decode.
    #[must_use]
    pub fn on_corrupt(mut self, on_corrupt: OnCorrupt) -> Self {
        self.on_corrupt = on_corrupt;
        self
    }

    /// The store underneath.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Reads a value; `None` when there is none.
    ///
    /// # Errors
    /// As [`StoreExt::get`]; [`Corrupt`](ErrorKind::Corrupt).
    pub async fn get(&self, key: &str) -> Result<Option<T>> {
        self.read(key, self.store.get(key)).await
    }

    /// Reads a value and sets the remaining lifetime of an entry that expires, in one step.
    ///
    /// # Errors
    /// As [`StoreExt::get`]; [`Corrupt`](ErrorKind::Corrupt), and then the entry is renewed all the same.
    pub async fn get_and_renew(&self, key: &str, ttl: std::time::Duration) -> Result<Option<T>> {
        self.read(key, self.store.get(key).renew(ttl)).await
    }

    async fn read(&self, key: &str, get: Get<'_, S>) -> Result<Option<T>> {
        let value = get.await?;
        Ok(value.map(|bytes| self.decode("get", key, &bytes)).transpose()?.flatten())
    }

    /// Writes a value, with the setters of [`StoreExt::set`].
    ///
    /// # Errors
    /// As [`StoreExt::set`]; [`InvalidArgument`](ErrorKind::InvalidArgument) when the value does not encode.
    pub fn set<'a>(&'a self, key: &'a str, value: &T) -> Set<'a, S> {
        Set::new(&self.store, key, encode(&self.codec, value))
    }

    /// Reads and removes a value in one step.
    ///
    /// # Errors
    /// As [`StoreExt::take`]; [`Corrupt`](ErrorKind::Corrupt), and then the entry is gone.
    pub async fn take(&self, key: &str) -> Result<Option<T>> {
        let value = self.store.take(key).await?;
        Ok(value.map(|bytes| self.decode("take", key, &bytes)).transpose()?.flatten())
    }

    /// Reads, computes, and writes if nobody wrote in between, as [`StoreExt::update`]. Bytes that do not decode end
    /// the call, or are handed to `compute` as a missing value, as [`on_corrupt`](Self::on_corrupt) says.
    ///
    /// # Errors
    /// As [`StoreExt::update`]; [`Corrupt`](ErrorKind::Corrupt).
    ///
    /// What it gives are the stored bytes; a `compute` that needs the value itself keeps it.
    pub fn update<'a, F>(
        &'a self,
        key: &'a str,
        mut compute: F,
    ) -> Update<'a, S, impl FnMut(Option<Bytes>) -> Result<Option<Bytes>> + Send + use<'a, S, T, C, F>>
    where
        F: FnMut(Option<T>) -> Option<T> + Send + 'a,
        T: 'a,
    {
        Update::new(&self.store, key, move |current| {
            let current = current.map(|bytes| self.decode("update", key, &bytes)).transpose()?.flatten();
            compute(current).map(|next| encode(&self.codec, &next)).transpose()
        })
    }

    fn decode(&self, operation: &'static str, key: &str, bytes: &Bytes) -> Result<Option<T>> {
        match (decode_or_name(&self.codec, bytes, &self.store, operation, key), self.on_corrupt) {
            (Err(error), OnCorrupt::Miss) if error.kind() == ErrorKind::Corrupt => Ok(None),
            (value, _) => value.map(Some),
        }
    }
}

impl<S: Cache, T, C: Codec<T>> Typed<S, T, C> {
    /// Stores only over a missing entry; true for the call that stored.
    ///
    /// # Errors
    /// As [`CacheExt::add`]; [`InvalidArgument`](ErrorKind::InvalidArgument) when the value does not encode.
    pub fn add<'a>(&'a self, key: &'a str, value: &T) -> Add<'a, S> {
        Add::new(Set::new(&self.store, key, encode(&self.codec, value)))
    }

    /// Reads several values: one answer for each key, in order. A value that does not decode is an error in its place
    /// and spoils none of the others.
    ///
    /// # Errors
    /// As [`CacheExt::get_many`].
    pub async fn get_many<K: AsRef<str> + Sync>(&self, keys: &[K]) -> Result<Vec<Result<Option<T>>>> {
        let values = self.store.get_many(keys).await?;
        let answers = keys.iter().zip(values).map(|(key, value)| match value {
            Some(bytes) => self.decode("get_many", key.as_ref(), &bytes),
            None => Ok(None),
        });
        Ok(answers.collect())
    }

    /// Writes several values with the cache's default lifetime.
    ///
    /// # Errors
    /// As [`CacheExt::set_many`]; [`InvalidArgument`](ErrorKind::InvalidArgument) when a value does not encode.
    pub async fn set_many<'a, K>(&self, items: impl IntoIterator<Item = (&'a K, &'a T)>) -> Result<()>
    where
        K: AsRef<str> + ?Sized + 'a,
        T: 'a,
    {
        let encoded: Result<Vec<_>> =
            items.into_iter().map(|(key, value)| Ok((key.as_ref(), encode(&self.codec, value)?))).collect();
        self.store.set_many(encoded?).await
    }
}

impl<S: Clone, T, C: Clone> Clone for Typed<S, T, C> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), codec: self.codec.clone(), on_corrupt: self.on_corrupt, value: PhantomData }
    }
}

impl<S: fmt::Debug, T, C> fmt::Debug for Typed<S, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("store", &self.store)
            .field("on_corrupt", &self.on_corrupt)
            .finish_non_exhaustive()
    }
}

/// Decodes, and tells a failure where it comes from.
pub(crate) fn decode_or_name<T, S: Store + ?Sized>(
    codec: &impl Codec<T>,
    bytes: &Bytes,
    store: &S,
    operation: &'static str,
    key: &str,
) -> Result<T> {
    decode(codec, bytes).map_err(|error| {
        let driver = store.capabilities().driver;
        Origin { operation, driver, key: Key::new(key).ok() }.name(error)
    })
}
