//! The checkers, compared with one that tries every order, and tried on faults that were planted.

mod agreement;
mod brute_force;
mod examples;
mod long;
mod pictures;
mod planted;
mod simulation;
