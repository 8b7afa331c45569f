//! What the words of a program mean at the time when they are carried out.

use std::time::Duration;

use store_core::{Bytes, Expiry, Lifetime, Timestamp, WriteExpiry};

use super::op::{Guess, Pass, When};
use super::oracle::{Model, Place};
use crate::time::Time;

/// What the driver takes a lifetime for that nobody gives, and the clock that it is counted by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) time: &'a Time,
    pub(super) default: Lifetime,
    /// How far ahead an expiry is awaited.
    pub(super) patience: Duration,
}

impl<'a> Terms<'a> {
    pub(super) fn new(time: &'a Time, default: Lifetime) -> Self {
        /// Where the suite has to wait for it.
        const PATIENCE: Duration = Duration::from_millis(60);
        /// The clock ends with the year 9999, so even where it is only moved, not every lifetime is lived through.
        const MANUAL_PATIENCE: Duration = Duration::from_secs(3600);

        Self { time, default, patience: if time.is_manual() { MANUAL_PATIENCE } else { PATIENCE } }
    }

    /// The expiry that the caller gives and what becomes of the entry's.
    pub(super) fn resolve(&self, when: When) -> (Expiry, WriteExpiry) {
        if when == When::Keep {
            return (Expiry::Keep, WriteExpiry::Keep { missing: self.default });
        }
        let (expiry, lifetime) = self.resolve_change(when);
        (expiry, WriteExpiry::Replace(lifetime))
    }

    pub(super) fn resolve_change(&self, when: When) -> (Expiry, Lifetime) {
        match when {
            When::Default | When::Keep => (Expiry::Default, self.default),
            When::Never => (Expiry::Never, Lifetime::Never),
            When::In(ttl) => (Expiry::In(ttl), Lifetime::In(ttl)),
            When::At(later) => {
                let time = self.time.timestamp_in(later);
                (Expiry::At(time), Lifetime::At(time))
            }
            When::Past => (Expiry::At(Timestamp::EPOCH), Lifetime::At(Timestamp::EPOCH)),
        }
    }

    /// How long is waited.
    pub(super) fn pause(&self, pass: Pass, model: &Model<'_>) -> Duration {
        match pass {
            Pass::By(duration) => duration,
            Pass::NextExpiry => {
                let now = self.time.now();
                let next = model.next_expiry(now, now.plus(self.patience));
                next.map_or(Duration::ZERO, |expiry| expiry.since(now))
            }
        }
    }
}

/// The bytes that a condition asks for.
pub(super) fn guessed(model: &Model<'_>, at: Place, guess: &Guess) -> Bytes {
    match guess {
        Guess::Current => model.value(at).unwrap_or_default(),
        Guess::Bytes(bytes) => bytes.clone(),
    }
}
