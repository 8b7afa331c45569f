//! Read, compute, write if nobody wrote in between.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::call::{HERE, Origin, check_key, check_value, require};
use crate::counter::{COMPARE_AND_SET_ATTEMPTS, contended};
use crate::entry::{Address, Condition, DeleteOptions, GetOptions, SetOptions};
use crate::error::Result;
use crate::expiry::{Expiry, Timestamp, Ttl};
use crate::request::expiry_setters;
use crate::store::Store;

/// A read-compute-write. Awaiting it gives `Result<Option<Bytes>>`: what is stored afterwards.
#[must_use = "an operation does nothing until it is awaited"]
pub struct Update<'a, S: ?Sized, F> {
    store: &'a S,
    key: &'a str,
    compute: F,
    expiry: Result<Expiry>,
}

impl<'a, S, F> Update<'a, S, F>
where
    S: Store + ?Sized,
    F: FnMut(Option<Bytes>) -> Result<Option<Bytes>> + Send + 'a,
{
    pub(crate) fn new(store: &'a S, key: &'a str, compute: F) -> Self {
        Self { store, key, compute, expiry: Ok(Expiry::Keep) }
    }

    expiry_setters!();

    fn with_expiry_result(mut self, expiry: Result<Expiry>) -> Self {
        self.expiry = expiry;
        self
    }

    async fn run(mut self, at: Address<'_>) -> Result<Option<Bytes>> {
        let capabilities = self.store.capabilities();
        require(capabilities.value_conditions, "value_conditions")?;
        let expiry = self.expiry.clone()?.for_write(self.store.default_lifetime());
        for _ in 0..COMPARE_AND_SET_ATTEMPTS {
            let current = self.store.get_entry(at, GetOptions::default()).await?.map(|entry| entry.value);
            let next = (self.compute)(current.clone())?;
            let written = match (current, &next) {
                (None, None) => true,
                (Some(current), None) => {
                    self.store.delete_entry(at, DeleteOptions::default().with_if_value(current)).await?
                }
                (current, Some(next)) => {
                    check_value(capabilities, next)?;
                    let condition = current.map_or(Condition::IfAbsent, Condition::IfValue);
                    let options = SetOptions::new(expiry).with_condition(condition);
                    self.store.set_entry(at, next.clone(), options).await?.is_stored()
                }
            };
            if written {
                return Ok(next);
            }
        }
        Err(contended())
    }
}

impl<'a, S, F> IntoFuture for Update<'a, S, F>
where
    S: Store + ?Sized,
    F: FnMut(Option<Bytes>) -> Result<Option<Bytes>> + Send + 'a,
{
    type Output = Result<Option<Bytes>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let capabilities = self.store.capabilities();
            let mut origin = Origin { operation: "update", driver: capabilities.driver, key: None };
            let key = check_key(capabilities, self.key).map_err(|error| origin.name(error))?;
            origin.key = Some(key);
            self.run(Address { namespace: &HERE, key }).await.map_err(|error| origin.name(error))
        })
    }
}

impl<S: fmt::Debug + ?Sized, F> fmt::Debug for Update<'_, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("store", &self.store)
            .field("key", &self.key)
            .field("expiry", &self.expiry)
            .finish_non_exhaustive()
    }
}
