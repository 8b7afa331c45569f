//! An entry as a shard keeps it.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf, Bytes};
use store_core::{ExpiresAt, Key, KeyBuf};

use crate::namespaces::Membership;

/// Key and value in one allocation of exactly their size.
///
/// The value is always copied. The caller's `Bytes` may be a slice of a much larger buffer (whatever arrived on a
/// socket), and keeping it would keep that buffer: a store of small values could hold any amount of memory, counted or
/// not. The copy also saves an allocation for each entry and a cache miss for each read, and it is made before the lock
/// is taken.
pub(crate) struct Payload {
    buffer: Bytes,
    key_len: u16,
}

impl Payload {
    pub(crate) fn new(key: Key<'_>, value: &[u8]) -> Self {
        const { assert!(Key::MAX_BYTES <= u16::MAX as usize) };
        let mut buffer = Vec::with_capacity(key.as_bytes().len() + value.len());
        buffer.extend_from_slice(key.as_bytes());
        buffer.extend_from_slice(value);
        Self { buffer: buffer.into(), key_len: key.as_bytes().len() as u16 }
    }
}

/// One entry. 64 bytes, the size of a cache line.
pub(crate) struct Slot {
    buffer: Bytes,
    pub(crate) expires_at: ExpiresAt,
    pub(crate) hash: u32,
    pub(crate) membership: Membership,
    key_len: u16,
    /// Whether the entry was used since eviction last looked at it. Atomic, because reads share the lock.
    used: AtomicBool,
}

impl Slot {
    pub(crate) fn new(payload: Payload, expires_at: ExpiresAt, hash: u32, membership: Membership) -> Self {
        let Payload { buffer, key_len } = payload;
        Self { buffer, expires_at, hash, membership, key_len, used: AtomicBool::new(true) }
    }

    /// Exchanges the value; returns the old buffer, to be dropped outside of the lock.
    pub(crate) fn replace(&mut self, payload: Payload, expires_at: ExpiresAt) -> Bytes {
        self.expires_at = expires_at;
        self.mark_used();
        std::mem::replace(&mut self.buffer, payload.buffer)
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.buffer[..usize::from(self.key_len)]
    }

    pub(crate) fn key_buf(&self) -> KeyBuf {
        let text =
            std::str::from_utf8(self.key()).expect("a key is text, and a replaced buffer begins with the same key");
        KeyBuf::new(text).expect("it was a valid key when the entry was written")
    }

    pub(crate) fn value(&self) -> &[u8] {
        &self.buffer[usize::from(self.key_len)..]
    }

    /// The value as a share of the entry's buffer, without a copy.
    pub(crate) fn share_value(&self) -> Bytes {
        self.buffer.slice(usize::from(self.key_len)..)
    }

    pub(crate) fn into_value(mut self) -> Bytes {
        self.buffer.advance(usize::from(self.key_len));
        self.buffer
    }

    pub(crate) fn into_buffer(self) -> Bytes {
        self.buffer
    }

    /// Bytes of key and value.
    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Written only when it changes, so that readers of a popular entry do not fight for its cache line.
    pub(crate) fn mark_used(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the entry was used since the last call.
    pub(crate) fn take_used(&mut self) -> bool {
        std::mem::take(self.used.get_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_one_cache_line() {
        assert_eq!(size_of::<Slot>(), 64);
    }

    #[test]
    fn key_and_value_come_back_as_given() {
        let payload = Payload::new(Key::new("k\0é").unwrap(), b"");
        let mut slot = Slot::new(payload, ExpiresAt::Never, 0, Membership::default());
        assert_eq!((slot.key(), slot.value()), ("k\0é".as_bytes(), &b""[..]));
        slot.replace(Payload::new(Key::new("k\0é").unwrap(), b"v\xff"), ExpiresAt::Never);
        assert_eq!(slot.share_value(), &b"v\xff"[..]);
        assert_eq!(slot.into_value(), &b"v\xff"[..]);
    }
}
