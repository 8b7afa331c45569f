//! The suite, tried on stores that keep the contract and on stores that break it.

mod access_times;
mod fault;
mod harness;
mod locks;
mod mutants;
mod outage;
mod records;
mod statuses;
mod store;
