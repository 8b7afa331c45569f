//! Stands in for `trace.rs` where the crate is built without `tracing`: nobody is told anything.

use std::fmt;
use std::pin::Pin;

use store_core::{Result, Topology};

pub(crate) fn operation<'a, F>(_: &'static str, _: Topology, operation: Pin<&'a mut F>) -> Pin<&'a mut F> {
    operation
}

pub(crate) fn attempt() {}

pub(crate) fn redirect() {}

pub(crate) fn dial<T>(_: &impl fmt::Display, _: &Result<T>) {}

pub(crate) fn topology_change() {}
