//! The checkers agree with one that tries every order, on small histories that are right or wrong.

use std::collections::BTreeSet;

use super::brute_force::{Entry, Lock, Model, has_order};
use super::simulation::{Mix, small_of_lock};
use crate::choices::Choices;
use crate::history::operation::Sequential;
use crate::history::effort::Effort;
use crate::history::search::explain;
use crate::history::shrink::Start;
use crate::history::{Call, EntryAnswer, EntryOp, History, LockAnswer, LockOp};

/// Together more than 200,000 in a build that is optimized; a tenth of them in one that is not.
const ROUNDS: u64 = if cfg!(debug_assertions) { 4_500 } else { 45_000 };

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
        let search = |effort| explain(&calls, M::Op::INITIAL, 0..=u64::MAX, effort).is_ok();
        assert_eq!(search(Effort::Exhaustive), right, "{name} {round}: {calls:#?}");
        for effort in [Effort::Quick, Effort::Bounded] {
            assert!(right || !search(effort), "{name} {round}, {effort:?}: {calls:#?}");
        }
        if let Some(verdict) = M::Op::judge_by_kind(&calls) {
            assert_eq!(verdict.is_ok(), right, "{name} {round}, by its kind: {calls:#?}");
        }
        wrong += u64::from(!right);
        if !right && wrong % ONE_IS_SHRUNK_OF == 0 {
            is_wrong_by_itself(&calls, beginning, &anything);
        }
    }
    eprintln!("{name}: {wrong} of {ROUNDS} are wrong");
    assert!((ROUNDS / 20..=ROUNDS * 19 / 20).contains(&wrong), "{name}: {wrong} of {ROUNDS} are wrong");
}

/// Fails unless what a history is shrunk to is wrong as well, for whatever it says may have been before: of the object,
/// and of the calls that were under way when it begins or ends.
fn is_wrong_by_itself<M: Model>(calls: &[Call<M::Op>], beginning: &M, anything: impl Fn(&[Call<M::Op>]) -> Vec<M>) {
    let violation = calls.iter().copied().collect::<History<_>>().judge().unwrap_err();
    let part = &violation.part;
    let before = if part.start == Start::Beginning { vec![beginning.clone()] } else { anything(calls) };
    let is_inside = |call: &&Call<M::Op>| {
        call.returned.is_none_or(|returned| call.called >= part.from && returned.at <= part.until)
    };
    let (inside, across): (Vec<&Call<M::Op>>, Vec<_>) = part.calls.iter().partition(is_inside);
    for before in before {
        for some in 0..1_usize << across.len() {
            let some = across.iter().zip(0..).filter(|(_, place)| some & 1 << place != 0).map(|(call, _)| call);
            let all: Vec<_> = inside.iter().chain(some).map(|call| **call).collect();
            assert!(!has_order(&before, &all), "{calls:#?}\n{violation}");
        }
    }
    assert!(violation.calls().all(|call| calls.contains(call)), "{calls:#?}\n{violation}");
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
