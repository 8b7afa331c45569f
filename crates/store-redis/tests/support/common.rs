//! What tests of every kind need: patience, and errors that show no secret.

use std::error::Error as _;
use std::time::Duration;

use store_redis::{Error, Result};
use store_testkit::wait_until;

/// Long enough for whatever has to happen on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A piece of every password, and so of nothing that is shown.
pub(crate) const CANARY: &str = "cAnArY4711";

/// Waits on the caller's thread, so what is awaited happens on others.
pub(crate) fn eventually(awaited: &str, holds: impl Fn() -> bool) {
    wait_until(awaited, PATIENCE, || holds().then_some(())).unwrap();
}

/// The error of an operation that had to fail; it shows no secret.
#[track_caller]
pub(crate) fn failure<T>(result: Result<T>) -> Error {
    let Err(error) = result else { panic!("the operation succeeded") };
    let mut shown = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(below) = source {
        shown += &format!(" {below} {below:?}");
        source = below.source();
    }
    assert!(!shown.contains(CANARY), "{shown}");
    error
}
