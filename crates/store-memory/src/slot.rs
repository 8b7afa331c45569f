//! An entry as a shard keeps it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store_core::{Bytes, ExpiresAt, Key, KeyBuf};

use crate::namespaces::Membership;

/// Key and value in one allocation of exactly their size, shared with readers of the value.
///
/// The value is always copied. The caller's `Bytes` may be a slice of a much larger buffer (whatever arrived on a
/// socket), and keeping it would keep that buffer: a store of small values could hold any amount of memory, counted or
/// not. The copy also saves an allocation for each entry and a cache miss for each read, and it is made before the lock
/// is taken.
///
/// An `Arc` instead of `Bytes`, which would keep the number of its readers in a second allocation: reading would touch
/// one more cache line, and every entry that was ever read would take 32 bytes more.
#[derive(Clone)]
pub(crate) struct Payload {
    key_len: u16,
    key_and_value: Arc<[u8]>,
}

impl Payload {
    pub(crate) fn new(key: Key<'_>, value: &[u8]) -> Self {
        const { assert!(Key::MAX_BYTES <= u16::MAX as usize) };
        let (key, key_len) = (key.as_bytes(), key.as_bytes().len());
        let mut key_and_value: Arc<[u8]> = std::iter::repeat_n(0, key_len + value.len()).collect();
        let (key_part, value_part) = Arc::make_mut(&mut key_and_value).split_at_mut(key_len);
        key_part.copy_from_slice(key);
        value_part.copy_from_slice(value);
        Self { key_len: key_len as u16, key_and_value }
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key_and_value[..usize::from(self.key_len)]
    }

    pub(crate) fn key_buf(&self) -> KeyBuf {
        let text = std::str::from_utf8(self.key()).expect("a payload begins with a key, which is text");
        KeyBuf::new(text).expect("it was a valid key when the payload was made")
    }

    pub(crate) fn value(&self) -> &[u8] {
        &self.key_and_value[usize::from(self.key_len)..]
    }

    /// The value, without copying it.
    pub(crate) fn into_value(self) -> Bytes {
        Bytes::from_owner(Value(self))
    }

    /// Bytes of key and value.
    pub(crate) fn len(&self) -> usize {
        self.key_and_value.len()
    }
}

/// A payload of which only the value is seen.
struct Value(Payload);

impl AsRef<[u8]> for Value {
    fn as_ref(&self) -> &[u8] {
        self.0.value()
    }
}

/// One entry.
pub(crate) struct Slot {
    pub(crate) payload: Payload,
    pub(crate) expires_at: ExpiresAt,
    pub(crate) hash: u32,
    pub(crate) membership: Membership,
    /// Whether the entry was used since eviction last looked at it. Atomic, because reads share the lock.
    used: AtomicBool,
    /// Whether eviction has to pass it by. Set only while eviction is at work.
    pub(crate) kept: bool,
}

impl Slot {
    pub(crate) fn new(payload: Payload, expires_at: ExpiresAt, hash: u32, membership: Membership) -> Self {
        Self { payload, expires_at, hash, membership, used: AtomicBool::new(true), kept: false }
    }

    /// Written only when it changes, so that readers of a popular entry do not fight for its cache line.
    pub(crate) fn mark_used(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the entry was used since the last call.
    pub(crate) fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_value_come_back_as_given() {
        for (key, value) in [("k", &b""[..]), ("k\0\u{e9}", b"v\xff\0")] {
            let payload = Payload::new(Key::new(key).unwrap(), value);
            assert_eq!((payload.key(), payload.value()), (key.as_bytes(), value));
            assert_eq!(payload.key_buf(), key);
            assert_eq!(payload.into_value(), value);
        }
    }

    #[test]
    fn a_slot_fits_a_cache_line() {
        assert!(size_of::<Slot>() <= 64, "{}", size_of::<Slot>());
    }
}
