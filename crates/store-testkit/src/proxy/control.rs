//! The state that all connections of a proxy share, and every decision about what happens to a message.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::faults::{Cut, Ending, Faults, Trickle, When};
use super::line::Line;
use crate::random::Random;

/// What has passed a proxy since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Requests forwarded to the server.
    pub requests: u64,
    /// Replies passed on to the client as a whole.
    pub replies: u64,
    /// Replies that have arrived and wait to be passed on: held, delayed or behind such a one.
    pub held: u64,
    /// Replies of which a byte was changed.
    pub flips: u64,
    /// Connections cut.
    pub cuts: u64,
}

/// What becomes of a request or a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Swallow,
    Cut(Cut, Ending),
}

/// A reply, or a message of the server's own account, on its way to the client.
pub(super) struct Arrival {
    pub(super) message: Vec<u8>,
    /// The name of the command that it answers. A push answers none, and is neither hit nor counted.
    pub(super) command: Option<Vec<u8>>,
    pub(super) at: Instant,
}

#[derive(Default)]
pub(super) struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Countdowns in it are those left.
    faults: Faults,
    random: Random,
    /// Grows with each injection, so that a pause between two steps ends with the faults that made it.
    injection: u64,
    counts: Counts,
    lines: Vec<Weak<Line>>,
}

impl Control {
    pub(super) fn inject(&self, faults: Faults) {
        let mut state = self.lock();
        state.random = Random::new(faults.seed);
        state.faults = faults;
        state.injection += 1;
        self.changed.notify_all();
    }

    pub(super) fn counts(&self) -> Counts {
        let state = self.lock();
        Counts { open: state.open_lines().count() as u64, ..state.counts }
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.lock().counts);
    }

    pub(super) fn register(&self, line: &Arc<Line>) {
        let mut state = self.lock();
        state.lines.retain(|line| line.strong_count() > 0);
        state.lines.push(Arc::downgrade(line));
        state.counts.connections += 1;
    }

    /// The connections that are open now.
    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        self.lock().open_lines().collect()
    }

    pub(super) fn swallows(&self) -> bool {
        self.lock().faults.black_hole
    }

    pub(super) fn judge_request(&self, command: &[u8]) -> Verdict {
        let mut state = self.lock();
        if !state.faults.concern(command) {
            return Verdict::Pass;
        }
        state.judge(Cut::is_at_request)
    }

    /// Waits until the arrival is due, and decides what becomes of it then.
    pub(super) fn judge_arrival(&self, arrival: &mut Arrival, line: &Line) -> Verdict {
        let mut state = self.lock();
        while let Some(wait) = state.time_left(arrival).filter(|_| !line.is_over()) {
            state = self.wait(state, wait);
        }
        let verdict = if line.is_over() { Verdict::Swallow } else { state.judge_arrival(arrival) };
        state.settle(arrival, verdict);
        verdict
    }

    pub(super) fn trickle(&self, arrival: &Arrival) -> Option<Trickle> {
        let state = self.lock();
        state.faults.trickle.filter(|_| state.concerned_by(arrival))
    }

    /// Waits so long, or until the line is over or other faults are injected.
    pub(super) fn pause(&self, pause: Duration, line: &Line) {
        let state = self.lock();
        let injection = state.injection;
        let waits = |state: &mut State| state.injection == injection && !line.is_over();
        drop(self.changed.wait_timeout_while(state, pause, waits));
    }

    /// Wakes whoever waits for a line that is over.
    pub(super) fn line_is_over(&self) {
        // Under the lock, or it could come between another thread's look at the line and its sleep.
        let _state = self.lock();
        self.changed.notify_all();
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, wait: Wait) -> MutexGuard<'a, State> {
        match wait {
            Wait::ForChange => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Wait::For(time) => self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change of the state is complete when it can panic at all.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Wait {
    ForChange,
    For(Duration),
}

impl State {
    fn open_lines(&self) -> impl Iterator<Item = Arc<Line>> {
        self.lines.iter().filter_map(Weak::upgrade).filter(|line| !line.is_over())
    }

    /// How long the arrival has to wait; `None` when it is due.
    fn time_left(&self, arrival: &Arrival) -> Option<Wait> {
        if self.faults.black_hole || !self.concerned_by(arrival) {
            return None;
        }
        if self.faults.hold {
            return Some(Wait::ForChange);
        }
        let left = self.faults.delay.saturating_sub(arrival.at.elapsed());
        (!left.is_zero()).then_some(Wait::For(left))
    }

    fn judge_arrival(&mut self, arrival: &mut Arrival) -> Verdict {
        if self.faults.black_hole {
            return Verdict::Swallow;
        }
        if !self.concerned_by(arrival) {
            return Verdict::Pass;
        }
        self.flip(&mut arrival.message);
        self.judge(|cut| !cut.is_at_request())
    }

    /// Counted before the client is told, so that whoever has read a reply finds it counted.
    fn settle(&mut self, arrival: &Arrival, verdict: Verdict) {
        if arrival.command.is_some() {
            self.counts.held -= 1;
            let whole = matches!(verdict, Verdict::Pass | Verdict::Cut(Cut::AfterReply, _));
            self.counts.replies += u64::from(whole);
        }
    }

    fn concerned_by(&self, arrival: &Arrival) -> bool {
        arrival.command.as_ref().is_some_and(|command| self.faults.concern(command))
    }

    fn judge(&mut self, here: impl FnOnce(Cut) -> bool) -> Verdict {
        let Some((cut, when)) = self.faults.cut.filter(|(cut, _)| here(*cut)) else { return Verdict::Pass };
        let (hit, left) = self.random.hits(when);
        self.faults.cut = left.map(|when| (cut, when));
        if hit { Verdict::Cut(cut, self.faults.ending) } else { Verdict::Pass }
    }

    fn flip(&mut self, message: &mut [u8]) {
        let Some(when) = self.faults.flip else { return };
        let (hit, left) = self.random.hits(when);
        self.faults.flip = left;
        if !hit {
            return;
        }
        if let Some(byte) = message.get_mut(self.random.index(message.len())) {
            // Not the highest bit: text stays text, so that nothing but its content gives the change away.
            *byte ^= 1 << self.random.below(7);
            self.counts.flips += 1;
        }
    }
}

impl Random {
    /// Whether it is this one's turn, and what is left of `when` for the next.
    fn hits(&mut self, when: When) -> (bool, Option<When>) {
        match when {
            When::After(0) => (true, None),
            When::After(left) => (false, Some(When::After(left - 1))),
            When::Share(share) => (self.fraction() < share, Some(when)),
        }
    }
}
