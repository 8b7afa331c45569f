//! How an entry behaves when there is one caller at a time.

use std::collections::BTreeMap;
use std::fmt;

use super::operation::Sequential;
use super::shrink::{Part, Start};
use super::{Call, sums, zones};
use EntryAnswer::{Applied, Done, Sum};
use EntryState::{Is, Unknown};

/// A value: the decimal text of this number. A history tells the more, the fewer values are written twice.
pub type Value = i64;

/// What is asked of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is an operation of the contract, with its arguments")]
pub enum EntryOp {
    Get,
    Set(Value),
    SetIfAbsent(Value),
    SetIfPresent(Value),
    SetIfValue {
        expected: Value,
        value: Value,
    },
    Delete,
    DeleteIfValue(Value),
    Take,
    /// By `increment`, or with a negative number by `decrement`.
    Add(i64),
}

/// What an entry can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryAnswer {
    /// To `Set`: that it was done.
    Done,
    /// To `Get` and `Take`: the value that was there.
    Value(Option<Value>),
    /// To the other writes: whether anything was stored or removed.
    Applied(bool),
    /// To `Add`: the sum.
    Sum(i64),
}

/// What is known of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// Nothing.
    Unknown,
    /// That it is this, or absent.
    Is(Option<Value>),
}

impl EntryOp {
    /// The right answer, and what the entry is afterwards.
    fn step(self, before: Option<Value>) -> (EntryAnswer, Option<Value>) {
        let when = |holds: bool, after| (Applied(holds), if holds { after } else { before });
        match self {
            Self::Get => (EntryAnswer::Value(before), before),
            Self::Set(value) => (Done, Some(value)),
            Self::SetIfAbsent(value) => when(before.is_none(), Some(value)),
            Self::SetIfPresent(value) => when(before.is_some(), Some(value)),
            Self::SetIfValue { expected, value } => when(before == Some(expected), Some(value)),
            Self::Delete => when(before.is_some(), None),
            Self::DeleteIfValue(expected) => when(before == Some(expected), None),
            Self::Take => (EntryAnswer::Value(before), None),
            Self::Add(delta) => {
                // A sum that is out of range is refused, so no answer tells of one.
                let sum = before.unwrap_or(0).saturating_add(delta);
                (Sum(sum), Some(sum))
            }
        }
    }

    /// What an entry of which nothing was known is afterwards.
    fn after_unknown(self, answer: Option<EntryAnswer>) -> EntryState {
        match (self, answer) {
            (Self::Get, Some(EntryAnswer::Value(seen))) => Is(seen),
            (Self::Add(_), Some(Sum(sum))) => Is(Some(sum)),
            (Self::SetIfPresent(_), Some(Applied(false))) => Is(None),
            (_, Some(Applied(false))) | (Self::Get | Self::Add(_), _) => Unknown,
            (Self::Set(value) | Self::SetIfAbsent(value) | Self::SetIfPresent(value), _)
            | (Self::SetIfValue { value, .. }, _) => Is(Some(value)),
            (Self::Delete | Self::DeleteIfValue(_) | Self::Take, _) => Is(None),
        }
    }

    /// The value that it is told to write. A step of a counter is told none.
    #[must_use]
    pub fn written(self) -> Option<Value> {
        match self {
            Self::Set(value)
            | Self::SetIfAbsent(value)
            | Self::SetIfPresent(value)
            | Self::SetIfValue { value, .. } => Some(value),
            Self::Get | Self::Delete | Self::DeleteIfValue(_) | Self::Take | Self::Add(_) => None,
        }
    }

    fn expected(self) -> Option<Value> {
        match self {
            Self::SetIfValue { expected, .. } | Self::DeleteIfValue(expected) => Some(expected),
            _ => None,
        }
    }
}

impl Sequential for EntryOp {
    type Answer = EntryAnswer;
    type State = EntryState;

    const INITIAL: EntryState = Is(None);
    const UNKNOWN: EntryState = Unknown;

    fn apply(self, answer: Option<EntryAnswer>, before: EntryState) -> Option<EntryState> {
        let Is(before) = before else { return Some(self.after_unknown(answer)) };
        let (right, after) = self.step(before);
        answer.is_none_or(|answer| answer == right).then_some(Is(after))
    }

    fn observes(self, answer: Option<EntryAnswer>) -> bool {
        self == Self::Get || matches!(answer, Some(Applied(false) | EntryAnswer::Value(None)))
    }

    fn has_effect_only_in(self) -> Option<EntryState> {
        match self {
            Self::SetIfAbsent(_) => Some(Is(None)),
            _ => self.expected().map(|expected| Is(Some(expected))),
        }
    }

    fn plainest(self) -> Self {
        if self == Self::Take { Self::Delete } else { self }
    }

    fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Set(value), _) => other.written() == Some(value),
            (Self::SetIfPresent(value), Self::SetIfValue { value: other, .. }) => value == other,
            (Self::Delete, Self::DeleteIfValue(_)) => true,
            _ => self == other,
        }
    }

    /// But a step without an answer leads from values that nobody mentions to one that somebody does.
    fn tells_apart_what_it_mentions(calls: &[Call<Self>]) -> bool {
        !calls.iter().any(|call| call.returned.is_none() && matches!(call.operation, Self::Add(_)))
    }

    fn mentions(self, answer: Option<EntryAnswer>) -> [Option<Value>; 2] {
        let seen = match (self, answer) {
            (Self::Add(delta), Some(Sum(sum))) => Some(sum.saturating_sub(delta)),
            (_, Some(EntryAnswer::Value(seen))) => seen,
            _ => None,
        };
        [self.expected(), seen]
    }

    fn value(self) -> Option<Value> {
        self.written()
    }

    fn with_value(self, value: Value) -> Self {
        match self {
            Self::Set(_) => Self::Set(value),
            Self::SetIfAbsent(_) => Self::SetIfAbsent(value),
            Self::SetIfPresent(_) => Self::SetIfPresent(value),
            Self::SetIfValue { expected, .. } => Self::SetIfValue { expected, value },
            Self::Get | Self::Delete | Self::DeleteIfValue(_) | Self::Take | Self::Add(_) => self,
        }
    }

    fn state(value: Value) -> EntryState {
        Is(Some(value))
    }

    /// Of plain reads and writes: the writes of a value with its reads. In an order that explains the history nothing
    /// else comes between them, and whoever comes after them writes without looking. So the rest is explained without
    /// them. That does not hold for writes with a condition, nor for removals: what they were told can be owed to a
    /// value that is left out.
    fn separable(calls: &[Call<Self>]) -> Vec<Vec<usize>> {
        let mut by_value = BTreeMap::<Value, Vec<usize>>::new();
        for (place, call) in calls.iter().enumerate() {
            match (call.operation, call.returned.map(|returned| returned.answer)) {
                (Self::Set(value), _) | (Self::Get, Some(EntryAnswer::Value(Some(value)))) => {
                    by_value.entry(value).or_default().push(place);
                }
                (Self::Get, _) => {}
                _ => return Vec::new(),
            }
        }
        by_value.into_values().collect()
    }

    fn judge_by_kind(calls: &[Call<Self>]) -> Option<Result<(), Part<Self>>> {
        let part = |places: &[usize], start| {
            Part::of(places.iter().filter_map(|&place| calls.get(place).copied()).collect(), start)
        };
        let by_zones = zones::judge(calls)
            .map(|verdict| verdict.map_err(|zones::Contradiction(places)| part(&places, Start::Beginning)));
        let by_sums = || {
            Some(sums::judge(calls)?.map_err(|contradiction| match contradiction {
                // A counter that goes in one direction cannot tell two calls so, however much others count.
                sums::Contradiction::Pair(places) => part(&places, Start::Anything),
                sums::Contradiction::Gap => Part::of(calls.to_vec(), Start::Beginning),
            }))
        };
        by_zones.or_else(by_sums)
    }
}

impl fmt::Display for EntryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get => f.write_str("get"),
            Self::Set(value) => write!(f, "set {value}"),
            Self::SetIfAbsent(value) => write!(f, "set {value} if absent"),
            Self::SetIfPresent(value) => write!(f, "set {value} if present"),
            Self::SetIfValue { expected, value } => write!(f, "set {value} if {expected}"),
            Self::Delete => f.write_str("delete"),
            Self::DeleteIfValue(expected) => write!(f, "delete if {expected}"),
            Self::Take => f.write_str("take"),
            Self::Add(delta) => write!(f, "add {delta}"),
        }
    }
}

impl fmt::Display for EntryAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Done | Applied(true) => f.write_str("done"),
            Applied(false) => f.write_str("refused"),
            Self::Value(None) => f.write_str("absent"),
            Self::Value(Some(value)) => write!(f, "saw {value}"),
            Sum(sum) => write!(f, "sum {sum}"),
        }
    }
}
