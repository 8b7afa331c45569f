//! What a check is, and what a driver has to declare for it.

use futures_util::future::LocalBoxFuture;
use store_core::{BatchAtomicity, Listing, Support};

use crate::context::Context;
use crate::failure::CheckResult;
use crate::level::Level;

/// The checks of one subject, in one file.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) checks: &'static [Check],
}

/// One clause of the contract, checked by the function of the same name.
pub(crate) struct Check {
    pub(crate) clause: &'static str,
    pub(crate) needs: Needs,
    pub(crate) company: Company,
    /// From which level on it counts.
    pub(crate) since: Level,
    pub(crate) body: for<'a> fn(&'a Context) -> LocalBoxFuture<'a, CheckResult>,
}

impl Check {
    /// The level that the first checks belong to.
    pub(crate) const FIRST: Level = Level::new(2026, 1);

    /// The same check, which counts from this level on and is a preview before.
    #[cfg_attr(not(test), expect(dead_code, reason = "no check is a preview today"))]
    pub(crate) const fn since(self, level: Level) -> Self {
        Self { since: level, ..self }
    }
}

/// Whether other checks run beside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    Others,
    /// It moves so much data at once that beside others it could run into the driver's deadlines.
    Alone,
}

/// Registers the check of a clause: the function that has the clause's name, what it needs, and whether it runs alone.
macro_rules! check {
    ($clause:ident, $needs:ident) => {
        check!($clause, $needs, Others)
    };
    ($clause:ident, $needs:ident, $company:ident) => {
        $crate::registry::Check {
            clause: stringify!($clause),
            needs: $crate::registry::Needs::$needs,
            company: $crate::registry::Company::$company,
            since: $crate::registry::Check::FIRST,
            body: |context| Box::pin($clause(context)),
        }
    };
}
pub(crate) use check;

/// What a clause presupposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    ValueConditions,
    Renewal,
    Take,
    Listing,
    Locks,
    Replication,
    Cache,
    Counters,
    AtomicBatches,
    SnapshotReads,
    Records,
}

impl Needs {
    /// What the driver lacks for it.
    pub(crate) fn lacking(self, context: &Context) -> Option<&'static str> {
        let capabilities = context.capabilities();
        let cached = |support: bool, lacking| if context.has_cache() { (support, lacking) } else { (false, "a cache") };
        let (met, lacking) = match self {
            Self::Nothing => (true, ""),
            Self::ValueConditions => (capabilities.value_conditions == Support::Yes, "value_conditions"),
            Self::Renewal => (capabilities.renewal == Support::Yes, "renewal"),
            Self::Take => (capabilities.take == Support::Yes, "take"),
            Self::Listing => (capabilities.listing != Listing::None, "listing"),
            Self::Locks => (capabilities.locks == Support::Yes, "locks"),
            Self::Replication => (capabilities.replication == Support::Yes, "replication"),
            Self::Cache => cached(true, ""),
            Self::Counters => cached(capabilities.counters == Support::Yes, "counters"),
            Self::AtomicBatches => cached(capabilities.batch_atomicity == BatchAtomicity::All, "batch_atomicity"),
            Self::SnapshotReads => cached(capabilities.snapshot_reads == Support::Yes, "snapshot_reads"),
            Self::Records => (context.has_records(), "a client for records"),
        };
        (!met).then_some(lacking)
    }
}
