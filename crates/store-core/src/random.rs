//! Where random bits come from.

use std::hash::{BuildHasher, RandomState};

/// 128 bits that nobody else has.
pub(crate) fn bits() -> u128 {
    // Each `RandomState` has keys of its own, from a random start that differs between threads and processes.
    let [low, high] = [(), ()].map(|()| u128::from(RandomState::new().hash_one(())));
    high << 64 | low
}
