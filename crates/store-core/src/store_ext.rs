//! What people call on a store.

use std::future::Future;

use bytes::Bytes;

use crate::call::Call;
use crate::codec::{Codec, Decode, Encode, encode};
use crate::error::{Error, Result};
use crate::expiry::{Expiry, Remaining};
use crate::listing::List;
use crate::namespace::Namespace;
use crate::namespaced::Namespaced;
use crate::request::{Clear, Delete, Expire, Get, Set, Take};
use crate::store::Store;
use crate::typed::{Typed, decode_or_name};
use crate::update::Update;
use crate::value::IntoValue;

/// The operations of every [`Store`], also of `Arc<dyn Store>`.
///
/// The contract is told at [`Store`], and for what is built on it here:
///
/// # Contract
/// * `update_loses_no_write`: of concurrent [`update`](Self::update)s of one entry each sees the result of the one before it; the expiry is kept unless a setter says otherwise.
///
/// Arguments are checked here, before anything is sent: a wrong key, value,
/// lifetime or option is a typed error and changes nothing. Every error names operation, driver and key.
///
/// Operations are built up by setters and carried out by `.await`; where a `Future` is asked for, as by `join_all`, add
/// `.into_future()`. Each is one round trip to a backend, unless it says otherwise.
///
/// # Errors
/// Besides those that an operation names, each can answer the kinds of transport told at
/// [`ErrorKind`](crate::ErrorKind), and those of a wrong key.
///
/// # Cancel safety
/// Unless an operation says otherwise: dropping one that reads changes nothing; dropping one that writes leaves each
/// entry as before or as after, and it may still take effect.
///
/// ```
/// use std::time::Duration;
/// use store_memory::{MemoryStore, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let sessions = MemoryStore::new().namespace("sessions")?;
/// sessions.set("s-81", "cookie").ttl(Duration::from_secs(3600)).await?;
/// let value = sessions.get("s-81").renew(Duration::from_secs(3600)).await?;
/// assert_eq!(value.as_deref(), Some(&b"cookie"[..]));
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// ```
pub trait StoreExt: Store {
    /// A handle on a namespace nested in this store: a `&str` is one segment (`"a/b"` too), an array of them a path.
    ///
    /// Of a cache it is a cache. It shares the store; nothing is sent. It owns what it is a handle on, so it needs a
    /// store that can be cloned: a driver's type, an `Arc<dyn Store>`, another handle, but not a `&dyn Store`.
    ///
    /// # Errors
    /// [`InvalidKey`](crate::ErrorKind::InvalidKey) for an empty segment, [`TooLarge`](crate::ErrorKind::TooLarge) for
    /// a path of more than 16 KiB.
    ///
    /// ```
    /// use store_memory::{MemoryStore, prelude::*};
    ///
    /// # async fn example() -> store_core::Result<()> {
    /// let store = MemoryStore::new();
    /// let acme = store.namespace(["tenants", "acme"])?;
    /// acme.namespace("drafts")?.set("a", "1").await?;
    /// assert_eq!(acme.get("a").await?, None);
    /// assert_eq!(acme.clear().await?, 1);
    /// # Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
    /// ```
    fn namespace<N>(&self, child: N) -> Result<Namespaced<Self>>
    where
        Self: Clone + Sized,
        N: TryInto<Namespace>,
        N::Error: Into<Error>,
    {
        Ok(Namespaced::new(self.clone(), child.try_into().map_err(Into::into)?))
    }

    /// Reads a value; `None` when there is none. [`renew`](Get::renew) also sets the remaining lifetime of an entry
    /// that expires; [`with_expiry`](Get::with_expiry) also returns the expiry.
    ///
    /// # Errors
    /// [`WrongType`](crate::ErrorKind::WrongType); [`Unsupported`](crate::ErrorKind::Unsupported) for renewal where it
    /// is not declared.
    fn get<'a>(&'a self, key: &'a str) -> Get<'a, Self> {
        Get::new(self, key)
    }

    /// Writes value and expiry. By default the entry gets the store's own lifetime: forever in a store, 300 s in a
    /// cache, unless configured. Conditions make the call return a [`SetOutcome`](crate::SetOutcome).
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge), [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a wrong
    /// lifetime, [`Full`](crate::ErrorKind::Full); under a value condition also
    /// [`WrongType`](crate::ErrorKind::WrongType) and [`Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// A work claim, taken by one and given up after a minute:
    ///
    /// ```
    /// use std::time::Duration;
    /// use store_memory::{MemoryStore, prelude::*};
    ///
    /// # async fn example() -> store_core::Result<()> {
    /// let claims = MemoryStore::new().namespace("claims")?;
    /// let claimed = claims.set("job-7", "worker-1").if_absent().ttl(Duration::from_secs(60)).await?;
    /// assert!(claimed.is_stored());
    /// assert!(!claims.set("job-7", "worker-2").if_absent().await?.is_stored());
    /// // Only its owner gives it back.
    /// assert!(!claims.delete("job-7").if_value("worker-2").await?);
    /// assert!(claims.delete("job-7").if_value("worker-1").await?);
    /// # Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
    /// ```
    fn set<'a>(&'a self, key: &'a str, value: impl IntoValue) -> Set<'a, Self> {
        Set::new(self, key, Ok(value.into_value()))
    }

    /// Removes an entry; whether one was there and is gone. [`if_value`](Delete::if_value) makes it conditional.
    ///
    /// # Errors
    /// Under a value condition [`WrongType`](crate::ErrorKind::WrongType) and
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    fn delete<'a>(&'a self, key: &'a str) -> Delete<'a, Self> {
        Delete::new(self, key)
    }

    /// Replaces the expiry and leaves the value; whether the entry existed. It takes an [`Expiry`] or whatever makes
    /// one: a `Duration`, a `SystemTime`. `Never` removes the expiry, a past time the entry.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for [`Expiry::Keep`].
    fn expire<'a, E>(&'a self, key: &'a str, expiry: E) -> Expire<'a, Self>
    where
        E: TryInto<Expiry>,
        E::Error: Into<Error>,
    {
        Expire::new(self, key, expiry.try_into().map_err(Into::into))
    }

    /// Reads and removes an entry in one step.
    ///
    /// # Errors
    /// [`WrongType`](crate::ErrorKind::WrongType); [`Unsupported`](crate::ErrorKind::Unsupported) where it is not
    /// declared. With an unknown outcome the value may be lost.
    ///
    /// A token that works once:
    ///
    /// ```
    /// use store_memory::{MemoryStore, prelude::*};
    ///
    /// # async fn example() -> store_core::Result<()> {
    /// let tokens = MemoryStore::new().namespace("tokens")?;
    /// tokens.set("t-1", "user-9").await?;
    /// assert_eq!(tokens.take("t-1").await?.as_deref(), Some(&b"user-9"[..]));
    /// assert_eq!(tokens.take("t-1").await?, None);
    /// # Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
    /// ```
    fn take<'a>(&'a self, key: &'a str) -> Take<'a, Self> {
        Take::new(self, key)
    }

    /// Whether there is an entry.
    ///
    /// # Errors
    /// None of its own.
    fn exists<'a>(&'a self, key: &'a str) -> Call<'a, bool> {
        Call::at_key(self, "exists", key, |at| Ok(self.entry_exists(at)), |exists| exists)
    }

    /// How long the entry will stay; `None` when there is none.
    ///
    /// # Errors
    /// None of its own.
    fn ttl<'a>(&'a self, key: &'a str) -> Call<'a, Option<Remaining>> {
        Call::at_key(self, "ttl", key, |at| Ok(self.entry_remaining(at)), |remaining| remaining)
    }

    /// Enumerates the keys of this namespace, and with [`subtree`](List::subtree) of all nested in it. Awaited it is
    /// one page; [`stream`](List::stream) walks all. A page is one round trip or a few.
    ///
    /// # Errors
    /// [`InvalidCursor`](crate::ErrorKind::InvalidCursor); [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a
    /// limit of 0; [`Unsupported`](crate::ErrorKind::Unsupported) where it is not declared.
    fn list(&self) -> List<'_, Self> {
        List::new(self)
    }

    /// Removes this namespace with all nested in it, and nothing else; the number of removals acknowledged. It takes
    /// as many round trips as there are bounded steps.
    ///
    /// # Errors
    /// [`ClearRefused`](crate::ErrorKind::ClearRefused) on a store that is not a namespace;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where listing is not declared.
    ///
    /// # Cancel safety
    /// A part may be gone; calling it again removes the rest.
    fn clear(&self) -> Clear<'_, Self> {
        Clear::new(self)
    }

    /// Reads a value, lets `compute` make the next one of it, and writes that if nobody wrote in between; else it
    /// starts over. It gives what was written. **`None` from `compute` removes the entry**; to leave it as it is, give
    /// back what you got. The expiry is kept unless a setter says otherwise.
    ///
    /// `compute` may run several times, so it should only compute. An attempt is two round trips. A caller that lost
    /// stands back for a random number of turns; after 64 attempts it gives up, which takes hundreds of writers of one
    /// entry at once.
    ///
    /// # Errors
    /// [`Overloaded`](crate::ErrorKind::Overloaded) when others kept writing;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where value conditions are not declared.
    ///
    /// # Cancel safety
    /// The entry is as before or as after.
    ///
    /// ```
    /// use store_memory::{MemoryStore, prelude::*};
    ///
    /// # async fn example() -> store_core::Result<()> {
    /// let store = MemoryStore::new();
    /// let append = |log: Option<Bytes>| Some([log.unwrap_or_default().as_ref(), b"x"].concat().into());
    /// store.update("log", append).await?;
    /// assert_eq!(store.update("log", append).await?.as_deref(), Some(&b"xx"[..]));
    /// # Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
    /// ```
    fn update<'a, F>(
        &'a self,
        key: &'a str,
        mut compute: F,
    ) -> Update<'a, Self, impl FnMut(Option<Bytes>) -> Result<Option<Bytes>> + Send + use<'a, Self, F>>
    where
        F: FnMut(Option<Bytes>) -> Option<Bytes> + Send + 'a,
    {
        Update::new(self, key, move |current| Ok(compute(current)))
    }

    /// [`update`](Self::update) with a computation that can fail, with any error that an [`Error`] turns into. Its
    /// error ends the call, and nothing is written.
    ///
    /// # Errors
    /// As [`update`](Self::update), and those of `compute`.
    ///
    /// # Cancel safety
    /// The entry is as before or as after.
    fn try_update<'a, F, E>(&'a self, key: &'a str, compute: F) -> Update<'a, Self, F>
    where
        F: FnMut(Option<Bytes>) -> Result<Option<Bytes>, E> + Send + 'a,
        E: From<Error>,
    {
        Update::new(self, key, compute)
    }

    /// Reads a value and decodes it with `codec`.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`Corrupt`](crate::ErrorKind::Corrupt) when the bytes do not decode.
    fn get_as<T, C>(&self, key: &str, codec: C) -> impl Future<Output = Result<Option<T>>> + Send
    where
        C: Decode<T>,
    {
        async move {
            let value = self.get(key).await?;
            value.map(|bytes| decode_or_name(&codec, &bytes, self, "get", key)).transpose()
        }
    }

    /// Encodes a value with `codec` and writes it as [`set`](Self::set) does.
    ///
    /// # Errors
    /// As [`set`](Self::set); [`InvalidArgument`](crate::ErrorKind::InvalidArgument) when the value does not encode.
    fn set_as<'a, T, C>(&'a self, key: &'a str, value: &T, codec: C) -> Set<'a, Self>
    where
        T: ?Sized,
        C: Encode<T>,
    {
        Set::new(self, key, encode(&codec, value))
    }

    /// A view of this store whose values are of one type. As [`namespace`](Self::namespace), it needs a store that can
    /// be cloned.
    ///
    /// ```
    /// use store_memory::{MemoryStore, prelude::*};
    /// use store_core::codec::Text;
    ///
    /// # async fn example() -> store_core::Result<()> {
    /// let names = MemoryStore::new().namespace("names")?.typed::<String, _>(Text);
    /// names.set("u-1", &"Ada".to_owned()).await?;
    /// assert_eq!(names.get("u-1").await?.as_deref(), Some("Ada"));
    /// # Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
    /// ```
    fn typed<T, C>(&self, codec: C) -> Typed<Self, T, C>
    where
        Self: Clone + Sized,
        C: Codec<T>,
    {
        Typed::new(self.clone(), codec)
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
