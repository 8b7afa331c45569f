//! The suite, tried on a store that keeps the contract and on mutants of it, each of which breaks it in one way.

mod access_times;
mod failures;
mod fault;
mod harness;
mod healthy;
mod leaks;
mod mutants;
mod plain;
mod records;
mod stale;
mod statuses;
mod store;
