//! What the codecs that compress have in common.

use std::io::{self, Read};

use bytes::Bytes;

use super::CodecError;

/// How long a value may be before it is compressed, unless a codec is told otherwise: 64 MiB.
pub(super) const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Refuses to write what would not be read.
pub(super) fn check_length(format: &str, bytes: &Bytes, max_bytes: usize) -> Result<(), CodecError> {
    if bytes.len() <= max_bytes {
        return Ok(());
    }
    let bytes = bytes.len();
    Err(CodecError::new(format!("{format}: too long before it is compressed; bytes={bytes} limit={max_bytes}")))
}

/// All that a decoder gives, if it is not more than `max_bytes`; no more than that is ever held.
pub(super) fn read_all(format: &str, decoder: impl Read, max_bytes: usize) -> Result<Vec<u8>, CodecError> {
    let mut value = Vec::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    decoder.take(limit.saturating_add(1)).read_to_end(&mut value).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => "unexpected end",
            _ => "damaged, or in another format",
        };
        CodecError::new(format!("{format}: {reason}"))
    })?;
    if value.len() > max_bytes {
        return Err(CodecError::new(format!("{format}: too long when decompressed; limit={max_bytes}")));
    }
    Ok(value)
}

pub(super) fn bytes_behind(format: &str) -> CodecError {
    CodecError::new(format!("{format}: bytes behind the value"))
}
