//! Which collections were accessed so recently that a read has no time to move.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Until when reads leave the time of the last access alone, by the ids of collections, as their servers have said.
///
/// Such a time never goes back, so what was said stays right whatever others do to the collection; and an id is never
/// given twice.
#[derive(Debug, Default)]
pub(super) struct RecentAccesses {
    // A std mutex, because nothing awaits while it is held.
    until: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    until: HashMap<String, Instant>,
    /// How many there were when those of the past were last dropped.
    kept: usize,
}

impl RecentAccesses {
    /// So few are kept without looking whether they are of the past.
    const FEW: usize = 64;

    /// When a read begins, for what its server says about the time from then on.
    pub(super) fn now() -> Instant {
        Instant::now()
    }

    pub(super) fn has(&self, id: &str, now: Instant) -> bool {
        self.lock().until.get(id).is_some_and(|until| now < *until)
    }

    /// Those that have passed go whenever there are twice as many as remained the last time.
    pub(super) fn note(&self, id: &str, until: Instant, now: Instant) {
        let mut known = self.lock();
        if known.until.len() >= 2 * known.kept.max(Self::FEW) {
            known.until.retain(|_, until| now < *until);
            known.kept = known.until.len();
        }
        match known.until.get_mut(id) {
            Some(known) => *known = until,
            None => drop(known.until.insert(id.to_owned(), until)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing that is done under the lock can panic.
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_access_is_recent_until_the_time_that_was_noted_last() {
        let (recent, now) = (RecentAccesses::default(), Instant::now());
        let after = |millis| now + Duration::from_millis(millis);
        assert!(!recent.has("a", now));
        recent.note("a", after(5), now);
        assert!(recent.has("a", after(4)) && !recent.has("a", after(5)) && !recent.has("b", now));
        recent.note("a", after(9), after(5));
        assert!(recent.has("a", after(8)) && !recent.has("a", after(9)));
    }

    #[test]
    fn what_has_passed_is_forgotten() {
        let (recent, begin) = (RecentAccesses::default(), Instant::now());
        for number in 0..10_000 {
            let now = begin + Duration::from_millis(number);
            recent.note(&number.to_string(), now + Duration::from_millis(100), now);
        }
        let known = recent.lock().until.len();
        assert!((100..400).contains(&known), "{known}");
    }
}
