//! A view of a store whose values are of one type.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use bytes::Bytes;

use crate::batch::{SetItem, SetMany};
use crate::cache::Cache;
use crate::cache_ext::CacheExt;
use crate::call::{Call, Origin};
use crate::codec::{Codec, Decode, decode, encode};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Outcome, Result};
use crate::expiry::{Expiry, Remaining, Ttl};
use crate::key::Key;
use crate::listing::List;
use crate::namespace::Namespace;
use crate::namespaced::Namespaced;
use crate::request::{Add, Clear, Delete, Expire, Get, Set};
use crate::store::Store;
use crate::store_ext::StoreExt;
use crate::update::Update;

/// What becomes of stored bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum OnCorrupt {
    /// An error that names the key.
    #[default]
    Fail,
    /// A miss, as if there were no entry: for caches, whose values can be made anew. The entry itself stays, so only a
    /// `set` heals it; an `add` still finds it there.
    Miss,
}

/// A store whose values are of type `T`, in the form of codec `C`. Made by [`StoreExt::typed`].
///
/// # Contract
/// * `corrupt_names_the_key`: stored bytes that do not decode are [`Corrupt`](ErrorKind::Corrupt), an error that names the key; they stay as they are, except that `take` has removed and renewal has renewed them, which the outcome says.
/// * `corrupt_can_be_a_miss`: with [`OnCorrupt::Miss`] they read as if there were no entry.
/// * `corrupt_spoils_no_other`: in a batch they are an error in their place, and the other answers are there.
/// * `panics_stay_with_their_caller`: a panic in a codec or in a function given to `update` leaves every other caller working.
///
/// Cache-aside, with a short memory for what is known to be missing:
///
/// ```
/// # #[cfg(feature = "json")] {
/// use std::time::Duration;
/// use store_memory::{MemoryCache, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let prices = MemoryCache::new().typed::<Option<u32>, _>(codec::Json).on_corrupt(OnCorrupt::Miss);
/// let price = match prices.get("gold").await? {
///     Some(known) => known,
///     None => {
///         let loaded: Option<u32> = None; // from the database
///         let ttl = Duration::from_secs(if loaded.is_some() { 600 } else { 30 });
///         prices.set("gold", &loaded).ttl(ttl).await?;
///         loaded
///     }
/// };
/// assert_eq!(price, None);
/// assert_eq!(prices.get("gold").await?, Some(None));
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
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

    /// The same view of a namespace nested in the store.
    ///
    /// # Errors
    /// As [`StoreExt::namespace`].
    pub fn namespace<N>(&self, child: N) -> Result<Typed<Namespaced<S>, T, C>>
    where
        S: Clone,
        C: Clone,
        N: TryInto<Namespace>,
        N::Error: Into<Error>,
    {
        let store = self.store.namespace(child)?;
        Ok(Typed { store, codec: self.codec.clone(), on_corrupt: self.on_corrupt, value: PhantomData })
    }

    /// Reads a value; `None` when there is none. [`renew`](TypedGet::renew) also sets the remaining lifetime of an entry
    /// that expires.
    ///
    /// # Errors
    /// As [`StoreExt::get`]; [`Corrupt`](ErrorKind::Corrupt).
    pub fn get<'a>(&'a self, key: &'a str) -> TypedGet<'a, S, T, C> {
        TypedGet { typed: self, key, get: self.store.get(key), changed: Outcome::NotApplied }
    }

    /// Writes a value, with the setters of [`StoreExt::set`]. The bytes for a value condition are those of
    /// [`encode`](Self::encode).
    ///
    /// # Errors
    /// As [`StoreExt::set`]; [`InvalidArgument`](ErrorKind::InvalidArgument) when the value does not encode.
    pub fn set<'a>(&'a self, key: &'a str, value: &T) -> Set<'a, S> {
        Set::new(&self.store, key, self.encode(value))
    }

    /// Reads and removes a value in one step.
    ///
    /// # Errors
    /// As [`StoreExt::take`]; [`Corrupt`](ErrorKind::Corrupt) with an unknown outcome, because the entry is gone then.
    pub async fn take(&self, key: &str) -> Result<Option<T>> {
        let value = self.store.take(key).await?;
        self.decode_found("take", key, value, Outcome::Unknown)
    }

    /// Reads, computes, and writes if nobody wrote in between, as [`StoreExt::update`]: it gives what was written, and
    /// **`None` from `compute` removes the entry**. The expiry is kept. Bytes that do not decode end the call, or are a
    /// missing value to `compute`, as [`on_corrupt`](Self::on_corrupt) says.
    ///
    /// # Errors
    /// As [`StoreExt::update`]; [`Corrupt`](ErrorKind::Corrupt); [`InvalidArgument`](ErrorKind::InvalidArgument) when
    /// the value does not encode.
    pub async fn update<F>(&self, key: &str, mut compute: F) -> Result<Option<T>>
    where
        F: FnMut(Option<T>) -> Option<T> + Send,
        T: Send,
    {
        self.try_update(key, |current| Ok::<_, Error>(compute(current))).await
    }

    /// [`update`](Self::update) with a computation that can fail, with any error that an [`Error`] turns into.
    ///
    /// # Errors
    /// As [`update`](Self::update), and those of `compute`.
    pub async fn try_update<F, E>(&self, key: &str, mut compute: F) -> Result<Option<T>, E>
    where
        F: FnMut(Option<T>) -> Result<Option<T>, E> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        let mut written = None;
        let compute_bytes = |current: Option<Bytes>| {
            let current = self.decode_found("update", key, current, Outcome::NotApplied)?;
            let next = compute(current)?;
            let bytes = next.as_ref().map(|next| self.encode(next)).transpose()?;
            written = next;
            Ok::<_, E>(bytes)
        };
        Update::new(&self.store, key, compute_bytes).await?;
        Ok(written)
    }

    /// The stored form of a value, as for a value condition.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) when the value does not encode.
    pub fn encode(&self, value: &T) -> Result<Bytes> {
        encode(&self.codec, value)
    }

    /// As [`StoreExt::delete`].
    pub fn delete<'a>(&'a self, key: &'a str) -> Delete<'a, S> {
        self.store.delete(key)
    }

    /// As [`StoreExt::expire`].
    pub fn expire<'a, E>(&'a self, key: &'a str, expiry: E) -> Expire<'a, S>
    where
        E: TryInto<Expiry>,
        E::Error: Into<Error>,
    {
        self.store.expire(key, expiry)
    }

    /// As [`StoreExt::exists`].
    pub fn exists<'a>(&'a self, key: &'a str) -> Call<'a, bool> {
        self.store.exists(key)
    }

    /// As [`StoreExt::ttl`].
    pub fn ttl<'a>(&'a self, key: &'a str) -> Call<'a, Option<Remaining>> {
        self.store.ttl(key)
    }

    /// As [`StoreExt::list`].
    pub fn list(&self) -> List<'_, S> {
        self.store.list()
    }

    /// As [`StoreExt::clear`].
    pub fn clear(&self) -> Clear<'_, S> {
        self.store.clear()
    }

    /// Decodes what was found. `changed` is the outcome of a failure: what the read itself has done to the entry.
    fn decode_found(
        &self,
        operation: &'static str,
        key: &str,
        found: Option<Bytes>,
        changed: Outcome,
    ) -> Result<Option<T>> {
        let Some(bytes) = found else { return Ok(None) };
        match (decode_or_name(&self.codec, &bytes, &self.store, operation, key), self.on_corrupt) {
            (Err(_), OnCorrupt::Miss) => Ok(None),
            (value, _) => value.map(Some).map_err(|error| error.with_outcome(changed)),
        }
    }
}

impl<S: Cache, T, C: Codec<T>> Typed<S, T, C> {
    /// Stores only over a missing entry; true for the call that stored.
    ///
    /// # Errors
    /// As [`CacheExt::add`]; [`InvalidArgument`](ErrorKind::InvalidArgument) when the value does not encode.
    pub fn add<'a>(&'a self, key: &'a str, value: &T) -> Add<'a, S> {
        Add::new(Set::new(&self.store, key, self.encode(value)))
    }

    /// Reads several values: one answer for each key, in order. A value that does not decode is an error in its place
    /// and spoils none of the others.
    ///
    /// # Errors
    /// As [`CacheExt::get_many`].
    pub async fn get_many<K: AsRef<str> + Sync>(&self, keys: &[K]) -> Result<Vec<Result<Option<T>>>> {
        let values = self.store.get_many(keys).await?;
        let decode = |(key, found): (&K, _)| self.decode_found("get_many", key.as_ref(), found, Outcome::NotApplied);
        Ok(keys.iter().zip(values).map(decode).collect())
    }

    /// Writes several values, with the setters of [`CacheExt::set_many`].
    ///
    /// # Errors
    /// As [`CacheExt::set_many`]; [`InvalidArgument`](ErrorKind::InvalidArgument) when a value does not encode.
    pub fn set_many<'a, 'v, K>(&'a self, items: impl IntoIterator<Item = (K, &'v T)>) -> SetMany<'a, S>
    where
        K: Into<Cow<'a, str>>,
        T: 'v,
    {
        let item = |(key, value): (K, &T)| SetItem::encoded(key.into(), self.encode(value));
        SetMany::new(&self.store, items.into_iter().map(item).collect())
    }
}

/// A read of a typed value. Awaiting it gives `Result<Option<T>>`.
#[must_use = "an operation does nothing until it is awaited"]
pub struct TypedGet<'a, S, T, C> {
    typed: &'a Typed<S, T, C>,
    key: &'a str,
    get: Get<'a, S>,
    /// What the read does to the entry even if its value does not decode.
    changed: Outcome,
}

impl<S: Store, T, C: Codec<T>> TypedGet<'_, S, T, C> {
    /// As [`Get::renew`]. An entry whose value does not decode is renewed all the same.
    pub fn renew<R>(mut self, ttl: R) -> Self
    where
        R: TryInto<Ttl>,
        R::Error: Into<Error>,
    {
        self.get = self.get.renew(ttl);
        self.changed = Outcome::Unknown;
        self
    }
}

impl<'a, S: Store, T: 'a, C: Codec<T>> IntoFuture for TypedGet<'a, S, T, C> {
    type Output = Result<Option<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let found = self.get.await?;
            self.typed.decode_found("get", self.key, found, self.changed)
        })
    }
}

impl<S: fmt::Debug, T, C> fmt::Debug for TypedGet<'_, S, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedGet").field("get", &self.get).finish_non_exhaustive()
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
    codec: &impl Decode<T>,
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
