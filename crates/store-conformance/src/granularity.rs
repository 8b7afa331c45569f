//! In which steps a driver tells how long entries live on: what it declares about its clock, seen from outside.

use std::sync::Arc;
use std::time::Duration;

use store_core::{Namespace, Remaining, Store, StoreExt};

use crate::options::random;

/// What can be told apart, from the coarsest on.
const STEPS: [Duration; 6] = [
    Duration::from_secs(60),
    Duration::from_secs(10),
    Duration::from_secs(1),
    Duration::from_millis(100),
    Duration::from_millis(10),
    Duration::from_millis(1),
];

/// The largest step of which all answers are multiples. `None` of a driver that fails, and of one whose answers have no
/// common step.
///
/// Lifetimes are chosen so that no two have a step in common but the least. Whatever passes between a write and its answer
/// may make one of them round, but hardly all.
pub(crate) async fn observe(store: &Arc<dyn Store>) -> Option<Duration> {
    const LIFETIMES: [u64; 6] = [100_003, 110_017, 120_233, 134_579, 156_781, 178_889];

    let namespace = Namespace::try_from(&format!("conformance.{:016x}.granularity", random())).ok()?;
    let store = store.namespace(&namespace).ok()?;
    let mut answers = Vec::new();
    for millis in LIFETIMES {
        store.set("probe", "probe").ttl(Duration::from_millis(millis)).await.ok()?;
        match store.ttl("probe").await.ok()?? {
            Remaining::In(left) => answers.push(left),
            Remaining::Never => return None,
        }
    }
    store.delete("probe").await.ok()?;
    step_of(&answers)
}

fn step_of(answers: &[Duration]) -> Option<Duration> {
    let counts_in = |step: &Duration| answers.iter().all(|answer| answer.as_nanos() % step.as_nanos() == 0);
    STEPS.into_iter().find(counts_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_the_largest_that_all_answers_are_multiples_of() {
        let step = |millis: &[u64]| step_of(&millis.iter().copied().map(Duration::from_millis).collect::<Vec<_>>());
        assert_eq!(step(&[100_000, 111_000, 120_000]), Some(Duration::from_secs(1)));
        assert_eq!(step(&[100_003, 110_000]), Some(Duration::from_millis(1)));
        assert_eq!(step_of(&[Duration::from_micros(1)]), None);
    }
}
