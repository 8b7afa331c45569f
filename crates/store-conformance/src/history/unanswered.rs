//! The calls without an answer, which may take effect at any later time, or never.

use std::collections::HashMap;
use std::mem;

use super::effort::Effort;
use super::ways::{Way, Ways, count};
use super::{Operation, Value};

/// The calls without an answer, by kind: those of one kind can stand for each other at any later time.
pub(super) struct Unanswered<O: Operation> {
    kinds: Vec<Kind<O>>,
    by_operation: HashMap<O, usize>,
    /// Those that write a value.
    by_value: HashMap<Value, Vec<usize>>,
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
    pub(super) fn new() -> Self {
        let (by_operation, by_value, only_in) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { kinds: Vec::new(), by_operation, by_value, anywhere: Vec::new(), only_in }
    }

    /// Adds so many, and says of which kind they are.
    pub(super) fn add(&mut self, operation: O, more: usize) -> usize {
        let next = self.kinds.len();
        let kind = *self.by_operation.entry(operation).or_insert(next);
        if kind == next {
            self.kinds.push(Kind { operation, left: 0 });
            if let Some(value) = operation.value() {
                self.by_value.entry(value).or_default().push(kind);
            }
        }
        if self.kinds[kind].left == 0 {
            self.places(operation).push(kind);
        }
        self.kinds[kind].left += more;
        kind
    }

    /// Counts the kinds that write this value among those that write the other, and says which among which.
    pub(super) fn rename(&mut self, value: Value, other: Value) -> HashMap<usize, usize> {
        let mut merged = HashMap::new();
        for kind in self.by_value.remove(&value).unwrap_or_default() {
            let operation = self.kinds[kind].operation;
            let left = mem::take(&mut self.kinds[kind].left);
            if left > 0 {
                self.places(operation).retain(|other| *other != kind);
                merged.insert(kind, self.add(operation.with_value(other), left));
            }
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

    pub(super) fn after(&self, kind: usize, before: O::State) -> O::State {
        self.operation(kind).apply(None, before).unwrap_or(before)
    }

    /// The kinds of which some are left and that may have an effect in a state.
    pub(super) fn kinds(&self, state: O::State) -> impl Iterator<Item = usize> {
        let known = self.only_in.get(&state).filter(|_| state != O::UNKNOWN).into_iter();
        let any = (state == O::UNKNOWN).then(|| self.only_in.values()).into_iter().flatten();
        self.anywhere.iter().chain(known.chain(any).flatten()).copied()
    }

    /// The kinds of which some are left after a way and that may have an effect.
    pub(super) fn left_after(&self, way: &Way<O::State>) -> impl Iterator<Item = usize> {
        self.kinds(way.state).filter(|&kind| count(&way.used, kind) < self.kinds[kind].left)
    }

    /// Whether for everything in the one, in the other there is something that can do no less. Then whoever has used the
    /// one can do whatever someone can who has used the other. Both are ordered. What there is plenty of costs nobody
    /// anything.
    pub(super) fn are_covered(&self, one: &[usize], other: &[usize], effort: Effort) -> bool {
        let plenty = effort.plenty();
        if one.len() > other.len() && plenty == usize::MAX {
            return false;
        }
        let mut left = other.to_vec();
        let same_left =
            |kind: &usize| left.iter().position(|other| other == kind).map(|at| left.swap_remove(at)).is_none();
        let is_rare = |kind: &usize| self.kinds[*kind].left < plenty.saturating_add(one.len());
        let more: Vec<usize> = one.iter().copied().filter(same_left).filter(is_rare).collect();
        more.into_iter().all(|kind| {
            let covers = |other: &usize| self.operation(*other).covers(self.operation(kind));
            left.iter().position(covers).map(|at| left.swap_remove(at)).is_some()
        })
    }

    /// Forgets what every way has used.
    pub(super) fn settle(&mut self, ways: &mut Ways<O::State>) {
        let Some(first) = ways.used().next() else { return };
        let mut by_all = first.clone();
        for used in ways.used() {
            let mut rest = used.iter().peekable();
            by_all.retain(|kind| {
                while rest.next_if(|other| *other < kind).is_some() {}
                rest.next_if_eq(&kind).is_some()
            });
        }
        if by_all.is_empty() {
            return;
        }
        for used in ways.used_mut() {
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
