//! What every driver promises, on a real server that speaks RESP2.

mod harness;

use store_redis::Protocol;

use harness::RedisHarness;

store_conformance::main!("redis-standalone", || RedisHarness::start(Protocol::Resp2));
