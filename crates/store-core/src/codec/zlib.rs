//! Values in zlib streams.

use std::io::Write;

use bytes::Bytes;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::compression::{Format, MAX_BYTES};
use super::{CodecError, Decode, Encode};
use crate::error::Result;

const FORMAT: Format<u32> = Format::new("zlib", 0..=9);

/// What another codec writes, compressed into a zlib stream ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)).
///
/// At level 6, unless [`with_level`](Self::with_level) says otherwise. Values of more than
/// [`with_max_bytes`](Self::with_max_bytes) are neither written nor read, so that a small entry cannot fill the memory.
/// Python's zlib reads what this writes, and the reverse; the compressed bytes differ between implementations.
///
/// ```
/// use store_core::codec::{Decode, Encode, Text, Zlib};
///
/// let codec = Zlib::new(Text).with_level(9)?;
/// let bytes = codec.encode(&"a".repeat(1000)).unwrap();
/// assert!(bytes.starts_with(b"x\xda") && bytes.len() < 100);
/// assert_eq!(codec.decode(&bytes).unwrap(), "a".repeat(1000));
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zlib<C> {
    inner: C,
    level: u32,
    max_bytes: usize,
}

/// Python's, too.
const DEFAULT_LEVEL: u32 = 6;

impl<C> Zlib<C> {
    /// Around `inner`, at level 6, for values of up to 64 MiB.
    #[must_use]
    pub fn new(inner: C) -> Self {
        Self { inner, level: DEFAULT_LEVEL, max_bytes: MAX_BYTES }
    }

    /// Sets the level: 0 stores, 1 is fastest, 9 smallest.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) for more than 9.
    pub fn with_level(mut self, level: u32) -> Result<Self> {
        self.level = FORMAT.check_level(level)?;
        Ok(self)
    }

    /// Sets how long a value may be before it is compressed, in bytes. 64 MiB by default.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }
}

impl<C: Default> Default for Zlib<C> {
    fn default() -> Self {
        Self::new(C::default())
    }
}

impl<T: ?Sized, C: Encode<T>> Encode<T> for Zlib<C> {
    fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
        let bytes = self.inner.encode(value)?;
        FORMAT.check_length(&bytes, self.max_bytes)?;
        let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::new(self.level));
        let compressed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
        compressed.map(Bytes::from).map_err(|_| FORMAT.no_form())
    }
}

impl<T, C: Decode<T>> Decode<T> for Zlib<C> {
    fn decode(&self, bytes: &Bytes) -> Result<T, CodecError> {
        let mut decoder = ZlibDecoder::new(&bytes[..]);
        let value = FORMAT.read_all(&mut decoder, self.max_bytes)?;
        if !decoder.into_inner().is_empty() {
            return Err(FORMAT.bytes_behind());
        }
        self.inner.decode(&value.into())
    }
}
