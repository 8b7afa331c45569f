//! Attempts to acquire a lock, and the guard of one that is held.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use crate::call::{Call, HERE, Origin, check_key, require};
use crate::entry::Address;
use crate::error::{Error, Result};
use crate::expiry::Ttl;
use crate::forward::BoxFuture;
use crate::key::{Key, KeyBuf};
use crate::lock::{FencingToken, LockOptions, LockOwner};
use crate::store::Store;

/// A lock that is to be waited for: say how long.
#[derive(Clone, Debug)]
#[must_use = "say how long to wait, or use try_lock"]
pub struct Lock<'a, S>(pub(crate) TryLock<'a, S>);

impl<'a, S: Store + Clone> Lock<'a, S> {
    /// Waits so long for a lock that another holds; then the answer is `None`. It may be longer than the driver's
    /// deadline for a call. Zero is not to wait.
    pub fn wait(mut self, wait: Duration) -> TryLock<'a, S> {
        self.0.wait = wait;
        self.0
    }
}

/// An attempt to acquire a lock. Awaiting it gives `Result<Option<LockGuard<S>>>`.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct TryLock<'a, S> {
    store: &'a S,
    operation: &'static str,
    name: &'a str,
    ttl: Result<Ttl>,
    wait: Duration,
    owner: LockOwner,
}

impl<'a, S: Store + Clone> TryLock<'a, S> {
    pub(crate) fn new(store: &'a S, operation: &'static str, name: &'a str, ttl: Result<Ttl>) -> Self {
        Self { store, operation, name, ttl, wait: Duration::ZERO, owner: LockOwner::random() }
    }

    /// Acquires it for an owner that the caller keeps: repeated with the same one, an attempt whose answer was lost
    /// succeeds if it succeeded before. Without it each attempt has an owner of its own.
    pub fn with_owner(mut self, owner: LockOwner) -> Self {
        self.owner = owner;
        self
    }

    async fn acquire(&self) -> Result<Option<LockGuard<S>>> {
        let capabilities = self.store.capabilities();
        let key = check_key(capabilities, self.name)?;
        require(capabilities.locks, "locks")?;
        let options = LockOptions::new(self.ttl.clone()?).with_wait(self.wait);
        let acquired = self.store.acquire_lock(Address { namespace: &HERE, key }, self.owner, options).await?;
        Ok(acquired.map(|token| LockGuard { store: self.store.clone(), name: key.to_buf(), owner: self.owner, token }))
    }
}

impl<'a, S: Store + Clone> IntoFuture for TryLock<'a, S> {
    type Output = Result<Option<LockGuard<S>>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.acquire().await.map_err(|error| {
                let (operation, driver) = (self.operation, self.store.capabilities().driver);
                Origin { operation, driver, key: Key::new(self.name).ok() }.name(error)
            })
        })
    }
}

/// A lock that was acquired. It does not know by itself whether it is still held: that is [`is_held`](Self::is_held).
///
/// Dropping it releases nothing, because that takes a call: the lock is then held until its ttl is over. Every method
/// can be dropped half-way and called again.
#[must_use = "a lock stays held until it is released or its time to live is over"]
pub struct LockGuard<S> {
    store: S,
    name: KeyBuf,
    owner: LockOwner,
    token: FencingToken,
}

impl<S: Store> LockGuard<S> {
    /// Sets the remaining lifetime of the lock to `ttl`, from when the backend executes it; false when it is held no
    /// longer, and then nothing changes. One round trip.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a wrong ttl; any kind of transport.
    ///
    /// # Cancel safety
    /// The lock is extended or not; calling it again is safe.
    pub fn extend<T>(&self, ttl: T) -> Call<'_, bool>
    where
        T: TryInto<Ttl>,
        T::Error: Into<Error>,
    {
        let ttl = ttl.try_into().map_err(Into::into);
        self.call("extend", |at| Ok(self.store.extend_lock(at, self.owner, ttl?)))
    }

    /// Gives the lock back; false when it was held no longer. One round trip.
    ///
    /// # Errors
    /// Any kind of transport. With an unknown outcome it may still be held; calling it again is safe, and false then may
    /// mean that the first call released it.
    ///
    /// # Cancel safety
    /// The lock is released or not; calling it again is safe.
    pub fn release(&self) -> Call<'_, bool> {
        self.call("release", |at| Ok(self.store.release_lock(at, self.owner)))
    }

    /// Whether the lock is held. The answer may be old when it arrives. One round trip.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub fn is_held(&self) -> Call<'_, bool> {
        self.call("is_held", |at| Ok(self.store.lock_is_held(at, self.owner)))
    }

    /// The number of this hold: larger than those of all holders of this name before it.
    #[must_use]
    pub fn fencing_token(&self) -> FencingToken {
        self.token
    }

    /// Who holds it, to acquire the same lock [again](TryLock::with_owner).
    #[must_use]
    pub fn owner(&self) -> LockOwner {
        self.owner
    }

    /// The name, as it was asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    fn call<'a>(
        &'a self,
        operation: &'static str,
        ask: impl FnOnce(Address<'a>) -> Result<BoxFuture<'a, bool>>,
    ) -> Call<'a, bool> {
        Call::at_key(&self.store, operation, self.name.as_str(), ask, |held| held)
    }
}

impl<S: fmt::Debug> fmt::Debug for LockGuard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("store", &self.store)
            .field("name", &self.name)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
