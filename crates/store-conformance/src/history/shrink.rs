//! What is left of a history that no order explains when everything is taken away that it can do without.
//!
//! Every step keeps this true: if there were an order that explains the whole, there would be one that explains what is
//! left. So what is left condemns the whole. Taking away just anything would not do: without a write, a right read of it
//! looks wrong.

use std::collections::BTreeSet;
use std::fmt;

use super::effort::Effort;
use super::search::explain;
use super::{Call, Operation, lanes};

/// How many calls are looked at, all attempts together, before the picture is small enough.
const PATIENCE: usize = 4_000_000;

/// A part of a history that no order explains.
#[derive(Clone, Debug)]
pub struct Violation<O: Operation> {
    pub(super) part: Part<O>,
}

impl<O: Operation> Violation<O> {
    /// Looks for an order, and if there is none for the smallest part that has none.
    pub(super) fn find(part: Part<O>) -> Result<(), Self> {
        let mut shrinking = Shrinking { part, patience: PATIENCE };
        if shrinking.part.shortened(Effort::Quick).is_none() {
            return Ok(());
        }
        let Some(suspect) = shrinking.part.shortened(Effort::Bounded) else { return Ok(()) };
        // Where the bounded search gave up, most often little of what came before is needed to see that it had to.
        if !shrinking.begin_late(&suspect) {
            let Some(part) = shrinking.part.shortened(Effort::Exhaustive) else { return Ok(()) };
            shrinking.part = part;
        }
        while shrinking.cut() | shrinking.leave_out() {}
        Err(Self { part: shrinking.part })
    }

    /// The calls that contradict each other, in the order in which they were called.
    pub fn calls(&self) -> impl Iterator<Item = &Call<O>> {
        self.part.calls.iter().filter(|call| !self.part.is_open_before(call))
    }
}

impl<O: Operation> fmt::Display for Violation<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part.start {
            Start::Beginning => writeln!(f, "no order explains these answers from the beginning:")?,
            Start::Anything => writeln!(f, "no order explains these answers, whatever came before:")?,
        }
        let picture: Vec<_> = self.calls().copied().collect();
        lanes::draw(f, &picture, self.part.from)?;
        let before = self.part.calls.iter().filter(|call| self.part.is_open_before(call));
        let before: BTreeSet<String> = before.map(|call| call.operation.to_string()).collect();
        if !before.is_empty() {
            let before: Vec<_> = before.into_iter().collect();
            write!(
                f,
                "\n  nor would it help if some of these took effect, which were called before: {}",
                before.join(", ")
            )?;
        }
        Ok(())
    }
}

/// What is known of the object where a part begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It is the beginning of the history.
    Beginning,
    Anything,
}

impl Start {
    fn state<O: Operation>(self) -> O::State {
        match self {
            Self::Beginning => O::INITIAL,
            Self::Anything => O::UNKNOWN,
        }
    }
}

/// Some of the calls of a history.
#[derive(Clone, Debug)]
pub struct Part<O: Operation> {
    /// By the time of their call.
    pub(super) calls: Vec<Call<O>>,
    pub(super) start: Start,
    /// What was called before may have taken effect before.
    pub(super) from: u64,
    /// What returned later may have taken effect later.
    pub(super) until: u64,
}

impl<O: Operation> Part<O> {
    /// All of these.
    pub(super) fn of(mut calls: Vec<Call<O>>, start: Start) -> Self {
        calls.sort_by_key(|call| call.called);
        Self { calls, start, from: 0, until: u64::MAX }
    }

    /// Up to the return that no order explains; `None` if some order explains the whole.
    fn shortened(&self, effort: Effort) -> Option<Self> {
        let during = self.from..=self.until;
        let place = explain(&self.calls, self.start.state::<O>(), during, effort).err()?;
        Some(self.until(self.calls.get(place)?.returned?.at))
    }

    /// Ends it here. What is under way may have taken effect, with the answer that it got later, or not.
    ///
    /// Sound, because the beginning of an order that explains more explains what had returned by then.
    fn until(&self, until: u64) -> Self {
        let is_over = |call: &Call<O>| call.returned.is_some_and(|returned| returned.at <= until);
        let tells = |call: &Call<O>| call.called <= until && (is_over(call) || !call.observes());
        let calls = self.calls.iter().copied().filter(tells).collect();
        Self { calls, until, ..*self }
    }

    /// Begins it here. What was over is left out; what was under way takes effect since, or has before.
    ///
    /// Sound, because the rest of an order that explains more explains what was called since then, from whatever the
    /// object had become; and those under way that it contains are answered as they were.
    fn since(&self, from: u64) -> Self {
        let is_left = |call: &Call<O>| match call.returned {
            Some(returned) => returned.at >= from && (call.called >= from || !call.observes()),
            None => true,
        };
        let calls = self.calls.iter().copied().filter(is_left).collect();
        Self { calls, start: Start::Anything, from, until: self.until }
    }

    /// Without the calls at these places.
    fn without(&self, places: &BTreeSet<usize>) -> Self {
        let others = self.calls.iter().zip(0..).filter(|(_, place)| !places.contains(place));
        Self { calls: others.map(|(call, _)| *call).collect(), ..*self }
    }

    /// Whether a call without an answer was called before the part begins.
    fn is_open_before(&self, call: &Call<O>) -> bool {
        call.returned.is_none() && call.called < self.from
    }
}

struct Shrinking<O: Operation> {
    part: Part<O>,
    /// How many calls may be looked at yet.
    patience: usize,
}

impl<O: Operation> Shrinking<O> {
    /// Takes the smaller part, if no order explains it either.
    fn take(&mut self, smaller: Part<O>) -> bool {
        let Some(left) = self.patience.checked_sub(smaller.calls.len()) else { return false };
        self.patience = left;
        let Some(shorter) = smaller.shortened(Effort::Exhaustive) else { return false };
        self.part = shorter;
        true
    }

    /// Ends and begins it as close to each other as possible.
    fn cut(&mut self) -> bool {
        let before = self.part.calls.len();
        self.begin_late(&self.part.clone());
        self.part.calls.len() < before
    }

    /// Takes of these calls the fewest of the latest that no order explains, if there are any.
    fn begin_late(&mut self, whole: &Part<O>) -> bool {
        let times: Vec<u64> = whole.calls.iter().map(|call| call.called).filter(|at| *at >= whole.from).collect();
        let mut take_latest = |size: usize| {
            let from = times.len().checked_sub(size).and_then(|place| times.get(place));
            from.is_some_and(|from| self.take(whole.since(*from)))
        };
        // The more it contains, the less can be explained; so twice as much is tried until it is enough.
        let (mut too_few, mut enough) = (0, 1);
        while !take_latest(enough) {
            if enough >= times.len() {
                return false;
            }
            (too_few, enough) = (enough, times.len().min(2 * enough));
        }
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if take_latest(middle) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        true
    }

    /// Leaves out what the rest does not need.
    ///
    /// An answered call that changed nothing: an order that explains it explains the others without it. And what the
    /// operations themselves say can be separated.
    fn leave_out(&mut self) -> bool {
        let before = self.part.calls.len();
        let observations = self.part.calls.iter().zip(0..).filter(|(call, _)| call.observes());
        let observations: Vec<_> = observations.map(|(_, place)| vec![place]).collect();
        self.leave_out_any(observations);
        self.leave_out_any(O::separable(&self.part.calls));
        self.part.calls.len() < before
    }

    /// Leaves out as many of these sets as possible: half of them at once, then a quarter, and so on (ddmin).
    fn leave_out_any(&mut self, sets: Vec<Vec<usize>>) {
        let whole = self.part.clone();
        let mut without = BTreeSet::new();
        let mut size = sets.len().div_ceil(2);
        let mut left: Vec<_> = sets;
        while size > 0 && !left.is_empty() {
            let mut needed = Vec::new();
            for some in left.chunks(size) {
                let more: BTreeSet<usize> = without.iter().chain(some.iter().flatten()).copied().collect();
                if self.take(whole.without(&more)) {
                    without = more;
                } else {
                    needed.extend_from_slice(some);
                }
            }
            left = needed;
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }
}
