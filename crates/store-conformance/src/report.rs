//! What a run found, as text and as JSON.

use std::fmt;

use serde_json::{Value, json};
use store_core::Capabilities;

use crate::model::Coverage;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The clause holds.
    Pass,
    /// It does not.
    Fail,
    /// The driver does not declare what the clause is about, and was seen to refuse it without effect.
    Unsupported,
    /// It does not hold, which the harness declares with a reason.
    Deviation,
    /// There was nothing to run it on; the run fails.
    NotRun,
}

impl Status {
    /// The spelling in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unsupported => "unsupported",
            Self::Deviation => "deviation",
            Self::NotRun => "not_run",
        }
    }

    /// Whether the run may still succeed.
    #[must_use]
    pub fn is_success(self) -> bool {
        !matches!(self, Self::Fail | Self::NotRun)
    }
}

/// How the check of one clause ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckReport {
    /// The family of the check.
    pub family: &'static str,
    /// The clause of the contract, which is the name of the check.
    pub clause: &'static str,
    /// How it ended.
    pub status: Status,
    /// How many inputs were tried.
    pub cases: u64,
    /// How long it took.
    pub seconds: f64,
    /// Why it did not simply pass.
    pub note: Option<String>,
}

impl CheckReport {
    /// The name that filters are compared with: `family::clause`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}::{}", self.family, self.clause)
    }

    fn to_json(&self) -> Value {
        json!({
            "family": self.family,
            "clause": self.clause,
            "status": self.status.as_str(),
            "cases": self.cases,
            "seconds": rounded(self.seconds),
            "note": self.note,
        })
    }
}

/// What is known about the driver besides its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Driver {
    pub(crate) server: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) slot_policy: Option<String>,
    pub(crate) capabilities: Option<Capabilities>,
}

/// What one run of the suite found about one driver.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) driver: String,
    pub(crate) subject: Driver,
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    pub(crate) checks: Vec<CheckReport>,
    pub(crate) model: Option<ModelReport>,
    pub(crate) record_model: Option<ModelReport>,
}

/// How a check of the model family ended, and what its programs consisted of.
#[derive(Clone, Debug)]
pub(crate) struct ModelReport {
    pub(crate) check: CheckReport,
    pub(crate) coverage: Coverage,
}

impl ModelReport {
    fn to_json(&self) -> Value {
        json!({
            "status": self.check.status.as_str(),
            "cases": self.coverage.cases,
            "operations": self.coverage.operations,
            "coverage": self.coverage.to_json(),
            "seconds": rounded(self.check.seconds),
            "note": self.check.note,
        })
    }
}

impl fmt::Display for ModelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} programs, {} operations, of which in %:", self.coverage.cases, self.coverage.operations)?;
        self.coverage.shares().try_for_each(|(what, _, percent)| write!(f, " {what} {percent}"))
    }
}

impl Report {
    /// Whether no check failed and none was left out for want of something to run it on.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.all().all(|check| check.status.is_success())
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

    /// The seed that repeats the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Every check with its name and status, the figures of the model family, and what is known about the driver.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "driver": self.driver,
            "server": self.subject.server,
            "protocol": self.subject.protocol,
            "slot_policy": self.subject.slot_policy,
            "capabilities": self.subject.capabilities.as_ref().map(capabilities_json),
            "checks": self.checks.iter().map(CheckReport::to_json).collect::<Vec<_>>(),
            "model": self.model.as_ref().map(ModelReport::to_json),
            "record_model": self.record_model.as_ref().map(ModelReport::to_json),
            "seed": self.seed,
            "seconds": rounded(self.seconds),
        })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().chain(self.model()).chain(self.record_model())
    }

    fn count(&self, status: Status) -> usize {
        self.all().filter(|check| check.status == status).count()
    }
}

/// What failed, with what was seen, and the sum of it all.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in self.all().filter(|check| !check.status.is_success()) {
            writeln!(f, "---- {} ----\n{}\n", check.name(), check.note.as_deref().unwrap_or_default())?;
        }
        write!(f, "conformance of {}", self.driver)?;
        if let Some(server) = &self.subject.server {
            write!(f, " on {server}")?;
        }
        write!(f, ":")?;
        for status in [Status::Pass, Status::Fail, Status::Unsupported, Status::Deviation, Status::NotRun] {
            write!(f, " {} {};", self.count(status), status.as_str())?;
        }
        writeln!(f, " seed {}; {:.1} s", self.seed, self.seconds)?;
        for (name, model) in [("model", &self.model), ("model of records", &self.record_model)] {
            if let Some(model) = model.as_ref().filter(|model| model.coverage.operations > 0) {
                writeln!(f, "{name}: {model}")?;
            }
        }
        Ok(())
    }
}

fn capabilities_json(capabilities: &Capabilities) -> Value {
    json!({
        "driver": capabilities.driver,
        "value_conditions": capabilities.value_conditions.is_supported(),
        "renewal": capabilities.renewal.is_supported(),
        "take": capabilities.take.is_supported(),
        "counters": capabilities.counters.is_supported(),
        "batch_atomicity": format!("{:?}", capabilities.batch_atomicity),
        "snapshot_reads": capabilities.snapshot_reads.is_supported(),
        "locks": capabilities.locks.is_supported(),
        "replication": capabilities.replication.is_supported(),
        "reads": format!("{:?}", capabilities.reads),
        "listing": format!("{:?}", capabilities.listing),
        "max_key_bytes": capabilities.max_key_bytes,
        "max_value_bytes": capabilities.max_value_bytes,
        "max_batch_items": capabilities.max_batch_items,
        "expiry_granularity_ms": capabilities.expiry_granularity.as_secs_f64() * 1000.0,
        "eviction": format!("{:?}", capabilities.eviction),
        "topology": format!("{:?}", capabilities.topology),
    })
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
