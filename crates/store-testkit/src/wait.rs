//! Waiting for a state that can be observed: the one place of the tests that sleeps.

use std::time::{Duration, Instant};

use crate::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Asks `probe` until it gives a value, at growing intervals of at most 20 ms, and for at most `limit`.
///
/// # Errors
/// [`Error::NotInTime`] with `awaited` when `probe` still gives `None` at the end.
pub fn wait_until<T>(awaited: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T, Error> {
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(value) = probe() {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            return Err(Error::NotInTime { awaited: awaited.to_owned(), limit });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
