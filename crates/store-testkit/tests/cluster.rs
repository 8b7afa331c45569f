//! What a Cluster promises to the tests that start it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use store_testkit::{ClusterDeployment, ClusterNode, ClusterOptions, Error, Reply, Role, ServerOptions, SlotMigration};

fn start(options: ClusterOptions) -> ClusterDeployment {
    ClusterDeployment::start(options).expect("a Cluster starts on this machine")
}

fn without_replicas() -> ClusterDeployment {
    start(ClusterOptions::new().replicas_per_primary(0))
}

fn owner<'a>(cluster: &'a ClusterDeployment, key: &str) -> &'a ClusterNode {
    cluster.primary_of_slot(cluster.slot_of(key).unwrap()).unwrap()
}

/// Begins to move the slot of `key` to a primary that does not have it.
fn begin<'a>(cluster: &'a ClusterDeployment, key: &str) -> SlotMigration<'a> {
    let from = owner(cluster, key);
    let to = *cluster.primaries().iter().find(|node| node.id() != from.id()).unwrap();
    cluster.begin_migration(cluster.slot_of(key).unwrap(), to).unwrap()
}

fn refusal(answer: Result<Reply, Error>) -> String {
    match answer {
        Err(Error::Refused { message, .. }) => message,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn three_primaries_share_the_slots_and_each_has_a_replica() {
    let cluster = start(ClusterOptions::new());
    assert_eq!(cluster.nodes().len(), 6);
    assert_eq!(cluster.nodes().iter().map(ClusterNode::id).collect::<BTreeSet<_>>().len(), 6);
    let primaries = cluster.primaries();
    assert_eq!(primaries.len(), 3);
    for primary in primaries {
        let replica = cluster.replica_of(primary).unwrap();
        assert!(matches!(replica.role().unwrap(), Role::Replica { .. }));
    }
    owner(&cluster, "a").command(&["SET", "a", "b"]).unwrap();
}

#[test]
fn a_cluster_without_replicas_has_three_nodes_and_credentials_in_its_url() {
    let options = ClusterOptions::new().replicas_per_primary(0).nodes(ServerOptions::new().user("app", "a:b@c"));
    let cluster = start(options);
    let hosts: Vec<_> = cluster.nodes().iter().map(|node| format!("127.0.0.1:{}", node.port().unwrap())).collect();
    assert_eq!(cluster.url(), format!("redis+cluster://app:a%3Ab%40c@{}", hosts.join(",")));
    cluster.rotate_password("app", "changed").unwrap();
    for node in cluster.nodes() {
        node.connect().unwrap().command(&["AUTH", "app", "changed"]).unwrap();
    }
}

#[test]
fn a_killed_primary_is_replaced_and_follows_when_it_is_restarted() {
    let cluster = start(ClusterOptions::new());
    let former = cluster.primary_of_slot(0).unwrap();
    former.kill().unwrap();
    cluster.await_failover(former).unwrap();
    assert_ne!(cluster.primary_of_slot(0).unwrap().id(), former.id());
    former.restart().unwrap();
    cluster.await_failover(former).unwrap();
    assert_eq!(cluster.replica_of(cluster.primary_of_slot(0).unwrap()).unwrap().id(), former.id());
}

#[test]
fn a_stopped_primary_is_replaced_while_it_stands_still() {
    let cluster = start(ClusterOptions::new());
    let former = cluster.primary_of_slot(0).unwrap();
    former.stop().unwrap();
    cluster.await_failover(former).unwrap();
    former.cont().unwrap();
    cluster.await_failover(former).unwrap();
}

#[test]
fn a_planned_failover_swaps_a_primary_with_its_replica() {
    let cluster = start(ClusterOptions::new());
    let former = owner(&cluster, "a");
    former.command(&["SET", "a", "b"]).unwrap();
    cluster.fail_over(former).unwrap();
    cluster.await_failover(former).unwrap();
    assert_eq!(owner(&cluster, "a").command(&["GET", "a"]).unwrap().as_text(), Some("b"));
    assert!(matches!(former.role().unwrap(), Role::Replica { .. }));
}

#[test]
fn a_half_migrated_slot_asks_elsewhere_for_moved_keys_and_refuses_both_halves_at_once() {
    let cluster = without_replicas();
    let from = owner(&cluster, "{tag}");
    from.command(&["MSET", "{tag}stays", "1", "{tag}goes", "2"]).unwrap();
    let migration = begin(&cluster, "{tag}");
    migration.move_key("{tag}goes").unwrap();
    assert_eq!(from.command(&["GET", "{tag}stays"]).unwrap().as_text(), Some("1"));
    let ask = format!("ASK {} 127.0.0.1:{}", migration.slot(), migration.to().port().unwrap());
    assert_eq!(refusal(from.command(&["GET", "{tag}goes"])), ask);
    assert!(refusal(from.command(&["MGET", "{tag}stays", "{tag}goes"])).starts_with("TRYAGAIN"));
    assert_eq!(migration.move_keys(10).unwrap(), 1);
    assert_eq!(migration.move_keys(10).unwrap(), 0);
}

#[test]
fn a_finished_migration_leaves_slot_and_keys_with_the_new_owner() {
    let cluster = without_replicas();
    owner(&cluster, "a").command(&["SET", "a", "b"]).unwrap();
    let migration = begin(&cluster, "a");
    let to = migration.to();
    migration.finish().unwrap();
    cluster.await_settled().unwrap();
    assert_eq!(owner(&cluster, "a").id(), to.id());
    assert_eq!(to.command(&["GET", "a"]).unwrap().as_text(), Some("b"));
}

#[test]
fn an_undone_migration_leaves_slot_and_keys_with_the_former_owner() {
    let cluster = without_replicas();
    owner(&cluster, "{tag}").command(&["MSET", "{tag}1", "1", "{tag}2", "2"]).unwrap();
    let migration = begin(&cluster, "{tag}");
    let from = migration.from();
    migration.move_keys(1).unwrap();
    migration.undo().unwrap();
    cluster.await_settled().unwrap();
    assert_eq!(owner(&cluster, "{tag}").id(), from.id());
    assert_eq!(from.command(&["EXISTS", "{tag}1", "{tag}2"]).unwrap().as_integer(), Some(2));
}

#[test]
fn slots_are_moved_under_load_without_losing_an_increment() {
    let cluster = without_replicas();
    let primaries = cluster.primaries();
    let (from, to) = (primaries[0], primaries[1]);
    let keys = keys_in(&cluster, 40);
    let moved = AtomicBool::new(false);
    let counted = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut rounds = 0;
            while !moved.load(Ordering::Relaxed) || rounds == 0 {
                keys.iter().for_each(|key| increment(&cluster, key));
                rounds += 1;
            }
            rounds
        });
        cluster.reshard(from, to, 40).unwrap();
        moved.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    cluster.await_settled().unwrap();
    for key in keys {
        assert_eq!(owner(&cluster, &key).id(), to.id());
        assert_eq!(to.command(&["GET", &key]).unwrap().as_text(), Some(counted.to_string().as_str()));
    }
}

/// Some keys of the first `slots` slots.
fn keys_in(cluster: &ClusterDeployment, slots: u16) -> Vec<String> {
    let keys = (0..).map(|number| format!("key-{number}"));
    keys.filter(|key| cluster.slot_of(key).unwrap() < slots).take(4).collect()
}

/// One increment, wherever the key is.
fn increment(cluster: &ClusterDeployment, key: &str) {
    loop {
        let answer = owner(cluster, key).command(&["INCR", key]);
        if answer.is_ok() {
            return;
        }
        let message = refusal(answer);
        if let Some((_, port)) = message.strip_prefix("ASK ").and_then(|place| place.rsplit_once(':')) {
            let node = cluster.nodes().iter().find(|node| node.port() == port.parse().ok()).unwrap();
            let mut connection = node.connect().unwrap();
            connection.command(&["ASKING"]).unwrap();
            if connection.command(&["INCR", key]).is_ok() {
                return;
            }
        }
    }
}
