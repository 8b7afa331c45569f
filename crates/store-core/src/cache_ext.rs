//! What people call on a cache, beyond what they call on a store.

use std::future::Future;

use crate::batch::{DeleteMany, ExpireMany, GetMany, SetItem, SetMany};
use crate::cache::Cache;
use crate::counter::parse_counter;
use crate::counting::Increment;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Expiry;
use crate::key::Key;
use crate::request::{Add, Set};
use crate::store_ext::StoreExt;
use crate::value::IntoValue;

/// The operations of every [`Cache`], also of `Arc<dyn Cache>`, on top of [`StoreExt`](crate::StoreExt).
///
/// The contract is told at [`Cache`]. With this project's drivers each operation is one round trip, a batch included. Errors,
/// cancellation and `.into_future()` are as told at [`StoreExt`](crate::StoreExt).
///
/// ```
/// use std::time::Duration;
/// use store_memory::{MemoryCache, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let cache = MemoryCache::new();
/// // A rate limit with a fixed window: the first hit starts the minute.
/// let hits = cache.increment("ip:10.0.0.7", 1).ttl_on_create(Duration::from_secs(60)).await?;
/// assert_eq!(hits, 1);
/// // Warm up, then read back in one go.
/// cache.set_many([("a", "1"), ("b", "2")]).await?;
/// assert_eq!(cache.get_many(&["b", "c"]).await?, [Some("2".into()), None]);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// ```
pub trait CacheExt: Cache {
    /// Stores only over a missing or expired entry; true for the call that stored.
    ///
    /// # Errors
    /// As an unconditional [`set`](crate::StoreExt::set).
    ///
    /// An idempotency key: the first request does the work, the others get its answer or learn that it is under way.
    ///
    /// ```
    /// use std::time::Duration;
    /// use store_memory::{MemoryCache, prelude::*};
    ///
    /// # async fn example() -> store_core::Result<()> {
    /// let requests = MemoryCache::new().namespace("idempotency")?;
    /// if requests.add("order-1", "").ttl(Duration::from_secs(30)).await? {
    ///     // … the work …
    ///     requests.set("order-1", "created").ttl(Duration::from_secs(86_400)).await?;
    /// }
    /// match requests.get("order-1").await? {
    ///     Some(answer) if !answer.is_empty() => assert_eq!(answer, "created"),
    ///     _in_progress => unreachable!(),
    /// }
    /// # Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
    /// ```
    fn add<'a>(&'a self, key: &'a str, value: impl IntoValue) -> Add<'a, Self> {
        Add::new(Set::new(self, key, Ok(value.into_value())))
    }

    /// Reads several values: one answer for each key, in order; `None` for what is missing or not ours.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) for too large a batch; one wrong key refuses the whole.
    fn get_many<'a, K: AsRef<str> + Sync>(&'a self, keys: &'a [K]) -> GetMany<'a, Self, K> {
        GetMany::new(self, keys)
    }

    /// Writes several entries: `(key, value)`, `(key, value, expiry)` for an expiry of its own, or [`SetItem`]s. The
    /// last of duplicates wins.
    ///
    /// # Errors
    /// As [`set`](crate::StoreExt::set); one wrong item refuses the whole. Unless
    /// [`BatchAtomicity::All`](crate::BatchAtomicity::All) is declared, a part may have been applied.
    fn set_many<'a, I>(&'a self, items: I) -> SetMany<'a, Self>
    where
        I: IntoIterator,
        I::Item: Into<SetItem<'a>>,
    {
        SetMany::new(self, items.into_iter().map(Into::into).collect())
    }

    /// Removes several entries; for each key, in order, whether one was there and is gone.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) for too large a batch; one wrong key refuses the whole.
    fn delete_many<'a, K: AsRef<str> + Sync>(&'a self, keys: &'a [K]) -> DeleteMany<'a, Self, K> {
        DeleteMany::new(self, keys)
    }

    /// Replaces the expiry of several entries; for each key, in order, whether one was there.
    ///
    /// # Errors
    /// As [`delete_many`](Self::delete_many); [`InvalidArgument`](ErrorKind::InvalidArgument) for [`Expiry::Keep`].
    fn expire_many<'a, K, E>(&'a self, keys: &'a [K], expiry: E) -> ExpireMany<'a, Self, K>
    where
        K: AsRef<str> + Sync,
        E: TryInto<Expiry>,
        E::Error: Into<Error>,
    {
        ExpireMany::new(self, keys, expiry.try_into().map_err(Into::into))
    }

    /// Adds to a counter and gives the sum. A missing one starts at 0, with the cache's default lifetime unless a
    /// setter says otherwise; an existing one keeps its expiry.
    ///
    /// # Errors
    /// [`NotAnInteger`](ErrorKind::NotAnInteger), [`OutOfRange`](ErrorKind::OutOfRange),
    /// [`WrongType`](ErrorKind::WrongType), [`Unsupported`](ErrorKind::Unsupported). With an unknown outcome it may
    /// have counted.
    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Increment<'a, Self> {
        Increment::new(self, "increment", key, Ok(delta))
    }

    /// Reads a counter; `None` when there is none. Unlike `increment(key, 0)` it creates nothing.
    ///
    /// # Errors
    /// [`NotAnInteger`](ErrorKind::NotAnInteger), [`WrongType`](ErrorKind::WrongType).
    fn counter(&self, key: &str) -> impl Future<Output = Result<Option<i64>>> + Send {
        async move {
            let text = self.get(key).await?;
            let named = |error: Error| {
                error.with_driver(self.capabilities().driver).with_context("counter", Key::new(key).ok())
            };
            text.map(|text| parse_counter(&text).map_err(named)).transpose()
        }
    }

    /// Subtracts from a counter and gives the difference; else as [`increment`](Self::increment).
    ///
    /// # Errors
    /// As [`increment`](Self::increment); `i64::MIN`, which has no positive counterpart, is
    /// [`OutOfRange`](ErrorKind::OutOfRange) before anything is sent.
    fn decrement<'a>(&'a self, key: &'a str, delta: i64) -> Increment<'a, Self> {
        let negated = delta.checked_neg().ok_or_else(|| {
            Error::new(ErrorKind::OutOfRange, format!("cannot be subtracted within i64; delta={delta}"))
        });
        Increment::new(self, "decrement", key, negated)
    }
}

impl<S: Cache + ?Sized> CacheExt for S {}
