//! Takes a connection out of a pool, within the limits of a call.

use std::pin::pin;
use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, PoolError, TimeoutType, Timeouts};
use store_core::{Error, ErrorKind, Outcome};
use tokio::time::Instant;

use crate::connection::deadline::Deadline;
use crate::environment::Environment;
use crate::error;

/// Why there is no connection.
pub(super) enum Missing<E> {
    /// It could not be made.
    Failed(E),
    /// The pool was closed.
    Closed,
    /// For a reason that the pool has nothing to do with.
    Refused(Error),
}

/// A connection out of `pool`, made if need be. Only the wait for others to give theirs back has a limit beside the
/// deadline, and only that is counted.
pub(super) async fn checkout<M: Manager, W: From<Object<M>>>(
    pool: &Pool<M, W>,
    environment: &Environment,
    deadline: &mut Deadline,
) -> Result<W, Missing<M::Error>> {
    // No other limits than ours: those of the pool would need a runtime that the pool knows.
    let at_once = Timeouts { wait: Some(Duration::ZERO), create: None, recycle: None };
    let at_leisure = Timeouts { wait: None, ..at_once };
    let taken = match deadline.wait(pin!(pool.timeout_get(&at_once))).await {
        Some(Err(PoolError::Timeout(TimeoutType::Wait))) => {
            environment.counters.note_exclusive_wait();
            let until = deadline.end().min(Instant::now() + environment.config.exclusive_wait);
            deadline.wait_until(until, pin!(pool.timeout_get(&at_leisure))).await
        }
        taken => taken,
    };
    match taken {
        Some(Ok(connection)) => Ok(connection),
        Some(Err(PoolError::Backend(error))) => Err(Missing::Failed(error)),
        Some(Err(PoolError::Closed)) => Err(Missing::Closed),
        Some(Err(PoolError::Timeout(_))) => Err(Missing::Refused(overloaded(pool))),
        Some(Err(PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_))) => {
            Err(Missing::Refused(not_set_up("the pool of connections is not set up to make any")))
        }
        None if is_exhausted(pool) => Err(Missing::Refused(overloaded(pool))),
        None => Err(Missing::Refused(error::timed_out_unsent("a connection of its own"))),
    }
}

pub(super) fn not_set_up(message: &'static str) -> Error {
    Error::new(ErrorKind::Config, message).with_outcome(Outcome::NotApplied)
}

fn is_exhausted<M: Manager, W: From<Object<M>>>(pool: &Pool<M, W>) -> bool {
    let status = pool.status();
    status.size >= status.max_size && status.available == 0
}

fn overloaded<M: Manager, W: From<Object<M>>>(pool: &Pool<M, W>) -> Error {
    error::no_exclusive_connection(pool.status().max_size)
}
