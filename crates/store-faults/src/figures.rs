//! What a run of a scenario counted and measured, and what the project holds it to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::millis;

/// Figures by name. Those of several runs are merged: counts add up, of durations the longest counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figures(BTreeMap<&'static str, Figure>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Count(u64),
    Longest(u64),
}

impl Figure {
    fn value(self) -> u64 {
        match self {
            Self::Count(value) | Self::Longest(value) => value,
        }
    }

    fn merged_with(self, other: Self) -> Self {
        match self {
            Self::Count(value) => Self::Count(value.saturating_add(other.value())),
            Self::Longest(value) => Self::Longest(value.max(other.value())),
        }
    }
}

/// The figures that every scenario has, zero where it has nothing to count.
const COUNTS: [&str; 6] = ["operations", "acknowledged", "unknown", "duplicated", "lost", "violations"];

impl Default for Figures {
    fn default() -> Self {
        let counts = COUNTS.into_iter().map(|name| (name, Figure::Count(0)));
        Self(counts.chain([("longest_gap_ms", Figure::Longest(0))]).collect())
    }
}

impl Figures {
    pub(crate) fn count(&mut self, name: &'static str, count: impl TryInto<u64>) {
        self.add(name, Figure::Count(count.try_into().unwrap_or(u64::MAX)));
    }

    /// A duration; its name ends in `_ms`.
    pub(crate) fn longest(&mut self, name: &'static str, duration: Duration) {
        self.add(name, Figure::Longest(millis(duration)));
    }

    /// A duration whose name tells its unit otherwise.
    pub(crate) fn longest_of(&mut self, name: &'static str, value: u64) {
        self.add(name, Figure::Longest(value));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(name, figure)| self.add(name, *figure));
    }

    pub(crate) fn get(&self, name: &str) -> Option<u64> {
        self.0.get(name).map(|figure| figure.value())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, figure)| (*name, figure.value()))
    }

    fn add(&mut self, name: &'static str, figure: Figure) {
        let merged = self.0.get(name).map_or(figure, |before| before.merged_with(figure));
        self.0.insert(name, merged);
    }
}

/// A limit on a figure, over all repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) figure: &'static str,
    pub(crate) limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    AtMost(u64),
    /// Of what shows that the scenario did what it says.
    AtLeast(u64),
}

impl Bar {
    pub(crate) const fn at_most(figure: &'static str, limit: u64) -> Self {
        Self { figure, limit: Limit::AtMost(limit) }
    }

    pub(crate) const fn at_least(figure: &'static str, limit: u64) -> Self {
        Self { figure, limit: Limit::AtLeast(limit) }
    }

    /// A figure that was never measured holds no bar.
    pub(crate) fn is_held_by(&self, figures: &Figures) -> bool {
        figures.get(self.figure).is_some_and(|value| match self.limit {
            Limit::AtMost(limit) => value <= limit,
            Limit::AtLeast(limit) => value >= limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_the_longest_duration_counts() {
        let run = |lost: u64, gap| {
            let mut figures = Figures::default();
            figures.count("lost", lost);
            figures.longest("longest_gap_ms", Duration::from_micros(gap));
            figures
        };
        let mut all = run(1, 1_500);
        all.merge(&run(2, 900));
        assert_eq!((all.get("lost"), all.get("longest_gap_ms")), (Some(3), Some(2)));
    }

    #[test]
    fn a_bar_on_what_was_not_measured_is_missed() {
        let figures = Figures::default();
        assert!(Bar::at_most("lost", 0).is_held_by(&figures));
        assert!(!Bar::at_least("acknowledged", 1).is_held_by(&figures));
        assert!(!Bar::at_most("recovery_ms", 1000).is_held_by(&figures));
    }
}
