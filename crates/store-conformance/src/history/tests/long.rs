//! A million calls are judged.

use std::time::Instant;

use super::brute_force::Entry;
use super::simulation::{Mix, Plan, calls_of, simulate};
use crate::choices::Choices;
use crate::history::{Call, EntryOp, History};

const MILLION: usize = 1_000_000;

fn judge_a_million(mix: Mix, one_is_given_up_of: u64) {
    let plan = Plan { callers: 6, calls: MILLION, one_is_given_up_of };
    let (mut written, mut entry) = (0, Entry(None));
    let choose = |choices: &mut Choices, _| {
        written += 1;
        mix.choose_anew(choices, written)
    };
    let answer = |_: &mut Choices, _, call: &Call<EntryOp>| entry.answer(call.operation);
    let calls = calls_of(simulate::<Entry>(&plan, &mut Choices::named(1, "long"), choose, answer));
    let history: History<_> = calls.into_iter().collect();
    let began = Instant::now();
    let verdict = history.judge();
    eprintln!("{mix:?}, one of {one_is_given_up_of} without an answer: judged in {:?}", began.elapsed());
    assert!(verdict.is_ok());
}

#[test]
fn a_million_reads_and_writes_are_judged() {
    judge_a_million(Mix::Plain, 100);
}

#[test]
fn a_million_mixed_calls_are_judged() {
    judge_a_million(Mix::Conditions, 0);
    judge_a_million(Mix::Conditions, 100);
}

#[test]
fn a_million_mixed_calls_with_steps_are_judged() {
    judge_a_million(Mix::All, 0);
}

#[test]
fn a_million_steps_are_judged() {
    judge_a_million(Mix::Steps, 100);
}
