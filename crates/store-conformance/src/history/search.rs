//! The search for an order that explains any history, after Wing and Gong, and Lowe ("Testing for linearizability",
//! 2017: just-in-time linearization).
//!
//! It goes through the calls and returns in the order of time, and keeps every *way* in which things can stand. A call
//! has to have taken effect when it returns and need not before; so only then it is looked for what can have happened,
//! itself last. If no way is left, no order explains the history up to this return.
//!
//! Three things keep the ways few. Those that agree in what comes next are one. A call that only observes is taken to
//! have done so as soon as its answer is right, because that is in the way of nothing. And of two ways that differ only in
//! which calls without an answer they needed, the one that needed fewer can do whatever the other can.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

use super::{Call, Operation};

/// Looks for an order.
///
/// # Errors
/// The place of the call whose return nothing explains, if there is none.
pub(super) fn explain<O: Operation>(calls: &[Call<O>], start: O::State) -> Result<(), usize> {
    let mut search = Search::new(calls, start);
    for Event { place, edge, .. } in events(calls) {
        match edge {
            Edge::Call => search.called(place),
            Edge::Return => search.returned(place)?,
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

/// How things can stand.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way<S> {
    state: S,
    /// The calls under way that have taken effect, in order.
    done: Vec<usize>,
    /// The calls without an answer that have, by their kind, in order.
    used: Vec<usize>,
}

impl<S> Way<S> {
    fn has_done(&self, place: usize) -> bool {
        self.done.binary_search(&place).is_ok()
    }
}

fn insert(ordered: &mut Vec<usize>, item: usize) {
    let place = ordered.partition_point(|other| *other < item);
    ordered.insert(place, item);
}

fn count(ordered: &[usize], item: usize) -> usize {
    ordered.iter().filter(|other| **other == item).count()
}

/// Whether the one has nothing, of ordered items, that the other has not.
fn is_within(one: &[usize], other: &[usize]) -> bool {
    let mut rest = other.iter();
    one.iter().all(|item| rest.any(|candidate| candidate == item))
}

/// Ways of which none can do all that another can.
struct Ways<S>(HashMap<(S, Vec<usize>), Vec<Vec<usize>>>);

impl<S> Default for Ways<S> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<S: Copy + Eq + Hash> Ways<S> {
    /// Adds a way, unless one that is there can do all that it can.
    fn add(&mut self, way: Way<S>) -> bool {
        let others = self.0.entry((way.state, way.done)).or_default();
        if others.iter().any(|other| is_within(other, &way.used)) {
            return false;
        }
        others.retain(|other| !is_within(&way.used, other));
        others.push(way.used);
        true
    }

    fn drain(&mut self) -> impl Iterator<Item = Way<S>> {
        let of_key = |((state, done), others): ((S, Vec<usize>), Vec<Vec<usize>>)| {
            others.into_iter().map(move |used| Way { state, done: done.clone(), used })
        };
        self.0.drain().flat_map(of_key)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

struct Search<'a, O: Operation> {
    calls: &'a [Call<O>],
    /// What each asked, with what nobody could tell apart made equal.
    operations: Vec<O>,
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
    fn new(calls: &'a [Call<O>], start: O::State) -> Self {
        let mut ways = Ways::default();
        ways.add(Way { state: start, done: Vec::new(), used: Vec::new() });
        let (operations, unanswered) = (O::blurred(calls), Unanswered::new());
        let (passed, spare) = (Ways::default(), Ways::default());
        Self { calls, operations, open: Vec::new(), unanswered, ways, passed, spare }
    }

    fn called(&mut self, place: usize) {
        if self.calls[place].returned.is_none() {
            self.unanswered.add(self.operations[place]);
            return;
        }
        self.open.push(place);
        if self.calls[place].observes() {
            let ways: Vec<_> = self.ways.drain().collect();
            for mut way in ways {
                self.observe(place, &mut way);
                self.ways.add(way);
            }
        }
    }

    fn returned(&mut self, place: usize) -> Result<(), usize> {
        self.open.retain(|other| *other != place);
        let (mut before, mut next) = (mem::take(&mut self.ways), mem::take(&mut self.spare));
        let mut untried = Vec::new();
        for mut way in before.drain() {
            match way.done.binary_search(&place) {
                Ok(at) => {
                    way.done.remove(at);
                    next.add(way);
                }
                Err(_) => untried.push(way),
            }
        }
        self.passed.0.clear();
        while let Some(way) = untried.pop() {
            if !self.passed.add(way.clone()) {
                continue;
            }
            if let Some(state) = self.apply(place, way.state) {
                next.add(self.observed(Way { state, ..way.clone() }));
            }
            self.continue_with_any(&way, &mut untried);
        }
        (self.ways, self.spare) = (next, before);
        if self.ways.is_empty() {
            return Err(place);
        }
        self.unanswered.settle(&mut self.ways);
        Ok(())
    }

    fn apply(&self, place: usize, before: O::State) -> Option<O::State> {
        self.operations[place].apply(self.calls[place].returned.map(|returned| returned.answer), before)
    }

    /// All ways to which one call more leads.
    fn continue_with_any(&self, way: &Way<O::State>, ways: &mut Vec<Way<O::State>>) {
        for &place in self.open.iter().filter(|&&place| !way.has_done(place)) {
            if let Some(state) = self.apply(place, way.state) {
                let mut longer = Way { state, ..way.clone() };
                insert(&mut longer.done, place);
                ways.push(self.observed(longer));
            }
        }
        for kind in self.unanswered.kinds(way) {
            let after = self.unanswered.operation(kind).apply(None, way.state);
            if let Some(state) = after.filter(|state| *state != way.state) {
                let mut longer = Way { state, ..way.clone() };
                insert(&mut longer.used, kind);
                ways.push(self.observed(longer));
            }
        }
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

/// The calls without an answer, by kind: those of one kind can stand for each other at any later time.
struct Unanswered<O: Operation> {
    kinds: Vec<Kind<O>>,
    by_operation: HashMap<O, usize>,
    /// Of those that are left, the ones that may have an effect in any state.
    anywhere: Vec<usize>,
    /// The others by the state in which they have one.
    only_in: HashMap<O::State, Vec<usize>>,
}

struct Kind<O> {
    operation: O,
    /// How many there are that not every way has used.
    left: usize,
}

impl<O: Operation> Unanswered<O> {
    fn new() -> Self {
        Self { kinds: Vec::new(), by_operation: HashMap::new(), anywhere: Vec::new(), only_in: HashMap::new() }
    }

    fn add(&mut self, operation: O) {
        let next = self.kinds.len();
        let kind = *self.by_operation.entry(operation).or_insert(next);
        if kind == next {
            self.kinds.push(Kind { operation, left: 0 });
        }
        if self.kinds[kind].left == 0 {
            self.places(operation).push(kind);
        }
        self.kinds[kind].left += 1;
    }

    fn places(&mut self, operation: O) -> &mut Vec<usize> {
        match operation.has_effect_only_in() {
            None => &mut self.anywhere,
            Some(state) => self.only_in.entry(state).or_default(),
        }
    }

    fn operation(&self, kind: usize) -> O {
        self.kinds[kind].operation
    }

    /// The kinds that are left after a way and may have an effect.
    fn kinds(&self, way: &Way<O::State>) -> Vec<usize> {
        let mut kinds = self.anywhere.clone();
        if way.state == O::UNKNOWN {
            kinds.extend(self.only_in.values().flatten());
        } else {
            kinds.extend(self.only_in.get(&way.state).into_iter().flatten());
        }
        kinds.retain(|&kind| count(&way.used, kind) < self.kinds[kind].left);
        kinds
    }

    /// Forgets what every way has used.
    fn settle(&mut self, ways: &mut Ways<O::State>) {
        let Some(first) = ways.0.values().flatten().next() else { return };
        let mut by_all = first.clone();
        for used in ways.0.values().flatten() {
            let mut rest = used.iter().peekable();
            by_all.retain(|kind| {
                while rest.next_if(|other| *other < kind).is_some() {}
                rest.next_if_eq(&kind).is_some()
            });
        }
        if by_all.is_empty() {
            return;
        }
        for used in ways.0.values_mut().flatten() {
            let mut forgotten = by_all.iter().peekable();
            used.retain(|kind| forgotten.next_if_eq(&kind).is_none());
        }
        for kind in by_all {
            self.kinds[kind].left -= 1;
            if self.kinds[kind].left == 0 {
                self.places(self.kinds[kind].operation).retain(|other| *other != kind);
            }
        }
    }
}
