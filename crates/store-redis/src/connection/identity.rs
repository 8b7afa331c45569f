//! Which server process answered.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// The identity of a server process: equal for two replies of one process, different after a restart or on another node.
///
/// A cursor of `SCAN` means something only to the process that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerId(u64);

impl ServerId {
    /// The identity behind the `run_id` that a server reports: 40 random hexadecimal digits, of which the first 16
    /// tell processes apart as well as all of them.
    pub(crate) fn from_run_id(run_id: &str) -> Option<Self> {
        Self::parse(run_id.get(..16)?)
    }

    /// An identity that no other connection shares, for a server that does not say who it is.
    ///
    /// What was begun on one connection then looks foreign on the next, and is begun again: slower, never wrong.
    pub(crate) fn unknown() -> Self {
        Self(RandomState::new().hash_one(()))
    }

    /// Reads back what [`Display`](fmt::Display) wrote.
    pub(crate) fn parse(hex: &str) -> Option<Self> {
        // A number may begin with a sign, an identity may not.
        let all_digits = hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(hex, 16).ok().filter(|_| all_digits).map(Self)
    }
}

/// 16 lowercase hexadecimal digits.
impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_identity_reads_back() {
        let id = ServerId::from_run_id("00f0a1b2c3d4e5f60718293a4b5c6d7e8f901234").unwrap();
        assert_eq!(id.to_string(), "00f0a1b2c3d4e5f6");
        assert_eq!(ServerId::parse(&id.to_string()), Some(id));
        assert_eq!(ServerId::parse("f0"), None);
        assert_eq!(ServerId::parse("+0f0a1b2c3d4e5f6"), None);
    }

    #[test]
    fn unknown_servers_are_all_different() {
        assert_ne!(ServerId::unknown(), ServerId::unknown());
    }
}
