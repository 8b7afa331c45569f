//! Batches as people call them.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;

use crate::cache::Cache;
use crate::call::{HERE, Origin, check_batch, check_durability, check_key, check_value, require};
use crate::capability::{BatchAtomicity, Capabilities, Support};
use crate::durability::{Durability, durability_setter};
use crate::entry::{BatchItem, ExpireOptions, HiddenValue, WriteOptions};
use crate::error::{Error, Result};
use crate::expiry::Expiry;
use crate::key::Key;
use crate::request::expiry_setters;
use crate::value::IntoValue;

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

    /// Requires that all answers are of one instant. Where that is declared every batch is read so; elsewhere this
    /// call fails with [`Unsupported`](crate::ErrorKind::Unsupported).
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
            let keys = check_keys("get_many", capabilities, keys)?;
            store.get_entries(&HERE, &keys).await
        }))
    }
}

/// One item of a [`set_many`](crate::CacheExt::set_many): made from `(key, value)`, from `(key, value, expiry)`, or with
/// [`new`](Self::new) and a setter.
#[derive(Clone)]
#[must_use = "an item is stored by set_many"]
pub struct SetItem<'a> {
    key: Cow<'a, str>,
    value: Result<Bytes>,
    expiry: Option<Result<Expiry>>,
}

impl<'a> SetItem<'a> {
    /// An item with the expiry of its batch.
    pub fn new(key: impl Into<Cow<'a, str>>, value: impl IntoValue) -> Self {
        Self::encoded(key.into(), Ok(value.into_value()))
    }

    pub(crate) fn encoded(key: Cow<'a, str>, value: Result<Bytes>) -> Self {
        Self { key, value, expiry: None }
    }

    expiry_setters!();

    fn with_expiry_result(mut self, expiry: Result<Expiry>) -> Self {
        self.expiry = Some(expiry);
        self
    }
}

impl<'a, K: Into<Cow<'a, str>>, V: IntoValue> From<(K, V)> for SetItem<'a> {
    fn from((key, value): (K, V)) -> Self {
        Self::new(key, value)
    }
}

impl<'a, K, V, E> From<(K, V, E)> for SetItem<'a>
where
    K: Into<Cow<'a, str>>,
    V: IntoValue,
    E: TryInto<Expiry>,
    E::Error: Into<Error>,
{
    fn from((key, value, expiry): (K, V, E)) -> Self {
        Self::new(key, value).expiry(expiry)
    }
}

/// So that a collection of pairs can be lent.
impl<'a, K: AsRef<str>, V> From<&'a (K, V)> for SetItem<'a>
where
    &'a V: IntoValue,
{
    fn from((key, value): &'a (K, V)) -> Self {
        Self::new(key.as_ref(), value)
    }
}

impl fmt::Debug for SetItem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetItem")
            .field("key", &self.key)
            .field("value", &self.value.as_deref().map(HiddenValue))
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
    durability: Result<Durability>,
    atomicity: BatchAtomicity,
}

impl<'a, S: Cache + ?Sized> SetMany<'a, S> {
    pub(crate) fn new(store: &'a S, items: Vec<SetItem<'a>>) -> Self {
        let (expiry, durability) = (Ok(Expiry::Default), Ok(Durability::default()));
        Self { store, items, expiry, durability, atomicity: BatchAtomicity::PerKey }
    }

    expiry_setters!();

    fn with_expiry_result(mut self, expiry: Result<Expiry>) -> Self {
        self.expiry = expiry;
        self
    }

    durability_setter!();

    /// Requires that the batch is applied in one step. Where [`BatchAtomicity::All`] is declared every batch is;
    /// elsewhere this call fails with [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn atomic(mut self) -> Self {
        self.atomicity = BatchAtomicity::All;
        self
    }

    fn check(&self) -> Result<Vec<BatchItem<'_>>> {
        let capabilities = self.store.capabilities();
        if self.atomicity > capabilities.batch_atomicity {
            return Err(Error::unsupported("batch_atomicity"));
        }
        check_batch(capabilities, self.items.len())?;
        self.items.iter().map(|item| self.check_item(capabilities, item)).collect()
    }

    fn check_item<'i>(&self, capabilities: &Capabilities, item: &'i SetItem<'_>) -> Result<BatchItem<'i>> {
        let key = check_key(capabilities, &item.key)?;
        let checked = || {
            let value = item.value.clone()?;
            check_value(capabilities, &value)?;
            let expiry = item.expiry.clone().unwrap_or_else(|| self.expiry.clone())?;
            Ok(BatchItem::new(key, value, expiry.for_write(self.store.default_lifetime())))
        };
        checked().map_err(|error: Error| error.with_context("set_many", Some(key)))
    }
}

impl<'a, S: Cache + ?Sized> IntoFuture for SetMany<'a, S> {
    type Output = Result<()>;
    type IntoFuture = Answer<'a, ()>;

    fn into_future(self) -> Self::IntoFuture {
        let store = self.store;
        Box::pin(named(store, "set_many", async move {
            let items = self.check()?;
            let durability = check_durability(store.capabilities(), self.durability.clone())?;
            store.set_entries(&HERE, items, WriteOptions { durability }).await
        }))
    }
}

/// A removal of several entries. Awaiting it gives `Result<Vec<bool>>`: for each key, whether an entry was there.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct DeleteMany<'a, S: ?Sized, K> {
    store: &'a S,
    keys: &'a [K],
    durability: Result<Durability>,
}

impl<'a, S: Cache + ?Sized, K: AsRef<str> + Sync> DeleteMany<'a, S, K> {
    pub(crate) fn new(store: &'a S, keys: &'a [K]) -> Self {
        Self { store, keys, durability: Ok(Durability::default()) }
    }

    durability_setter!();
}

impl<'a, S: Cache + ?Sized, K: AsRef<str> + Sync> IntoFuture for DeleteMany<'a, S, K> {
    type Output = Result<Vec<bool>>;
    type IntoFuture = Answer<'a, Vec<bool>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, keys, durability } = self;
        Box::pin(named(store, "delete_many", async move {
            let durability = check_durability(store.capabilities(), durability)?;
            let keys = check_keys("delete_many", store.capabilities(), keys)?;
            store.delete_entries(&HERE, &keys, WriteOptions { durability }).await
        }))
    }
}

/// A change of the expiry of several entries. Awaiting it gives `Result<Vec<bool>>`: for each key, whether an entry was
/// there.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct ExpireMany<'a, S: ?Sized, K> {
    store: &'a S,
    keys: &'a [K],
    expiry: Result<Expiry>,
    durability: Result<Durability>,
}

impl<'a, S: Cache + ?Sized, K: AsRef<str> + Sync> ExpireMany<'a, S, K> {
    pub(crate) fn new(store: &'a S, keys: &'a [K], expiry: Result<Expiry>) -> Self {
        Self { store, keys, expiry, durability: Ok(Durability::default()) }
    }

    durability_setter!();
}

impl<'a, S: Cache + ?Sized, K: AsRef<str> + Sync> IntoFuture for ExpireMany<'a, S, K> {
    type Output = Result<Vec<bool>>;
    type IntoFuture = Answer<'a, Vec<bool>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, keys, expiry, durability } = self;
        Box::pin(named(store, "expire_many", async move {
            let lifetime = expiry?.for_change(store.default_lifetime())?;
            let durability = check_durability(store.capabilities(), durability)?;
            let keys = check_keys("expire_many", store.capabilities(), keys)?;
            store.expire_entries(&HERE, &keys, ExpireOptions { lifetime, durability }).await
        }))
    }
}

/// One wrong key refuses the batch, so that nothing is sent of a batch that cannot be done.
fn check_keys<'a, K: AsRef<str>>(
    operation: &'static str,
    capabilities: &Capabilities,
    keys: &'a [K],
) -> Result<Vec<Key<'a>>> {
    check_batch(capabilities, keys.len())?;
    let check = |key: &'a K| {
        let text = key.as_ref();
        check_key(capabilities, text).map_err(|error| error.with_context(operation, Key::new(text).ok()))
    };
    keys.iter().map(check).collect()
}

async fn named<S: Cache + ?Sized, T>(
    store: &S,
    operation: &'static str,
    batch: impl Future<Output = Result<T>>,
) -> Result<T> {
    let origin = Origin { operation, driver: store.capabilities().driver, key: None };
    batch.await.map_err(|error| origin.name(error))
}
