//! What every driver promises, on a real server that speaks RESP3 unless told otherwise.

mod harness;
mod outage;

use store_redis::Protocol;

use harness::{On, RedisHarness};

store_conformance::main!("redis-standalone-resp3", || RedisHarness::start(On::Standalone, Protocol::Resp3));
