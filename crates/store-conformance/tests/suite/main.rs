//! The suite, tried on stores that keep the contract and on stores that break it.

mod fault;
mod harness;
mod leaks;
mod locks;
mod mutants;
mod outage;
mod plain;
mod records;
mod statuses;
mod store;
