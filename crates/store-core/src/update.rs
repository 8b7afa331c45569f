//! Read, compute, write if nobody wrote in between.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;

use crate::call::{HERE, Origin, check_durability, check_key, check_value, require};
use crate::contention::{ATTEMPTS, contended, stand_back};
use crate::durability::{Durability, durability_setter};
use crate::entry::{Address, Condition, DeleteOptions, GetOptions, SetOptions};
use crate::error::{Error, Outcome, Result};
use crate::expiry::Expiry;
use crate::request::expiry_setters;
use crate::store::Store;

/// A read-compute-write. Awaiting it gives what was written, or `None` where the entry was removed or left missing.
#[must_use = "an operation does nothing until it is awaited"]
pub struct Update<'a, S: ?Sized, F> {
    store: &'a S,
    key: &'a str,
    compute: F,
    expiry: Result<Expiry>,
    durability: Result<Durability>,
}

impl<'a, S: Store + ?Sized, F> Update<'a, S, F> {
    pub(crate) fn new(store: &'a S, key: &'a str, compute: F) -> Self {
        Self { store, key, compute, expiry: Ok(Expiry::Keep), durability: Ok(Durability::default()) }
    }

    expiry_setters!();

    fn with_expiry_result(mut self, expiry: Result<Expiry>) -> Self {
        self.expiry = expiry;
        self
    }

    durability_setter!();

    async fn run<E>(self) -> Result<Option<Bytes>, E>
    where
        F: FnMut(Option<Bytes>) -> Result<Option<Bytes>, E>,
        E: From<Error>,
    {
        let Self { store, key, mut compute, expiry, durability } = self;
        let capabilities = store.capabilities();
        let mut origin = Origin { operation: "update", driver: capabilities.driver, key: None };
        let key = check_key(capabilities, key).map_err(|error| origin.name(error))?;
        origin.key = Some(key);
        let attempts = Attempts { store, at: Address { namespace: &HERE, key } };
        let how = attempts.check(expiry, durability).map_err(|error| origin.name(error))?;
        for lost in 0..ATTEMPTS {
            let current = attempts.read().await.map_err(|error| origin.name(error))?;
            let next = compute(current.clone())?;
            let written = attempts.write(current, next.clone(), &how).await;
            if written.map_err(|error| origin.name(error))? {
                return Ok(next);
            }
            stand_back(lost).await;
        }
        Err(origin.name(contended()).into())
    }
}

/// The steps of one update.
struct Attempts<'a, S: ?Sized> {
    store: &'a S,
    at: Address<'a>,
}

impl<S: Store + ?Sized> Attempts<'_, S> {
    /// How each attempt writes, apart from its condition.
    fn check(&self, expiry: Result<Expiry>, durability: Result<Durability>) -> Result<SetOptions> {
        let capabilities = self.store.capabilities();
        require(capabilities.value_conditions, "value_conditions")?;
        let expiry = expiry?.for_write(self.store.default_lifetime());
        Ok(SetOptions::new(expiry).with_durability(check_durability(capabilities, durability)?))
    }

    async fn read(&self) -> Result<Option<Bytes>> {
        let entry = self.store.get_entry(self.at, GetOptions::default()).await;
        // Every attempt to write so far was refused, so whatever is wrong with this read, nothing was written.
        entry.map_err(|error| error.with_outcome(Outcome::NotApplied)).map(|entry| entry.map(|entry| entry.value))
    }

    /// Whether nobody wrote in between.
    async fn write(&self, current: Option<Bytes>, next: Option<Bytes>, how: &SetOptions) -> Result<bool> {
        match (current, next) {
            (None, None) => Ok(true),
            (Some(current), None) => {
                let options = DeleteOptions::default().with_if_value(current).with_durability(how.durability);
                self.store.delete_entry(self.at, options).await
            }
            (current, Some(next)) => {
                check_value(self.store.capabilities(), &next)?;
                let condition = current.map_or(Condition::IfAbsent, Condition::IfValue);
                let options = how.clone().with_condition(condition);
                Ok(self.store.set_entry(self.at, next, options).await?.is_stored())
            }
        }
    }
}

impl<'a, S, F, E> IntoFuture for Update<'a, S, F>
where
    S: Store + ?Sized,
    F: FnMut(Option<Bytes>) -> Result<Option<Bytes>, E> + Send + 'a,
    E: From<Error> + Send + 'a,
{
    type Output = Result<Option<Bytes>, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<S: fmt::Debug + ?Sized, F> fmt::Debug for Update<'_, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("store", &self.store)
            .field("key", &self.key)
            .field("expiry", &self.expiry)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
