//! What a run found.

mod badge;
mod json;
mod markdown;
mod status;
mod text;

use std::time::Duration;

use store_core::Capabilities;

use crate::level::Level;
use crate::model::Coverage;

pub use status::{Standing, Status};

/// How the check of one clause ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckReport {
    /// The family of the check.
    pub family: &'static str,
    /// The clause of the contract, which is the name of the check.
    pub clause: &'static str,
    /// From which level on it counts.
    pub level: Level,
    /// What its end means for the run.
    pub standing: Standing,
    /// How it ended.
    pub status: Status,
    /// How many inputs were tried.
    pub cases: u64,
    /// How long it took.
    pub seconds: f64,
    /// Why it did not simply pass.
    pub note: Option<String>,
    /// What the driver kept after the check had removed everything: entries that a clear left, collections that still
    /// open by their id after a drop.
    pub leaks: Vec<String>,
}

impl CheckReport {
    /// The name that filters are compared with: `family::clause`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}::{}", self.family, self.clause)
    }

    /// Whether the run may still succeed.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.standing.accepts(self.status)
    }

    fn is_preview(&self) -> bool {
        self.standing == Standing::Preview
    }
}

/// What is known about the driver besides its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Driver {
    pub(crate) server: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) slot_policy: Option<String>,
    pub(crate) capabilities: Option<Capabilities>,
    /// In which steps it was seen to tell how long entries live on.
    pub(crate) granularity: Option<Duration>,
    /// Why it was not seen, where the driver panicked instead.
    pub(crate) unobserved: Option<String>,
}

/// What one run of the suite found about one driver.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) driver: String,
    pub(crate) subject: Driver,
    pub(crate) level: Level,
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    /// How many checks there are, those included that were not selected.
    pub(crate) of: usize,
    pub(crate) checks: Vec<CheckReport>,
    pub(crate) model: Option<ModelReport>,
    pub(crate) record_model: Option<ModelReport>,
    pub(crate) leaks: Vec<String>,
}

/// How a check of the model family ended, and what its programs consisted of.
#[derive(Clone, Debug)]
pub(crate) struct ModelReport {
    pub(crate) check: CheckReport,
    pub(crate) coverage: Coverage,
}

impl Report {
    /// Whether no check that counts failed, and none of them was left out for want of something to run it on.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.all().all(CheckReport::is_success)
    }

    /// The checks of the clauses that were run, in the order of the families.
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// The check that compares programs on entries with a model, when it was run.
    #[must_use]
    pub fn model(&self) -> Option<&CheckReport> {
        self.model.as_ref().map(|model| &model.check)
    }

    /// The check that compares programs on collections of records with a model, when it was run.
    #[must_use]
    pub fn record_model(&self) -> Option<&CheckReport> {
        self.record_model.as_ref().map(|model| &model.check)
    }

    /// What outlived the run: tasks of the driver that went on after all its handles were dropped. What a single check
    /// left is told by [it](CheckReport::leaks).
    #[must_use]
    pub fn leaks(&self) -> &[String] {
        &self.leaks
    }

    /// The level that the driver was held to.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The seed that repeats the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().chain(self.model()).chain(self.record_model())
    }

    /// How many of the checks that are no previews ended so.
    fn count(&self, status: Status) -> usize {
        self.all().filter(|check| !check.is_preview() && check.status == status).count()
    }

    fn failures(&self) -> usize {
        self.all().filter(|check| !check.is_success()).count()
    }
}

/// A report for the tests of what is made of one.
#[cfg(test)]
pub(crate) fn sample(checks: &[(Standing, Status)]) -> Report {
    let check = |&(standing, status): &(Standing, Status)| CheckReport {
        family: "keys",
        clause: "key_limits",
        level: if standing == Standing::Preview { Level::NEXT } else { Level::CURRENT },
        standing,
        status,
        cases: 7,
        seconds: 0.25,
        note: (status != Status::Pass).then(|| "why".to_owned()),
        leaks: Vec::new(),
    };
    Report {
        driver: "sample".to_owned(),
        subject: Driver::default(),
        level: Level::CURRENT,
        seed: 3,
        seconds: 1.5,
        of: checks.len(),
        checks: checks.iter().map(check).collect(),
        model: None,
        record_model: None,
        leaks: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_fails_no_run_and_a_required_refusal_does() {
        for (standing, status, succeeds) in [
            (Standing::Counts, Status::Fail, false),
            (Standing::Counts, Status::NotRun, false),
            (Standing::Counts, Status::Unsupported, true),
            (Standing::Counts, Status::Deviation, true),
            (Standing::Required, Status::Unsupported, false),
            (Standing::Required, Status::NotRun, false),
            (Standing::Required, Status::Deviation, true),
            (Standing::Preview, Status::Fail, true),
            (Standing::Preview, Status::NotRun, true),
        ] {
            let report = sample(&[(Standing::Counts, Status::Pass), (standing, status)]);
            assert_eq!(report.is_success(), succeeds, "{standing:?} {status:?}");
        }
    }
}
