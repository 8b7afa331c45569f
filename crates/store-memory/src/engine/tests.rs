//! When an operation reads the clock, and how exactly.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use store_core::{BatchItem, Key, ListOptions, ManualClock, Namespace, Timestamp, Ttl, WriteExpiry};

use super::*;
use crate::builder::Builder;

const ROOT: Namespace = Namespace::EMPTY;
const BRIEF: Lifetime = Lifetime::In(Ttl::MIN);
/// With a thousand keys no shard is without one.
const KEYS: usize = 1000;

/// One operation of the engine, and its name.
type Operation<'a> = (&'a str, &'a (dyn Fn(&Engine) + Sync));

/// A clock that holds up one caller who has read the time, until it is let go.
#[derive(Clone, Debug)]
struct StallingClock {
    time: ManualClock,
    stalls_next: Arc<AtomicBool>,
    meeting: Arc<Barrier>,
}

impl Clock for StallingClock {
    fn now(&self) -> Timestamp {
        let now = self.time.now();
        if self.stalls_next.swap(false, Ordering::SeqCst) {
            self.meeting.wait();
            self.meeting.wait();
        }
        now
    }
}

/// Which shards are locked while `operation` is held up after it has read the clock.
fn locked_in_a_stall(operation: impl FnOnce(&Engine) + Send) -> Vec<bool> {
    let clock =
        StallingClock { time: ManualClock::new(), stalls_next: Arc::default(), meeting: Arc::new(Barrier::new(2)) };
    let engine = Builder::<()>::new(Lifetime::Never).clock(clock.clone()).shards(4).without_sweeper().build_engine();
    for key in &keys() {
        assert!(engine.set(at(key), b"1", &SetOptions::from(BRIEF)).unwrap().is_stored());
    }
    clock.stalls_next.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        scope.spawn(|| operation(&engine));
        clock.meeting.wait();
        let locked = engine.shards.iter().map(RwLock::is_locked).collect();
        clock.meeting.wait();
        locked
    })
}

fn keys() -> Vec<String> {
    (0..KEYS).map(|n| n.to_string()).collect()
}

fn at(key: &str) -> Address<'_> {
    Address { namespace: &ROOT, key: Key::new(key).unwrap() }
}

/// Else another caller could come between, see that the entry has expired, and write a new one: the one who was held up
/// would then renew what is gone, or replace the new value by one that is dead already.
#[test]
fn an_operation_reads_the_clock_while_it_holds_its_lock() {
    let operations: [Operation<'_>; 10] = [
        ("get", &|engine| drop(engine.get(at("1"), GetOptions::default()).unwrap())),
        ("renew", &|engine| drop(engine.get(at("1"), GetOptions::default().with_renew(Ttl::MIN)).unwrap())),
        ("set", &|engine| assert!(engine.set(at("1"), b"2", &SetOptions::from(BRIEF)).unwrap().is_stored())),
        ("delete", &|engine| assert!(engine.delete(at("1"), &DeleteOptions::default()).unwrap())),
        ("expire", &|engine| assert!(engine.expire(at("1"), BRIEF).unwrap())),
        ("take", &|engine| assert!(engine.take(at("1")).unwrap().is_some())),
        ("remaining", &|engine| assert!(engine.remaining(at("1")).unwrap().is_some())),
        ("add", &|engine| assert_eq!(engine.add(at("1"), 1, BRIEF).unwrap(), 2)),
        ("list", &|engine| drop(engine.list(&ROOT, &ListOptions::default()).unwrap())),
        ("clear", &|engine| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(engine.clear_subtree(&ROOT)).unwrap();
        }),
    ];
    for (name, operation) in operations {
        let locked = locked_in_a_stall(operation);
        assert_eq!(locked.iter().filter(|&&locked| locked).count(), 1, "{name}");
    }
}

#[test]
fn a_batch_reads_the_clock_while_it_holds_all_of_its_locks() {
    let texts = keys();
    let keys: Vec<_> = texts.iter().map(|text| Key::new(text).unwrap()).collect();
    let item = |&key| BatchItem::new(key, Bytes::from_static(b"2"), WriteExpiry::Replace(BRIEF));
    let operations: [Operation<'_>; 4] = [
        ("get_many", &|engine| drop(engine.get_many(&ROOT, &keys).unwrap())),
        ("set_many", &|engine| engine.set_many(&ROOT, keys.iter().map(item).collect()).unwrap()),
        ("delete_many", &|engine| drop(engine.delete_many(&ROOT, &keys).unwrap())),
        ("expire_many", &|engine| drop(engine.expire_many(&ROOT, &keys, BRIEF).unwrap())),
    ];
    for (name, operation) in operations {
        assert_eq!(locked_in_a_stall(operation), [true; 4], "{name}");
    }
}

/// A clock that is read as it was when it was made, unless exactly.
#[derive(Debug)]
struct LaggingClock(ManualClock);

impl Clock for LaggingClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn recent(&self) -> Timestamp {
        ManualClock::new().now()
    }

    fn lag(&self) -> Duration {
        Duration::from_millis(7)
    }
}

#[test]
fn only_reads_lag() {
    let time = ManualClock::new();
    let clock = LaggingClock(time.clone());
    let engine = Builder::<()>::new(Lifetime::Never).clock(clock).without_sweeper().build_engine();
    assert_eq!(engine.capabilities.expiry_granularity, Duration::from_millis(7));
    let reads = || {
        let listed = engine.list(&ROOT, &ListOptions::default()).unwrap().keys.len() == 1;
        let many = engine.get_many(&ROOT, &[at("1").key]).unwrap()[0].is_some();
        let answers = [
            engine.get(at("1"), GetOptions::default()).unwrap().is_some(),
            engine.exists(at("1")).unwrap(),
            listed,
            many,
        ];
        assert!(answers.iter().all(|&answer| answer == answers[0]), "{answers:?}");
        answers[0]
    };
    let renewal = || engine.get(at("1"), GetOptions::default().with_renew(Ttl::MIN)).unwrap();
    assert!(engine.set(at("1"), b"", &SetOptions::from(BRIEF)).unwrap().is_stored());
    time.advance(Duration::from_millis(1));
    assert_eq!(engine.remaining(at("1")).unwrap(), Some(Remaining::In(Duration::ZERO)));
    assert!(reads() && renewal().is_none() && !reads(), "what writes removes what has expired");
}
