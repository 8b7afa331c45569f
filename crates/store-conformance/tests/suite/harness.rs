//! A harness for a model store, healthy or with one fault.

use std::sync::Arc;

use store_conformance::{ClockControl, Deviation, Harness, HarnessError, Options, Report};
use store_core::{Cache, Capabilities, Listing, ManualClock, Store};

use crate::fault::Fault;
use crate::store::ModelStore;

/// What a harness says about its driver, apart from the store itself.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    pub(crate) capabilities: Option<Capabilities>,
    pub(crate) deviations: Vec<Deviation>,
    /// How the store lists, where not in byte order.
    pub(crate) listing: Option<Listing>,
}

struct ModelHarness {
    clock: ManualClock,
    store: ModelStore,
    setup: Setup,
}

impl Harness for ModelHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        // A store that declares less than all stands for a driver that has no cache at all.
        if self.setup.capabilities.is_some() { None } else { Some(Arc::new(self.store.clone())) }
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Manual(self.clock.clone())
    }

    fn deviations(&self) -> Vec<Deviation> {
        self.setup.deviations.clone()
    }
}

/// Runs the suite on a model store.
pub(crate) fn run(fault: Fault, setup: Setup, options: Options) -> Report {
    let start = move || {
        let setup = setup.clone();
        async move {
            let clock = ManualClock::new();
            let mut store = ModelStore::new(clock.clone(), fault);
            if let Some(capabilities) = &setup.capabilities {
                store = store.declaring(capabilities.clone());
            }
            if let Some(listing) = setup.listing {
                let capabilities = store.capabilities().clone().with_listing(listing);
                store = store.declaring(capabilities);
            }
            Ok::<_, HarnessError>(ModelHarness { clock, store, setup })
        }
    };
    store_conformance::run("model", start, options)
}
