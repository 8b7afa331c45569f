//! What holds while slots move.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Expiry, Remaining, SlotPolicy};
use tokio::sync::Mutex;

use crate::support::{POLICIES, Place, cluster, held, list, place};

const KEYS: usize = 400;

/// One test at a time moves keys: a node stands still while it moves some, and two that move keys to each other would
/// wait for each other.
static MOVING: Mutex<()> = Mutex::const_new(());

async fn fill(place: &Place, count: usize) -> Vec<String> {
    let keys = place.keys(count);
    place.cache.set_many(keys.iter().map(|key| (key.as_str(), "v"))).await.unwrap();
    keys
}

fn plant_foreign(place: &Place) {
    let owner = cluster().primary_of_slot(place.slot).unwrap();
    for wire_key in place.foreign() {
        owner.command(&["SET", &wire_key, "theirs"]).unwrap();
    }
}

/// What is in the slot, on whichever nodes.
fn remaining(slot: u16) -> BTreeSet<String> {
    cluster().nodes().iter().flat_map(|node| held(node, slot)).collect()
}

#[tokio::test]
async fn operations_follow_each_key_of_a_half_migrated_slot() {
    let _alone = MOVING.lock().await;
    for policy in POLICIES {
        let place = place(policy, "half").await;
        let keys = fill(&place, 10).await;
        let migration = place.begin_migration();
        for key in &keys[..5] {
            migration.move_key(place.wire_key(key)).unwrap();
        }
        let cache = &place.cache;
        for key in &keys {
            assert_eq!(cache.get(key).await.unwrap(), Some("v".into()));
            assert_eq!(cache.get(key).with_expiry().await.unwrap().unwrap().value, "v");
            assert!(cache.set(key, "w").if_value("v").await.unwrap().is_stored());
            assert!(cache.get(key).renew(Duration::from_secs(60)).await.unwrap().is_some());
            cache.set(key, "7").keep_expiry().await.unwrap();
            assert_eq!(cache.increment(key, 1).await.unwrap(), 8);
            assert!(cache.exists(key).await.unwrap() && cache.ttl(key).await.unwrap().is_some());
        }
        let new = place.keys(11).pop().unwrap();
        assert_eq!(cache.increment(&new, 1).await.unwrap(), 1);
        assert_eq!(cache.increment(&new, 1).await.unwrap(), 2);

        // Those that are promised for each key alone, over both halves.
        assert_eq!(cache.expire_many(&keys, Expiry::Never).await.unwrap(), [true; 10]);
        assert_eq!(cache.ttl(&keys[0]).await.unwrap(), Some(Remaining::Never));
        assert_eq!(cache.expire_many(&keys, Duration::from_secs(9)).await.unwrap(), [true; 10]);
        let twice = [&keys[0], &keys[9], &keys[0], &keys[9]];
        assert_eq!(cache.delete_many(&twice).await.unwrap(), [true, true, false, false]);

        // Those in one step, over one half.
        cache.set_many([(&keys[6], "a"), (&keys[7], "b")]).await.unwrap();
        for half in [&keys[1..4], &keys[6..8]] {
            assert!(cache.get_many(half).await.unwrap().iter().all(Option::is_some));
        }
        migration.finish().unwrap();
        assert_eq!(cache.clear().await.unwrap(), 9);
    }
}

#[tokio::test]
async fn a_batch_in_one_step_over_both_halves_waits_until_the_slot_has_moved() {
    let _alone = MOVING.lock().await;
    let place = place(SlotPolicy::Root, "waits").await;
    let keys = fill(&place, 2).await;
    let migration = place.begin_migration();
    migration.move_key(place.wire_key(&keys[0])).unwrap();
    let cache = place.cache.clone();
    let asked = keys.clone();
    let reading = tokio::spawn(async move { cache.get_many(&asked).await });
    let cache = place.cache.clone();
    let written = [(keys[0].clone(), "1"), (keys[1].clone(), "2")];
    let writing = tokio::spawn(async move { cache.set_many(written).await });
    // It has been asked by the time that another key on the same connection is answered.
    assert!(place.cache.get(&keys[0]).await.unwrap().is_some());
    assert!(!reading.is_finished() && !writing.is_finished());
    migration.finish().unwrap();
    assert!(reading.await.unwrap().unwrap().iter().all(Option::is_some));
    writing.await.unwrap().unwrap();
    assert_eq!(place.cache.get_many(&keys).await.unwrap(), [Some("1".into()), Some("2".into())]);
}

#[tokio::test]
async fn transactions_follow_the_keys_of_a_half_migrated_slot() {
    let _alone = MOVING.lock().await;
    let place = place(SlotPolicy::Root, "transactions").await;
    let keys = place.keys(6);
    place.cache.set_many(keys.iter().map(|key| (key.as_str(), "1"))).await.unwrap();
    let cache = &place.cache;
    let migration = place.begin_migration();
    for key in &keys[..2] {
        migration.move_key(place.wire_key(key)).unwrap();
    }
    let add = async |one: &str, other: &str| {
        let keys = [one, other];
        let sum = cache.transaction(&keys, |draft| Ok(draft.increment(one, 1)? + draft.increment(other, 1)?));
        sum.await.unwrap()
    };
    assert_eq!((add(&keys[0], &keys[1]).await, add(&keys[2], &keys[3]).await), (4, 4));

    // One that moves while it is being decided about.
    let (mut looks, moving) = (0, [keys[4].as_str()]);
    let moved = cache.transaction(&moving, |draft| {
        looks += 1;
        if looks == 1 {
            migration.move_key(place.wire_key(&keys[4])).unwrap();
        }
        draft.increment(&keys[4], 1)
    });
    assert_eq!(moved.await.unwrap(), 2);
    assert_eq!(looks, 2);

    migration.finish().unwrap();
    assert_eq!((add(&keys[0], &keys[2]).await, add(&keys[1], &keys[4]).await), (6, 6));
    cache.clear().await.unwrap();
}

/// A lock and the last token of its root are two keys, and a node answers for two only where it has both.
#[tokio::test]
async fn a_lock_waits_until_the_slot_of_its_root_has_moved() {
    let _alone = MOVING.lock().await;
    const LONG: Duration = Duration::from_secs(60);
    let place = place(SlotPolicy::Root, "locks").await;
    fill(&place, 1).await;
    let before = place.cache.try_lock("before", LONG).await.unwrap().unwrap();
    let migration = place.begin_migration();
    let cache = place.cache.clone();
    let locking =
        tokio::spawn(async move { cache.try_lock("free", LONG).await.map(|lock| lock.unwrap().fencing_token()) });
    assert!(place.cache.get(&place.keys(1)[0]).await.unwrap().is_some());
    assert!(before.is_held().await.unwrap());
    assert!(!locking.is_finished());
    migration.finish().unwrap();
    assert!(locking.await.unwrap().unwrap() > before.fencing_token());
    assert!(before.is_held().await.unwrap() && before.extend(LONG).await.unwrap());
    assert!(before.release().await.unwrap());
    place.cache.clear().await.unwrap();
}

#[tokio::test]
async fn a_half_migrated_slot_is_listed_completely_and_cleared_exactly() {
    let _alone = MOVING.lock().await;
    for policy in POLICIES {
        let place = place(policy, "exact").await;
        plant_foreign(&place);
        let keys = fill(&place, KEYS).await;
        let migration = place.begin_migration();
        // Foreign keys too are on both sides.
        migration.move_keys(KEYS / 2).unwrap();
        assert_eq!(list(&place.cache, || ()).await, keys.iter().cloned().collect());
        assert_eq!(place.cache.clear().await.unwrap(), KEYS as u64);
        assert_eq!(remaining(place.slot), place.foreign().into_iter().collect());
        assert!(list(&place.cache, || ()).await.is_empty());
        migration.finish().unwrap();
    }
}

#[tokio::test]
async fn a_slot_that_moves_during_a_walk_is_listed_completely() {
    let _alone = MOVING.lock().await;
    for policy in POLICIES {
        let place = place(policy, "listed").await;
        let keys: BTreeSet<_> = fill(&place, KEYS).await.into_iter().collect();
        // Begun before the walk and ended in it, begun and ended in it, begun in it.
        let migration = place.begin_migration();
        migration.move_keys(KEYS / 2).unwrap();
        assert_eq!(list(&place.cache, || migration.finish().unwrap()).await, keys);
        assert_eq!(list(&place.cache, || place.begin_migration().finish().unwrap()).await, keys);
        let mut begun = None;
        let listed = list(&place.cache, || {
            let migration = place.begin_migration();
            migration.move_keys(KEYS / 2).unwrap();
            begun = Some(migration);
        });
        assert_eq!(listed.await, keys);
        begun.unwrap().finish().unwrap();
        assert_eq!(place.cache.clear().await.unwrap(), KEYS as u64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_during_a_clear_is_cleared_exactly() {
    let _alone = MOVING.lock().await;
    for policy in POLICIES {
        let place = place(policy, "cleared").await;
        plant_foreign(&place);
        for _ in 0..3 {
            fill(&place, KEYS).await;
            let migration = place.begin_migration();
            let moving = thread::spawn(move || {
                while migration.move_keys(20).unwrap() > 0 {}
                migration.finish().unwrap();
            });
            assert_eq!(place.cache.clear().await.unwrap(), KEYS as u64);
            moving.join().unwrap();
            assert_eq!(remaining(place.slot), place.foreign().into_iter().collect());
        }
    }
}
