//! What every driver promises, on the system's clock: the suite has to wait, and a sweeper runs meanwhile.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness};
use store_core::{Cache, Store};
use store_memory::MemoryCache;

struct SystemClockHarness {
    cache: MemoryCache,
}

impl SystemClockHarness {
    fn new() -> Self {
        Self { cache: MemoryCache::builder().sweep_interval(Duration::from_millis(5)).build() }
    }
}

impl Harness for SystemClockHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.cache.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(self.cache.clone()))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Wall { uncertainty: Duration::ZERO }
    }
}

store_conformance::main!("memory-system-clock", || async { Ok(SystemClockHarness::new()) });
