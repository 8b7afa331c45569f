//! The wrapper that fails as it is told: each rule does what it says to every operation, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;
mod world;

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::time::Duration;

use store_conformance::faults::{Faults, FaultyStore, Operation, Rule};
use store_core::prelude::*;
use store_core::{KeyValueStoreClient, Result};
use store_memory::{MemoryCache, MemoryStore};
use tokio::time::{Instant, timeout};
use world::{CALLS, Call, Changes, KEY, World};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_table_of_calls_has_every_operation() {
    let called: BTreeSet<_> = CALLS.iter().map(|call| call.operation).collect();
    assert_eq!(called, BTreeSet::from(Operation::ALL));
}

/// Makes a call beside a rule, and says how it ended and whether it changed anything.
async fn beside(call: &Call, rule: Option<Rule>) -> (Option<Result<()>>, Changes) {
    let world = World::new().await.unwrap();
    rule.into_iter().for_each(|rule| world.faults.add(rule));
    let before = world.state().await;
    let answer = timeout(60 * SECOND, (call.make)(&world)).await.ok();
    let moved = world.state().await != before;
    (answer, if moved { Changes::Something } else { Changes::Nothing })
}

#[tokio::test(start_paused = true)]
async fn without_rules_every_call_does_what_it_does() {
    for call in CALLS {
        let (answer, changed) = beside(call, None).await;
        answer.unwrap().unwrap();
        assert_eq!(changed, call.changes, "{:?}", call.operation);
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_is_not_applied() {
    for call in CALLS {
        let (answer, changed) =
            beside(call, Some(Rule::fail_before().kind(ErrorKind::Full).on([call.operation]))).await;
        let error = answer.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Full, Outcome::NotApplied), "{:?}", call.operation);
        assert_eq!(changed, Changes::Nothing, "{:?}", call.operation);
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_is_applied_and_unknown() {
    for call in CALLS {
        let (answer, changed) = beside(call, Some(Rule::fail_after().on([call.operation]))).await;
        let error = answer.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown), "{:?}", call.operation);
        assert_eq!(changed, call.changes, "{:?}", call.operation);
    }
}

#[tokio::test(start_paused = true)]
async fn what_hangs_never_ends_and_changes_nothing() {
    for call in CALLS {
        let (answer, changed) = beside(call, Some(Rule::hang().on([call.operation]))).await;
        assert!(answer.is_none(), "{:?}: {answer:?}", call.operation);
        assert_eq!(changed, Changes::Nothing, "{:?}", call.operation);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_delayed_takes_that_long_and_succeeds() {
    for call in CALLS {
        let began = Instant::now();
        let (answer, changed) = beside(call, Some(Rule::delay(3 * SECOND).on([call.operation]))).await;
        answer.unwrap().unwrap();
        assert_eq!((began.elapsed(), changed), (3 * SECOND, call.changes), "{:?}", call.operation);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_leaves_other_operations_alone() {
    for call in CALLS {
        let others = Operation::ALL.into_iter().filter(|operation| *operation != call.operation);
        let (answer, _) = beside(call, Some(Rule::hang().on(others))).await;
        answer.unwrap_or_else(|| panic!("{:?} hangs", call.operation)).unwrap();
    }
}

#[test]
fn writes_are_what_changes_something_on_purpose() {
    let writes: BTreeSet<_> = Operation::writes().collect();
    for call in CALLS {
        let reads_records = matches!(
            call.operation,
            Operation::GetRecord | Operation::HasRecord | Operation::ListRecordKeys | Operation::ListRecords
        );
        let on_purpose = call.changes == Changes::Something && !reads_records && call.operation != Operation::Close;
        assert_eq!(writes.contains(&call.operation), on_purpose, "{:?}", call.operation);
    }
}

/// Which of so many gets fail by this rule, counted from 1.
async fn hits(faults: &Faults, calls: usize) -> Vec<usize> {
    let store = FaultyStore::new(MemoryStore::new(), faults.clone());
    let mut hits = Vec::new();
    for number in 1..=calls {
        if store.get(KEY).await.is_err() {
            hits.push(number);
        }
    }
    hits
}

#[tokio::test]
async fn turns_are_counted_from_one() {
    for (rule, expected) in [
        (Rule::fail_before(), vec![1, 2, 3, 4, 5, 6, 7]),
        (Rule::fail_before().nth(3), vec![3]),
        (Rule::fail_before().nth(0), vec![]),
        (Rule::fail_before().first(2), vec![1, 2]),
        (Rule::fail_before().first(0), vec![]),
        (Rule::fail_before().every(3), vec![3, 6]),
        (Rule::fail_before().every(0), vec![]),
        (Rule::fail_before().nth(3).first(1), vec![1]),
        (Rule::fail_before().with_probability(1.0), vec![1, 2, 3, 4, 5, 6, 7]),
        (Rule::fail_before().with_probability(0.0), vec![]),
        (Rule::fail_before().with_probability(f64::NAN), vec![]),
    ] {
        let faults = Faults::new();
        faults.add(rule.clone());
        assert_eq!(hits(&faults, 7).await, expected, "{rule:?}");
        assert_eq!(faults.injected(), expected.len() as u64, "{rule:?}");
    }
}

#[tokio::test]
async fn chance_depends_on_the_seed_alone() {
    let drawn = async |seed| {
        let faults = Faults::seeded(seed);
        faults.add(Rule::fail_before().with_probability(0.1));
        hits(&faults, 10_000).await
    };
    let first = drawn(7).await;
    assert_eq!(first, drawn(7).await);
    assert_ne!(first, drawn(8).await);
    assert!((900..1100).contains(&first.len()), "{} of 10,000 at one in ten", first.len());
}

#[tokio::test]
async fn two_rules_of_one_probability_hit_different_calls() {
    let faults = Faults::new();
    faults.add(Rule::fail_before().kind(ErrorKind::Full).with_probability(0.5));
    faults.add(Rule::fail_before().kind(ErrorKind::Timeout).with_probability(0.5));
    let store = FaultyStore::new(MemoryStore::new(), faults);
    let mut kinds = BTreeSet::new();
    for _ in 0..100 {
        kinds.insert(store.get(KEY).await.err().map(|error| format!("{:?}", error.kind())));
    }
    assert_eq!(kinds, BTreeSet::from([None, Some("Full".to_owned()), Some("Timeout".to_owned())]));
}

#[tokio::test]
async fn a_rule_for_keys_concerns_calls_and_batches_with_such_a_key() {
    let faults = Faults::new();
    let cache = FaultyStore::new(MemoryCache::new(), faults.clone());
    let cache = cache.namespace("n").unwrap();
    faults.add(Rule::fail_before().key("a").kind(ErrorKind::Full));
    faults.add(Rule::fail_before().keys(|key| key.starts_with("b")).kind(ErrorKind::Timeout));
    assert_eq!(cache.set("a", "1").await.unwrap_err().kind(), ErrorKind::Full);
    assert_eq!(cache.set("bb", "1").await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(cache.get_many(&["c", "b"]).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(cache.set_many([("c", "1"), ("a", "1")]).await.unwrap_err().kind(), ErrorKind::Full);
    cache.set_many([("c", "1"), ("aa", "1")]).await.unwrap();
    assert_eq!(cache.list().await.unwrap().keys.len(), 2);
    assert_eq!(cache.clear().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_and_of_the_rest_the_first_decides() {
    let faults = Faults::new();
    faults.add(Rule::fail_after().nth(1));
    faults.add(Rule::delay(SECOND));
    faults.add(Rule::fail_before());
    faults.add(Rule::delay(2 * SECOND));
    let store = FaultyStore::new(MemoryStore::new(), faults.clone());
    let began = Instant::now();
    assert_eq!(store.set(KEY, "1").await.unwrap_err().outcome(), Outcome::Unknown);
    assert_eq!(began.elapsed(), 3 * SECOND);
    assert_eq!(store.inner().get(KEY).await.unwrap().as_deref(), Some(&b"1"[..]));
    // Its turn is over, and the next rule's has come; a call is one, whatever befalls it.
    assert_eq!(store.set(KEY, "2").await.unwrap_err().outcome(), Outcome::NotApplied);
    assert_eq!(faults.injected(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_its_rules_the_store_is_healthy_again() {
    let faults = Faults::new();
    let store = FaultyStore::new(MemoryStore::new(), faults.clone());
    faults.add(Rule::hang());
    assert!(timeout(SECOND, store.get(KEY).into_future()).await.is_err());
    faults.clear();
    assert_eq!(store.get(KEY).await.unwrap(), None);
    assert_eq!(faults.injected(), 1);
}

#[tokio::test]
async fn a_call_that_fails_of_itself_keeps_its_own_error() {
    let faults = Faults::new();
    let cache = FaultyStore::new(MemoryCache::new(), faults.clone());
    cache.set(KEY, "no number").await.unwrap();
    faults.add(Rule::fail_after());
    let error = cache.increment(KEY, 1).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotAnInteger, Outcome::NotApplied));
}

#[tokio::test]
async fn errors_name_operation_driver_and_key() {
    let world = World::new().await.unwrap();
    world.faults.add(Rule::fail_before());
    let error = world.cache.set(KEY, "secret").await.unwrap_err();
    assert_eq!((error.operation(), error.driver(), error.key()), (Some("set"), Some("memory"), Some(KEY)));
    let pings = [Store::ping(&world.cache).await, KeyValueStoreClient::ping(&world.client).await];
    for error in pings.map(Result::unwrap_err) {
        assert_eq!((error.operation(), error.driver()), (Some("ping"), Some("memory")));
    }
}

#[test]
fn it_declares_what_the_store_under_it_declares() {
    let cache = FaultyStore::new(MemoryCache::new(), Faults::new());
    assert_eq!(Store::capabilities(&cache), cache.inner().capabilities());
    assert_eq!(cache.default_lifetime(), cache.inner().default_lifetime());
}
