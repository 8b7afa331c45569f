//! What every driver promises, behind Sentinel, in RESP2 unless told otherwise.

mod harness;
mod outage;

use store_redis::Protocol;

use harness::{On, RedisHarness};

store_conformance::main!("redis-sentinel", || RedisHarness::start(On::Sentinel, Protocol::Resp2));
