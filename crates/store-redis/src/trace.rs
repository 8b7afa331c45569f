//! What a store tells the `tracing` subscriber of its program. Nothing else in the crate names `tracing`.
//!
//! Events hang where things are counted (`stats.rs`), and hold no more than is counted, servers and reasons of failed
//! dials: no key, no value, no secret can get into them.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::time::Instant;

use futures_util::future::{Either, Future};
use store_core::{ErrorKind, Outcome, Result, Topology};
use tracing::{Level, debug, enabled, info, warn};

const OPERATIONS: &str = "store_redis::operations";
const CONNECTIONS: &str = "store_redis::connections";
const TOPOLOGY: &str = "store_redis::topology";

/// What the requests of one operation have come to so far.
#[derive(Default)]
struct Tally {
    attempts: Cell<u64>,
    redirects: Cell<u64>,
}

tokio::task_local! {
    /// Of the operation under way in this task. Requests do not know their operation; their futures are part of its own.
    static TALLY: Tally;
}

/// Carries an operation out, and says how it ended, if anybody listens.
pub(crate) fn operation<T>(
    name: &'static str,
    topology: Topology,
    operation: Pin<&mut (impl Future<Output = Result<T>> + Send)>,
) -> impl Future<Output = Result<T>> + Send {
    if enabled!(target: OPERATIONS, Level::DEBUG) {
        Either::Left(TALLY.scope(Tally::default(), observe(name, topology, operation)))
    } else {
        Either::Right(operation)
    }
}

async fn observe<T>(
    operation: &'static str,
    topology: Topology,
    future: Pin<&mut (impl Future<Output = Result<T>> + Send)>,
) -> Result<T> {
    let mut report = Report { operation, topology, begun: Instant::now(), end: End::Dropped };
    let result = future.await;
    report.end = match &result {
        Ok(_) => End::Ok,
        Err(error) => End::Failed(error.kind(), error.outcome()),
    };
    result
}

/// Says how an operation ended when it is over, however that comes about.
struct Report {
    operation: &'static str,
    topology: Topology,
    begun: Instant,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    Ok,
    Failed(ErrorKind, Outcome),
    /// By the caller, before there was a result.
    Dropped,
}

impl Drop for Report {
    fn drop(&mut self) {
        let (outcome, error) = match self.end {
            End::Ok => ("ok", None),
            End::Failed(kind, Outcome::NotApplied) => ("not_applied", Some(kind)),
            End::Failed(kind, Outcome::Unknown) => ("unknown", Some(kind)),
            End::Dropped => ("dropped", None),
        };
        let counted = |read: fn(&Tally) -> &Cell<u64>| TALLY.try_with(|tally| read(tally).get()).unwrap_or_default();
        debug!(
            target: OPERATIONS,
            operation = self.operation,
            topology = ?self.topology,
            outcome,
            error = error.map(tracing::field::debug),
            attempts = counted(|tally| &tally.attempts),
            redirects = counted(|tally| &tally.redirects),
            microseconds = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            "operation ended"
        );
    }
}

/// An attempt at a request of the operation.
pub(crate) fn attempt() {
    count(|tally| &tally.attempts);
}

/// A node of a cluster sent the attempt elsewhere.
pub(crate) fn redirect() {
    count(|tally| &tally.redirects);
}

fn count(counter: fn(&Tally) -> &Cell<u64>) {
    // Outside of any operation, and where nobody listens, there is nothing to count for.
    let _ = TALLY.try_with(|tally| counter(tally).update(|count| count + 1));
}

/// A connection was made or could not be made.
pub(crate) fn dial<T>(server: &impl fmt::Display, dialled: &Result<T>) {
    match dialled {
        Ok(_) => debug!(target: CONNECTIONS, %server, "connected"),
        Err(reason) => warn!(target: CONNECTIONS, %server, error = ?reason.kind(), %reason, "no connection"),
    }
}

/// The servers' parts are no longer what they were.
pub(crate) fn topology_change() {
    info!(target: TOPOLOGY, "the topology has changed");
}
