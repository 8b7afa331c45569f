//! Counting as people call it.

use std::future::IntoFuture;

use crate::cache::Cache;
use crate::call::{Call, check_durability, require};
use crate::durability::{Durability, durability_setter};
use crate::entry::CounterOptions;
use crate::error::{Error, Result};
use crate::expiry::{Expiry, Ttl};

/// A step of a counter. Awaiting it gives `Result<i64>`: the counter afterwards.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct Increment<'a, S: ?Sized> {
    store: &'a S,
    operation: &'static str,
    key: &'a str,
    delta: Result<i64>,
    on_create: Result<Expiry>,
    durability: Result<Durability>,
}

impl<'a, S: Cache + ?Sized> Increment<'a, S> {
    pub(crate) fn new(store: &'a S, operation: &'static str, key: &'a str, delta: Result<i64>) -> Self {
        Self { store, operation, key, delta, on_create: Ok(Expiry::Default), durability: Ok(Durability::default()) }
    }

    /// The lifetime of a counter that this call creates; an existing one keeps its own.
    /// Zero and more than 100 years make the call fail with [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
    pub fn ttl_on_create<T>(mut self, ttl: T) -> Self
    where
        T: TryInto<Ttl>,
        T::Error: Into<Error>,
    {
        self.on_create = ttl.try_into().map(Expiry::In).map_err(Into::into);
        self
    }

    /// The expiry of a counter that this call creates; [`Expiry::Keep`] makes the call fail with
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument), because an existing counter keeps its own anyway.
    pub fn expiry_on_create<E>(mut self, expiry: E) -> Self
    where
        E: TryInto<Expiry>,
        E::Error: Into<Error>,
    {
        self.on_create = expiry.try_into().map_err(Into::into);
        self
    }

    durability_setter!();
}

impl<'a, S: Cache + ?Sized> IntoFuture for Increment<'a, S> {
    type Output = Result<i64>;
    type IntoFuture = Call<'a, i64>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, operation, key, delta, on_create, durability } = self;
        let ask = |at| {
            require(store.capabilities().counters, "counters")?;
            let on_create = on_create?.for_change(store.default_lifetime())?;
            let durability = check_durability(store.capabilities(), durability)?;
            Ok(store.add_to_counter(at, delta?, CounterOptions::new(on_create).with_durability(durability)))
        };
        Call::at_key(store, operation, key, ask, |sum| sum)
    }
}
