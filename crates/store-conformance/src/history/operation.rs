//! What the checkers have to know of the object that was called.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use super::shrink::Part;
use super::{Call, Value};

/// What can be asked of an object: [`EntryOp`](super::EntryOp) of an entry, [`LockOp`](super::LockOp) of a lock.
///
/// It can be named, but not implemented outside of this crate.
pub trait Operation: Sequential {}

impl<O: Sequential> Operation for O {}

/// How the object behaves when there is one caller at a time.
pub trait Sequential: Copy + Eq + Hash + Debug + Display {
    /// What a call can be answered.
    type Answer: Copy + Eq + Debug + Display;

    /// What is known of the object.
    type State: Copy + Eq + Hash + Debug;

    /// Before the first call of a history.
    const INITIAL: Self::State;

    /// Nothing is known: every answer to the next call may be right.
    const UNKNOWN: Self::State;

    /// What is known after the operation; `None` when the answer, where there is one, is wrong for what was known before.
    ///
    /// Where little was known before, less may be known afterwards than could be: then something wrong may pass for right,
    /// never the other way round.
    fn apply(self, answer: Option<Self::Answer>, before: Self::State) -> Option<Self::State>;

    /// Whether the operation, with this answer or with none, certainly changed nothing.
    fn observes(self, answer: Option<Self::Answer>) -> bool;

    /// The only state in which the operation has an effect, where there is only one.
    fn has_effect_only_in(self) -> Option<Self::State>;

    /// The plainest operation that has the same effect, whatever is answered.
    fn plainest(self) -> Self {
        self
    }

    /// Whether, wherever the other has an effect, this has the same.
    fn covers(self, other: Self) -> bool {
        self == other
    }

    /// Whether all states but those that calls mention are alike to the calls.
    fn tells_apart_what_it_mentions(_calls: &[Call<Self>]) -> bool {
        false
    }

    /// The values that have to be told apart from others to know what the operation does and answers.
    fn mentions(self, _answer: Option<Self::Answer>) -> [Option<Value>; 2] {
        [None; 2]
    }

    /// The value that it writes as it was told to.
    fn value(self) -> Option<Value> {
        None
    }

    /// The same, writing another value.
    fn with_value(self, _value: Value) -> Self {
        self
    }

    /// What is known where there certainly is this value.
    fn state(_value: Value) -> Self::State {
        Self::UNKNOWN
    }

    /// Sets of calls that can be left out together, each of them alone, without making what was right wrong.
    fn separable(calls: &[Call<Self>]) -> Vec<Vec<usize>>;

    /// The verdict on a history of a kind for which there is something better than the search: if no order explains it, a
    /// part of it that none explains.
    fn judge_by_kind(calls: &[Call<Self>]) -> Option<Result<(), Part<Self>>>;
}
