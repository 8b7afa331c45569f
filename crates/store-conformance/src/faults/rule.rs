//! What goes wrong, where, and when.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use store_core::{ErrorKind, Key};

use super::operation::Operation;
use crate::choices::Choices;

/// One thing that goes wrong: what, in which operations, with which keys, and how often.
///
/// Without more words it concerns every call. [`on`](Self::on) and [`keys`](Self::keys) say which calls *fit* it; `nth`,
/// `first`, `every` and `with_probability` say which of those it hits, counted from 1 when the rule is added, and the last
/// of these that is called holds.
///
/// ```
/// use std::time::Duration;
/// use store_conformance::faults::{Operation, Rule};
/// use store_core::ErrorKind;
///
/// Rule::fail_before().on(Operation::writes()).kind(ErrorKind::Full); // the disk is full
/// Rule::fail_after().on([Operation::Increment]).every(3); // every third answer is lost
/// Rule::delay(Duration::from_millis(200)).with_probability(0.01); // one call in a hundred is slow
/// Rule::hang().keys(|key| key.starts_with("report:")).nth(1); // the first call for a report never ends
/// ```
#[derive(Clone)]
#[must_use = "a rule does nothing until it is added"]
pub struct Rule {
    effect: Effect,
    operations: Option<Vec<Operation>>,
    keys: Option<KeyFilter>,
    turns: Turns,
}

type KeyFilter = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What a rule does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Delay(Duration),
    FailBefore(ErrorKind),
    FailAfter(ErrorKind),
    Hang,
}

/// Which of the calls that fit are hit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Turns {
    Always,
    Nth(u64),
    First(u64),
    Every(u64),
    Probability(f64),
}

impl Rule {
    fn new(effect: Effect) -> Self {
        Self { effect, operations: None, keys: None, turns: Turns::Always }
    }

    /// The call waits for so long, on tokio's clock, before it is carried out.
    pub fn delay(delay: Duration) -> Self {
        Self::new(Effect::Delay(delay))
    }

    /// The call fails instead of being carried out: [`ErrorKind::Unavailable`] unless told otherwise, with the outcome
    /// [`NotApplied`](store_core::Outcome::NotApplied).
    pub fn fail_before() -> Self {
        Self::new(Effect::FailBefore(ErrorKind::Unavailable))
    }

    /// The call is carried out, and its answer is lost: [`ErrorKind::Unavailable`] unless told otherwise, with the outcome
    /// [`Unknown`](store_core::Outcome::Unknown). A call that fails of itself keeps its own error.
    pub fn fail_after() -> Self {
        Self::new(Effect::FailAfter(ErrorKind::Unavailable))
    }

    /// The call is not carried out and never ends. Whoever awaits it needs a limit of their own.
    pub fn hang() -> Self {
        Self::new(Effect::Hang)
    }

    /// Fails with another kind. Of a rule that delays or hangs it changes nothing.
    pub fn kind(mut self, kind: ErrorKind) -> Self {
        self.effect = match self.effect {
            Effect::FailBefore(_) => Effect::FailBefore(kind),
            Effect::FailAfter(_) => Effect::FailAfter(kind),
            other => other,
        };
        self
    }

    /// Only these operations fit. Called again, it adds to them.
    pub fn on(mut self, operations: impl IntoIterator<Item = Operation>) -> Self {
        self.operations.get_or_insert_default().extend(operations);
        self
    }

    /// Only calls with this key fit; of batches, those with this key among theirs.
    pub fn key(self, key: impl Into<String>) -> Self {
        let wanted = key.into();
        self.keys(move |key| key == wanted)
    }

    /// Only calls with such a key fit; of batches, those with such a key among theirs. Operations without a key, such as
    /// `list` and `clear`, do not.
    ///
    /// A key is seen without its namespace. For faults in one namespace, wrap a handle on it: a
    /// [`Namespaced`](store_core::Namespaced) store is a store.
    pub fn keys(mut self, fits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.keys = Some(Arc::new(fits));
        self
    }

    /// Hits the call with this number only; no call has the number 0.
    pub fn nth(self, number: u64) -> Self {
        Self { turns: Turns::Nth(number), ..self }
    }

    /// Hits so many calls and none after them.
    pub fn first(self, calls: u64) -> Self {
        Self { turns: Turns::First(calls), ..self }
    }

    /// Hits each call whose number is a multiple of this; with 0 none.
    pub fn every(self, calls: u64) -> Self {
        Self { turns: Turns::Every(calls), ..self }
    }

    /// Hits each call with this probability, drawn from the seed of the [`Faults`](super::Faults): none from 0 down or
    /// where it is no number, all from 1 up.
    pub fn with_probability(self, probability: f64) -> Self {
        Self { turns: Turns::Probability(probability), ..self }
    }

    fn fits(&self, operation: Operation, keys: &[Key<'_>]) -> bool {
        self.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
            && self.keys.as_ref().is_none_or(|fits| keys.iter().any(|key| fits(key.as_str())))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("effect", &self.effect)
            .field("operations", &self.operations)
            .field("keys", &self.keys.as_ref().map(|_| "some"))
            .field("turns", &self.turns)
            .finish()
    }
}

/// A rule that is in force, and the calls that it has counted.
#[derive(Debug)]
pub(super) struct Placed {
    rule: Rule,
    calls: u64,
    choices: Choices,
}

impl Placed {
    pub(super) fn new(rule: Rule, seed: u64, number: u64) -> Self {
        Self { rule, calls: 0, choices: Choices::named(seed, &number.to_string()) }
    }

    /// What the rule does to this call, if it is its turn.
    pub(super) fn turn(&mut self, operation: Operation, keys: &[Key<'_>]) -> Option<Effect> {
        if !self.rule.fits(operation, keys) {
            return None;
        }
        self.calls += 1;
        let is_hit = match self.rule.turns {
            Turns::Always => true,
            Turns::Nth(number) => self.calls == number,
            Turns::First(calls) => self.calls <= calls,
            Turns::Every(calls) => calls > 0 && self.calls.is_multiple_of(calls),
            Turns::Probability(probability) => self.choices.fraction() < probability,
        };
        is_hit.then_some(self.rule.effect)
    }
}
