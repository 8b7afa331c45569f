//! What every driver promises, with keys as cachelib and cachetory spell them, as far as they can be told apart.

mod harness;
mod outage;

use store_redis::{Layout, Protocol};

use harness::{On, RedisHarness};

store_conformance::main!("redis-standalone-flat", || RedisHarness::start(
    On::StandaloneWith(Layout::cachelib()),
    Protocol::Resp3
));
