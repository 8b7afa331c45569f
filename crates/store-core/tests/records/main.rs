//! What people call on collections of records, on the memory driver.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(feature = "json")]

mod auto_saved;
mod driver;
mod stores;
mod values;
mod walks;
