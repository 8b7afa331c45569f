//! What every driver promises, on a Cluster, a root in a slot, in RESP3 unless told otherwise.

mod harness;
mod outage;

use store_redis::{Protocol, SlotPolicy};

use harness::{On, RedisHarness};

store_conformance::main!("redis-cluster", || RedisHarness::start(On::Cluster(SlotPolicy::Root), Protocol::Resp3));
