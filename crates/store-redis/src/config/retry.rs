//! The part of a [`Config`](crate::Config) that says what is repeated.

use std::time::Duration;

/// What the driver repeats by itself, within the deadline of the call.
///
/// It repeats what failed for a reason that passes, if it certainly was not applied, or is a read. Such a reason has the
/// kind [`Unavailable`](store_core::ErrorKind::Unavailable) or [`Timeout`](store_core::ErrorKind::Timeout), and not
/// [`Retry::Never`](store_core::Retry::Never); all other kinds would come back the same. A pause precedes each
/// repetition: a random time up to `first_pause`, doubled each time, up to `longest_pause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often one call is repeated. 5 by default; 0 repeats nothing.
    pub retries: u32,
    /// The longest first pause. 5 ms by default.
    pub first_pause: Duration,
    /// The longest pause of all. 200 ms by default.
    pub longest_pause: Duration,
    /// How many repetitions a hundred successful calls pay for, in the long run. 20 by default.
    ///
    /// When a server is in trouble, repeating everything makes it worse; a call that finds the budget spent fails with
    /// the error it has.
    pub budget_percent: u32,
    /// What is repeated when it is unknown whether the first copy was applied. Only reads by default.
    pub at_least_once: AtLeastOnce,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 5,
            first_pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(200),
            budget_percent: 20,
            at_least_once: AtLeastOnce::Never,
        }
    }
}

/// Which writes are repeated when the answer to the first copy was lost.
///
/// The hazard: the first copy may still be on its way. It can be executed after the second one, and after a newer write
/// of somebody else, which it then overwrites. Counters, conditional writes and `take` are never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum AtLeastOnce {
    /// None.
    #[default]
    Never,
    /// Those that leave the same state and give the same answer: an unconditional `set`.
    SameAnswer,
    /// Also those whose answer may tell about the first copy: a `delete` that removed the entry may say that there was
    /// none.
    SameEffect,
}

impl RetryPolicy {
    /// Sets [`retries`](Self::retries).
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets [`first_pause`](Self::first_pause) and [`longest_pause`](Self::longest_pause).
    #[must_use]
    pub fn with_pauses(mut self, first_pause: Duration, longest_pause: Duration) -> Self {
        self.first_pause = first_pause;
        self.longest_pause = longest_pause;
        self
    }

    /// Sets [`budget_percent`](Self::budget_percent).
    #[must_use]
    pub fn with_budget_percent(mut self, budget_percent: u32) -> Self {
        self.budget_percent = budget_percent;
        self
    }

    /// Sets [`at_least_once`](Self::at_least_once).
    #[must_use]
    pub fn with_at_least_once(mut self, at_least_once: AtLeastOnce) -> Self {
        self.at_least_once = at_least_once;
        self
    }
}
