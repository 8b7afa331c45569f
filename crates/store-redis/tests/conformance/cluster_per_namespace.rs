//! What every driver promises, on a Cluster, a namespace in a slot, in RESP2 unless told otherwise.

mod harness;
mod outage;

use store_redis::{Protocol, SlotPolicy};

use harness::{On, RedisHarness};

store_conformance::main!("redis-cluster-per-namespace", || RedisHarness::start(
    On::Cluster(SlotPolicy::PerNamespace),
    Protocol::Resp2
));
