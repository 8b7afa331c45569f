//! What the codecs that compress have in common.

use std::fmt::Display;
use std::io::{self, Read};
use std::ops::RangeInclusive;

use bytes::Bytes;

use super::CodecError;
use crate::error::{Error, ErrorKind, Result};

/// How long a value may be before it is compressed, unless a codec is told otherwise: 64 MiB.
pub(super) const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What values are compressed into, as errors call it, and its levels.
pub(super) struct Format<L> {
    name: &'static str,
    levels: RangeInclusive<L>,
}

impl<L: PartialOrd + Display> Format<L> {
    pub(super) const fn new(name: &'static str, levels: RangeInclusive<L>) -> Self {
        Self { name, levels }
    }

    /// Refuses a level that the format does not have.
    pub(super) fn check_level(&self, level: L) -> Result<L> {
        if self.levels.contains(&level) {
            return Ok(level);
        }
        let (name, least, most) = (self.name, self.levels.start(), self.levels.end());
        Err(Error::new(ErrorKind::Config, format!("a level of {name} is {least} to {most}; level={level}")))
    }

    /// Refuses to write what would not be read.
    pub(super) fn check_length(&self, bytes: &Bytes, max_bytes: usize) -> Result<(), CodecError> {
        if bytes.len() <= max_bytes {
            return Ok(());
        }
        let bytes = bytes.len();
        Err(self.error(format_args!("too long before it is compressed; bytes={bytes} limit={max_bytes}")))
    }

    /// All that a decoder gives, if it is not more than `max_bytes`; no more than that is ever held.
    pub(super) fn read_all(&self, decoder: impl Read, max_bytes: usize) -> Result<Vec<u8>, CodecError> {
        let mut value = Vec::new();
        let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        decoder.take(limit.saturating_add(1)).read_to_end(&mut value).map_err(|error| {
            self.error(match error.kind() {
                io::ErrorKind::UnexpectedEof => "unexpected end",
                _ => "damaged, or in another format",
            })
        })?;
        if value.len() > max_bytes {
            return Err(self.error(format_args!("too long when decompressed; limit={max_bytes}")));
        }
        Ok(value)
    }

    pub(super) fn bytes_behind(&self) -> CodecError {
        self.error("bytes behind the value")
    }

    pub(super) fn no_form(&self) -> CodecError {
        self.error("the value has no form")
    }

    pub(super) fn error(&self, what: impl Display) -> CodecError {
        CodecError::new(format!("{}: {what}", self.name))
    }
}
