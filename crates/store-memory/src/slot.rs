//! An entry as a shard keeps it.
//!
//! All that a read needs of an entry lies in one allocation, its block, and what finds the block is kept small: in a store
//! of a million entries each step from one to the next misses the processor's caches.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use store_core::{Bytes, ExpiresAt, Key, KeyBuf, Timestamp};
use triomphe::ThinArc;

use crate::namespaces::Membership;

/// Key and value with what is known of them, in one allocation of exactly their size, shared with readers of the value.
///
/// The value is always copied. The caller's `Bytes` may be a slice of a much larger buffer (whatever arrived on a
/// socket), and keeping it would keep that buffer: a store of small values could hold any amount of memory, counted or
/// not. The copy also saves an allocation for each entry and a cache miss for each read, and it is made before the lock
/// is taken.
///
/// A pointer that does not carry the length and that nobody can hold weakly takes a third of the memory that `Arc` and a
/// slot with the rest would, in the table that is looked into at random.
#[derive(Clone)]
pub(crate) struct Payload(ThinArc<Known, u8>);

/// Atomic, because a reader may still hold the block. All of it is written under the lock of the shard, but `used`, and
/// nothing else is told by it: the order is the lock's.
struct Known {
    expires_at: AtomicU64,
    /// Which namespace the entry is of.
    part: AtomicU32,
    /// Where the namespace lists it.
    position: AtomicU32,
    key_len: u16,
    /// Whether the entry was used since eviction last looked at it.
    used: AtomicBool,
    /// Whether eviction has to pass it by. Set only while eviction is at work.
    kept: AtomicBool,
}

/// Later than any timestamp.
const NEVER: u64 = u64::MAX;

impl Payload {
    pub(crate) fn new(key: Key<'_>, value: &[u8]) -> Self {
        const { assert!(Key::MAX_BYTES <= u16::MAX as usize) };
        let key = key.as_bytes();
        let known = Known {
            expires_at: AtomicU64::new(NEVER),
            part: AtomicU32::new(0),
            position: AtomicU32::new(0),
            key_len: key.len() as u16,
            used: AtomicBool::new(true),
            kept: AtomicBool::new(false),
        };
        Self(ThinArc::from_header_and_slice(known, &[key, value].concat()))
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.0.slice[..usize::from(self.known().key_len)]
    }

    pub(crate) fn key_buf(&self) -> KeyBuf {
        let text = std::str::from_utf8(self.key()).expect("a payload begins with a key, which is text");
        KeyBuf::new(text).expect("it was a valid key when the payload was made")
    }

    pub(crate) fn value(&self) -> &[u8] {
        &self.0.slice[usize::from(self.known().key_len)..]
    }

    /// The value for a reader. A short one is copied, which costs as much as the counter that sharing it needs, and
    /// then readers of a popular entry write nothing that others write; a long one is shared.
    pub(crate) fn share(&self) -> Bytes {
        const SHORT: usize = 1024;

        match self.value() {
            short if short.len() <= SHORT => Bytes::copy_from_slice(short),
            _ => Bytes::from_owner(Value(self.clone())),
        }
    }

    /// Bytes of key and value.
    pub(crate) fn len(&self) -> usize {
        self.0.slice.len()
    }

    fn known(&self) -> &Known {
        &self.0.header.header
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
    pub(crate) hash: u32,
    /// By which the others who refer to the entry know it.
    pub(crate) number: u32,
}

impl Slot {
    pub(crate) fn new(payload: Payload, expires_at: ExpiresAt, hash: u32, number: u32, membership: Membership) -> Self {
        let slot = Self { payload, hash, number };
        slot.set_membership(membership);
        slot.set_expires_at(expires_at);
        slot
    }

    pub(crate) fn expires_at(&self) -> ExpiresAt {
        let millis = self.payload.known().expires_at.load(Ordering::Relaxed);
        Timestamp::from_unix_millis(millis).map_or(ExpiresAt::Never, ExpiresAt::At)
    }

    pub(crate) fn set_expires_at(&self, expires_at: ExpiresAt) {
        let millis = match expires_at {
            ExpiresAt::Never => NEVER,
            ExpiresAt::At(time) => time.as_unix_millis(),
        };
        self.payload.known().expires_at.store(millis, Ordering::Relaxed);
    }

    /// Which namespace it is of.
    pub(crate) fn part(&self) -> u32 {
        self.payload.known().part.load(Ordering::Relaxed)
    }

    pub(crate) fn membership(&self) -> Membership {
        Membership { part: self.part(), position: self.payload.known().position.load(Ordering::Relaxed) }
    }

    pub(crate) fn set_membership(&self, membership: Membership) {
        self.payload.known().part.store(membership.part, Ordering::Relaxed);
        self.payload.known().position.store(membership.position, Ordering::Relaxed);
    }

    /// Gives the entry another value and expiry, and gives the one that it had.
    pub(crate) fn replace(&mut self, payload: Payload, expires_at: ExpiresAt) -> Payload {
        let membership = self.membership();
        let old = std::mem::replace(&mut self.payload, payload);
        self.set_membership(membership);
        self.set_expires_at(expires_at);
        old
    }

    /// Written only when it changes, so that readers of a popular entry do not fight for its cache line.
    pub(crate) fn mark_used(&self) {
        let used = &self.payload.known().used;
        if !used.load(Ordering::Relaxed) {
            used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the entry was used since the last call.
    pub(crate) fn take_used(&self) -> bool {
        self.payload.known().used.swap(false, Ordering::Relaxed)
    }

    /// Whether eviction has to pass it by.
    pub(crate) fn is_kept(&self) -> bool {
        self.payload.known().kept.load(Ordering::Relaxed)
    }

    pub(crate) fn keep(&self) {
        self.payload.known().kept.store(true, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        self.payload.known().kept.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_value_come_back_as_given() {
        for (key, value) in [("k", &b""[..]), ("k\0\u{e9}", b"v\xff\0"), ("long", &[7; 100_000])] {
            let payload = Payload::new(Key::new(key).unwrap(), value);
            assert_eq!((payload.key(), payload.value()), (key.as_bytes(), value));
            assert_eq!(payload.key_buf(), key);
            assert_eq!(payload.share(), value);
        }
    }

    #[test]
    fn four_slots_fit_a_cache_line() {
        assert_eq!(size_of::<Slot>(), 16);
    }

    #[test]
    fn what_is_known_of_an_entry_stays_when_its_value_changes() {
        let membership = Membership { part: 3, position: 7 };
        let payload = |value| Payload::new(Key::new("k").unwrap(), value);
        let mut slot = Slot::new(payload(b"1"), ExpiresAt::At(Timestamp::MAX), 5, 9, membership);
        assert_eq!(slot.expires_at(), ExpiresAt::At(Timestamp::MAX));
        let old = slot.replace(payload(b"2"), ExpiresAt::Never);
        assert_eq!((old.value(), slot.payload.value()), (&b"1"[..], &b"2"[..]));
        assert_eq!((slot.expires_at(), slot.hash, slot.number), (ExpiresAt::Never, 5, 9));
        let Membership { part, position } = slot.membership();
        assert_eq!((part, position), (3, 7));
    }
}
