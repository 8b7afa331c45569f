//! The public suite against this driver: a check for each clause of the contract, the undeclared ones included.
//!     cargo test -p write-a-driver --test conformance -- --help

use std::sync::Arc;

use store_conformance::{ClockControl, Harness};
use store_core::{Cache, ManualClock, Store};
use write_a_driver::TreeCache;

/// An empty cache with its clock in the suite's hand, so that a day of expiry takes no time. Made anew for each check.
struct TreeHarness {
    cache: TreeCache,
    clock: ManualClock,
}

impl TreeHarness {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self { cache: TreeCache::new(clock.clone()), clock }
    }
}

impl Harness for TreeHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.cache.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(self.cache.clone()))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }
}

store_conformance::main!("tree", || async { Ok(TreeHarness::new()) });
