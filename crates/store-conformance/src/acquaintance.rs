//! A first look at a driver, before its checks: who it is, and whether there is anything to run them on.

use std::sync::Arc;

use crate::granularity;
use crate::guard::Guard;
use crate::harness::{ClockControl, Deviation, Harness, Start};
use crate::report::Driver;

/// What is known of a driver beforehand. It keeps its harness, and what that runs on.
pub(crate) struct Acquaintance {
    pub(crate) subject: Driver,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) clock: ClockControl,
    harness: Arc<dyn Harness>,
}

impl Acquaintance {
    /// Starts a harness and asks it.
    ///
    /// # Errors
    /// When there is nothing that checks could be run on, with the reason.
    pub(crate) async fn make(start: &Start, guard: &Guard) -> Result<Self, String> {
        let harness = guard.within("starting a harness", async { start().await }).await;
        let harness = harness.map_err(|failure| failure.to_string())?.map_err(|error| format!("no harness: {error}"))?;
        let mut known = guard.call("asking the harness", || Self::ask(harness)).map_err(|failure| failure.to_string())?;
        let harness = Arc::clone(&known.harness);
        let observed = async { granularity::observe(&harness.store()).await };
        match guard.within("observing how exactly lifetimes are told", observed).await {
            Ok(step) => known.subject.granularity = step,
            // Each check would hang as long, one after another.
            Err(failure) if failure.is_hang() => return Err(failure.to_string()),
            Err(failure) => known.subject.unobserved = Some(failure.message().to_owned()),
        }
        Ok(known)
    }

    fn ask(harness: Arc<dyn Harness>) -> Self {
        let subject = Driver {
            server: harness.server(),
            protocol: harness.protocol(),
            slot_policy: harness.slot_policy(),
            capabilities: Some(harness.store().capabilities().clone()),
            granularity: None,
            unobserved: None,
        };
        Self { subject, deviations: harness.deviations(), clock: harness.clock(), harness }
    }
}
