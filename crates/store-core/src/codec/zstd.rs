//! Values in zstd frames.

use bytes::Bytes;
use zstd::bulk;
use zstd::stream::read::Decoder;

use super::compression::{Format, MAX_BYTES};
use super::{CodecError, Decode, Encode};
use crate::error::Result;

const FORMAT: Format<i32> = Format::new("zstd", 1..=22);

/// What every decoder has to be able to hold by the specification, and the most that one holds unless it is asked to:
/// 8 MiB and 128 MiB, as powers of two.
const WINDOW_LOGS: std::ops::RangeInclusive<u32> = 23..=27;

/// What another codec writes, compressed into one zstd frame ([RFC 8878](https://www.rfc-editor.org/rfc/rfc8878)).
///
/// At level 3, unless [`with_level`](Self::with_level) says otherwise. Values of more than
/// [`with_max_bytes`](Self::with_max_bytes) are neither written nor read, so that a small entry cannot fill the memory.
/// The frame has the length of the value in it, but no checksum. Frames without a length are read as well.
///
/// ```
/// use store_core::codec::{Decode, Encode, Text, Zstd};
///
/// let codec = Zstd::new(Text).with_level(19)?;
/// let bytes = codec.encode(&"a".repeat(1000)).unwrap();
/// assert!(bytes.starts_with(b"(\xb5/\xfd") && bytes.len() < 100);
/// assert_eq!(codec.decode(&bytes).unwrap(), "a".repeat(1000));
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zstd<C> {
    inner: C,
    level: i32,
    max_bytes: usize,
}

/// Far from the smallest, but hardly slower than none.
const DEFAULT_LEVEL: i32 = 3;

impl<C> Zstd<C> {
    /// Around `inner`, at level 3, for values of up to 64 MiB.
    #[must_use]
    pub fn new(inner: C) -> Self {
        Self { inner, level: DEFAULT_LEVEL, max_bytes: MAX_BYTES }
    }

    /// Sets the level: 1 is fastest, 22 smallest; from 20 on it takes hundreds of megabytes to write.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) for any other number.
    pub fn with_level(mut self, level: i32) -> Result<Self> {
        self.level = FORMAT.check_level(level)?;
        Ok(self)
    }

    /// Sets how long a value may be before it is compressed, in bytes. 64 MiB by default.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// How much of the value a frame may ask its reader to keep at hand.
    fn window_log(&self) -> u32 {
        let needed = self.max_bytes.checked_next_power_of_two().map_or(usize::BITS, usize::trailing_zeros);
        needed.clamp(*WINDOW_LOGS.start(), *WINDOW_LOGS.end())
    }
}

impl<C: Default> Default for Zstd<C> {
    fn default() -> Self {
        Self::new(C::default())
    }
}

impl<T: ?Sized, C: Encode<T>> Encode<T> for Zstd<C> {
    fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
        let bytes = self.inner.encode(value)?;
        FORMAT.check_length(&bytes, self.max_bytes)?;
        let compressed = bulk::compress(&bytes, self.level);
        compressed.map(Bytes::from).map_err(|_| FORMAT.no_form())
    }
}

impl<T, C: Decode<T>> Decode<T> for Zstd<C> {
    fn decode(&self, bytes: &Bytes) -> Result<T, CodecError> {
        let no_memory = |_| FORMAT.error("no decoder can be made");
        let mut decoder = Decoder::with_buffer(&bytes[..]).map_err(no_memory)?.single_frame();
        decoder.window_log_max(self.window_log()).map_err(no_memory)?;
        let value = FORMAT.read_all(&mut decoder, self.max_bytes)?;
        if !decoder.finish().is_empty() {
            return Err(FORMAT.bytes_behind());
        }
        self.inner.decode(&value.into())
    }
}
