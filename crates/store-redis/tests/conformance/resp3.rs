//! What every driver promises, on a real server that speaks RESP3.

mod harness;

use store_redis::Protocol;

use harness::RedisHarness;

store_conformance::main!("redis-standalone-resp3", || RedisHarness::start(Protocol::Resp3));
