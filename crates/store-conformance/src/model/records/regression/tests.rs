//! What is printed compiles and holds: it is kept in a file, which is compared with what is printed, and run.

// As it is printed.
#[rustfmt::skip]
mod every_operation;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use store_core::{AccessTimes, ContentType, ManualClock};

use super::*;
use crate::model::records::op::programs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/model/records/regression/tests/every_operation.rs");

/// To have the file written anew.
const REWRITE: &str = "STORE_CONFORMANCE_REWRITE_PRINTED";

const HEAD: &str = "\
//! Failing programs as they are printed, with the line filled in that is left to whoever pastes them, and the clock moved.
";

/// What a driver on a manual clock fills in.
const FILLED_IN: &str = "let clock = store_core::ManualClock::new();
    let client = store_memory::MemoryKeyValueStoreClient::builder().clock(clock.clone());
    let client: std::sync::Arc<dyn KeyValueStoreClient> =
        std::sync::Arc::new(client.access_times(store_core::AccessTimes::Exact).build());";

/// Every operation, on a collection that is there and on one that was dropped.
fn every_operation() -> Program {
    let page = |behind, limit| Page { behind, limit };
    let set = |key, value: &'static [u8]| Op::Set(key, ContentType::TEXT, Bytes::from_static(value));
    let on_one = vec![
        set(0, b"\xff\"\\\0"),
        Op::Reopen,
        Op::Set(1, ContentType::as_stored("text/x; a=\" {}\""), Bytes::new()),
        Op::Get(0),
        Op::Get(2),
        Op::Has(0),
        Op::Has(2),
        Op::Pass(Duration::from_millis(3)),
        Op::Metadata,
        set(2, b"third"),
        Op::Metadata,
        Op::ListKeys(page(None, None)),
        Op::ListKeys(page(Some(0), Some(1))),
        Op::ListRecords(page(None, Some(2))),
        Op::ListRecords(page(Some(2), None)),
        Op::ListRecords(page(None, Some(0))),
        Op::OpenById,
        Op::Delete(2),
        Op::Delete(2),
        Op::Open,
        Op::Purge,
        Op::Refused(BadInput::EmptyKey),
        Op::Refused(BadInput::LongKey),
        Op::Refused(BadInput::UnknownId),
        Op::Drop,
    ];
    let on_dropped = on_one.iter().filter(|op| !matches!(op, Op::Open | Op::Reopen)).cloned();
    let ops: Vec<_> = on_one.iter().cloned().chain(on_dropped).chain([Op::Open, set(0, b"new")]).collect();
    let through = [Through::First, Through::First, Through::Second].into_iter().cycle();
    let steps = ops.into_iter().zip(through).zip(0..).map(|((op, through), number)| {
        let age = if number % 5 == 4 { Age::Oldest } else { Age::Newest };
        Step { through, collection: Called::Name, age, op }
    });
    let others = [Called::Alias, Called::LongerName].map(|collection| Step {
        through: Through::First,
        collection,
        age: Age::Newest,
        op: set(0, b"another"),
    });
    Program {
        keys: ["a", "b\u{feff}\"", "c", "d", "e", "{x}\0", "f", "e\u{301}"].map(str::to_owned).to_vec(),
        steps: others.into_iter().chain(steps).collect(),
    }
}

async fn printed() -> String {
    let all = every_operation();
    let short = Program { steps: all.steps[..1].to_vec(), ..all.clone() };
    let culprits = [
        ("ends_with_a_look_at_a_collection", &all, Culprit::Look(Through::First, Called::Name)),
        ("ends_with_a_step", &all, Culprit::Step(all.steps.len() - 2)),
        ("ends_with_a_look_beside", &short, Culprit::Noise),
    ];
    let mut printed = HEAD.to_owned();
    for (name, program, culprit) in culprits {
        let (time, blamed) = (Time::by_hand(ManualClock::new()), (culprit, "what was seen\nand where"));
        let test = tell(name, &time, AccessTimes::Exact, program, blamed).await.unwrap();
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
    for _ in 0..200 {
        let program =
            programs(&Time::by_hand(ManualClock::new()), AccessTimes::Exact).new_tree(&mut runner).unwrap().current();
        generated.extend(program.steps.iter().map(|step| step.op.name()));
    }
    let printed: BTreeSet<_> = every_operation().steps.iter().map(|step| step.op.name()).collect();
    assert_eq!(generated, printed);
}
