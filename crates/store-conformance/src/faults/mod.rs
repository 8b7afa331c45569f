//! Faults on purpose: a wrapper around any store, cache or client for records that fails as it is told.
//!
//! For the tests of code that calls a store: what does it do when a write fails, when its answer is lost, when nothing
//! comes back? [`FaultyStore`] wraps what the code is given, the test keeps [`Faults`] and adds [`Rule`]s to it, each of
//! which says what goes wrong, in which operations, with which keys and how often. Nothing is left to chance: the same
//! calls in the same order meet the same faults.
//!
//! An application that stores an order again when that may help, and its test:
//!
//! ```
//! use std::sync::Arc;
//!
//! use store_conformance::faults::{Faults, FaultyStore, Operation, Rule};
//! use store_core::prelude::*;
//! use store_core::{Outcome, Retry, SetOutcome};
//! use store_memory::MemoryStore;
//!
//! /// Whether the order stands under this id, and not another one.
//! async fn place(orders: &Arc<dyn Store>, id: &str, order: &'static str) -> store_core::Result<bool> {
//!     loop {
//!         match orders.set(id, order).if_absent().await {
//!             Ok(SetOutcome::Stored) => return Ok(true),
//!             // It certainly did not happen, and may do so soon.
//!             Err(error) if error.outcome() == Outcome::NotApplied && error.retry() != Retry::Never => {}
//!             Err(error) if error.outcome() == Outcome::NotApplied => return Err(error),
//!             // Someone was first, perhaps we: after a lost answer only the store can tell.
//!             Ok(SetOutcome::Refused) | Err(_) => {
//!                 return Ok(orders.get(id).await?.as_deref() == Some(order.as_bytes()));
//!             }
//!         }
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let faults = Faults::new();
//! let orders: Arc<dyn Store> = Arc::new(FaultyStore::new(MemoryStore::new(), faults.clone()));
//!
//! // Two attempts get nowhere, and the answer to the third is lost.
//! faults.add(Rule::fail_before().on([Operation::Set]).first(2));
//! faults.add(Rule::fail_after().on([Operation::Set]).nth(3));
//! assert!(place(&orders, "o-1", "two pears").await?);
//! assert_eq!(faults.injected(), 3);
//! # Ok::<_, store_core::Error>(()) }).unwrap();
//! ```
//!
//! The crate brings what the suite itself needs, so it belongs under `[dev-dependencies]`, there as here.

mod faulty_cache;
mod faulty_client;
mod faulty_store;
mod operation;
mod rule;

pub use faulty_store::FaultyStore;
pub use operation::Operation;
pub use rule::Rule;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store_core::{ErrorKind, Key};

use rule::{Effect, Placed};

/// The rules by which [`FaultyStore`]s fail. Clones share them, so a test keeps one to add rules and to end them.
///
/// Every rule that a call fits counts the call, whether or not another rule has its turn as well. Where several have, their
/// delays add up, and of the rest the one that was added first decides.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    seed: u64,
    /// How many there were, those that are no more included.
    added: u64,
    rules: Vec<Placed>,
    injected: u64,
}

impl Faults {
    /// No faults, until rules are added. As [`seeded`](Self::seeded) with 0.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// As [`new`](Self::new), with a seed for [`Rule::with_probability`]: which of the calls that fit a rule are hit
    /// depends on it, on how many rules were added before, and on nothing else.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { shared: Arc::new(Mutex::new(Shared { seed, added: 0, rules: Vec::new(), injected: 0 })) }
    }

    /// Adds a rule, for the calls that begin from now on.
    pub fn add(&self, rule: Rule) {
        let mut shared = self.lock();
        let placed = Placed::new(rule, shared.seed, shared.added);
        shared.rules.push(placed);
        shared.added += 1;
    }

    /// Ends all rules, for the calls that begin from now on. A call that hangs already hangs on.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// How many calls have been delayed, failed or left hanging so far.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.lock().injected
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to become of a call.
    fn fate(&self, operation: Operation, keys: &[Key<'_>]) -> Fate {
        let mut shared = self.lock();
        let mut fate = Fate::default();
        let mut hit = false;
        for rule in &mut shared.rules {
            let Some(effect) = rule.turn(operation, keys) else { continue };
            hit = true;
            match (effect, fate.end) {
                (Effect::Delay(delay), _) => fate.delay = fate.delay.saturating_add(delay),
                (Effect::FailBefore(kind), None) => fate.end = Some(End::FailBefore(kind)),
                (Effect::FailAfter(kind), None) => fate.end = Some(End::FailAfter(kind)),
                (Effect::Hang, None) => fate.end = Some(End::Hang),
                (_, Some(_)) => {}
            }
        }
        shared.injected += u64::from(hit);
        fate
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.lock();
        f.debug_struct("Faults")
            .field("seed", &shared.seed)
            .field("rules", &shared.rules)
            .field("injected", &shared.injected)
            .finish()
    }
}

/// What becomes of one call: it waits, and then ends as its operation does, unless `end` says otherwise.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    delay: Duration,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    FailBefore(ErrorKind),
    FailAfter(ErrorKind),
    Hang,
}
