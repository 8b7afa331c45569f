//! Values as cachelib's `RedisCache` keeps them, for programs that share a cache with it. For its keys there is
//! [`Layout::cachelib`](crate::Layout::cachelib).
//!
//! What a value is in Redis is up to the `serializer` of the Python side:
//!
//! | in Python | here |
//! | --- | --- |
//! | the default, `RedisSerializer` | [`RedisSerializer`], for integers and bytes; it can read what Python pickled |
//! | `JSONSerializer` | [`codec`](crate::codec)`::Json`, or `codec::PythonJson` for the same bytes |
//!
//! Its numeric timeouts are read by [`Expiry::from_cachelib_timeout`](crate::Expiry::from_cachelib_timeout).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use store_core::{CodecError, Decode, Encode};

#[cfg(feature = "pickle")]
use crate::pickle::Pickle;
use crate::plain::Plain;

/// What every value begins with that Python has pickled.
const PICKLED: u8 = b'!';

/// The values of cachelib's `RedisSerializer`, its default.
///
/// | in Python | stored | written and read here |
/// | --- | --- | --- |
/// | `int` | decimal text, so it can be counted on | `i64`; in a [`Plain`] up to 128 bits |
/// | `bytes` that came from elsewhere | as they are | [`Bytes`] that Python would not take for something else |
/// | everything else, `bytes` of its own included | `!` and a pickle | only read, and that only where it is asked for |
///
/// Python takes what begins with `!` for a pickle, and whatever its `int()` takes, such as ` 1_0 `, for an integer. Bytes
/// like that are refused when they are written: Python would read something else.
///
/// A pickle is `Corrupt`, unless `reading_pickles` (with the feature `pickle`) says otherwise. It can then be read as
/// [`Plain`], and bytes and integers also as what they are.
///
/// ```
/// use store_redis::cachelib::RedisSerializer;
/// use store_redis::{Bytes, Decode, Encode};
///
/// let codec = RedisSerializer::new();
/// assert_eq!(codec.encode(&-7)?, "-7");
/// assert_eq!(Decode::<i64>::decode(&codec, &Bytes::from("42"))?, 42);
/// assert!(codec.encode(&b"plain bytes"[..]).is_ok());
/// assert!(codec.encode(&b"12"[..]).is_err());
/// # Ok::<(), store_redis::CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RedisSerializer {
    pickles: Pickles,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Pickles {
    #[default]
    Refused,
    #[cfg(feature = "pickle")]
    Read,
}

impl RedisSerializer {
    /// Without pickles.
    #[must_use]
    pub const fn new() -> Self {
        Self { pickles: Pickles::Refused }
    }

    /// Reads what Python has pickled as well, if it is plain data: see [`Pickle`].
    #[cfg(feature = "pickle")]
    #[must_use]
    pub const fn reading_pickles(self) -> Self {
        Self { pickles: Pickles::Read }
    }
}

impl Encode<i64> for RedisSerializer {
    fn encode(&self, value: &i64) -> Result<Bytes, CodecError> {
        Ok(value.to_string().into())
    }
}

impl Encode<Bytes> for RedisSerializer {
    fn encode(&self, value: &Bytes) -> Result<Bytes, CodecError> {
        check_bytes(value)?;
        Ok(value.clone())
    }
}

impl Encode<[u8]> for RedisSerializer {
    fn encode(&self, value: &[u8]) -> Result<Bytes, CodecError> {
        check_bytes(value)?;
        Ok(Bytes::copy_from_slice(value))
    }
}

impl Encode<Plain> for RedisSerializer {
    fn encode(&self, value: &Plain) -> Result<Bytes, CodecError> {
        match value {
            Plain::Int(value) => Ok(value.to_string().into()),
            Plain::Bytes(value) => self.encode(value),
            _ => Err(CodecError::new("cachelib: only integers and bytes have a form that is no pickle")),
        }
    }
}

impl Decode<Plain> for RedisSerializer {
    fn decode(&self, bytes: &Bytes) -> Result<Plain, CodecError> {
        if bytes.first() == Some(&PICKLED) {
            return match self.pickles {
                Pickles::Refused => Err(CodecError::new("cachelib: pickled by Python, and pickles are not read")),
                #[cfg(feature = "pickle")]
                Pickles::Read => Pickle.decode(&bytes.slice(1..)),
            };
        }
        match integer_digits(bytes) {
            Some(digits) => digits.parse().map(Plain::Int).map_err(|_| too_large()),
            None => Ok(Plain::Bytes(bytes.clone())),
        }
    }
}

impl Decode<i64> for RedisSerializer {
    fn decode(&self, bytes: &Bytes) -> Result<i64, CodecError> {
        match self.decode(bytes)? {
            Plain::Int(value) => value.try_into().map_err(|_| too_large()),
            _ => Err(CodecError::new("cachelib: no integer")),
        }
    }
}

impl Decode<Bytes> for RedisSerializer {
    fn decode(&self, bytes: &Bytes) -> Result<Bytes, CodecError> {
        match self.decode(bytes)? {
            Plain::Bytes(value) => Ok(value),
            _ => Err(CodecError::new("cachelib: in Python these are no bytes")),
        }
    }
}

fn too_large() -> CodecError {
    CodecError::new("cachelib: an integer out of range")
}

fn check_bytes(value: &[u8]) -> Result<(), CodecError> {
    if value.first() == Some(&PICKLED) {
        return Err(CodecError::new("cachelib: Python takes bytes that begin with `!` for a pickle"));
    }
    if integer_digits(value).is_some() {
        return Err(CodecError::new("cachelib: Python takes these bytes for an integer"));
    }
    Ok(())
}

/// What Python's `int()` makes of bytes, as sign and digits; `None` where it refuses them. It takes white space around the
/// number, and single underscores between digits.
fn integer_digits(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.split('_').all(is_number).then(|| text.replace('_', ""))
}
