//! What drivers take and give about locks: owners, options, fencing tokens.

use std::fmt;
use std::time::Duration;

use crate::expiry::Ttl;
use crate::random;

/// Who holds a lock, or wants to: 128 random bits, made before the first call.
///
/// Whoever has it can acquire the same lock again, extend it and release it, so an attempt whose answer was lost is
/// repeated with the same owner. It is shown nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LockOwner([u8; Self::BYTES]);

impl LockOwner {
    /// Its length in bytes.
    pub const BYTES: usize = 16;

    /// A new owner, different from every other.
    #[must_use]
    pub fn random() -> Self {
        Self(random::bits().to_le_bytes())
    }

    /// An owner that was kept as bytes, to go on with its locks in another process.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockOwner(…)")
    }
}

/// A number that grows with every new holder of a lock: see [`LockExt`](crate::LockExt). It may skip numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(u64);

impl FencingToken {
    /// The token with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a lock is acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LockOptions {
    /// How long it is held unless it is extended or released.
    pub ttl: Ttl,
    /// How long to wait while another holds it; zero is not to wait. By the clock that the driver judges expiry by, or
    /// one that runs as fast.
    pub wait: Duration,
}

impl LockOptions {
    /// A lock for `ttl`, without waiting.
    #[must_use]
    pub fn new(ttl: Ttl) -> Self {
        Self { ttl, wait: Duration::ZERO }
    }

    /// Sets how long to wait.
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn owners_differ_within_a_thread_and_between_threads() {
        let some = || (0..1000).map(|_| LockOwner::random()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(some)).collect();
        let owners: HashSet<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(owners.len(), 4000);
    }

    #[test]
    fn an_owner_is_not_shown() {
        assert_eq!(format!("{:?}", LockOwner::from_bytes([7; 16])), "LockOwner(…)");
    }
}
