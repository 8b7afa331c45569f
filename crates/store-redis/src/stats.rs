//! What a store has done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store_core::{ErrorKind, Result};

use crate::config::Server;
use crate::error::RedirectKind;
use crate::sharded::Sharded;
use crate::trace;

/// What a store has done since it was connected, in numbers: those of all its handles together.
///
/// A *call* is one request to the servers with all its repetitions. Most operations are one; `list` and `clear` are
/// several, and so are batches over several slots. The numbers are read one after another while calls go on, so sums may
/// be off by the calls of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Calls that were begun.
    pub calls: u64,
    /// Calls that succeeded.
    pub successes: u64,
    /// Calls that failed, by kind of error; kinds that never came up are left out.
    pub errors: Vec<(ErrorKind, u64)>,
    /// Calls that their callers dropped before the end.
    pub dropped: u64,
    /// Calls under way.
    pub in_flight: u64,
    /// Attempts beside the first of their call, redirected ones included.
    pub retries: u64,
    /// Attempts that a node of a cluster sent elsewhere for good (`MOVED`).
    pub moved: u64,
    /// Attempts that a node of a cluster sent elsewhere for this once (`ASK`).
    pub asked: u64,
    /// Connections that were made, the first ones included; not those of a pool of the program's.
    pub dials: u64,
    /// Connections that could not be made.
    pub failed_dials: u64,
    /// How often the servers' parts turned out to have changed: failovers, slots that moved, nodes that came or went.
    pub topology_changes: u64,
    /// Calls that had to wait for an exclusive connection.
    pub exclusive_waits: u64,
    /// Exclusive connections that are open, in use or not; those of a pool of the program's, whoever uses them.
    pub exclusive_connections: u64,
}

impl Stats {
    /// How many calls failed with this kind of error.
    #[must_use]
    pub fn errors_of(&self, kind: ErrorKind) -> u64 {
        self.errors.iter().find(|(counted, _)| *counted == kind).map_or(0, |(_, count)| *count)
    }
}

/// Counts what happens, and has those told who trace it.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    calls: Sharded<Calls>,
    errors: Mutex<Vec<(ErrorKind, u64)>>,
    retries: AtomicU64,
    moved: AtomicU64,
    asked: AtomicU64,
    dials: AtomicU64,
    failed_dials: AtomicU64,
    topology_changes: AtomicU64,
    exclusive_waits: AtomicU64,
    exclusive_connections: Arc<AtomicU64>,
}

/// What every call changes.
#[derive(Debug, Default)]
struct Calls {
    begun: AtomicU64,
    successes: AtomicU64,
    failures: AtomicU64,
    dropped: AtomicU64,
}

/// A call under way, which ends as dropped unless it is said to have ended otherwise.
pub(crate) struct UnderWay<'a> {
    counters: &'a Counters,
    calls: &'a Calls,
    end: &'a AtomicU64,
}

/// One of the things that are counted as long as they exist.
#[derive(Debug)]
pub(crate) struct Gauge(Arc<AtomicU64>);

impl Counters {
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        let calls = self.calls.own();
        count(&calls.begun);
        trace::attempt();
        UnderWay { counters: self, calls, end: &calls.dropped }
    }

    pub(crate) fn note_retry(&self) {
        count(&self.retries);
        trace::attempt();
    }

    pub(crate) fn note_redirect(&self, kind: RedirectKind) {
        count(match kind {
            RedirectKind::Moved => &self.moved,
            RedirectKind::Ask => &self.asked,
        });
        trace::redirect();
    }

    pub(crate) fn note_dial<T>(&self, server: &Server, dialled: &Result<T>) {
        count(if dialled.is_ok() { &self.dials } else { &self.failed_dials });
        trace::dial(server, dialled);
    }

    pub(crate) fn note_topology_change(&self) {
        count(&self.topology_changes);
        trace::topology_change();
    }

    pub(crate) fn note_exclusive_wait(&self) {
        count(&self.exclusive_waits);
    }

    /// Counts an exclusive connection as open until the gauge is dropped.
    pub(crate) fn exclusive_connection(&self) -> Gauge {
        count(&self.exclusive_connections);
        Gauge(Arc::clone(&self.exclusive_connections))
    }

    pub(crate) fn read(&self) -> Stats {
        // What has ended is read first, so that nothing seems to have ended that was not begun.
        let successes = self.sum(|calls| &calls.successes);
        let failures = self.sum(|calls| &calls.failures);
        let dropped = self.sum(|calls| &calls.dropped);
        let calls = self.sum(|calls| &calls.begun);
        Stats {
            calls,
            successes,
            errors: self.errors().clone(),
            dropped,
            in_flight: calls.saturating_sub(successes + failures + dropped),
            retries: load(&self.retries),
            moved: load(&self.moved),
            asked: load(&self.asked),
            dials: load(&self.dials),
            failed_dials: load(&self.failed_dials),
            topology_changes: load(&self.topology_changes),
            exclusive_waits: load(&self.exclusive_waits),
            exclusive_connections: load(&self.exclusive_connections),
        }
    }

    fn sum(&self, field: fn(&Calls) -> &AtomicU64) -> u64 {
        self.calls.all().map(|calls| load(field(calls))).sum()
    }

    fn note_failure(&self, kind: ErrorKind) {
        let mut errors = self.errors();
        match errors.iter_mut().find(|(counted, _)| *counted == kind) {
            Some((_, count)) => *count += 1,
            None => errors.push((kind, 1)),
        }
    }

    fn errors(&self) -> MutexGuard<'_, Vec<(ErrorKind, u64)>> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay<'_> {
    pub(crate) fn succeed(mut self) {
        self.end = &self.calls.successes;
    }

    pub(crate) fn fail(mut self, kind: ErrorKind) {
        self.counters.note_failure(kind);
        self.end = &self.calls.failures;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        count(self.end);
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_ends_as_one_thing() {
        let counters = Counters::default();
        counters.begin().succeed();
        counters.begin().fail(ErrorKind::Timeout);
        counters.begin().fail(ErrorKind::Timeout);
        drop(counters.begin());
        let under_way = counters.begin();
        let stats = counters.read();
        assert_eq!((stats.calls, stats.successes, stats.dropped, stats.in_flight), (5, 1, 1, 1));
        assert_eq!((stats.errors_of(ErrorKind::Timeout), stats.errors_of(ErrorKind::Closed)), (2, 0));
        drop(under_way);
        assert_eq!(counters.read().in_flight, 0);
    }

    #[test]
    fn a_gauge_counts_while_it_exists() {
        let counters = Counters::default();
        let connections = [counters.exclusive_connection(), counters.exclusive_connection()];
        assert_eq!(counters.read().exclusive_connections, 2);
        drop(connections);
        assert_eq!(counters.read().exclusive_connections, 0);
    }

    #[test]
    fn calls_of_many_threads_add_up() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| (0..1000).for_each(|_| counters.begin().succeed()));
            }
        });
        let stats = counters.read();
        assert_eq!((stats.calls, stats.successes, stats.in_flight), (32_000, 32_000, 0));
    }
}
