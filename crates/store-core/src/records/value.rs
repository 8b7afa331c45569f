//! Values of records as people have them: bytes, text, JSON or nothing, told by their type.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use super::{ContentType, Record};
use crate::codec::{CodecError, Decode, Raw, Text};
#[cfg(feature = "json")]
use crate::codec::{Json, encode};
use crate::entry::HiddenValue;
use crate::error::Result;
use crate::value::IntoValue;

/// A value of any kind.
///
/// `Debug` shows its length, never the value.
#[derive(Clone, PartialEq, Eq)]
pub enum RecordValue {
    /// A record is there, and its value is nothing.
    Nothing,
    /// JSON, as it is spelled.
    Json(Bytes),
    /// Text.
    Text(String),
    /// Any other bytes.
    Bytes(Bytes),
}

impl RecordValue {
    /// The content type of a record of this kind that was given none.
    #[must_use]
    pub fn content_type(&self) -> ContentType {
        match self {
            Self::Nothing => ContentType::NOTHING,
            Self::Json(_) => ContentType::JSON,
            Self::Text(_) => ContentType::TEXT,
            Self::Bytes(_) => ContentType::OCTET_STREAM,
        }
    }

    /// The bytes that are stored; none for nothing.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::Json(bytes) | Self::Bytes(bytes) => bytes,
            Self::Text(text) => text.into(),
        }
    }
}

impl fmt::Debug for RecordValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes) = match self {
            Self::Nothing => return f.write_str("Nothing"),
            Self::Json(bytes) => ("Json", &bytes[..]),
            Self::Text(text) => ("Text", text.as_bytes()),
            Self::Bytes(bytes) => ("Bytes", &bytes[..]),
        };
        f.debug_tuple(kind).field(&HiddenValue(bytes)).finish()
    }
}

/// A value as JSON.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
/// use store_memory::{AsJson, StoreLabel, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let client = Arc::new(MemoryKeyValueStoreClient::new());
/// let records = KeyValueStore::open(client, StoreLabel::Default).await?;
/// let visits = BTreeMap::from([("example.com", 3)]);
/// records.set_value("visits", AsJson(&visits)).await?;
///
/// let read = records.get_value::<AsJson<BTreeMap<String, u32>>>("visits").await?;
/// assert_eq!(read.map(|AsJson(visits)| visits["example.com"]), Some(3));
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// # }
/// ```
#[cfg(feature = "json")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AsJson<T>(pub T);

/// Shows nothing of the value.
#[cfg(feature = "json")]
impl<T> fmt::Debug for AsJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsJson").finish_non_exhaustive()
    }
}

/// What a record can be made of.
///
/// | type | kind |
/// | --- | --- |
/// | text of any lifetime, `String` | text |
/// | slices of bytes of any lifetime, arrays of bytes, `Vec<u8>`, [`Bytes`] | bytes |
#[cfg_attr(feature = "json", doc = "| [`AsJson`] of what `serde` can serialize | JSON |")]
/// | `()` | nothing |
/// | `Option` of one of these | as it is; `None` is nothing |
/// | [`RecordValue`] | the one that it says |
pub trait IntoRecordValue: sealed::Into {
    #[doc(hidden)]
    fn into_record_value(self) -> Result<RecordValue>;
}

/// What a record can be read as.
///
/// | type | reads |
/// | --- | --- |
/// | `String` | `text/…`, as UTF-8 |
/// | [`Bytes`], `Vec<u8>` | everything but nothing, as it is stored |
#[cfg_attr(feature = "json", doc = "| [`AsJson`] of what `serde` can deserialize | `application/json` and `…+json` |")]
/// | `()` | nothing |
/// | `Option` of one of these | what it reads, and nothing as `None` |
/// | [`RecordValue`] | everything, as what the content type says |
pub trait FromRecord: Sized + sealed::From {
    #[doc(hidden)]
    fn from_record(record: &Record) -> Result<Self, CodecError>;
}

mod sealed {
    pub trait Into {}
    pub trait From {}
}

macro_rules! into {
    ($([$($generic:tt)*] $source:ty: $value:ident => $made:expr;)*) => {$(
        impl<$($generic)*> sealed::Into for $source {}
        impl<$($generic)*> IntoRecordValue for $source {
            fn into_record_value(self) -> Result<RecordValue> {
                let $value = self;
                Ok($made)
            }
        }
    )*};
}

into! {
    [] (): _nothing => RecordValue::Nothing;
    [] RecordValue: value => value;
    [] String: text => RecordValue::Text(text);
    [] &String: text => RecordValue::Text(text.clone());
    [] &str: text => RecordValue::Text(text.to_owned());
    [] Cow<'_, str>: text => RecordValue::Text(text.into_owned());
    [] Bytes: bytes => RecordValue::Bytes(bytes);
    [] &Bytes: bytes => RecordValue::Bytes(bytes.clone());
    [] Vec<u8>: bytes => RecordValue::Bytes(bytes.into_value());
    [] &Vec<u8>: bytes => RecordValue::Bytes(bytes.into_value());
    [] Box<[u8]>: bytes => RecordValue::Bytes(bytes.into_value());
    [] &[u8]: bytes => RecordValue::Bytes(bytes.into_value());
    [] Cow<'_, [u8]>: bytes => RecordValue::Bytes(bytes.into_value());
    [const N: usize] &[u8; N]: bytes => RecordValue::Bytes(bytes.into_value());
    [const N: usize] [u8; N]: bytes => RecordValue::Bytes(bytes.into_value());
}

impl<V: IntoRecordValue> sealed::Into for Option<V> {}
impl<V: IntoRecordValue> IntoRecordValue for Option<V> {
    fn into_record_value(self) -> Result<RecordValue> {
        self.map_or(Ok(RecordValue::Nothing), V::into_record_value)
    }
}

#[cfg(feature = "json")]
impl<T: serde::Serialize> sealed::Into for AsJson<T> {}
#[cfg(feature = "json")]
impl<T: serde::Serialize> IntoRecordValue for AsJson<T> {
    fn into_record_value(self) -> Result<RecordValue> {
        encode(&Json, &self.0).map(RecordValue::Json)
    }
}

macro_rules! from {
    ($([$($generic:tt)*] $target:ty: $record:ident => $read:expr;)*) => {$(
        impl<$($generic)*> sealed::From for $target {}
        impl<$($generic)*> FromRecord for $target {
            fn from_record($record: &Record) -> Result<Self, CodecError> {
                $read
            }
        }
    )*};
}

from! {
    [] (): record => match record.content_type.is_nothing() {
        true => Ok(()),
        false => Err(CodecError::new("the record has a value")),
    };
    [] String: record => match record.content_type.is_text() {
        true => Text.decode(&record.value),
        false => Err(CodecError::new("by its content type the record is no text")),
    };
    [] Bytes: record => has_value(record).and_then(|()| Raw.decode(&record.value));
    [] Vec<u8>: record => has_value(record).and_then(|()| Raw.decode(&record.value));
    [] RecordValue: record => match &record.content_type {
        kind if kind.is_nothing() => Ok(Self::Nothing),
        kind if kind.is_json() => Ok(Self::Json(record.value.clone())),
        kind if kind.is_text() => Text.decode(&record.value).map(Self::Text),
        _ => Ok(Self::Bytes(record.value.clone())),
    };
    [T: FromRecord] Option<T>: record => match record.content_type.is_nothing() {
        true => Ok(None),
        false => T::from_record(record).map(Some),
    };
}

fn has_value(record: &Record) -> Result<(), CodecError> {
    if record.content_type.is_nothing() { Err(CodecError::new("the value of the record is nothing")) } else { Ok(()) }
}

#[cfg(feature = "json")]
impl<T: serde::de::DeserializeOwned> sealed::From for AsJson<T> {}
#[cfg(feature = "json")]
impl<T: serde::de::DeserializeOwned> FromRecord for AsJson<T> {
    fn from_record(record: &Record) -> Result<Self, CodecError> {
        if !record.content_type.is_json() {
            return Err(CodecError::new("by its content type the record is no JSON"));
        }
        Json.decode(&record.value).map(Self)
    }
}
