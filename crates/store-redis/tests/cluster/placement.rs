//! Where keys lie, and what a store says about it.

use std::collections::BTreeSet;

use store_redis::prelude::*;
use store_redis::{BatchAtomicity, Key, Layout, Namespace, Outcome, RedisStore, Role, SlotPolicy, Support, Topology};
use store_testkit::Reply;

use crate::support::{POLICIES, cluster, config, connect, list};

/// The wire key of `key` in `["root", "n/s"]` and the part of it that is hashed.
fn spelled(policy: SlotPolicy, root: &str, key: &str) -> String {
    match policy {
        SlotPolicy::Root => format!("{{{root}}}/n%2Fs:{key}"),
        SlotPolicy::PerNamespace => format!("{{{root}/n%2Fs}}:{key}"),
        _ => format!("{root}/n%2Fs:{key}"),
    }
}

#[tokio::test]
async fn every_key_is_in_the_slot_that_the_servers_compute_and_on_the_node_that_has_it() {
    for policy in POLICIES {
        let store = RedisStore::connect_with(config(cluster(), policy)).await.unwrap();
        for root in ["placed", "placed2", "placed3"] {
            let namespace = Namespace::try_from([root, "n/s"]).unwrap();
            for key in ["k", "{7}", "a{7}b", "{}{7}", "}{", "é", ":"] {
                store.namespace(&namespace).unwrap().set(key, "v").await.unwrap();
                let wire_key = spelled(policy, root, key);
                let slot = cluster().slot_of(&wire_key).unwrap();
                assert_eq!(store.slot_of(&namespace, Key::new(key).unwrap()).number(), slot, "{wire_key}");
                let owner = cluster().primary_of_slot(slot).unwrap();
                assert_eq!(owner.command(&["EXISTS", &wire_key]).unwrap(), Reply::Integer(1), "{wire_key}");
            }
        }
    }
}

#[tokio::test]
async fn a_store_knows_which_node_has_which_slots() {
    let store = RedisStore::connect_with(config(cluster(), SlotPolicy::Root)).await.unwrap();
    let servers = store.topology().unwrap();
    assert_eq!(servers.topology, Topology::Cluster);
    assert!(servers.members.iter().all(|member| member.role == Role::Primary));
    let slots = servers.members.iter().flat_map(|member| &member.slots);
    let count: usize = slots.map(|range| usize::from(range.end().number() - range.start().number()) + 1).sum();
    assert_eq!((servers.members.len(), count), (3, 16_384));
    store.close().await.unwrap();
    assert_eq!(store.topology().unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn what_is_declared_depends_on_the_policy() {
    for (policy, atomicity, snapshot) in [
        (SlotPolicy::Root, BatchAtomicity::All, Support::Yes),
        (SlotPolicy::PerNamespace, BatchAtomicity::All, Support::Yes),
        (SlotPolicy::PerKey, BatchAtomicity::PerKey, Support::No),
    ] {
        let cache = connect(cluster(), policy).await;
        let capabilities = cache.capabilities();
        assert_eq!(capabilities.topology, Topology::Cluster);
        assert_eq!((capabilities.batch_atomicity, capabilities.snapshot_reads), (atomicity, snapshot));
        cache.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_batch_without_a_namespace_is_atomic_in_one_slot_and_refused_over_several() {
    let cache = connect(cluster(), SlotPolicy::Root).await;
    cache.set_many([("{bare}1", "a"), ("{bare}2", "b")]).await.unwrap();
    assert_eq!(cache.get_many(&["{bare}2", "{bare}1"]).await.unwrap(), [Some("b".into()), Some("a".into())]);
    let error = cache.set_many([("{bare}1", "c"), ("bare", "c"), ("bare2", "c")]).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unsupported, Outcome::NotApplied));
    assert_eq!(cache.get("{bare}1").await.unwrap(), Some("a".into()));
    assert_eq!(cache.get_many(&["{bare}1", "bare", "bare2"]).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(cache.delete_many(&["{bare}1", "bare", "{bare}2"]).await.unwrap(), [true, false, true]);
}

#[tokio::test]
async fn the_whole_database_is_deleted_on_every_primary() {
    let cluster = crate::support::start();
    for policy in POLICIES {
        let cache = connect(&cluster, policy).await;
        for n in 0..100 {
            cache.namespace(format!("n{n}")).unwrap().set("k", "v").await.unwrap();
        }
        for primary in cluster.primaries() {
            assert_ne!(primary.command(&["DBSIZE"]).unwrap(), Reply::Integer(0));
        }
        cache.delete_whole_database().await.unwrap();
        for primary in cluster.primaries() {
            assert_eq!(primary.command(&["DBSIZE"]).unwrap(), Reply::Integer(0));
        }
    }
}

#[tokio::test]
async fn in_a_layout_of_python_a_namespace_with_braces_lies_in_one_slot_and_any_other_is_spread() {
    for (layout, together, spread, separator) in
        [(Layout::litestar(), "{LITESTAR}", "LITESTAR", ":"), (Layout::cachelib(), "{flat}:", "flat:", "")]
    {
        let config = config(cluster(), SlotPolicy::Root);
        let cache = RedisCache::builder(config).layout(layout).connect().await.unwrap();
        let capabilities = cache.capabilities();
        assert_eq!((capabilities.batch_atomicity, capabilities.snapshot_reads), (BatchAtomicity::PerKey, Support::No));
        let keys: BTreeSet<_> = (0..20).map(|number| number.to_string()).collect();
        for root in [together, spread] {
            let namespace = Namespace::try_from(root).unwrap();
            let inside = cache.namespace(&namespace).unwrap();
            inside.set_many(keys.iter().map(|key| (key.as_str(), "v"))).await.unwrap();
            let mut slots = BTreeSet::new();
            for key in &keys {
                let wire_key = format!("{root}{separator}{key}");
                let slot = cluster().slot_of(&wire_key).unwrap();
                assert_eq!(cache.slot_of(&namespace, Key::new(key).unwrap()).number(), slot, "{wire_key}");
                let owner = cluster().primary_of_slot(slot).unwrap();
                assert_eq!(owner.command(&["GET", &wire_key]).unwrap(), Reply::Bulk(b"v".to_vec()), "{wire_key}");
                slots.insert(slot);
            }
            assert_eq!(slots.len() == 1, root == together, "{root}");
            let asked: Vec<_> = keys.iter().collect();
            assert_eq!(inside.get_many(&asked).await.unwrap().into_iter().flatten().count(), keys.len());
            assert_eq!(list(&inside, || ()).await, keys);
        }
        assert_eq!(cache.namespace(together).unwrap().clear().await.unwrap(), 20);
        let other = cache.namespace(spread).unwrap();
        assert_eq!((other.exists("7").await.unwrap(), other.clear().await.unwrap()), (true, 20));
    }
}
