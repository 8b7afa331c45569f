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

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::ops::RangeInclusive;

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

/// How thorough a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// Ways that differ in which calls without an answer they needed are given up where there are many of them. An order
    /// that is found is one, but that none is found means nothing.
    Quick,
    Exhaustive,
}

impl Effort {
    /// How many are kept of ways that differ in nothing else.
    fn most_alike(self) -> usize {
        match self {
            Self::Quick => 4,
            Self::Exhaustive => usize::MAX,
        }
    }
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

/// Ways of which none can do all that another can.
struct Ways<S> {
    by_key: HashMap<(S, Vec<usize>), Vec<Vec<usize>>>,
    most_alike: usize,
}

impl<S: Copy + Eq + Hash> Ways<S> {
    fn none(effort: Effort) -> Self {
        Self { by_key: HashMap::new(), most_alike: effort.most_alike() }
    }

    /// Adds a way, unless one that is there can do all that it can.
    fn add<O: Operation<State = S>>(&mut self, way: Way<S>, unanswered: &Unanswered<O>) -> bool {
        let others = self.by_key.entry((way.state, way.done)).or_default();
        if others.iter().any(|other| unanswered.are_covered(other, &way.used)) {
            return false;
        }
        others.retain(|other| !unanswered.are_covered(&way.used, other));
        let is_kept = others.len() < self.most_alike;
        if is_kept {
            others.push(way.used);
        }
        is_kept
    }

    fn drain(&mut self) -> impl Iterator<Item = Way<S>> {
        let of_key = |((state, done), others): ((S, Vec<usize>), Vec<Vec<usize>>)| {
            others.into_iter().map(move |used| Way { state, done: done.clone(), used })
        };
        self.by_key.drain().flat_map(of_key)
    }

    fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
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
        let (mentions, unanswered) = (Mentions::of(calls), Unanswered::new());
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
            self.unanswered.add(self.operations[place].plainest(), 1);
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
        self.passed.by_key.clear();
        while let Some(way) = untried.pop() {
            if let Some(state) = self.apply(place, way.state) {
                let way = self.observed(Way { state, ..way.clone() });
                self.ways.add(way, &self.unanswered);
            }
            for longer in self.continued(&way) {
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
            if !self.mentions.was_last(value) {
                continue;
            }
            self.forget(value, self.mentions.known(value));
        }
    }

    fn forget(&mut self, value: Value, forgotten: Value) {
        let renamed = |operation: O| match operation.value() {
            Some(written) if written == value => operation.with_value(forgotten),
            _ => operation,
        };
        for &place in &self.open {
            self.operations[place] = renamed(self.operations[place]);
        }
        let merged = self.unanswered.rename(renamed);
        let (state, after) = (O::state(value), O::state(forgotten));
        if merged.is_empty() && !self.ways.by_key.keys().any(|(other, _)| *other == state) {
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

    /// All ways to which one call more leads.
    fn continued(&self, way: &Way<O::State>) -> Vec<Way<O::State>> {
        let mut ways = Vec::new();
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
        ways
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

/// Which values calls mention, and how many of these calls have not returned.
struct Mentions {
    left: HashMap<Value, usize>,
    /// Stands for all values that nobody mentions; `None` where they have to be told apart.
    nobodys: Option<Value>,
}

impl Mentions {
    fn of<O: Operation>(calls: &[Call<O>]) -> Self {
        let mut left = HashMap::new();
        if !O::tells_apart_what_it_mentions(calls) {
            return Self { left, nobodys: None };
        }
        for call in calls {
            for value in call.operation.mentions(call.returned.map(|it| it.answer)).into_iter().flatten() {
                *left.entry(value).or_default() += 1;
            }
        }
        let nobodys = (Value::MIN..=Value::MAX).find(|value| !left.contains_key(value));
        Self { left, nobodys }
    }

    /// The value, or what stands for it once nobody mentions it any more.
    fn known(&self, value: Value) -> Value {
        let is_mentioned = self.left.get(&value).is_some_and(|left| *left > 0);
        self.nobodys.filter(|_| !is_mentioned).unwrap_or(value)
    }

    /// Counts the return of a call that mentions the value. Whether it was the last.
    fn was_last(&mut self, value: Value) -> bool {
        let Some(left) = self.left.get_mut(&value) else { return false };
        *left = left.saturating_sub(1);
        *left == 0
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

    /// Adds so many, and says of which kind they are.
    fn add(&mut self, operation: O, more: usize) -> usize {
        let next = self.kinds.len();
        let kind = *self.by_operation.entry(operation).or_insert(next);
        if kind == next {
            self.kinds.push(Kind { operation, left: 0 });
        }
        if self.kinds[kind].left == 0 {
            self.places(operation).push(kind);
        }
        self.kinds[kind].left += more;
        kind
    }

    /// Counts kinds among others, and says which among which.
    fn rename(&mut self, renamed: impl Fn(O) -> O) -> HashMap<usize, usize> {
        let is_renamed = |kind: &usize| renamed(self.kinds[*kind].operation) != self.kinds[*kind].operation;
        let all = self.anywhere.iter().chain(self.only_in.values().flatten());
        let kinds: Vec<usize> = all.copied().filter(is_renamed).collect();
        let mut merged = HashMap::new();
        for kind in kinds {
            let operation = self.kinds[kind].operation;
            let left = mem::take(&mut self.kinds[kind].left);
            self.places(operation).retain(|other| *other != kind);
            merged.insert(kind, self.add(renamed(operation), left));
        }
        merged
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

    /// Whether for everything in the one, in the other there is something that can do no less. Then whoever has used the
    /// one can do whatever someone can who has used the other. Both are ordered.
    fn are_covered(&self, one: &[usize], other: &[usize]) -> bool {
        if one.len() > other.len() {
            return false;
        }
        let mut left = other.to_vec();
        let same_left =
            |kind: &usize| left.iter().position(|other| other == kind).map(|at| left.swap_remove(at)).is_none();
        let more: Vec<usize> = one.iter().copied().filter(same_left).collect();
        more.into_iter().all(|kind| {
            let covers = |other: &usize| self.operation(*other).covers(self.operation(kind));
            left.iter().position(covers).map(|at| left.swap_remove(at)).is_some()
        })
    }

    /// Forgets what every way has used.
    fn settle(&mut self, ways: &mut Ways<O::State>) {
        let Some(first) = ways.by_key.values().flatten().next() else { return };
        let mut by_all = first.clone();
        for used in ways.by_key.values().flatten() {
            let mut rest = used.iter().peekable();
            by_all.retain(|kind| {
                while rest.next_if(|other| *other < kind).is_some() {}
                rest.next_if_eq(&kind).is_some()
            });
        }
        if by_all.is_empty() {
            return;
        }
        for used in ways.by_key.values_mut().flatten() {
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
