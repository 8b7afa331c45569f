//! Many openers of one new name.

use std::collections::BTreeSet;
use std::sync::Arc;

use store_redis::{KeyValueStore, StoreSelector};
use store_testkit::RedisServer;

use crate::process::{Process, TASKS, connect, named, runtime};

const PROCESSES: usize = 8;

/// Every round is a new name, opened while the servers stand still: no opener is answered before all have asked.
pub(crate) fn one_id(url: &str, servers: &[&RedisServer], rounds: usize) {
    let mut openers: Vec<_> = (0..PROCESSES).map(|_| Process::start(url)).collect();
    let (runtime, mut distinct) = (runtime(), BTreeSet::new());
    let client = runtime.block_on(connect(url));
    for round in 0..rounds {
        let name = format!("round-{round}");
        servers.iter().for_each(|server| server.stop().unwrap());
        openers.iter().for_each(|opener| opener.race(&name));
        for opener in &mut openers {
            assert_eq!(opener.hears(), "sent");
        }
        servers.iter().for_each(|server| server.cont().unwrap());
        let answers: Vec<_> = openers.iter_mut().map(Process::hears).collect();
        let ids: Vec<_> = answers.iter().flat_map(|line| line.split(' ')).collect();
        assert_eq!(ids.len(), PROCESSES * TASKS);
        assert!(ids.iter().all(|id| id == &ids[0]), "{name}: {ids:?}");
        let by_id = StoreSelector::Id(ids[0].to_owned());
        let opened = runtime.block_on(KeyValueStore::open(Arc::clone(&client), by_id)).unwrap();
        assert_eq!(opened.opened().label, named(&name));
        distinct.insert(ids[0].to_owned());
    }
    assert_eq!(distinct.len(), rounds);
    openers.into_iter().for_each(Process::end);
}
