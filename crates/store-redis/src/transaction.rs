//! Transactions: read some entries, decide, write if nobody wrote in between.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::time::Duration;

use redis::{ToRedisArgs, Value};
use store_core::{Durability, Error, ErrorKind, Key, Result};

use crate::command;
use crate::connection::Optimistic;
use crate::draft::{Draft, Terms};
use crate::keyspace::WireKey;
use crate::operations::{DRIVER, Operations};
use crate::reply;
use crate::request::{Class, Request};

/// How often a transaction is tried unless it is told otherwise.
const ATTEMPTS: NonZeroU32 = NonZeroU32::new(64).expect("a positive constant");

/// Transactions over some entries of one namespace.
///
/// Of [`RedisStore`](crate::RedisStore) and [`RedisCache`](crate::RedisCache), and of handles on their namespaces.
pub trait Transactions: sealed::HasPlace {
    /// Reads the entries under `keys`, lets `decide` decide what to write, and writes it in one step, provided that
    /// nobody has written to any of these entries in between; else it begins again. No lock is held: others are never
    /// held up.
    ///
    /// `decide` may be called several times, and must have no effect but on its [`Draft`]. What it returns is returned;
    /// with an error the transaction ends and nothing is written. Use [`try_transaction`](Self::try_transaction) for
    /// errors of another type. The entries that it reads are of one instant, also when it writes nothing.
    ///
    /// All keys have to lie in one slot, on every topology, so that what works on one server works on a cluster. Within
    /// a namespace they do, unless keys are spread by [`SlotPolicy::PerKey`](crate::SlotPolicy::PerKey), or spelled in a
    /// [`Layout`](crate::Layout) of Python and the namespace has no braces.
    ///
    /// Two round trips, and two more for each attempt that another writer undid. They travel over an exclusive
    /// connection, of which there are [`exclusive_connections`](crate::Config::exclusive_connections) to each server.
    ///
    /// ```no_run
    /// use store_redis::prelude::*;
    /// use store_redis::{Error, ErrorKind, RedisStore};
    ///
    /// # async fn run() -> store_redis::Result<()> {
    /// let accounts = RedisStore::connect("redis://localhost:6379").await?.namespace("accounts")?;
    /// let left = accounts
    ///     .transaction(&["ann", "bob"], |draft| {
    ///         draft.increment("bob", 5)?;
    ///         let left = draft.increment("ann", -5)?;
    ///         if left < 0 {
    ///             return Err(Error::new(ErrorKind::OutOfRange, "not enough money"));
    ///         }
    ///         Ok(left)
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for no keys and for keys of several slots, before anything is
    /// sent. [`InvalidKey`](ErrorKind::InvalidKey) as for any operation.
    /// [`Overloaded`](ErrorKind::Overloaded) when other writers came in between every time, and when no exclusive
    /// connection became free. [`WrongType`](ErrorKind::WrongType) when a key holds something that is not an entry.
    /// Any kind of transport, with the outcome `Unknown` when the answer to the writes was lost.
    ///
    /// # Cancel safety
    /// The entries are as before or as after, all of them alike.
    fn transaction<'a, F, T>(&'a self, keys: &'a [&'a str], decide: F) -> Transaction<'a, F>
    where
        F: FnMut(&mut Draft<'a>) -> Result<T> + Send + 'a,
    {
        self.try_transaction(keys, decide)
    }

    /// As [`transaction`](Self::transaction), with an error type of the caller's.
    ///
    /// # Errors
    /// Those of `decide`, and those of [`transaction`](Self::transaction).
    ///
    /// # Cancel safety
    /// As [`transaction`](Self::transaction).
    fn try_transaction<'a, F, T, E>(&'a self, keys: &'a [&'a str], decide: F) -> Transaction<'a, F>
    where
        F: FnMut(&mut Draft<'a>) -> Result<T, E> + Send + 'a,
        E: From<Error>,
    {
        let place = self.place();
        Transaction { place, keys, decide, attempts: ATTEMPTS, durability: Ok(Durability::default()) }
    }
}

impl<S: sealed::HasPlace> Transactions for S {}

/// A transaction. Awaiting it gives what its decision returned.
#[must_use = "an operation does nothing until it is awaited"]
pub struct Transaction<'a, F> {
    place: sealed::Place<'a>,
    keys: &'a [&'a str],
    decide: F,
    attempts: NonZeroU32,
    durability: Result<Durability>,
}

impl<'a, F> Transaction<'a, F> {
    /// How often it is tried before it fails as [`Overloaded`](ErrorKind::Overloaded). 64 times by default. Between two
    /// attempts there are random pauses that grow, as the [`RetryPolicy`](crate::RetryPolicy) says; and when the
    /// deadline of the store has passed there is no further one.
    pub fn attempts(mut self, attempts: NonZeroU32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Succeeds only if so many replicas, the primary not counted, acknowledged the writes within `timeout`: see
    /// [`Durability`]. No replicas, and a timeout of zero, make the call fail with
    /// [`InvalidArgument`](ErrorKind::InvalidArgument).
    pub fn replicated(mut self, replicas: u32, timeout: Duration) -> Self {
        self.durability = Durability::replicated(replicas, timeout);
        self
    }

    async fn run<T, E>(self) -> Result<T, E>
    where
        F: FnMut(&mut Draft<'a>) -> Result<T, E> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        let Self { place: sealed::Place { operations, terms }, keys, mut decide, attempts, durability } = self;
        let named = |error: Error| error.with_driver(DRIVER).with_context("transaction", None);
        let keys = keys.iter().map(|key| Key::new(key)).collect::<Result<Vec<_>>>().map_err(named)?;
        let keys = terms.keyspace.wire_keys(terms.namespace, keys.iter().copied()).map_err(named)?.collect::<Vec<_>>();
        let reads = reads(&terms, &keys).map_err(named)?;
        let durability = durability.map_err(named)?;
        let decide = |replies: Vec<Value>| -> Result<_, E> {
            let values = replies.into_iter().map(reply::value).collect::<Result<Vec<_>>>().map_err(named)?;
            let mut draft = Draft::new(&keys, values, terms);
            let answer = decide(&mut draft)?;
            Ok((draft.into_commands(), answer))
        };
        let transaction = Optimistic { reads, decide, durability, attempts };
        let committed = pin!(operations.executor.optimistically(transaction));
        operations.traced("transaction", committed).await.map_err(named)?
    }
}

/// `WATCH` and a `GET` for each key: `MGET` would take what is no entry for a missing one.
fn reads(terms: &Terms<'_>, wire_keys: &[WireKey<'_>]) -> Result<Request> {
    let limit = terms.capabilities.max_batch_items;
    if wire_keys.len() > limit {
        let message = format!("too many keys in a transaction; keys={} limit={limit}", wire_keys.len());
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    let Some(first) = wire_keys.first() else {
        return Err(Error::new(ErrorKind::InvalidArgument, "a transaction names at least 1 key"));
    };
    if wire_keys.iter().any(|wire_key| wire_key.slot() != first.slot()) {
        return Err(Error::new(ErrorKind::InvalidArgument, "the keys of a transaction have to lie in one slot"));
    }
    let spelled: Vec<_> = wire_keys.iter().flat_map(ToRedisArgs::to_redis_args).collect();
    let commands = std::iter::once(command::watch(&spelled)).chain(wire_keys.iter().copied().map(command::get));
    Ok(Request::pipeline(Class::NotRepeatable, commands).to(first.route()).exclusively())
}

impl<'a, F, T, E> IntoFuture for Transaction<'a, F>
where
    F: FnMut(&mut Draft<'a>) -> Result<T, E> + Send + 'a,
    T: Send + 'a,
    E: From<Error> + Send + 'a,
{
    type Output = Result<T, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Shows how many keys there are, never a key.
impl<F> fmt::Debug for Transaction<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("keys", &self.keys.len())
            .field("attempts", &self.attempts)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

mod sealed {
    //! Who has transactions.

    use store_core::{Namespace, Namespaced, Store};

    use super::{Operations, Terms};
    use crate::store::{RedisCache, RedisStore};

    #[derive(Clone, Copy)]
    #[allow(missing_debug_implementations, reason = "nobody outside can name it")]
    pub struct Place<'a> {
        pub(super) operations: &'a Operations,
        pub(super) terms: Terms<'a>,
    }

    pub trait HasPlace {
        fn place(&self) -> Place<'_>;
    }

    macro_rules! has_place {
        ($($handle:ty),*) => {$(
            impl HasPlace for $handle {
                fn place(&self) -> Place<'_> {
                    let operations = self.operations();
                    Place { operations, terms: operations.terms(&Namespace::EMPTY, self.default_lifetime()) }
                }
            }

            impl HasPlace for Namespaced<$handle> {
                fn place(&self) -> Place<'_> {
                    let operations = self.inner().operations();
                    Place { operations, terms: operations.terms(self.path(), self.default_lifetime()) }
                }
            }
        )*};
    }

    has_place!(RedisStore, RedisCache);
}
