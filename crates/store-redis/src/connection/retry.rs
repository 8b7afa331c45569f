//! How long to wait before something is tried again, and how often all callers together may try.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::config::RetryPolicy;

/// The pause before the `attempt`-th repetition, counted from 1.
pub(super) fn pause(policy: &RetryPolicy, attempt: u32) -> Duration {
    random_pause(policy.first_pause, policy.longest_pause, attempt)
}

/// A random time between nothing and a limit that doubles with each attempt, counted from 1. Callers that failed
/// together would otherwise come back together.
pub(crate) fn random_pause(first: Duration, longest: Duration, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(longest).mul_f64(random_fraction())
}

/// Between 0 and 1. Each `RandomState` has keys of its own; nothing here needs better randomness than that.
fn random_fraction() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

/// Bounds the repetitions of all callers by a share of their successes.
///
/// While a server is in trouble almost everything fails, and repeating it all multiplies the load just then. Successes
/// pay into the budget, repetitions are paid from it; what it holds is enough for a fault that passes.
#[derive(Debug)]
pub(super) struct Budget {
    /// Hundredths of a repetition.
    balance: AtomicU32,
    deposit: u32,
}

impl Budget {
    const REPETITION: u32 = 100;
    /// A thousand repetitions, about what one broken line costs a very busy process.
    const FULL: u32 = 1000 * Self::REPETITION;

    pub(super) fn new(policy: &RetryPolicy) -> Self {
        Self { balance: AtomicU32::new(Self::FULL), deposit: policy.budget_percent.min(Self::FULL) }
    }

    /// Notes a success.
    pub(super) fn deposit(&self) {
        // A full budget, the normal case, is only read: all callers would fight over a line of memory otherwise.
        let balance = self.balance.load(Ordering::Relaxed);
        if balance < Self::FULL {
            self.change(|balance| Some((balance + self.deposit).min(Self::FULL)));
        }
    }

    /// Pays for a repetition; whether there was enough.
    pub(super) fn withdraw(&self) -> bool {
        self.change(|balance| balance.checked_sub(Self::REPETITION))
    }

    fn change(&self, change: impl Fn(u32) -> Option<u32>) -> bool {
        self.balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_under_a_limit_that_doubles() {
        let policy = RetryPolicy::default().with_pauses(Duration::from_millis(5), Duration::from_millis(200));
        for (attempt, limit) in [(1, 5), (2, 10), (4, 40), (6, 160), (7, 200), (u32::MAX, 200)] {
            for _ in 0..100 {
                assert!(pause(&policy, attempt) <= Duration::from_millis(limit), "{attempt}");
            }
        }
    }

    #[test]
    fn pauses_differ() {
        let policy = RetryPolicy::default();
        let pauses: std::collections::HashSet<_> = (0..100).map(|_| pause(&policy, 6)).collect();
        assert!(pauses.len() > 90, "{}", pauses.len());
    }

    #[test]
    fn a_spent_budget_lets_a_fifth_of_the_successes_be_repeated() {
        let budget = Budget::new(&RetryPolicy::default());
        assert_eq!((0..2000).filter(|_| budget.withdraw()).count(), 1000);
        for _ in 0..100 {
            budget.deposit();
        }
        assert_eq!((0..2000).filter(|_| budget.withdraw()).count(), 20);
    }

    #[test]
    fn a_full_budget_stays_full() {
        let budget = Budget::new(&RetryPolicy::default());
        for _ in 0..10_000 {
            budget.deposit();
        }
        assert_eq!((0..2000).filter(|_| budget.withdraw()).count(), 1000);
    }
}
