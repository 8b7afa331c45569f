//! Batches as people call them.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::cache::Cache;
use crate::call::{HERE, Origin, check_batch, check_key, check_value, require};
use crate::capability::{BatchAtomicity, Capabilities, Support};
use crate::entry::{BatchItem, HiddenValue};
use crate::error::{Error, Result};
use crate::expiry::{Expiry, Timestamp, Ttl};
use crate::key::Key;
use crate::request::expiry_setters;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A read of several entries. Awaiting it gives `Result<Vec<Option<Bytes>>>`.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct GetMany<'a, S: ?Sized, K> {
    store: &'a S,
    keys: &'a [K],
    snapshot: Support,
}

impl<'a, S: Cache + ?Sized, K: AsRef<str> + Sync> GetMany<'a, S, K> {
    pub(crate) fn new(store: &'a S, keys: &'a [K]) -> Self {
        Self { store, keys, snapshot: Support::No }
    }

    /// Requires that all answers are of one instant. Fails with [`Unsupported`](crate::ErrorKind::Unsupported) where
    /// that is not declared.
    pub fn snapshot(mut self) -> Self {
        self.snapshot = Support::Yes;
        self
    }
}

impl<'a, S: Cache + ?Sized, K: AsRef<str> + Sync> IntoFuture for GetMany<'a, S, K> {
    type Output = Result<Vec<Option<Bytes>>>;
    type IntoFuture = Answer<'a, Vec<Option<Bytes>>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, keys, snapshot } = self;
        Box::pin(named(store, "get_many", async move {
            let capabilities = store.capabilities();
            if snapshot.is_supported() {
                require(capabilities.snapshot_reads, "snapshot_reads")?;
            }
            let keys = check_keys(capabilities, keys)?;
            store.get_entries(&HERE, &keys).await
        }))
    }
}

/// One item of a [`set_many`](crate::CacheExt::set_many): made from `(key, value)` or `(key, value, Expiry)`.
#[derive(Clone)]
pub struct SetItem<'a> {
    key: &'a str,
    value: Bytes,
    expiry: Option<Expiry>,
}

impl<'a, K: AsRef<str> + ?Sized, V: Into<Bytes>> From<(&'a K, V)> for SetItem<'a> {
    fn from((key, value): (&'a K, V)) -> Self {
        Self { key: key.as_ref(), value: value.into(), expiry: None }
    }
}

impl<'a, K: AsRef<str> + ?Sized, V: Into<Bytes>, E: Into<Expiry>> From<(&'a K, V, E)> for SetItem<'a> {
    fn from((key, value, expiry): (&'a K, V, E)) -> Self {
        Self { key: key.as_ref(), value: value.into(), expiry: Some(expiry.into()) }
    }
}

impl fmt::Debug for SetItem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetItem")
            .field("key", &self.key)
            .field("value", &HiddenValue(&self.value))
            .field("expiry", &self.expiry)
            .finish()
    }
}

/// A write of several entries. Awaiting it gives `Result<()>`.
///
/// The setters give an expiry to the items that have none of their own.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct SetMany<'a, S: ?Sized> {
    store: &'a S,
    items: Vec<SetItem<'a>>,
    expiry: Result<Expiry>,
    atomicity: BatchAtomicity,
}

impl<'a, S: Cache + ?Sized> SetMany<'a, S> {
    pub(crate) fn new(store: &'a S, items: Vec<SetItem<'a>>) -> Self {
        Self { store, items, expiry: Ok(Expiry::Default), atomicity: BatchAtomicity::PerKey }
    }

    expiry_setters!();

    fn with_expiry_result(mut self, expiry: Result<Expiry>) -> Self {
        self.expiry = expiry;
        self
    }

    /// Requires that the batch is applied in one step. Fails with [`Unsupported`](crate::ErrorKind::Unsupported) where
    /// that is not declared.
    pub fn atomic(mut self) -> Self {
        self.atomicity = BatchAtomicity::All;
        self
    }

    fn check(self) -> Result<Vec<BatchItem<'a>>> {
        let capabilities = self.store.capabilities();
        if self.atomicity > capabilities.batch_atomicity {
            return Err(Error::unsupported("batch_atomicity"));
        }
        check_batch(capabilities, self.items.len())?;
        let (common, default) = (self.expiry?, self.store.default_lifetime());
        let check = |item: SetItem<'a>| {
            check_value(capabilities, &item.value)?;
            let key = check_key(capabilities, item.key)?;
            let expiry = item.expiry.unwrap_or(common).for_write(default);
            Ok(BatchItem { key, value: item.value, expiry })
        };
        self.items.into_iter().map(check).collect()
    }
}

impl<'a, S: Cache + ?Sized> IntoFuture for SetMany<'a, S> {
    type Output = Result<()>;
    type IntoFuture = Answer<'a, ()>;

    fn into_future(self) -> Self::IntoFuture {
        let store = self.store;
        Box::pin(named(store, "set_many", async move { store.set_entries(&HERE, self.check()?).await }))
    }
}

pub(crate) async fn delete_many<S: Cache + ?Sized, K: AsRef<str> + Sync>(store: &S, keys: &[K]) -> Result<Vec<bool>> {
    named(store, "delete_many", async {
        let keys = check_keys(store.capabilities(), keys)?;
        store.delete_entries(&HERE, &keys).await
    })
    .await
}

pub(crate) async fn expire_many<S: Cache + ?Sized, K: AsRef<str> + Sync>(
    store: &S,
    keys: &[K],
    expiry: Expiry,
) -> Result<Vec<bool>> {
    named(store, "expire_many", async {
        let lifetime = expiry.for_change(store.default_lifetime())?;
        let keys = check_keys(store.capabilities(), keys)?;
        store.expire_entries(&HERE, &keys, lifetime).await
    })
    .await
}

/// One wrong key refuses the batch, so that nothing is sent of a batch that cannot be done.
fn check_keys<'a, K: AsRef<str>>(capabilities: &Capabilities, keys: &'a [K]) -> Result<Vec<Key<'a>>> {
    check_batch(capabilities, keys.len())?;
    keys.iter().map(|key| check_key(capabilities, key.as_ref())).collect()
}

async fn named<S: Cache + ?Sized, T>(
    store: &S,
    operation: &'static str,
    batch: impl Future<Output = Result<T>>,
) -> Result<T> {
    let origin = Origin { operation, driver: store.capabilities().driver, key: None };
    batch.await.map_err(|error| origin.name(error))
}
