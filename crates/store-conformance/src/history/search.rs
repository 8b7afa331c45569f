//! The search for an order that explains any history, after Wing and Gong, and Lowe ("Testing for linearizability",
//! 2017: just-in-time linearization).
//!
//! It goes through the calls and returns in the order of time, and keeps every *way* in which things can stand. A call
//! has to have taken effect when it returns and need not before; so only then it is looked for what can have happened,
//! itself last. If no way is left, no order explains the history up to this return.
//!
//! Four things keep the ways few. Those that agree in what comes next are one. A call that only observes is taken to
//! have done so as soon as its answer is right, because that is in the way of nothing. Of two ways that differ only in
//! which calls without an answer they needed, the one that needed fewer, or such as can do less, can do whatever the other
//! can. And values that nobody mentions any more are all one.

use std::mem;
use std::ops::RangeInclusive;

use super::effort::Effort;
use super::mentions::Mentions;
use super::unanswered::Unanswered;
use super::ways::{Way, Ways, insert};
use super::{Call, Operation, Value};

/// Looks for an order of what took effect during a time, on an object that was `start` when it began. Calls that were under
/// way then may have taken effect before, and those that are when it ends may do so later.
///
/// # Errors
/// The place of the call whose return nothing explains, if there is none.
pub(super) fn explain<O: Operation>(
    calls: &[Call<O>],
    start: O::State,
    during: RangeInclusive<u64>,
    effort: Effort,
) -> Result<(), usize> {
    let mut search = Search::new(calls, start, *during.start(), effort);
    for Event { place, edge, .. } in events(calls).into_iter().take_while(|event| event.at <= *during.end()) {
        match edge {
            Edge::Call => search.called(place),
            Edge::Return => {
                search.returned(place)?;
                search.forget_values(place);
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    at: u64,
    edge: Edge,
    place: usize,
}

/// Of one instant, calls come first: then they overlap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Call,
    Return,
}

fn events<O: Operation>(calls: &[Call<O>]) -> Vec<Event> {
    let mut events = Vec::with_capacity(2 * calls.len());
    for (place, call) in calls.iter().enumerate() {
        events.push(Event { at: call.called, edge: Edge::Call, place });
        events.extend(call.returned.map(|returned| Event { at: returned.at, edge: Edge::Return, place }));
    }
    events.sort_unstable();
    events
}

struct Search<'a, O: Operation> {
    calls: &'a [Call<O>],
    from: u64,
    /// What each asked, with forgotten values made equal.
    operations: Vec<O>,
    mentions: Mentions,
    /// The calls under way that will be answered.
    open: Vec<usize>,
    unanswered: Unanswered<O>,
    ways: Ways<O::State>,
    /// Those that the last return led through.
    passed: Ways<O::State>,
    /// Empty, with room.
    spare: Ways<O::State>,
}

impl<'a, O: Operation> Search<'a, O> {
    fn new(calls: &'a [Call<O>], start: O::State, from: u64, effort: Effort) -> Self {
        let (mentions, unanswered) = (Mentions::of(calls, effort), Unanswered::new());
        let [mut ways, passed, spare] = [(); 3].map(|()| Ways::none(effort));
        ways.add(Way { state: start, done: Vec::new(), used: Vec::new() }, &unanswered);
        let operations = calls.iter().map(|call| call.operation).collect();
        Self { calls, from, operations, mentions, open: Vec::new(), unanswered, ways, passed, spare }
    }

    fn called(&mut self, place: usize) {
        let operation = self.calls[place].operation;
        if let Some(value) = operation.value() {
            self.operations[place] = operation.with_value(self.mentions.known(value));
        }
        if self.calls[place].returned.is_none() {
            if !self.calls[place].observes() {
                self.unanswered.add(self.operations[place].plainest(), 1);
            }
            return;
        }
        self.open.push(place);
        if self.calls[place].observes() {
            let ways: Vec<_> = self.ways.drain().collect();
            for mut way in ways {
                self.observe(place, &mut way);
                self.ways.add(way, &self.unanswered);
            }
        }
    }

    fn returned(&mut self, place: usize) -> Result<(), usize> {
        self.open.retain(|other| *other != place);
        mem::swap(&mut self.ways, &mut self.spare);
        let mut untried: Vec<_> = self.spare.drain().collect();
        untried.retain_mut(|way| match way.done.binary_search(&place) {
            Ok(at) => {
                way.done.remove(at);
                self.ways.add(way.clone(), &self.unanswered);
                false
            }
            Err(_) => true,
        });
        self.passed.clear();
        while let Some(way) = untried.pop() {
            if let Some(state) = self.apply(place, way.state) {
                let way = self.observed(Way { state, ..way.clone() });
                self.ways.add(way, &self.unanswered);
            }
            for longer in self.continued(&way, place) {
                if self.passed.add(longer.clone(), &self.unanswered) {
                    untried.push(longer);
                }
            }
            if self.calls[place].called < self.from {
                self.ways.add(way, &self.unanswered);
            }
        }
        if self.ways.is_empty() {
            return Err(place);
        }
        self.unanswered.settle(&mut self.ways);
        Ok(())
    }

    /// After the return of a call: what nobody mentions from now on.
    fn forget_values(&mut self, place: usize) {
        let call = &self.calls[place];
        for value in call.operation.mentions(call.returned.map(|it| it.answer)).into_iter().flatten() {
            for forgotten in self.mentions.returned(value) {
                self.forget(forgotten, self.mentions.known(forgotten));
            }
        }
    }

    fn forget(&mut self, value: Value, forgotten: Value) {
        for &place in &self.open {
            if self.operations[place].value() == Some(value) {
                self.operations[place] = self.operations[place].with_value(forgotten);
            }
        }
        let merged = self.unanswered.rename(value, forgotten);
        let (state, after) = (O::state(value), O::state(forgotten));
        if merged.is_empty() && !self.ways.any_is_at(state) {
            return;
        }
        let ways: Vec<_> = self.ways.drain().collect();
        for mut way in ways {
            if way.state == state {
                way.state = after;
            }
            way.used.iter_mut().for_each(|kind| *kind = merged.get(kind).copied().unwrap_or(*kind));
            way.used.sort_unstable();
            self.ways.add(way, &self.unanswered);
        }
    }

    fn apply(&self, place: usize, before: O::State) -> Option<O::State> {
        self.operations[place].apply(self.calls[place].returned.map(|returned| returned.answer), before)
    }

    /// All ways to which one call more leads, on the way to the return of this one.
    fn continued(&self, way: &Way<O::State>, returning: usize) -> Vec<Way<O::State>> {
        let mut ways = Vec::new();
        for &place in self.open.iter().filter(|&&place| !way.has_done(place)) {
            if let Some(state) = self.apply(place, way.state) {
                let mut longer = Way { state, ..way.clone() };
                insert(&mut longer.done, place);
                ways.push(self.observed(longer));
            }
        }
        for kind in self.unanswered.left_after(way) {
            let state = self.unanswered.after(kind, way.state);
            if self.is_of_use(way, state, returning) {
                let mut longer = Way { state, ..way.clone() };
                insert(&mut longer.used, kind);
                ways.push(self.observed(longer));
            }
        }
        ways
    }

    /// Whether it matters that a call without an answer makes this of the object: whether what may come next can, and
    /// would not lead to the same without it.
    fn is_of_use(&self, way: &Way<O::State>, state: O::State, returning: usize) -> bool {
        let mut answered = self.open.iter().chain([&returning]).filter(|&&place| !way.has_done(place));
        let mut unanswered = self.unanswered.kinds(state);
        state != way.state
            && (answered.any(|&place| {
                let next = self.apply(place, state);
                next.is_some() && next != self.apply(place, way.state)
            }) || unanswered.any(|kind| {
                let next = self.unanswered.after(kind, state);
                next != state && next != self.unanswered.after(kind, way.state)
            }))
    }

    /// With every call under way that only observes and whose answer is right by now.
    fn observed(&self, mut way: Way<O::State>) -> Way<O::State> {
        for &place in &self.open {
            if self.calls[place].observes() && !way.has_done(place) {
                self.observe(place, &mut way);
            }
        }
        way
    }

    fn observe(&self, place: usize, way: &mut Way<O::State>) {
        if self.apply(place, way.state) == Some(way.state) {
            insert(&mut way.done, place);
        }
    }
}
