//! The report as JSON, for programs.

use serde_json::{Value, json};
use store_core::Capabilities;

use super::{CheckReport, ModelReport, Report};

/// Of what is written; a change that a reader has to know of makes it another.
const VERSION: u32 = 1;

impl Report {
    /// Every check with its name and status, the figures of the model family, and what is known about the driver. Its field
    /// `version` is 1.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "version": VERSION,
            "level": self.level.to_string(),
            "driver": self.driver,
            "server": self.subject.server,
            "protocol": self.subject.protocol,
            "slot_policy": self.subject.slot_policy,
            "capabilities": self.subject.capabilities.as_ref().map(capabilities_json),
            "observed_granularity_ms": self.subject.granularity.map(|step| step.as_secs_f64() * 1000.0),
            "of": self.of,
            "checks": self.checks.iter().map(CheckReport::to_json).collect::<Vec<_>>(),
            "model": self.model.as_ref().map(ModelReport::to_json),
            "record_model": self.record_model.as_ref().map(ModelReport::to_json),
            "leaks": self.leaks,
            "seed": self.seed,
            "seconds": rounded(self.seconds),
        })
    }
}

impl CheckReport {
    fn to_json(&self) -> Value {
        json!({
            "family": self.family,
            "clause": self.clause,
            "level": self.level.to_string(),
            "standing": self.standing.as_str(),
            "status": self.status.as_str(),
            "success": self.is_success(),
            "cases": self.cases,
            "seconds": rounded(self.seconds),
            "note": self.note,
            "leaks": self.leaks,
        })
    }
}

impl ModelReport {
    /// As any check, with what the programs consisted of.
    fn to_json(&self) -> Value {
        let mut written = self.check.to_json();
        written["cases"] = json!(self.coverage.cases);
        written["operations"] = json!(self.coverage.operations);
        written["coverage"] = self.coverage.to_json();
        written
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
