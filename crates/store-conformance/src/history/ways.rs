//! The ways in which things can stand, of which the search keeps as few as it can.

use std::collections::HashMap;
use std::hash::Hash;

use super::Operation;
use super::effort::Effort;
use super::unanswered::Unanswered;

/// How things can stand.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Way<S> {
    pub(super) state: S,
    /// The calls under way that have taken effect, in order.
    pub(super) done: Vec<usize>,
    /// The calls without an answer that have, by their kind, in order.
    pub(super) used: Vec<usize>,
}

impl<S> Way<S> {
    pub(super) fn has_done(&self, place: usize) -> bool {
        self.done.binary_search(&place).is_ok()
    }
}

pub(super) fn insert(ordered: &mut Vec<usize>, item: usize) {
    let place = ordered.partition_point(|other| *other < item);
    ordered.insert(place, item);
}

pub(super) fn count(ordered: &[usize], item: usize) -> usize {
    ordered.iter().filter(|other| **other == item).count()
}

/// Ways of which none can do all that another can.
pub(super) struct Ways<S> {
    by_key: HashMap<(S, Vec<usize>), Vec<Vec<usize>>>,
    effort: Effort,
}

impl<S: Copy + Eq + Hash> Ways<S> {
    pub(super) fn none(effort: Effort) -> Self {
        Self { by_key: HashMap::new(), effort }
    }

    /// Adds a way, unless one that is there can do all that it can.
    pub(super) fn add<O: Operation<State = S>>(&mut self, way: Way<S>, unanswered: &Unanswered<O>) -> bool {
        let others = self.by_key.entry((way.state, way.done)).or_default();
        let covers = |one: &[usize], other: &[usize]| unanswered.are_covered(one, other, self.effort);
        // Of two that cover each other, as those do that needed nothing but what is plentiful, the one stays that needed less.
        let is_better = |other: &Vec<usize>| {
            covers(other, &way.used) && (other.len() <= way.used.len() || !covers(&way.used, other))
        };
        if others.iter().any(is_better) {
            return false;
        }
        others.retain(|other| !covers(&way.used, other));
        let is_kept = others.len() < self.effort.most_alike();
        if is_kept {
            others.push(way.used);
        }
        is_kept
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Way<S>> {
        let of_key = |((state, done), others): ((S, Vec<usize>), Vec<Vec<usize>>)| {
            others.into_iter().map(move |used| Way { state, done: done.clone(), used })
        };
        self.by_key.drain().flat_map(of_key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.by_key.clear();
    }

    pub(super) fn any_is_at(&self, state: S) -> bool {
        self.by_key.keys().any(|(other, _)| *other == state)
    }

    /// What each of them has used of the calls without an answer.
    pub(super) fn used(&self) -> impl Iterator<Item = &Vec<usize>> {
        self.by_key.values().flatten()
    }

    pub(super) fn used_mut(&mut self) -> impl Iterator<Item = &mut Vec<usize>> {
        self.by_key.values_mut().flatten()
    }
}
