//! Operations with options: built up by setters, carried out by `.await`.

use bytes::Bytes;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use crate::call::{Call, HERE, check_condition, check_durability, check_value, check_value_condition, require};
use crate::capability::Listing;
use crate::durability::{Durability, durability_setter};
use crate::entry::{
    Condition, DeleteOptions, Entry, ExpireOptions, GetOptions, HiddenValue, SetOptions, SetOutcome, WriteOptions,
};
use crate::error::{Error, Result};
use crate::expiry::{Expiry, Lifetime, Ttl};
use crate::store::Store;
use crate::value::IntoValue;

/// Setters for the expiry, for builders that have `fn with_expiry_result(self, Result<Expiry>) -> Self`. The last one
/// called counts. A wrong argument is reported by the operation, before anything is sent.
macro_rules! expiry_setters {
    () => {
        /// Expires after `ttl`, a `Duration` or a [`Ttl`](crate::Ttl), rounded up to whole milliseconds.
        /// Zero and more than 100 years make the call fail with [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
        pub fn ttl<T>(self, ttl: T) -> Self
        where
            T: TryInto<crate::Ttl>,
            T::Error: Into<crate::Error>,
        {
            self.with_expiry_result(ttl.try_into().map(Expiry::In).map_err(Into::into))
        }

        /// Expires at `time`, rounded up to whole milliseconds; a past time leaves the key absent.
        /// Beyond the year 9999 the call fails with [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
        pub fn expires_at(self, time: std::time::SystemTime) -> Self {
            self.with_expiry_result(time.try_into())
        }

        /// Never expires, whatever the store's default is.
        pub fn never_expires(self) -> Self {
            self.with_expiry_result(Ok(Expiry::Never))
        }

        /// Keeps the expiry of an entry that is there; a new one gets the store's default.
        pub fn keep_expiry(self) -> Self {
            self.with_expiry_result(Ok(Expiry::Keep))
        }

        /// Sets the expiry: an [`Expiry`], or whatever makes one (a `Duration`, a [`Ttl`](crate::Ttl), a `SystemTime`,
        /// the [`ExpiresAt`](crate::ExpiresAt) of another entry).
        pub fn expiry<E>(self, expiry: E) -> Self
        where
            E: TryInto<Expiry>,
            E::Error: Into<crate::Error>,
        {
            self.with_expiry_result(expiry.try_into().map_err(Into::into))
        }
    };
}
pub(crate) use expiry_setters;

/// A read. Awaiting it gives `Result<Option<Bytes>>`.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct Get<'a, S: ?Sized> {
    store: &'a S,
    key: &'a str,
    renew: Result<Option<Ttl>>,
}

impl<'a, S: Store + ?Sized> Get<'a, S> {
    pub(crate) fn new(store: &'a S, key: &'a str) -> Self {
        Self { store, key, renew: Ok(None) }
    }

    /// Also sets the remaining lifetime of an entry that expires to `ttl`, in the same step.
    /// Zero and more than 100 years make the call fail with [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
    pub fn renew<T>(mut self, ttl: T) -> Self
    where
        T: TryInto<Ttl>,
        T::Error: Into<Error>,
    {
        self.renew = ttl.try_into().map(Some).map_err(Into::into);
        self
    }

    /// Also returns the expiry, as it is after any renewal.
    pub fn with_expiry(self) -> GetWithExpiry<'a, S> {
        GetWithExpiry(self)
    }

    fn call<O>(self, options: GetOptions, finish: fn(Option<Entry>) -> O) -> Call<'a, Option<Entry>, O> {
        let Self { store, key, renew } = self;
        Call::at_key(
            store,
            "get",
            key,
            |at| {
                let options = GetOptions { renew: renew?, ..options };
                if options.renew.is_some() {
                    require(store.capabilities().renewal, "renewal")?;
                }
                Ok(store.get_entry(at, options))
            },
            finish,
        )
    }
}

impl<'a, S: Store + ?Sized> IntoFuture for Get<'a, S> {
    type Output = Result<Option<Bytes>>;
    type IntoFuture = Call<'a, Option<Entry>, Option<Bytes>>;

    fn into_future(self) -> Self::IntoFuture {
        self.call(GetOptions::default(), |entry| entry.map(|entry| entry.value))
    }
}

/// A read that also returns the expiry. Awaiting it gives `Result<Option<Entry>>`.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct GetWithExpiry<'a, S: ?Sized>(Get<'a, S>);

impl<'a, S: Store + ?Sized> IntoFuture for GetWithExpiry<'a, S> {
    type Output = Result<Option<Entry>>;
    type IntoFuture = Call<'a, Option<Entry>>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.call(GetOptions::default().with_expiry(), |entry| entry)
    }
}

/// A write. Awaiting it gives `Result<()>`; with a condition, `Result<SetOutcome>`.
#[must_use = "an operation does nothing until it is awaited"]
pub struct Set<'a, S: ?Sized> {
    store: &'a S,
    key: &'a str,
    value: Result<Bytes>,
    expiry: Result<Expiry>,
    durability: Result<Durability>,
}

impl<'a, S: Store + ?Sized> Set<'a, S> {
    pub(crate) fn new(store: &'a S, key: &'a str, value: Result<Bytes>) -> Self {
        Self { store, key, value, expiry: Ok(Expiry::Default), durability: Ok(Durability::default()) }
    }

    expiry_setters!();

    fn with_expiry_result(mut self, expiry: Result<Expiry>) -> Self {
        self.expiry = expiry;
        self
    }

    durability_setter!();

    /// Stores only over a missing or expired entry.
    pub fn if_absent(self) -> ConditionalSet<'a, S> {
        self.with_condition(Condition::IfAbsent)
    }

    /// Stores only over an existing entry.
    pub fn if_present(self) -> ConditionalSet<'a, S> {
        self.with_condition(Condition::IfPresent)
    }

    /// Stores only over an entry with exactly these bytes.
    ///
    /// Bytes that went away and came back are the same bytes: where that matters, put a version into the value.
    pub fn if_value(self, value: impl IntoValue) -> ConditionalSet<'a, S> {
        self.with_condition(Condition::IfValue(value.into_value()))
    }

    fn with_condition(self, condition: Condition) -> ConditionalSet<'a, S> {
        let Self { store, key, value, expiry, durability } = self;
        ConditionalSet { store, key, value, expiry, durability, condition, operation: "set" }
    }
}

impl<'a, S: Store + ?Sized> IntoFuture for Set<'a, S> {
    type Output = Result<()>;
    type IntoFuture = Call<'a, SetOutcome, ()>;

    fn into_future(self) -> Self::IntoFuture {
        self.with_condition(Condition::Always).call(|_always_stored| ())
    }
}

impl<S: fmt::Debug + ?Sized> fmt::Debug for Set<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set")
            .field("store", &self.store)
            .field("key", &self.key)
            .field("value", &self.value.as_deref().map(HiddenValue))
            .field("expiry", &self.expiry)
            .field("durability", &self.durability)
            .finish()
    }
}

/// A write under a condition. Awaiting it gives `Result<SetOutcome>`.
#[must_use = "an operation does nothing until it is awaited"]
pub struct ConditionalSet<'a, S: ?Sized> {
    store: &'a S,
    key: &'a str,
    value: Result<Bytes>,
    expiry: Result<Expiry>,
    durability: Result<Durability>,
    condition: Condition,
    operation: &'static str,
}

impl<'a, S: Store + ?Sized> ConditionalSet<'a, S> {
    expiry_setters!();

    fn with_expiry_result(mut self, expiry: Result<Expiry>) -> Self {
        self.expiry = expiry;
        self
    }

    durability_setter!();

    pub(crate) fn call<O>(self, finish: fn(SetOutcome) -> O) -> Call<'a, SetOutcome, O> {
        let Self { store, key, value, expiry, durability, condition, operation } = self;
        Call::at_key(
            store,
            operation,
            key,
            |at| {
                let (capabilities, value) = (store.capabilities(), value?);
                check_value(capabilities, &value)?;
                check_condition(capabilities, &condition)?;
                let expiry = expiry?.for_write(store.default_lifetime());
                let durability = check_durability(capabilities, durability)?;
                let options = SetOptions::new(expiry).with_condition(condition).with_durability(durability);
                Ok(store.set_entry(at, value, options))
            },
            finish,
        )
    }
}

impl<'a, S: Store + ?Sized> IntoFuture for ConditionalSet<'a, S> {
    type Output = Result<SetOutcome>;
    type IntoFuture = Call<'a, SetOutcome>;

    fn into_future(self) -> Self::IntoFuture {
        self.call(|outcome| outcome)
    }
}

impl<S: fmt::Debug + ?Sized> fmt::Debug for ConditionalSet<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionalSet")
            .field("store", &self.store)
            .field("key", &self.key)
            .field("value", &self.value.as_deref().map(HiddenValue))
            .field("expiry", &self.expiry)
            .field("durability", &self.durability)
            .field("condition", &self.condition)
            .finish()
    }
}

/// A removal. Awaiting it gives `Result<bool>`: whether an entry was there and is gone.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct Delete<'a, S: ?Sized> {
    store: &'a S,
    key: &'a str,
    if_value: Option<Bytes>,
    durability: Result<Durability>,
}

impl<'a, S: Store + ?Sized> Delete<'a, S> {
    pub(crate) fn new(store: &'a S, key: &'a str) -> Self {
        Self { store, key, if_value: None, durability: Ok(Durability::default()) }
    }

    /// Removes only an entry with exactly these bytes.
    pub fn if_value(mut self, value: impl IntoValue) -> Self {
        self.if_value = Some(value.into_value());
        self
    }

    durability_setter!();
}

impl<'a, S: Store + ?Sized> IntoFuture for Delete<'a, S> {
    type Output = Result<bool>;
    type IntoFuture = Call<'a, bool>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, key, if_value, durability } = self;
        Call::at_key(
            store,
            "delete",
            key,
            |at| {
                let capabilities = store.capabilities();
                if let Some(value) = &if_value {
                    check_value_condition(capabilities, value)?;
                }
                let durability = check_durability(capabilities, durability)?;
                Ok(store.delete_entry(at, DeleteOptions { if_value, durability }))
            },
            |removed| removed,
        )
    }
}

impl<S: fmt::Debug + ?Sized> fmt::Debug for Delete<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delete")
            .field("store", &self.store)
            .field("key", &self.key)
            .field("if_value", &self.if_value.as_deref().map(HiddenValue))
            .field("durability", &self.durability)
            .finish()
    }
}

/// A write over a missing entry alone. Awaiting it gives `Result<bool>`: whether this call stored.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct Add<'a, S: ?Sized>(ConditionalSet<'a, S>);

impl<'a, S: Store + ?Sized> Add<'a, S> {
    pub(crate) fn new(set: Set<'a, S>) -> Self {
        Self(ConditionalSet { operation: "add", ..set.if_absent() })
    }

    expiry_setters!();

    fn with_expiry_result(self, expiry: Result<Expiry>) -> Self {
        Self(self.0.with_expiry_result(expiry))
    }

    /// As [`Set::replicated`].
    pub fn replicated(self, replicas: u32, timeout: Duration) -> Self {
        Self(self.0.replicated(replicas, timeout))
    }
}

impl<'a, S: Store + ?Sized> IntoFuture for Add<'a, S> {
    type Output = Result<bool>;
    type IntoFuture = Call<'a, SetOutcome, bool>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.call(SetOutcome::is_stored)
    }
}

/// A change of the expiry. Awaiting it gives `Result<bool>`: whether the entry existed.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct Expire<'a, S: ?Sized> {
    store: &'a S,
    key: &'a str,
    lifetime: Result<Lifetime>,
    durability: Result<Durability>,
}

impl<'a, S: Store + ?Sized> Expire<'a, S> {
    pub(crate) fn new(store: &'a S, key: &'a str, expiry: Result<Expiry>) -> Self {
        let lifetime = expiry.and_then(|expiry| expiry.for_change(store.default_lifetime()));
        Self { store, key, lifetime, durability: Ok(Durability::default()) }
    }

    durability_setter!();
}

impl<'a, S: Store + ?Sized> IntoFuture for Expire<'a, S> {
    type Output = Result<bool>;
    type IntoFuture = Call<'a, bool>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, key, lifetime, durability } = self;
        let ask = |at| {
            let (lifetime, durability) = (lifetime?, check_durability(store.capabilities(), durability)?);
            Ok(store.expire_entry(at, ExpireOptions { lifetime, durability }))
        };
        Call::at_key(store, "expire", key, ask, |existed| existed)
    }
}

/// A read that removes. Awaiting it gives `Result<Option<Bytes>>`.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct Take<'a, S: ?Sized> {
    store: &'a S,
    key: &'a str,
    durability: Result<Durability>,
}

impl<'a, S: Store + ?Sized> Take<'a, S> {
    pub(crate) fn new(store: &'a S, key: &'a str) -> Self {
        Self { store, key, durability: Ok(Durability::default()) }
    }

    durability_setter!();
}

impl<'a, S: Store + ?Sized> IntoFuture for Take<'a, S> {
    type Output = Result<Option<Bytes>>;
    type IntoFuture = Call<'a, Option<Bytes>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, key, durability } = self;
        let ask = |at| {
            let capabilities = store.capabilities();
            require(capabilities.take, "take")?;
            Ok(store.take_entry(at, WriteOptions { durability: check_durability(capabilities, durability)? }))
        };
        Call::at_key(store, "take", key, ask, |value| value)
    }
}

/// A removal of a whole namespace. Awaiting it gives `Result<u64>`: the removals acknowledged.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct Clear<'a, S: ?Sized> {
    store: &'a S,
}

impl<'a, S: Store + ?Sized> Clear<'a, S> {
    pub(crate) fn new(store: &'a S) -> Self {
        Self { store }
    }
}

impl<'a, S: Store + ?Sized> IntoFuture for Clear<'a, S> {
    type Output = Result<u64>;
    type IntoFuture = Call<'a, u64>;

    fn into_future(self) -> Self::IntoFuture {
        let store = self.store;
        let ask = || {
            require_listing(store.capabilities().listing)?;
            Ok(store.clear_namespace(&HERE, WriteOptions::default()))
        };
        Call::on_store(store, "clear", ask, |removed| removed)
    }
}

/// Refuses what has to enumerate.
pub(crate) fn require_listing(listing: Listing) -> Result<()> {
    match listing {
        Listing::None => Err(Error::unsupported("listing")),
        Listing::Unordered | Listing::ByteOrder => Ok(()),
    }
}
