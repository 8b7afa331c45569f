//! How thoroughly the suite runs.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use crate::level::Level;

/// How thoroughly the suite runs, and which part of it. The default is quick enough for every `cargo test`.
///
/// The macros [`main!`](crate::main) and [`suite!`](crate::suite) begin with [`from_environment`](Self::from_environment).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    pub(crate) level: Level,
    pub(crate) required: Vec<String>,
    pub(crate) cases: Option<u32>,
    pub(crate) seed: Option<u64>,
    pub(crate) time_budget: Option<Duration>,
    pub(crate) idle_limit: Option<Duration>,
    pub(crate) threads: Option<usize>,
    pub(crate) shrink_limit: Option<Duration>,
    pub(crate) after_failure: AfterFailure,
    pub(crate) selection: Selection,
}

impl Options {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many programs the model family generates: by default 2,000 where the suite controls the clock, 200 where it
    /// has to wait, or as many as fit into a [time budget](Self::time_budget) where there is one. Other checks generate a
    /// tenth as many inputs, but no fewer than by default.
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = Some(cases);
        self
    }

    /// Where generation starts: two runs with one seed try the same inputs. By default a new seed for each run.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How long each check of the model family goes on generating programs. Without a number of [cases](Self::cases) that is
    /// how long it does; with one, it ends with whichever is used up first. Unlimited by default.
    #[must_use]
    pub fn time_budget(mut self, budget: Duration) -> Self {
        self.time_budget = Some(budget);
        self
    }

    /// How long the driver and its harness may do nothing that the suite asked for, before what they were asked counts as
    /// a hang, which fails the check: 60 s unless told otherwise. Checks of a driver whose clock runs by itself wait for
    /// seconds at a time, so less than 10 s are too little for one.
    ///
    /// What blocks its thread is left behind after half as long again, and ends with the process.
    #[must_use]
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.idle_limit = Some(limit);
        self
    }

    /// How long a failing input is made simpler before it is shown: 10 s unless told otherwise. With zero it is shown as it
    /// was drawn, which is enough where only whether something fails matters.
    #[must_use]
    pub fn shrink_limit(mut self, limit: Duration) -> Self {
        self.shrink_limit = Some(limit);
        self
    }

    /// Begins no other check after one that fails; those that are left are "not run". By default all are run.
    #[must_use]
    pub fn fail_fast(mut self) -> Self {
        self.after_failure = AfterFailure::End;
        self
    }

    /// How many checks run at the same time. By default as many as there are processors where the suite controls the
    /// clock, and eight times as many where checks mostly wait.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The level that the driver is held to, [`CURRENT`](Level::CURRENT) by default. Checks of later levels run as previews:
    /// they are reported, and fail nothing.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Fails the run also when a check of this family is unsupported. Called again, it adds to the families.
    ///
    /// For drivers that are meant to have all of it, so that a capability that gets lost, or a harness that offers less than
    /// before, does not go unnoticed. A family that does not exist runs nothing.
    #[must_use]
    pub fn require(mut self, family: impl Into<String>) -> Self {
        self.required.push(family.into());
        self
    }

    /// Runs only the checks whose name, `family::clause`, contains `part`. Called again, it adds to them.
    #[must_use]
    pub fn only(mut self, part: impl Into<String>) -> Self {
        self.selection.only.push(part.into());
        self
    }

    pub(crate) fn effective_idle_limit(&self) -> Duration {
        const USUAL: Duration = Duration::from_secs(60);
        self.idle_limit.unwrap_or(USUAL)
    }

    pub(crate) fn effective_seed(&self) -> u64 {
        self.seed.unwrap_or_else(random)
    }
}

/// Whether a check is begun when another has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    #[default]
    GoOn,
    End,
}

/// Which checks are run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) only: Vec<String>,
    pub(crate) skip: Vec<String>,
    pub(crate) matching: Matching,
    pub(crate) extent: Extent,
}

/// Which checks filters choose from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    #[default]
    All,
    /// The ignored ones, as runners of tests ask for them. No check is ever ignored.
    Ignored,
}

/// How names are compared with filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Matching {
    #[default]
    Part,
    Whole,
}

impl Selection {
    pub(crate) fn includes(&self, name: &str) -> bool {
        let matches = |filter: &String| match self.matching {
            Matching::Part => name.contains(filter.as_str()),
            Matching::Whole => name == filter,
        };
        self.extent == Extent::All
            && (self.only.is_empty() || self.only.iter().any(matches))
            && !self.skip.iter().any(matches)
    }
}

/// A number that differs from run to run.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_without_filters_includes_everything() {
        assert!(Selection::default().includes("keys::key_limits"));
    }

    #[test]
    fn filters_add_up_and_skips_take_away() {
        let selection = Selection {
            only: vec!["keys".to_owned(), "expiry".to_owned()],
            skip: vec!["limits".to_owned()],
            ..Selection::default()
        };
        assert!(selection.includes("keys::keys_are_exact"));
        assert!(selection.includes("expiry::expiry_in"));
        assert!(!selection.includes("keys::key_limits"));
        assert!(!selection.includes("values::value_limits"));
    }

    #[test]
    fn whole_matching_wants_the_whole_name() {
        let selection =
            Selection { only: vec!["expiry::expiry_in".to_owned()], matching: Matching::Whole, ..Selection::default() };
        assert!(selection.includes("expiry::expiry_in"));
        assert!(!selection.includes("expiry::expiry_in_other"));
    }
}
