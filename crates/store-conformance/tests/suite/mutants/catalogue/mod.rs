//! The mutants: what each decides wrongly, of which class that is, and the checks that have to find it.

mod caches;
mod conditions;
mod entries;
mod expiry;
mod locks;
pub(crate) mod of_core;
mod outages;
mod records;
mod walks;

use crate::fault::Fault;

/// The check that compares programs on entries with a model.
pub(crate) const MODEL: &str = "model::programs_agree_with_the_model";
/// The check that compares programs on collections of records with a model.
pub(crate) const RECORDS: &str = "model::record_programs_agree_with_the_model";

/// The healthy store, but for one wrong decision.
#[derive(Debug)]
pub(crate) struct Mutant {
    pub(crate) fault: Fault,
    pub(crate) class: Class,
    /// What it decides.
    pub(crate) decision: &'static str,
    /// The checks that are there for it, `family::clause`, each of which has to fail.
    pub(crate) killers: &'static [&'static str],
}

/// What it takes to see the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A call, and perhaps another one.
    Plain,
    /// The passing of time, or lifetimes that are looked at closely.
    Time,
    /// Callers at the same time.
    Concurrency,
    /// A call that is dropped before it ends.
    Cancellation,
    /// Patience: fewer than one call in a hundred goes wrong.
    Rare,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Time => "time",
            Self::Concurrency => "concurrency",
            Self::Cancellation => "cancellation",
            Self::Rare => "rare",
        }
    }
}

/// All of them.
pub(crate) fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [
        entries::MUTANTS,
        expiry::MUTANTS,
        conditions::MUTANTS,
        walks::MUTANTS,
        caches::MUTANTS,
        locks::MUTANTS,
        outages::MUTANTS,
        records::MUTANTS,
    ]
    .into_iter()
    .flatten()
}

/// A row of the tables: the fault, its class, what it decides, the checks that are there for it.
macro_rules! mutant {
    ($fault:ident, $class:ident, $decision:literal, $killers:expr) => {
        $crate::mutants::catalogue::Mutant {
            fault: $crate::fault::Fault::$fault,
            class: $crate::mutants::catalogue::Class::$class,
            decision: $decision,
            killers: &$killers,
        }
    };
}
use mutant;
