//! Histories of callers of an object that keeps its word, or breaks it once.

use super::brute_force::{Entry, Lock, Model};
use crate::choices::Choices;
use crate::history::operation::Sequential;
use crate::history::{Call, EntryAnswer, EntryOp, LockAnswer, LockOp, Operation};

/// What a simulated call is asked, and answered.
type AnswerOf<M> = <<M as Model>::Op as Sequential>::Answer;

/// What there is to simulate.
pub(super) struct Plan {
    pub(super) callers: usize,
    pub(super) calls: usize,
    /// Of so many calls one is given up: before or after it took effect, or long before. Never, if 0.
    pub(super) one_is_given_up_of: u64,
}

/// A call with the steps at which it took effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simulated<O: Operation> {
    pub(super) call: Call<O>,
    /// Its place among all that took effect.
    pub(super) effect: Option<usize>,
}

/// Where a call has got to.
#[derive(Clone, Copy)]
enum Stage<A> {
    Called,
    Done(A),
}

/// Lets callers act at random: one of them is called, takes effect or returns, then another. `choose` says what is asked,
/// `answer` has it take effect; both are told how many took effect before.
pub(super) fn simulate<M: Model>(
    plan: &Plan,
    choices: &mut Choices,
    mut choose: impl FnMut(&mut Choices, usize) -> M::Op,
    mut answer: impl FnMut(&mut Choices, usize, &Call<M::Op>) -> AnswerOf<M>,
) -> Vec<Simulated<M::Op>> {
    let mut all: Vec<Simulated<M::Op>> = Vec::with_capacity(plan.calls);
    // For each caller its call, and the calls that were given up and will take effect.
    let mut under_way: Vec<Option<(usize, Stage<AnswerOf<M>>)>> = vec![None; plan.callers];
    let mut late: Vec<usize> = Vec::new();
    let (mut now, mut effects) = (0, 0);
    while all.len() < plan.calls || under_way.iter().any(Option::is_some) {
        now += choices.below(3);
        if !late.is_empty() && choices.below(8) == 0 {
            let place = late.swap_remove(choices.below(late.len() as u64) as usize);
            answer(choices, effects, &all[place].call);
            all[place].effect = Some(effects);
            effects += 1;
        }
        let caller = choices.below(plan.callers as u64) as usize;
        let is_given_up = plan.one_is_given_up_of > 0 && choices.below(plan.one_is_given_up_of) == 0;
        under_way[caller] = match under_way[caller].take() {
            None if all.len() == plan.calls => None,
            None => {
                let call = Call::open(caller, now, choose(choices, caller));
                all.push(Simulated { call, effect: None });
                Some((all.len() - 1, Stage::Called))
            }
            Some((place, Stage::Called)) if is_given_up => {
                if choices.below(2) == 0 {
                    late.push(place);
                }
                None
            }
            Some((place, Stage::Called)) => {
                let answer = answer(choices, effects, &all[place].call);
                all[place].effect = Some(effects);
                effects += 1;
                Some((place, Stage::Done(answer)))
            }
            Some((_, Stage::Done(_))) if is_given_up => None,
            Some((place, Stage::Done(answer))) => {
                let call = all[place].call;
                all[place].call = Call::answered(caller, call.called..=now, call.operation, answer);
                None
            }
        };
    }
    all
}

/// Between one value and the next, so that steps lead from none to another.
pub(super) const ROOM_FOR_STEPS: i64 = 1000;

/// What is asked of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mix {
    /// Reads and writes of a new value each.
    Plain,
    /// Everything but steps of a counter.
    Conditions,
    All,
    Steps,
}

impl Mix {
    /// With this value to write, and this one to expect.
    pub(super) fn choose(self, choices: &mut Choices, value: i64, expected: i64) -> EntryOp {
        match (self, choices.below(20)) {
            (Self::Steps, _) => EntryOp::Add(1),
            (_, 0..6) => EntryOp::Get,
            (Self::Plain, _) | (_, 6..10) => EntryOp::Set(value),
            (_, 10 | 11) => EntryOp::SetIfAbsent(value),
            (_, 12) => EntryOp::SetIfPresent(value),
            (_, 13 | 14) => EntryOp::SetIfValue { expected, value },
            (_, 15) => EntryOp::DeleteIfValue(expected),
            (_, 16) => EntryOp::Take,
            (Self::All, 17) => EntryOp::Add(1),
            (Self::Conditions | Self::All, _) => EntryOp::Delete,
        }
    }

    /// With a value that is written only once, and one of the latest to expect.
    pub(super) fn choose_anew(self, choices: &mut Choices, written: i64) -> EntryOp {
        let expected = written - choices.below(6) as i64;
        self.choose(choices, ROOM_FOR_STEPS * written, ROOM_FOR_STEPS * expected)
    }

    /// A few calls on few values, right or with some answers that were made up.
    pub(super) fn small(self, choices: &mut Choices) -> Vec<Call<EntryOp>> {
        let mut written = 0;
        let mut entry = Entry(None);
        let choose = |choices: &mut Choices, _| {
            written += 1;
            let [one, other] = [(); 2].map(|()| 1 + choices.below(3) as i64);
            self.choose(choices, if self == Self::Plain { written } else { one }, other)
        };
        let answer = |_: &mut Choices, _, call: &Call<EntryOp>| entry.answer(call.operation);
        let mut calls = calls_of(simulate::<Entry>(&small_plan(choices), choices, choose, answer));
        make_up(choices, &mut calls, |choices, operation| match operation {
            EntryOp::Set(_) => EntryAnswer::Done,
            EntryOp::Get | EntryOp::Take => {
                EntryAnswer::Value(choices.below(4).checked_sub(1).map(|value| 1 + value as i64))
            }
            EntryOp::Add(_) => EntryAnswer::Sum(1 + choices.below(4) as i64),
            _ => EntryAnswer::Applied(choices.below(2) == 0),
        });
        calls
    }
}

/// A few calls on a lock, right or with some answers that were made up.
pub(super) fn small_of_lock(choices: &mut Choices) -> Vec<Call<LockOp>> {
    const OWNERS: u64 = 3;
    const SKIPPED_AT_MOST: usize = 3;

    let mut lock = Lock::default();
    let choose = |choices: &mut Choices, _| {
        let owner = choices.below(OWNERS) as usize;
        match choices.below(8) {
            0..4 => LockOp::Acquire { owner },
            4..6 => LockOp::Release { owner },
            6 => LockOp::Extend { owner },
            _ => LockOp::IsHeld { owner },
        }
    };
    let answer = |choices: &mut Choices, _, call: &Call<LockOp>| {
        let steps = lock.steps(call.operation);
        let (after, answer) = steps[choices.below(steps.len().min(SKIPPED_AT_MOST) as u64) as usize];
        lock = after;
        answer
    };
    let mut calls = calls_of(simulate::<Lock>(&small_plan(choices), choices, choose, answer));
    make_up(choices, &mut calls, |choices, operation| match operation {
        LockOp::Acquire { .. } => LockAnswer::Token(choices.below(5).checked_sub(1)),
        _ => LockAnswer::Held(choices.below(2) == 0),
    });
    calls
}

fn small_plan(choices: &mut Choices) -> Plan {
    let (callers, calls) = (2 + choices.below(3) as usize, 2 + choices.below(5) as usize);
    Plan { callers, calls, one_is_given_up_of: 8 }
}

pub(super) fn calls_of<O: Operation>(simulated: Vec<Simulated<O>>) -> Vec<Call<O>> {
    simulated.into_iter().map(|simulated| simulated.call).collect()
}

/// Replaces none, one or two answers.
fn make_up<O: Operation>(choices: &mut Choices, calls: &mut [Call<O>], invent: impl Fn(&mut Choices, O) -> O::Answer) {
    for _ in 0..choices.below(3) {
        let place = choices.below(calls.len() as u64) as usize;
        let operation = calls[place].operation;
        if let Some(returned) = &mut calls[place].returned {
            returned.answer = invent(choices, operation);
        }
    }
}
