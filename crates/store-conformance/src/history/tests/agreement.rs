//! The checkers agree with one that tries every order, on small histories that are right or wrong.

use std::collections::BTreeSet;

use super::brute_force::{Entry, Lock, Model, has_order};
use super::simulation::{Mix, small_of_lock};
use crate::choices::Choices;
use crate::history::operation::Sequential;
use crate::history::search::explain;
use crate::history::shrink::Start;
use crate::history::{Call, EntryAnswer, EntryOp, History, LockAnswer, LockOp, Operation};

/// Together more than 200,000.
const ROUNDS: u64 = 45_000;

/// Of so many wrong histories one is shrunk as well.
const ONE_IS_SHRUNK_OF: u64 = 20;

/// Judges histories both ways, and fails if not each verdict was reached often.
fn agree<M: Model>(
    name: &str,
    history: impl Fn(&mut Choices) -> Vec<Call<M::Op>>,
    beginning: &M,
    anything: impl Fn(&[Call<M::Op>]) -> Vec<M>,
) {
    let mut wrong = 0;
    for round in 0..ROUNDS {
        let calls = history(&mut Choices::named(round, name));
        let right = has_order(beginning, &calls);
        assert_eq!(explain(&calls, M::Op::INITIAL).is_ok(), right, "{name} {round}: {calls:#?}");
        if let Some(verdict) = M::Op::judge_by_kind(&calls) {
            assert_eq!(verdict.is_ok(), right, "{name} {round}, by its kind: {calls:#?}");
        }
        wrong += u64::from(!right);
        if !right && wrong % ONE_IS_SHRUNK_OF == 0 {
            is_wrong_by_itself(&calls, beginning, &anything);
        }
    }
    eprintln!("{name}: {wrong} of {ROUNDS} are wrong");
    assert!((ROUNDS / 10..=ROUNDS * 9 / 10).contains(&wrong), "{name}: {wrong} of {ROUNDS} are wrong");
}

/// Fails unless what a history is shrunk to is wrong as well, for whatever it says may have been before.
fn is_wrong_by_itself<M: Model>(calls: &[Call<M::Op>], beginning: &M, anything: impl Fn(&[Call<M::Op>]) -> Vec<M>) {
    let violation = calls.iter().copied().collect::<History<_>>().judge().unwrap_err();
    let part = &violation.part;
    let before = if part.start == Start::Beginning { vec![beginning.clone()] } else { anything(calls) };
    for before in before {
        assert!(!has_order(&before, &part.calls), "{calls:#?}\n{violation}");
    }
    assert!(violation.calls().all(|call| calls.iter().any(|other| is_of(call, other))), "{calls:#?}\n{violation}");
}

/// Whether the call of a part is this one of the whole, perhaps with its answer left out.
fn is_of<O: Operation>(call: &Call<O>, whole: &Call<O>) -> bool {
    let returned = call.returned.and(whole.returned);
    *call == Call { returned, ..*whole }
}

/// Everything that an entry can have been, as far as the calls could tell.
fn entries(calls: &[Call<EntryOp>]) -> Vec<Entry> {
    let sums = calls.iter().filter_map(|call| match call.returned?.answer {
        EntryAnswer::Sum(sum) => Some(sum),
        _ => None,
    });
    let near: BTreeSet<i64> = sums.chain(0..=4).flat_map(|value| value - 8..=value + 8).collect();
    near.into_iter().map(Some).chain([None, Some(1_000_000)]).map(Entry).collect()
}

fn locks(calls: &[Call<LockOp>]) -> Vec<Lock> {
    let tokens = calls.iter().filter_map(|call| match call.returned?.answer {
        LockAnswer::Token(token) => token,
        LockAnswer::Held(_) => None,
    });
    let largest = tokens.max().unwrap_or_default();
    let holders = [None, Some(0), Some(1), Some(2), Some(3)];
    (0..=largest).flat_map(|last| holders.map(|holder| Lock { holder, last })).collect()
}

#[test]
fn reads_and_writes_are_judged_alike() {
    agree("plain", |choices| Mix::Plain.small(choices), &Entry(None), entries);
}

#[test]
fn conditional_operations_are_judged_alike() {
    agree("conditions", |choices| Mix::Conditions.small(choices), &Entry(None), entries);
}

#[test]
fn conditional_operations_with_steps_are_judged_alike() {
    agree("all", |choices| Mix::All.small(choices), &Entry(None), entries);
}

#[test]
fn steps_are_judged_alike() {
    agree("steps", |choices| Mix::Steps.small(choices), &Entry(None), entries);
}

#[test]
fn locks_are_judged_alike() {
    agree("locks", small_of_lock, &Lock::default(), locks);
}
