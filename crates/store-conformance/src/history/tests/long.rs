//! A million calls are judged, of a build that is optimized: `cargo test --release -p store-conformance --lib history`.

use std::cell::Cell;
use std::time::Instant;

use super::brute_force::Entry;
use super::simulation::{Mix, Plan, ROOM_FOR_STEPS, calls_of, simulate};
use crate::choices::Choices;
use crate::history::{Call, EntryOp, History};

const CALLS: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

fn judge_many(mix: Mix, one_is_given_up_of: u64) {
    let plan = Plan { callers: 6, calls: CALLS, one_is_given_up_of };
    let (mut written, entry) = (0, Cell::new(Entry(None)));
    let choose = |choices: &mut Choices, _| {
        written += 1;
        // As callers do, who expect what they have just read.
        let expected = entry.get().0.unwrap_or_default();
        mix.choose(choices, ROOM_FOR_STEPS * written, expected)
    };
    let answer = |_: &mut Choices, _, call: &Call<EntryOp>| {
        let mut now = entry.get();
        let answer = now.answer(call.operation);
        entry.set(now);
        answer
    };
    let calls = calls_of(simulate::<Entry>(&plan, &mut Choices::named(1, "long"), choose, answer));
    let history: History<_> = calls.into_iter().collect();
    let began = Instant::now();
    let verdict = history.judge();
    eprintln!("{CALLS} {mix:?}, one of {one_is_given_up_of} without an answer: judged in {:?}", began.elapsed());
    assert!(verdict.is_ok());
}

#[test]
fn very_many_reads_and_writes_are_judged() {
    judge_many(Mix::Plain, 100);
}

#[test]
fn very_many_mixed_calls_are_judged() {
    judge_many(Mix::Conditions, 0);
    judge_many(Mix::Conditions, 1000);
    judge_many(Mix::Conditions, 100);
}

#[test]
fn very_many_mixed_calls_with_steps_are_judged() {
    judge_many(Mix::All, 0);
}

#[test]
fn very_many_steps_are_judged() {
    judge_many(Mix::Steps, 100);
}
