//! What every driver promises, on a Cluster, a key in a slot, in RESP3 unless told otherwise.

mod harness;
mod outage;

use store_redis::{Protocol, SlotPolicy};

use harness::{On, RedisHarness};

store_conformance::main!("redis-cluster-per-key", || RedisHarness::start(
    On::Cluster(SlotPolicy::PerKey),
    Protocol::Resp3
));
