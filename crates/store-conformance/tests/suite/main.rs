//! The suite, tried on a store that keeps the contract and on mutants of it, each of which breaks it in one way.

mod failures;
mod fault;
mod harness;
mod healthy;
mod mutants;
mod records;
mod statuses;
mod store;
