//! What every driver promises, with keys as Litestar spells them, where none is taken that could be another one.

mod harness;
mod outage;

use store_redis::{Layout, Protocol};

use harness::{On, RedisHarness};

store_conformance::main!("redis-standalone-litestar", || RedisHarness::start(
    On::StandaloneWith(Layout::litestar().strict()),
    Protocol::Resp2
));
