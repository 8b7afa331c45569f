//! What is printed compiles and holds: it is kept in a file, which is compared with what is printed, and run.

// As it is printed.
#[rustfmt::skip]
mod every_operation;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use store_core::{Bytes, Listing, ManualClock, Store, StoreExt, Ttl};
use store_memory::MemoryCache;

use super::{Culprit, Setting, TO_FILL_IN, tell};
use crate::model::op::{
    BadInput, Condition, Guess, LockCall, Meanwhile, Op, Owner, Pass, Program, Step, Through, Vocabulary, When,
    programs,
};
use crate::strategy::LOOK_ALIKES;
use crate::time::Time;
use crate::walk::Reach;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/model/regression/tests/every_operation.rs");

/// To have the file written anew.
const REWRITE: &str = "STORE_CONFORMANCE_REWRITE_PRINTED";

const HEAD: &str = "\
//! Failing programs as they are printed, with the line filled in that is left to whoever pastes them, and the clock moved.
";

/// What a driver on a manual clock fills in.
const FILLED_IN: &str = "let clock = store_core::ManualClock::new();
    let store = store_memory::MemoryCache::builder().clock(clock.clone()).build();";

fn setting(listing: Listing) -> Setting {
    let clock = ManualClock::new();
    let store: std::sync::Arc<dyn Store> = std::sync::Arc::new(MemoryCache::builder().clock(clock.clone()).build());
    let of_memory = Setting::of(&store.namespace("app").unwrap(), &Time::by_hand(clock));
    Setting { capabilities: of_memory.capabilities.clone().with_listing(listing), ..of_memory }
}

fn at(millis: u64) -> Ttl {
    Ttl::from_millis(millis).unwrap()
}

/// Every operation, with each kind of argument and of answer, in an order in which they have to do with each other.
fn every_operation() -> Program {
    let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
    let (current, other) = (|| Guess::Current, || Guess::Bytes(Bytes::from_static(b"\xff\"\\\0")));
    let number = |key, text| Op::Set(key, bytes(text), When::Never, Condition::Always);
    let lock = Op::Lock;
    let meanwhile = |space, key, value| Meanwhile { space, key, value };
    let ops = vec![
        (0, number(0, "10")),
        (0, Op::Get(0)),
        (0, Op::Get(3)),
        (0, Op::GetWithExpiry(0)),
        (0, Op::Set(1, Bytes::from_static(b"\xff\"\\\0"), When::In(at(20)), Condition::Always)),
        (0, Op::GetWithExpiry(1)),
        (0, Op::Ttl(0)),
        (0, Op::Ttl(1)),
        (0, Op::Ttl(3)),
        (0, Op::Renew(0, at(30))),
        (0, Op::Renew(1, at(30))),
        (0, Op::Pass(Pass::By(Duration::from_millis(29)))),
        (0, Op::Exists(1)),
        (0, Op::Pass(Pass::NextExpiry)),
        (0, Op::Exists(1)),
        (0, Op::Set(1, bytes("late"), When::At(Duration::from_secs(1)), Condition::IfAbsent)),
        (0, Op::Set(1, bytes(""), When::Default, Condition::IfAbsent)),
        (0, Op::GetWithExpiry(1)),
        (0, Op::Set(1, bytes("kept"), When::Keep, Condition::IfPresent)),
        (0, Op::Set(2, bytes("kept"), When::Keep, Condition::IfPresent)),
        (0, Op::Set(1, bytes("next"), When::Keep, Condition::IfValue(current()))),
        (0, Op::Set(1, bytes("next"), When::Never, Condition::IfValue(other()))),
        (0, Op::Set(2, bytes("gone"), When::Past, Condition::Always)),
        (1, number(2, "text")),
        (2, number(2, "nested")),
        (0, Op::List(Reach::Namespace, 2)),
        (2, Op::List(Reach::Subtree, 1)),
        (1, Op::DeleteIf(2, other())),
        (1, Op::DeleteIf(2, current())),
        (0, Op::Expire(1, When::In(at(5)))),
        (0, Op::Expire(2, When::Never)),
        (0, Op::Expire(1, When::Default)),
        (0, Op::Add(2, bytes("added"), When::Never)),
        (0, Op::Add(2, bytes("again"), When::Keep)),
        (
            0,
            Op::ListWhileWriting(
                Reach::Subtree,
                1,
                vec![
                    meanwhile(1, 3, Some(bytes("comes"))),
                    meanwhile(0, 2, None),
                    meanwhile(2, 0, Some(bytes("beside"))),
                ],
            ),
        ),
        (0, Op::ListWhileWriting(Reach::Namespace, 3, vec![meanwhile(0, 3, Some(bytes("\u{e9}")))])),
        (0, Op::Increment(0, 5, When::Default)),
        (0, Op::Increment(0, i64::MAX, When::Default)),
        (1, Op::Increment(0, -3, When::In(at(100)))),
        (0, Op::Increment(1, 1, When::Never)),
        (0, Op::Decrement(0, 2, When::Never)),
        (0, Op::Decrement(0, i64::MIN, When::Never)),
        (0, Op::SetMany(vec![(1, bytes("1"), When::In(at(50))), (1, bytes("2"), When::At(Duration::from_secs(9)))])),
        (
            0,
            Op::SetMany(vec![
                (2, bytes("3"), When::Default),
                (3, bytes("4"), When::Keep),
                (3, bytes("5"), When::Never),
            ]),
        ),
        (0, Op::SetMany(Vec::new())),
        (0, Op::GetMany(vec![0, 1, 1, 3])),
        (0, Op::GetMany(Vec::new())),
        (0, Op::ExpireMany(vec![2, 3, 3], When::At(Duration::from_secs(5)))),
        (0, Op::ExpireMany(vec![2], When::Past)),
        (0, Op::ExpireMany(Vec::new(), When::Never)),
        (0, Op::DeleteMany(vec![3, 3, 2])),
        (0, Op::DeleteMany(Vec::new())),
        (0, Op::Take(1)),
        (0, Op::Take(1)),
        (0, Op::Delete(0)),
        (0, Op::Delete(0)),
        (0, lock(0, Owner::One, LockCall::Acquire(at(20)))),
        (0, lock(0, Owner::Other, LockCall::Acquire(at(20)))),
        (0, lock(0, Owner::One, LockCall::Acquire(at(40)))),
        (0, lock(0, Owner::Other, LockCall::Extend(at(50)))),
        (0, lock(0, Owner::One, LockCall::Extend(at(30)))),
        (1, lock(0, Owner::Other, LockCall::Acquire(at(9)))),
        (0, lock(0, Owner::Other, LockCall::Release)),
        (0, lock(0, Owner::One, LockCall::IsHeld)),
        (0, Op::Pass(Pass::By(Duration::from_millis(30)))),
        (0, lock(0, Owner::One, LockCall::IsHeld)),
        (0, lock(0, Owner::Other, LockCall::Acquire(at(9)))),
        (0, lock(0, Owner::Other, LockCall::Release)),
        (0, lock(0, Owner::One, LockCall::Acquire(at(5000)))),
        (0, Op::Refused(BadInput::EmptyKey)),
        (0, Op::Refused(BadInput::ZeroTtl)),
        (0, Op::Refused(BadInput::KeepAsChange)),
        (0, Op::Refused(BadInput::ZeroLimit)),
        (0, Op::Refused(BadInput::ForgedCursor)),
        (0, number(0, "\r\n")),
        (2, Op::Reopen),
        (0, lock(0, Owner::One, LockCall::IsHeld)),
        (2, Op::Clear),
        (2, Op::List(Reach::Subtree, 4)),
        (0, number(0, "last")),
    ];
    let through = [Through::First, Through::First, Through::Second].into_iter().cycle();
    let steps = ops.into_iter().zip(through).map(|((space, op), through)| Step { through, space, op });
    Program {
        keys: ["a", "\u{feff}\"", "{x}\0", "e\u{301}"].map(str::to_owned).to_vec(),
        spaces: vec![&["app"], &["app", "le"], &[]],
        beside: vec![&["app", "app"], &["a*"], &["[ab]", "{x}"]],
        steps: steps.collect(),
    }
}

async fn printed() -> String {
    let all = every_operation();
    let short = Program { steps: all.steps[..1].to_vec(), ..all.clone() };
    let is_list = |step: &Step| matches!(step.op, Op::Set(..) | Op::List(..) | Op::ListWhileWriting(..));
    let lists = Program { steps: all.steps.iter().filter(|step| is_list(step)).cloned().collect(), ..all.clone() };
    let culprits = [
        ("ends_with_a_look_at_an_entry", &all, Culprit::Place(Through::Second, (0, 0))),
        ("ends_with_a_step", &all, Culprit::Step(all.steps.len() - 3)),
        ("lists_in_byte_order", &lists, Culprit::Step(lists.steps.len() - 1)),
        ("ends_with_a_look_at_what_no_step_meant", &short, Culprit::Place(Through::First, (3, 0))),
        ("ends_with_a_look_beside", &short, Culprit::Noise("app")),
    ];
    let mut printed = HEAD.to_owned();
    for (name, program, culprit) in culprits {
        let listing = if name == "lists_in_byte_order" { Listing::ByteOrder } else { Listing::Unordered };
        let test = tell(name, &setting(listing), program, culprit, "what was seen\nand where").await.unwrap();
        assert!(test.contains(TO_FILL_IN), "{test}");
        printed.push_str(&format!("\n{test}\n"));
    }
    printed.replace(TO_FILL_IN, FILLED_IN).replace("// clock.advance(", "clock.advance(")
}

#[tokio::test]
async fn what_is_printed_is_what_is_kept_and_run() {
    let printed = printed().await;
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(FILE, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap();
    assert_eq!(printed, kept, "`{REWRITE}=1 cargo test -p store-conformance --lib regression` writes it anew");
}

#[test]
fn every_operation_that_is_generated_is_printed() {
    let (mut runner, mut generated) = (TestRunner::deterministic(), BTreeSet::new());
    let strategy = programs(Vocabulary::Cache, &Time::by_hand(ManualClock::new()), LOOK_ALIKES);
    for _ in 0..200 {
        let program = strategy.new_tree(&mut runner).unwrap().current();
        generated.extend(program.steps.iter().map(|step| step.op.name()));
    }
    let printed: BTreeSet<_> = every_operation().steps.iter().map(|step| step.op.name()).collect();
    assert_eq!(generated, printed);
}
