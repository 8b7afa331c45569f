//! Typed values: a codec turns a value into bytes and back, above the driver.
//!
//! `Text` and `Raw` are always there; `Json` and `PythonJson` come with the feature `json`, `MessagePack` and `Postcard`
//! with `messagepack` and `postcard`. `Zlib` and `Zstd`, of the features of these names, compress what another codec
//! writes: `Zstd<Json>`.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};

/// Turns values into bytes.
pub trait Encode<T: ?Sized>: Send + Sync {
    /// The bytes of `value`.
    ///
    /// # Errors
    /// When the value has no form in this codec.
    fn encode(&self, value: &T) -> Result<Bytes, CodecError>;
}

/// Turns bytes into values.
pub trait Decode<T>: Send + Sync {
    /// The value that `bytes` spell, to the last byte.
    ///
    /// # Errors
    /// When they spell none.
    fn decode(&self, bytes: &Bytes) -> Result<T, CodecError>;
}

/// Both directions for one type. Implement [`Encode`] and [`Decode`]; this follows.
pub trait Codec<T>: Encode<T> + Decode<T> {}

impl<T, C: Encode<T> + Decode<T>> Codec<T> for C {}

/// Why a value does not encode or bytes do not decode.
///
/// It ends up in logs, so it says where and why but never shows a part of the value. Texts of `serde` formats often do
/// ("invalid type: string …"); the codecs here therefore pass on positions and categories only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError(Cow<'static, str>);

impl CodecError {
    /// A reason that shows no part of the value.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecError {}

pub(crate) fn encode<T: ?Sized>(codec: &impl Encode<T>, value: &T) -> Result<Bytes> {
    codec
        .encode(value)
        .map_err(|reason| Error::new(ErrorKind::InvalidArgument, "the value does not encode").with_source(reason))
}

pub(crate) fn decode<T>(codec: &impl Decode<T>, bytes: &Bytes) -> Result<T> {
    codec.decode(bytes).map_err(|reason| corrupt(bytes.len(), reason))
}

/// The error of `bytes` stored bytes that do not decode.
pub(crate) fn corrupt(bytes: usize, reason: CodecError) -> Error {
    Error::new(ErrorKind::Corrupt, format!("the stored value does not decode; bytes={bytes}")).with_source(reason)
}

/// Bytes as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Raw;

impl<T: AsRef<[u8]> + ?Sized> Encode<T> for Raw {
    fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
        Ok(Bytes::copy_from_slice(value.as_ref()))
    }
}

impl Decode<Bytes> for Raw {
    fn decode(&self, bytes: &Bytes) -> Result<Bytes, CodecError> {
        Ok(bytes.clone())
    }
}

impl Decode<Vec<u8>> for Raw {
    fn decode(&self, bytes: &Bytes) -> Result<Vec<u8>, CodecError> {
        Ok(bytes.to_vec())
    }
}

/// UTF-8 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Text;

impl<T: AsRef<str> + ?Sized> Encode<T> for Text {
    fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
        Ok(Bytes::copy_from_slice(value.as_ref().as_bytes()))
    }
}

impl Decode<String> for Text {
    fn decode(&self, bytes: &Bytes) -> Result<String, CodecError> {
        let text = std::str::from_utf8(bytes);
        text.map(str::to_owned)
            .map_err(|error| CodecError::new(format!("not UTF-8 text; valid_up_to={}", error.valid_up_to())))
    }
}

#[cfg(any(feature = "zlib", feature = "zstd"))]
mod compression;
#[cfg(feature = "json")]
mod python_json;
#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

#[cfg(feature = "json")]
pub use self::python_json::PythonJson;
#[cfg(feature = "zlib")]
pub use self::zlib::Zlib;
#[cfg(feature = "zstd")]
pub use self::zstd::Zstd;

#[cfg(feature = "json")]
pub use self::json::Json;

#[cfg(feature = "json")]
mod json {
    use bytes::Bytes;
    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::error::Category;

    use super::{CodecError, Decode, Encode};

    /// JSON, compact.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Json;

    impl<T: Serialize + ?Sized> Encode<T> for Json {
        fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
            serde_json::to_vec(value).map(Bytes::from).map_err(without_value)
        }
    }

    impl<T: DeserializeOwned> Decode<T> for Json {
        fn decode(&self, bytes: &Bytes) -> Result<T, CodecError> {
            serde_json::from_slice(bytes).map_err(without_value)
        }
    }

    pub(super) fn without_value(error: serde_json::Error) -> CodecError {
        let category = match error.classify() {
            Category::Io => "i/o",
            Category::Syntax => "syntax",
            Category::Data => "data of another shape",
            Category::Eof => "unexpected end",
        };
        CodecError::new(format!("json: {category}; line={} column={}", error.line(), error.column()))
    }
}

#[cfg(feature = "messagepack")]
pub use self::messagepack::MessagePack;

#[cfg(feature = "messagepack")]
mod messagepack {
    use bytes::Bytes;
    use rmp_serde::{Deserializer, decode};
    use serde::{Serialize, de::DeserializeOwned};

    use super::{CodecError, Decode, Encode};

    /// How deeply values may be nested: as deep as JSON allows, and far from the end of any stack.
    const MAX_DEPTH: usize = 128;

    /// MessagePack, structs as maps with field names, so that fields can be added.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct MessagePack;

    impl<T: Serialize + ?Sized> Encode<T> for MessagePack {
        fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
            rmp_serde::to_vec_named(value)
                .map(Bytes::from)
                .map_err(|_| CodecError::new("messagepack: the value has no form"))
        }
    }

    impl<T: DeserializeOwned> Decode<T> for MessagePack {
        fn decode(&self, bytes: &Bytes) -> Result<T, CodecError> {
            let mut rest: &[u8] = bytes;
            let mut input = Deserializer::new(&mut rest);
            input.set_max_depth(MAX_DEPTH);
            let value = T::deserialize(&mut input).map_err(without_value)?;
            if rest.is_empty() { Ok(value) } else { Err(CodecError::new("messagepack: bytes behind the value")) }
        }
    }

    fn without_value(error: decode::Error) -> CodecError {
        CodecError::new(match error {
            decode::Error::InvalidMarkerRead(_) | decode::Error::InvalidDataRead(_) => "messagepack: unexpected end",
            decode::Error::DepthLimitExceeded => "messagepack: nested too deeply",
            decode::Error::Utf8Error(_) => "messagepack: text that is not UTF-8",
            _ => "messagepack: data of another shape",
        })
    }
}

#[cfg(feature = "postcard")]
pub use self::postcard_codec::Postcard;

#[cfg(feature = "postcard")]
mod postcard_codec {
    use bytes::Bytes;
    use serde::{Serialize, de::DeserializeOwned};

    use super::{CodecError, Decode, Encode};

    /// Postcard: the smallest form, for types whose shape does not change.
    ///
    /// The format does not limit how deeply values are nested. A type that contains itself can be made to overflow the
    /// stack by whoever writes the bytes; for such types use another codec unless the writer is trusted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Postcard;

    impl<T: Serialize + ?Sized> Encode<T> for Postcard {
        fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
            postcard::to_stdvec(value).map(Bytes::from).map_err(|_| CodecError::new("postcard: the value has no form"))
        }
    }

    impl<T: DeserializeOwned> Decode<T> for Postcard {
        fn decode(&self, bytes: &Bytes) -> Result<T, CodecError> {
            match postcard::take_from_bytes(bytes) {
                Ok((value, [])) => Ok(value),
                Ok(_) => Err(CodecError::new("postcard: bytes behind the value")),
                Err(_) => Err(CodecError::new("postcard: data of another shape")),
            }
        }
    }
}
