//! What the writer does without being asked, and when: frees what has expired, flushes, wakes those who wait for a time.
//!
//! Sweeps and flushes go by real time, which a clock that a test holds still must not stop; alarms by the clock of the
//! file.

use std::time::{Duration, Instant};

use store_core::{Clock, Timestamp};
use tokio::sync::oneshot;

use crate::sweep::Swept;

/// The longest time without a look around.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// An alarm is late by no more than a millisecond: the clock counts whole ones.
const SHORTEST_REST: Duration = Duration::from_millis(1);

pub(super) struct Duties {
    sweep_interval: Option<Duration>,
    next_sweep: Option<Instant>,
    next_flush: Option<Instant>,
    alarms: Vec<(Timestamp, oneshot::Sender<()>)>,
}

impl Duties {
    pub(super) fn new(sweep_interval: Option<Duration>) -> Self {
        let next_sweep = sweep_interval.and_then(|interval| Instant::now().checked_add(interval));
        Self { sweep_interval, next_sweep, next_flush: None, alarms: Vec::new() }
    }

    /// How long there is nothing to do.
    pub(super) fn rest(&self, clock: &dyn Clock) -> Duration {
        let real = [self.next_sweep, self.next_flush].into_iter().flatten().min();
        let real = real.map(|time| time.saturating_duration_since(Instant::now()));
        let alarm = self.alarms.iter().map(|(time, _)| *time).min();
        let alarm = alarm.map(|time| time.saturating_since(clock.now()).max(SHORTEST_REST));
        real.into_iter().chain(alarm).min().unwrap_or(LONGEST_REST).min(LONGEST_REST)
    }

    pub(super) fn sweep_is_due(&self) -> bool {
        self.next_sweep.is_some_and(is_reached)
    }

    pub(super) fn has_swept(&mut self, swept: Swept) {
        if swept == Swept::All {
            self.next_sweep = self.sweep_interval.and_then(|interval| Instant::now().checked_add(interval));
        }
    }

    /// What was written first decides, not what is written meanwhile.
    pub(super) fn flush_within(&mut self, time: Duration) {
        self.next_flush = self.next_flush.or_else(|| Instant::now().checked_add(time));
    }

    pub(super) fn flush_is_due(&self) -> bool {
        self.next_flush.is_some_and(is_reached)
    }

    pub(super) fn has_flushed(&mut self) {
        self.next_flush = None;
    }

    pub(super) fn wake(&mut self, time: Timestamp, waiter: oneshot::Sender<()>) {
        self.alarms.push((time, waiter));
    }

    /// Wakes whoever waited for a time that is reached, and forgets who waits no longer.
    pub(super) fn ring(&mut self, clock: &dyn Clock) {
        let now = clock.now();
        self.alarms.retain(|(_, waiter)| !waiter.is_closed());
        for (_, waiter) in self.alarms.extract_if(.., |(time, _)| *time <= now) {
            let _ = waiter.send(());
        }
    }
}

fn is_reached(time: Instant) -> bool {
    time <= Instant::now()
}
