//! What every driver promises, on a real server that speaks RESP2 unless told otherwise.

mod harness;
mod outage;

use store_redis::Protocol;

use harness::{On, RedisHarness};

store_conformance::main!("redis-standalone", || RedisHarness::start(On::Standalone, Protocol::Resp2));
