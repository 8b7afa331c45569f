//! What each kind of history may and may not show.

use crate::history::{Call, EntryAnswer, EntryOp, History, LockAnswer, LockOp, Operation};

use EntryAnswer::{Applied, Done, Sum, Value};
use EntryOp::{Add, Delete, Get, Set, SetIfAbsent, SetIfValue, Take};
use LockAnswer::{Held, Token};
use LockOp::{Acquire, IsHeld, Release};

fn call<O: Operation>(called: u64, returned: u64, operation: O, answer: O::Answer) -> Call<O> {
    Call::answered(0, called..=returned, operation, answer)
}

fn is_explained<O: Operation>(calls: &[Call<O>]) -> bool {
    calls.iter().copied().collect::<History<_>>().judge().is_ok()
}

/// Set 1, then set 2 while two readers look on: both orders of what they see are possible, so far.
fn overlapping() -> Vec<Call<EntryOp>> {
    vec![
        call(0, 1, Set(1), Done),
        call(2, 9, Set(2), Done),
        call(3, 4, Get, Value(Some(1))),
        call(5, 6, Get, Value(Some(2))),
        call(10, 11, Get, Value(Some(2))),
    ]
}

#[test]
fn answers_that_fit_an_order_are_accepted() {
    assert!(is_explained::<EntryOp>(&[]));
    assert!(is_explained(&overlapping()));
    assert!(is_explained(&[
        call(0, 10, SetIfAbsent(1), Applied(true)),
        call(0, 10, SetIfAbsent(2), Applied(false)),
        call(0, 10, Take, Value(Some(1))),
        call(0, 10, Delete, Applied(false)),
        call(11, 12, Get, Value(None)),
    ]));
}

#[test]
fn a_stale_read_is_found() {
    let mut calls = overlapping();
    calls.push(call(12, 13, Get, Value(Some(1))));
    assert!(!is_explained(&calls));
}

#[test]
fn two_readers_that_disagree_about_the_order_are_found() {
    let mut calls = overlapping();
    calls.push(call(7, 8, Get, Value(Some(1))));
    assert!(!is_explained(&calls));
}

#[test]
fn a_lost_write_is_found() {
    let mut calls = overlapping();
    calls.push(call(12, 13, Set(3), Done));
    calls.push(call(14, 15, Get, Value(Some(2))));
    assert!(!is_explained(&calls));
}

#[test]
fn a_second_winner_is_found() {
    for (second, answer, is_right_once) in [
        (SetIfAbsent(2), Applied(true), false),
        (SetIfValue { expected: 3, value: 2 }, Applied(true), false),
        (Take, Value(Some(1)), true),
        (Delete, Applied(true), true),
    ] {
        let mut calls = vec![call(0, 10, SetIfAbsent(1), Applied(true)), call(0, 10, second, answer)];
        assert_eq!(is_explained(&calls), is_right_once, "{second:?}");
        calls.push(call(0, 10, second, answer));
        assert!(!is_explained(&calls), "{second:?} twice");
    }
}

#[test]
fn a_reordered_delete_is_found() {
    let calls = [call(0, 1, Set(1), Done), call(2, 3, Delete, Applied(true)), call(4, 5, Get, Value(Some(1)))];
    assert!(!is_explained(&calls));
}

#[test]
fn a_write_without_an_answer_may_take_effect_late_or_never_but_not_twice() {
    let (before, unanswered) = (call(0, 1, Set(1), Done), Call::open(1, 2, Set(2)));
    let sees = |at, value| call(at, at + 1, Get, Value(Some(value)));
    for reads in [[1, 1, 1], [1, 2, 2], [2, 2, 2]] {
        let calls = [before, unanswered, sees(3, reads[0]), sees(5, reads[1]), sees(7, reads[2])];
        assert!(is_explained(&calls), "{reads:?}");
    }
    assert!(!is_explained(&[before, unanswered, sees(3, 2), sees(5, 1)]));
    assert!(!is_explained(&[before, unanswered, sees(0, 2)]));
    let again = call(5, 6, Set(1), Done);
    assert!(!is_explained(&[before, unanswered, sees(3, 2), again, sees(7, 2)]));
}

#[test]
fn a_conditional_write_without_an_answer_takes_effect_only_where_its_condition_holds() {
    let after = |unanswered, seen| {
        is_explained(&[call(0, 1, Set(1), Done), Call::open(1, 2, unanswered), call(3, 4, Get, Value(seen))])
    };
    assert!(after(SetIfValue { expected: 1, value: 2 }, Some(2)));
    assert!(!after(SetIfValue { expected: 3, value: 2 }, Some(2)));
    assert!(after(Delete, None));
    assert!(!after(SetIfAbsent(2), None));
}

#[test]
fn sums_must_be_unique_and_in_order_and_complete_but_for_steps_without_an_answer() {
    let sums = |sums: [(u64, u64, i64); 3], open: &[u64]| {
        let answered = sums.into_iter().map(|(called, returned, sum)| call(called, returned, Add(2), Sum(sum)));
        let open = open.iter().map(|&called| Call::open(1, called, Add(2)));
        is_explained(&answered.chain(open).collect::<Vec<_>>())
    };
    assert!(sums([(0, 5, 4), (0, 5, 2), (6, 7, 6)], &[]));
    assert!(!sums([(0, 5, 2), (0, 5, 2), (6, 7, 4)], &[]));
    assert!(!sums([(0, 1, 4), (2, 3, 2), (4, 5, 6)], &[]));
    assert!(!sums([(0, 5, 2), (0, 5, 3), (6, 7, 6)], &[]));
    let one_is_missing = [(0, 1, 2), (2, 3, 4), (4, 5, 8)];
    assert!(!sums(one_is_missing, &[]));
    assert!(sums(one_is_missing, &[3]));
    assert!(!sums(one_is_missing, &[6]));
}

#[test]
fn a_lock_has_one_holder_and_larger_tokens() {
    let acquired = |owner, at, token| call(at, at + 1, Acquire { owner }, Token(Some(token)));
    let released = |owner, at| call(at, at + 1, Release { owner }, Held(true));
    assert!(is_explained(&[acquired(0, 0, 1), acquired(0, 2, 1), released(0, 4), acquired(1, 6, 5)]));
    assert!(!is_explained(&[acquired(0, 0, 1), acquired(1, 2, 2)]), "two holders");
    assert!(!is_explained(&[acquired(0, 0, 2), released(0, 2), acquired(1, 4, 2)]), "one token for two");
    assert!(!is_explained(&[acquired(0, 0, 1), released(0, 2), released(0, 4)]), "released twice");
    assert!(!is_explained(&[acquired(0, 0, 1), call(2, 3, IsHeld { owner: 0 }, Held(false))]), "lost");
    assert!(!is_explained(&[call(0, 1, Acquire { owner: 0 }, Token(None))]), "refused a free lock");
    let lost = [acquired(0, 0, 1), Call::open(0, 2, Release { owner: 0 }), acquired(1, 4, 2)];
    assert!(is_explained(&lost), "a release without an answer");
    let unknown = [Call::open(0, 0, Acquire { owner: 0 }), acquired(0, 2, 7), acquired(0, 4, 7)];
    assert!(is_explained(&unknown), "an attempt without an answer");
}
