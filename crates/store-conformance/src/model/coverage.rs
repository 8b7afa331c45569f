//! How often the model family met what it is there for.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Counts of operations and of what happened to them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) cases: u64,
    pub(crate) operations: u64,
    counts: BTreeMap<&'static str, u64>,
}

impl Coverage {
    pub(crate) fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&mut self, what: &'static str, times: u64) {
        *self.counts.entry(what).or_default() += times;
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        self.cases += other.cases;
        self.operations += other.operations;
        for (what, times) in &other.counts {
            self.add(what, *times);
        }
    }

    /// What was met, how often, and how many times per hundred operations.
    pub(crate) fn shares(&self) -> impl Iterator<Item = (&'static str, u64, f64)> + '_ {
        self.counts.iter().map(|(&what, &count)| (what, count, self.percent(count)))
    }

    #[expect(clippy::cast_precision_loss, reason = "a percentage is read to one digit behind the point")]
    fn percent(&self, count: u64) -> f64 {
        (count as f64 * 1000.0 / self.operations.max(1) as f64).round() / 10.0
    }

    pub(crate) fn to_json(&self) -> Value {
        self.shares()
            .map(|(what, count, percent)| (what.to_owned(), json!({ "count": count, "percent": percent })))
            .collect::<Map<_, _>>()
            .into()
    }
}
