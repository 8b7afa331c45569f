//! The checks: one function for each clause of the contract, one file for each family.

mod batches;
mod cache;
mod cancellation;
mod capabilities;
mod clearing;
mod concurrency;
mod conditions;
mod counters;
mod diary;
mod errors;
mod expiry;
mod foreign;
mod keys;
mod lifecycle;
mod lifetimes;
mod listing;
mod locks;
mod namespaces;
mod outages;
mod outcomes;
mod records;
mod removal;
mod renewal;
mod typed;
mod values;

use crate::registry::Family;

/// All families, in the order of reports.
pub(crate) const FAMILIES: &[Family] = &[
    keys::FAMILY,
    values::FAMILY,
    foreign::FAMILY,
    lifetimes::FAMILY,
    expiry::FAMILY,
    renewal::FAMILY,
    conditions::FAMILY,
    removal::FAMILY,
    namespaces::FAMILY,
    clearing::FAMILY,
    listing::FAMILY,
    cache::FAMILY,
    batches::FAMILY,
    counters::FAMILY,
    locks::FAMILY,
    records::FAMILY,
    typed::FAMILY,
    errors::FAMILY,
    outcomes::FAMILY,
    outages::FAMILY,
    capabilities::FAMILY,
    lifecycle::FAMILY,
    cancellation::FAMILY,
    concurrency::FAMILY,
];
