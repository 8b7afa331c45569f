//! Writing and reading the values of records, with options: built up by setters, carried out by `.await`.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::{ContentType, FromRecord, IntoRecordValue, KeyValueStore, Record, RecordValue};
use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::forward::BoxFuture;
use crate::typed::OnCorrupt;

/// A write of a value, made by [`KeyValueStore::set_value`]. Awaiting it gives `Result<()>`.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct SetValue<'a> {
    store: &'a KeyValueStore,
    key: &'a str,
    value: Result<RecordValue>,
    content_type: Result<Option<ContentType>>,
}

impl<'a> SetValue<'a> {
    pub(super) fn new(store: &'a KeyValueStore, key: &'a str, value: impl IntoRecordValue) -> Self {
        Self { store, key, value: value.into_record_value(), content_type: Ok(None) }
    }

    /// Keeps this content type, a [`ContentType`] or its text, in place of the inferred one. It says what a value is of:
    /// nothing stays `application/x-none`, and a value of that type makes the call fail with
    /// [`InvalidArgument`](ErrorKind::InvalidArgument), as text does that is no content type.
    pub fn content_type<C>(mut self, content_type: C) -> Self
    where
        C: TryInto<ContentType>,
        C::Error: Into<Error>,
    {
        self.content_type = content_type.try_into().map(Some).map_err(Into::into);
        self
    }
}

fn content_type_of(value: &RecordValue, given: Option<ContentType>) -> Result<ContentType> {
    match given {
        _ if *value == RecordValue::Nothing => Ok(ContentType::NOTHING),
        Some(given) if given.is_nothing() => {
            Err(Error::new(ErrorKind::InvalidArgument, "a record of the content type of nothing has no value"))
        }
        Some(given) => Ok(given),
        None => Ok(value.content_type()),
    }
}

impl<'a> IntoFuture for SetValue<'a> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, ()>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, key, value, content_type } = self;
        let record = value.and_then(|value| Ok((content_type_of(&value, content_type?)?, value.into_bytes())));
        Box::pin(store.write("set_value", key, record))
    }
}

/// A read of a value, made by [`KeyValueStore::get_value`]. Awaiting it gives `Result<Option<T>>`.
#[must_use = "an operation does nothing until it is awaited"]
pub struct GetValue<'a, T> {
    store: &'a KeyValueStore,
    key: &'a str,
    on_corrupt: OnCorrupt,
    value: PhantomData<fn() -> T>,
}

impl<'a, T: FromRecord> GetValue<'a, T> {
    pub(super) fn new(store: &'a KeyValueStore, key: &'a str) -> Self {
        Self { store, key, on_corrupt: OnCorrupt::default(), value: PhantomData }
    }

    /// Sets what becomes of a record that does not read as `T`.
    pub fn on_corrupt(mut self, on_corrupt: OnCorrupt) -> Self {
        self.on_corrupt = on_corrupt;
        self
    }

    /// Gives `default` where there is no record. Awaiting it gives `Result<T>`.
    pub fn or(self, default: T) -> GetValueOr<'a, T> {
        GetValueOr { read: self, default }
    }

    async fn read(self) -> Result<Option<T>> {
        let Some(record) = self.store.read("get_value", self.key).await? else { return Ok(None) };
        match (decode(self.store, "get_value", &record), self.on_corrupt) {
            (Err(_), OnCorrupt::Miss) => Ok(None),
            (value, _) => value.map(Some),
        }
    }
}

impl<'a, T: FromRecord + 'a> IntoFuture for GetValue<'a, T> {
    type Output = Result<Option<T>>;
    type IntoFuture = BoxFuture<'a, Option<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.read())
    }
}

/// A read of a value that gives a default where there is no record, made by [`GetValue::or`].
#[must_use = "an operation does nothing until it is awaited"]
pub struct GetValueOr<'a, T> {
    read: GetValue<'a, T>,
    default: T,
}

impl<'a, T: FromRecord + Send + 'a> IntoFuture for GetValueOr<'a, T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'a, T>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.read.read().await?.unwrap_or(self.default)) })
    }
}

/// Reads what was found as `T`, and tells a failure where it comes from.
pub(super) fn decode<T: FromRecord>(store: &KeyValueStore, operation: &'static str, record: &Record) -> Result<T> {
    T::from_record(record).map_err(|reason| {
        let error = codec::corrupt(record.value.len(), reason);
        store.failed(operation, Some(record.key.as_key()), error)
    })
}

impl<T> fmt::Debug for GetValue<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetValue").field("store", self.store).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for GetValueOr<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetValueOr").field("read", &self.read).finish_non_exhaustive()
    }
}
