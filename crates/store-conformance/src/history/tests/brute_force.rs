//! A checker that tries every order. It shares nothing with the others, so that it cannot be wrong where they are.

use crate::history::operation::Sequential;
use crate::history::{Call, EntryAnswer, EntryOp, LockAnswer, LockOp, Operation};

/// An object with one caller at a time.
pub(super) trait Model: Clone {
    type Op: Operation;

    /// What the object may have become and answered.
    fn steps(&self, operation: Self::Op) -> Vec<(Self, <Self::Op as Sequential>::Answer)>;
}

/// Whether any order explains the calls on an object that was this before.
pub(super) fn has_order<M: Model>(before: &M, calls: &[Call<M::Op>]) -> bool {
    follow(before, calls, 0)
}

/// Whether any order explains those calls whose bit is not set, after the others.
fn follow<M: Model>(before: &M, calls: &[Call<M::Op>], done: u32) -> bool {
    let left = || calls.iter().zip(0..).filter(|(_, place)| done & 1 << place == 0);
    let Some(first_return) = left().filter_map(|(call, _)| call.returned).map(|returned| returned.at).min() else {
        return true;
    };
    let mut next = left().filter(|(call, _)| call.called <= first_return);
    next.any(|(call, place)| {
        before.steps(call.operation).into_iter().any(|(after, answer)| {
            call.returned.is_none_or(|returned| returned.answer == answer) && follow(&after, calls, done | 1 << place)
        })
    })
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry(pub(super) Option<i64>);

impl Model for Entry {
    type Op = EntryOp;

    fn steps(&self, operation: EntryOp) -> Vec<(Self, EntryAnswer)> {
        let mut entry = *self;
        let answer = entry.answer(operation);
        vec![(entry, answer)]
    }
}

impl Entry {
    pub(super) fn answer(&mut self, operation: EntryOp) -> EntryAnswer {
        let is = |value| self.0 == Some(value);
        match operation {
            EntryOp::Get => EntryAnswer::Value(self.0),
            EntryOp::Set(value) => {
                self.0 = Some(value);
                EntryAnswer::Done
            }
            EntryOp::SetIfAbsent(value) => self.if_so(self.0.is_none(), Some(value)),
            EntryOp::SetIfPresent(value) => self.if_so(self.0.is_some(), Some(value)),
            EntryOp::SetIfValue { expected, value } => self.if_so(is(expected), Some(value)),
            EntryOp::Delete => self.if_so(self.0.is_some(), None),
            EntryOp::DeleteIfValue(expected) => self.if_so(is(expected), None),
            EntryOp::Take => EntryAnswer::Value(self.0.take()),
            EntryOp::Add(delta) => EntryAnswer::Sum(*self.0.insert(self.0.unwrap_or_default() + delta)),
        }
    }

    fn if_so(&mut self, so: bool, after: Option<i64>) -> EntryAnswer {
        if so {
            self.0 = after;
        }
        EntryAnswer::Applied(so)
    }
}

/// Who holds a lock, if anybody, and the last token.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lock {
    pub(super) holder: Option<usize>,
    pub(super) last: u64,
}

impl Lock {
    /// No token is larger. There are fewer calls than that.
    pub(super) const LARGEST_TOKEN: u64 = 20;
}

impl Model for Lock {
    type Op = LockOp;

    fn steps(&self, operation: LockOp) -> Vec<(Self, LockAnswer)> {
        let holds = |owner| LockAnswer::Held(self.holder == Some(owner));
        match operation {
            LockOp::Acquire { owner } => match self.holder {
                Some(holder) if holder == owner => vec![(*self, LockAnswer::Token(Some(self.last)))],
                Some(_) => vec![(*self, LockAnswer::Token(None))],
                None => {
                    let tokens = self.last + 1..=Self::LARGEST_TOKEN;
                    let holder = Some(owner);
                    tokens.map(|last| (Self { holder, last }, LockAnswer::Token(Some(last)))).collect()
                }
            },
            LockOp::Extend { owner } | LockOp::IsHeld { owner } => vec![(*self, holds(owner))],
            LockOp::Release { owner } if self.holder == Some(owner) => {
                vec![(Self { holder: None, ..*self }, holds(owner))]
            }
            LockOp::Release { owner } => vec![(*self, holds(owner))],
        }
    }
}
