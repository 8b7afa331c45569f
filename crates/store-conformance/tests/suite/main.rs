//! The suite, tried on stores that keep the contract and on stores that break it.

mod fault;
mod harness;
mod mutants;
mod statuses;
mod store;
