//! Properties of one shard, without locks and clocks.

use std::collections::BTreeMap;

use proptest::prelude::*;
use store_core::{Condition, Key, Namespace, Scope};

use super::*;
use crate::budget::namespace_cost;

const START: u64 = 1_000_000;

fn time(millis: u64) -> Timestamp {
    Timestamp::from_unix_millis(START + millis).unwrap()
}

fn lifetime(millis: u64) -> Lifetime {
    Ttl::from_millis(millis).map_or(Lifetime::Never, Lifetime::In)
}

fn path(encoded: &str) -> Namespace {
    Namespace::from_encoded(encoded).unwrap()
}

/// A weak hash, so that entries share their buckets and often their whole hash.
fn target<'a>(namespace: &'a Namespace, key: &'a str) -> Target<'a> {
    let hash = key.bytes().map(u32::from).sum::<u32>() % 3;
    Target { at: Address { namespace, key: Key::new(key).unwrap() }, hash }
}

fn set(shard: &mut Shard, namespace: &Namespace, key: &str, value: &[u8], lifetime: Lifetime, now: Timestamp) {
    let payload = Payload::new(Key::new(key).unwrap(), value);
    let outcome = shard.set(target(namespace, key), payload, &SetOptions::from(lifetime), now, &mut Vec::new());
    assert_eq!(outcome.unwrap(), SetOutcome::Stored);
}

fn value(shard: &Shard, namespace: &Namespace, key: &str, now: Timestamp) -> Option<Vec<u8>> {
    shard.get(target(namespace, key), now).map(|(value, _)| value.to_vec())
}

fn filled(entries: usize, lifetime: Lifetime) -> Shard {
    let mut shard = Shard::default();
    for n in 0..entries {
        let (namespace, key) = (path("a"), n.to_string());
        let hash = (n as u32).wrapping_mul(2_654_435_761);
        let to = Target { at: Address { namespace: &namespace, key: Key::new(&key).unwrap() }, hash };
        let payload = Payload::new(to.at.key, b"v");
        let outcome = shard.set(to, payload, &SetOptions::from(lifetime), time(0), &mut Vec::new());
        assert!(outcome.unwrap().is_stored());
    }
    shard
}

/// Everything that refers to a slot refers to the right one, and the bytes are those of the entries.
fn check(shard: &Shard) {
    let mut bytes = 0;
    let mut namespaces = BTreeMap::new();
    for number in 0..shard.entries.next_number() {
        let slot = shard.entries.get(number);
        let namespace = shard.namespaces.of(slot.part()).clone();
        let key = slot.payload.key_buf();
        let found = shard.find(Target { at: Address { namespace: &namespace, key: key.as_key() }, hash: slot.hash });
        assert_eq!(found.map(|slot| slot.number), Some(number));
        bytes += cost(slot);
        *namespaces.entry(namespace).or_insert(0) += 1;
    }
    for (namespace, members) in &namespaces {
        bytes += namespace_cost(namespace);
        let mut numbers = Vec::new();
        shard.namespaces.walk(&Covered::new(namespace, Scope::Namespace), None, usize::MAX, &mut numbers);
        assert_eq!(numbers.len(), *members);
        assert!(numbers.iter().all(|&n| shard.namespaces.of(shard.entries.get(n).part()) == namespace));
    }
    assert_eq!(shard.bytes(), bytes);
}

#[derive(Clone, Debug)]
enum Step {
    Set { value: u8, millis: u64, condition: Condition },
    Keep { value: u8 },
    Get,
    Renew { millis: u64 },
    Delete { if_value: Option<u8> },
    Expire { millis: u64 },
    Take,
    Add { delta: i64 },
    Clear,
    Free { max: usize },
    Advance { millis: u64 },
}

fn steps() -> impl Strategy<Value = Vec<(Step, usize, usize)>> {
    let millis = || prop_oneof![Just(0), 1u64..40];
    let value = || b'0'..b'3';
    let condition = prop_oneof![
        Just(Condition::Always),
        Just(Condition::IfAbsent),
        Just(Condition::IfPresent),
        value().prop_map(|value| Condition::IfValue(vec![value].into())),
    ];
    let step = prop_oneof![
        6 => (value(), millis(), condition)
            .prop_map(|(value, millis, condition)| Step::Set { value, millis, condition }),
        1 => value().prop_map(|value| Step::Keep { value }),
        2 => Just(Step::Get),
        1 => (1u64..40).prop_map(|millis| Step::Renew { millis }),
        2 => prop::option::of(value()).prop_map(|if_value| Step::Delete { if_value }),
        1 => millis().prop_map(|millis| Step::Expire { millis }),
        1 => Just(Step::Take),
        2 => (-2i64..3).prop_map(|delta| Step::Add { delta }),
        1 => Just(Step::Clear),
        1 => (0usize..4).prop_map(|max| Step::Free { max }),
        2 => (1u64..20).prop_map(|millis| Step::Advance { millis }),
    ];
    prop::collection::vec((step, 0usize..4, 0usize..6), 1..80)
}

/// What the shard should hold: value and the millisecond from which on it is gone.
type Model = BTreeMap<(usize, usize), (Vec<u8>, Option<u64>)>;

proptest! {
    #[test]
    fn shard_does_what_a_map_would(steps in steps()) {
        let namespaces = ["", "a", "a-b", "a/b"].map(path);
        let keys = ["k", "l", "kl", "lk", "m", "0"];
        let mut shard = Shard::default();
        let mut model = Model::new();
        let mut millis_now = 0;
        for (step, n, k) in steps {
            model.retain(|_, (_, end)| end.is_none_or(|end| end > millis_now));
            let (now, mut freed) = (time(millis_now), Vec::new());
            let (at, to) = ((n, k), target(&namespaces[n], keys[k]));
            let existing = model.get(&at).cloned();
            let end = |millis: u64| (millis > 0).then_some(millis_now + millis);
            match step {
                Step::Set { value, millis, condition } => {
                    let options = SetOptions::from(lifetime(millis)).with_condition(condition.clone());
                    let outcome = shard.set(to, Payload::new(to.at.key, &[value]), &options, now, &mut freed).unwrap();
                    let stored = match condition {
                        Condition::IfAbsent => existing.is_none(),
                        Condition::IfPresent => existing.is_some(),
                        Condition::IfValue(expected) => existing.is_some_and(|(value, _)| value == expected),
                        _ => true,
                    };
                    prop_assert_eq!(outcome.is_stored(), stored);
                    if stored {
                        model.insert(at, (vec![value], end(millis)));
                    }
                }
                Step::Keep { value } => {
                    let options = SetOptions::new(WriteExpiry::Keep { missing: lifetime(7) });
                    let _stored = shard.set(to, Payload::new(to.at.key, &[value]), &options, now, &mut freed).unwrap();
                    model.insert(at, (vec![value], existing.map_or(end(7), |(_, end)| end)));
                }
                Step::Get => {}
                Step::Renew { millis } => {
                    let renewed = shard.renew(to, Ttl::from_millis(millis).unwrap(), now, &mut freed);
                    let renewed = renewed.map(|(value, _)| value.to_vec());
                    prop_assert_eq!(renewed, existing.map(|(value, _)| value));
                    if let Some((_, Some(kept))) = model.get_mut(&at) {
                        *kept = millis_now + millis;
                    }
                }
                Step::Delete { if_value } => {
                    let if_value = if_value.map(|value| vec![value]);
                    let removed = shard.delete(to, if_value.as_deref(), now, &mut freed);
                    let gone = existing.is_some_and(|(value, _)| if_value.is_none_or(|expected| expected == value));
                    prop_assert_eq!(removed, gone);
                    if gone {
                        model.remove(&at);
                    }
                }
                Step::Expire { millis } => {
                    prop_assert_eq!(shard.expire(to, lifetime(millis), now, &mut freed), existing.is_some());
                    model.entry(at).and_modify(|(_, kept)| *kept = end(millis));
                }
                Step::Take => {
                    let taken = shard.take(to, now, &mut freed).map(|payload| payload.value().to_vec());
                    prop_assert_eq!(taken, model.remove(&at).map(|(value, _)| value));
                }
                Step::Add { delta } => {
                    let sum = shard.add(to, delta, Lifetime::Never, now, &mut freed);
                    let number = existing.as_ref().map_or(Ok(0), |(value, _)| parse_counter(value));
                    prop_assert_eq!(sum.is_ok(), number.is_ok());
                    if let (Ok(sum), Ok(number)) = (sum, number) {
                        prop_assert_eq!(sum, number + delta);
                        model.insert(at, (sum.to_string().into_bytes(), existing.and_then(|(_, end)| end)));
                    }
                }
                Step::Clear => {
                    let covered = Covered::new(&namespaces[n], Scope::Subtree);
                    let cleared = shard.clear(&covered, None, now, &mut freed);
                    let before = model.len();
                    model.retain(|&(m, _), _| !namespaces[m].is_within(&namespaces[n]));
                    prop_assert_eq!(cleared.removed, (before - model.len()) as u64);
                }
                Step::Free { max } => {
                    shard.free_expired(now, max, &mut freed);
                    prop_assert!(freed.len() <= max);
                }
                Step::Advance { millis } => millis_now += millis,
            }
            check(&shard);
            model.retain(|_, (_, end)| end.is_none_or(|end| end > millis_now));
            for (n, namespace) in namespaces.iter().enumerate() {
                for (k, key) in keys.iter().enumerate() {
                    let found = shard.get(target(namespace, key), time(millis_now));
                    let found = found.map(|(value, expires_at)| (value.to_vec(), expires_at));
                    let expected = model.get(&(n, k)).map(|(value, end)| {
                        (value.clone(), end.map_or(ExpiresAt::Never, |end| ExpiresAt::At(time(end))))
                    });
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }
}

#[test]
fn an_expired_entry_is_gone_for_every_operation_before_it_is_freed() {
    let a = path("a");
    let mut shard = Shard::default();
    let fresh = |shard: &mut Shard| set(shard, &a, "k", b"1", lifetime(5), time(0));
    let (to, gone, mut freed) = (target(&a, "k"), time(5), Vec::new());

    fresh(&mut shard);
    assert_eq!(value(&shard, &a, "k", time(4)).as_deref(), Some(&b"1"[..]));
    assert!(shard.get(to, gone).is_none());
    assert_eq!(shard.expires_at(to, gone), None);
    let mut keys = Vec::new();
    shard.list(&Covered::new(&a, Scope::Namespace), None, STEP, gone, &mut keys);
    assert_eq!((keys.len(), shard.len()), (0, 1));

    assert!(shard.renew(to, Ttl::MAX, gone, &mut freed).is_none());
    assert_eq!(shard.len(), 0, "a write that meets an expired entry removes it");
    fresh(&mut shard);
    assert!(!shard.delete(to, None, gone, &mut freed));
    fresh(&mut shard);
    assert!(!shard.expire(to, Lifetime::Never, gone, &mut freed));
    fresh(&mut shard);
    assert!(shard.take(to, gone, &mut freed).is_none());
    fresh(&mut shard);
    assert_eq!(shard.add(to, 1, Lifetime::Never, gone, &mut freed).unwrap(), 1);
    fresh(&mut shard);
    let cleared = shard.clear(&Covered::new(&a, Scope::Subtree), None, gone, &mut freed);
    assert_eq!((cleared.removed, shard.len()), (0, 0));
}

#[test]
fn a_past_expiry_leaves_the_key_absent_after_the_condition_was_judged() {
    let a = path("a");
    let mut shard = Shard::default();
    set(&mut shard, &a, "k", b"old", Lifetime::Never, time(0));
    let past = SetOptions::from(Lifetime::At(Timestamp::EPOCH));
    let mut write = |condition: Condition| {
        let payload = Payload::new(Key::new("k").unwrap(), b"new");
        shard.set(target(&a, "k"), payload, &past.clone().with_condition(condition), time(0), &mut Vec::new()).unwrap()
    };
    assert_eq!(write(Condition::IfAbsent), SetOutcome::Refused);
    assert_eq!(write(Condition::IfPresent), SetOutcome::Stored);
    assert_eq!(write(Condition::IfPresent), SetOutcome::Refused);
    assert_eq!((shard.len(), shard.bytes()), (0, 0));
}

#[test]
fn a_refused_increment_changes_nothing() {
    let a = path("a");
    let mut shard = Shard::default();
    for (text, kind) in [("007", ErrorKind::NotAnInteger), ("9223372036854775807", ErrorKind::OutOfRange)] {
        set(&mut shard, &a, "k", text.as_bytes(), lifetime(9), time(0));
        let refused = shard.add(target(&a, "k"), 1, Lifetime::Never, time(0), &mut Vec::new());
        assert_eq!(refused.unwrap_err().kind(), kind);
        assert_eq!(value(&shard, &a, "k", time(8)).as_deref(), Some(text.as_bytes()));
        assert_eq!(value(&shard, &a, "k", time(9)), None);
    }
}

#[test]
fn one_step_of_clear_list_free_or_evict_touches_a_bounded_number_of_entries() {
    const ENTRIES: usize = 5 * STEP;
    let all = Covered::new(&path("a"), Scope::Subtree);
    let mut freed = Vec::new();

    let cleared = filled(ENTRIES, Lifetime::Never).clear(&all, None, time(0), &mut freed);
    assert_eq!((cleared.removed as usize, freed.len()), (STEP, STEP));
    assert!(cleared.next.is_some());

    let listed = filled(ENTRIES, Lifetime::Never).list(&all, None, usize::MAX, time(0), &mut Vec::new());
    assert_eq!(listed.visited, STEP);

    freed.clear();
    filled(ENTRIES, lifetime(1)).free_expired(time(1), STEP, &mut freed);
    assert_eq!(freed.len(), STEP);

    for expired in [time(0), time(1)] {
        freed.clear();
        filled(ENTRIES, lifetime(1)).evict(usize::MAX, &[], expired, &mut freed);
        assert_eq!(freed.len(), STEP);
    }
}

#[test]
fn clear_in_steps_removes_what_was_there_and_ends_under_writers() {
    const ENTRIES: usize = 3 * STEP;
    let mut shard = filled(ENTRIES, Lifetime::Never);
    let present = shard.present(&Covered::new(&path("a"), Scope::Subtree));
    let (mut place, mut removed, mut steps) = (None, 0, 0);
    loop {
        let cleared = shard.clear(&present, place, time(0), &mut Vec::new());
        (place, removed, steps) = (cleared.next, removed + cleared.removed, steps + 1);
        if place.is_none() {
            break;
        }
        // More than a step removes, in the namespace itself and in namespaces that are new each time.
        for n in 0..2 * STEP {
            set(&mut shard, &path("a"), &format!("late-{steps}-{n}"), b"", Lifetime::Never, time(0));
            set(&mut shard, &path(&format!("a/{steps}-{n}")), "k", b"", Lifetime::Never, time(0));
        }
    }
    assert!(removed as usize >= ENTRIES && steps < 10, "{removed} in {steps}");
    for n in 0..ENTRIES {
        let (a, key) = (path("a"), n.to_string());
        let hash = (n as u32).wrapping_mul(2_654_435_761);
        assert!(shard.find(Target { at: Address { namespace: &a, key: Key::new(&key).unwrap() }, hash }).is_none());
    }
}

#[test]
fn an_insert_frees_a_few_expired_entries_so_that_churn_does_not_grow() {
    let mut shard = Shard::default();
    let a = path("a");
    for n in 0..1000 {
        set(&mut shard, &a, &format!("k{n}"), b"v", lifetime(10), time(n));
        assert!(shard.len() <= 11, "{}", shard.len());
    }
}

#[test]
fn eviction_takes_the_expired_first() {
    let a = path("a");
    let mut shard = Shard::default();
    for n in 0..40 {
        let lifetime = if n % 4 == 3 { lifetime(5) } else { Lifetime::Never };
        set(&mut shard, &a, &format!("k{n:02}"), b"v", lifetime, time(0));
    }
    let mut freed = Vec::new();
    shard.evict(1, &[], time(5), &mut freed);
    assert_eq!(freed.len(), 10, "all that had expired");
    assert!((0..40).all(|n| value(&shard, &a, &format!("k{n:02}"), time(5)).is_some() == (n % 4 != 3)));
    check(&shard);
}

#[test]
fn eviction_gives_what_is_used_a_second_chance() {
    let a = path("a");
    let mut shard = Shard::default();
    for n in 0..100 {
        set(&mut shard, &a, &format!("k{n:03}"), b"v", Lifetime::Never, time(0));
    }
    let popular = |n: usize| n.is_multiple_of(10);
    let mut evicted = 0;
    while shard.len() > 20 {
        for n in (0..100).filter(|&n| popular(n)) {
            value(&shard, &a, &format!("k{n:03}"), time(0));
        }
        let mut freed = Vec::new();
        shard.evict(1, &[], time(0), &mut freed);
        evicted += freed.len();
    }
    check(&shard);
    assert_eq!(evicted, 80);
    let kept = (0..100).filter(|&n| popular(n)).filter(|n| value(&shard, &a, &format!("k{n:03}"), time(0)).is_some());
    let kept = kept.count();
    assert!(kept >= 7, "{kept} of 10 popular entries are among the last 20 of 100; chance would leave 2");
}

#[test]
fn eviction_passes_by_what_it_has_to_keep() {
    let a = path("a");
    let mut shard = Shard::default();
    let keys: Vec<String> = (0..100).map(|n| format!("k{n:03}")).collect();
    for key in &keys {
        set(&mut shard, &a, key, b"v", Lifetime::Never, time(0));
    }
    let keep: Vec<_> = keys.iter().skip(30).take(50).map(|key| target(&a, key)).collect();
    let mut freed = Vec::new();
    shard.evict(usize::MAX, &keep, time(0), &mut freed);
    assert_eq!(freed.len(), 50);
    assert!(keep.iter().all(|&target| shard.get(target, time(0)).is_some()));
    shard.evict(usize::MAX, &[], time(0), &mut freed);
    assert_eq!(shard.len(), 0, "they are kept no longer than asked for");
}

#[test]
fn memory_comes_back_when_entries_go() {
    let mut shard = filled(10_000, lifetime(1));
    let mut freed = Vec::new();
    while shard.has_expired(time(1)) {
        shard.free_expired(time(1), STEP, &mut freed);
        freed.clear();
    }
    assert_eq!((shard.len(), shard.bytes()), (0, 0));
    assert!(shard.entries.room() < 16, "{}", shard.entries.room());
}

#[test]
fn the_entries_of_the_namespaces_that_are_left_stay_in_them() {
    const NAMESPACES: usize = 500;
    let mut shard = Shard::default();
    let all: Vec<_> = (0..NAMESPACES).map(|n| path(&format!("n{n}"))).collect();
    let left = |n: usize| n % 100 == 99;
    for (n, namespace) in all.iter().enumerate() {
        let lifetime = if left(n) { Lifetime::Never } else { lifetime(1) };
        for key in ["one", "two", "three"] {
            set(&mut shard, namespace, key, n.to_string().as_bytes(), lifetime, time(0));
        }
    }
    while shard.has_expired(time(1)) {
        shard.free_expired(time(1), 50, &mut Vec::new());
        check(&shard);
    }
    for (n, namespace) in all.iter().enumerate() {
        let expected = left(n).then(|| n.to_string().into_bytes());
        assert_eq!(value(&shard, namespace, "two", time(1)), expected);
    }
}
