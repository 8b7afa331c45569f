//! How a harness takes a driver's backend away.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use store_core::{Cache, Store, async_trait};

use crate::harness::HarnessError;

/// Handles over a way to the backend that the suite may interrupt.
#[derive(Clone)]
#[non_exhaustive]
pub struct Interruptible {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) cache: Option<Arc<dyn Cache>>,
    pub(crate) way: Arc<dyn Way>,
    pub(crate) limit: Duration,
}

impl Interruptible {
    /// A store on the data of [`Harness::store`](crate::Harness::store), which keeps a way of its own.
    ///
    /// `limit` is how long one of its operations may take at most when nothing answers, on a busy machine too.
    pub fn new(store: Arc<dyn Store>, way: Arc<dyn Way>, limit: Duration) -> Self {
        Self { store, cache: None, way, limit }
    }

    /// As [`new`](Self::new), of a driver that has a cache.
    pub fn of_cache(cache: Arc<dyn Cache>, way: Arc<dyn Way>, limit: Duration) -> Self {
        Self { store: cache.clone(), cache: Some(cache), way, limit }
    }
}

impl fmt::Debug for Interruptible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interruptible").field("store", &self.store).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// The way to a backend.
#[async_trait]
pub trait Way: Send + Sync {
    /// Interrupts it from now on. The suite never has two interruptions at a time.
    ///
    /// # Errors
    /// When it cannot be done now.
    async fn interrupt(&self, outage: Outage) -> Result<(), HarnessError>;

    /// Opens it again: whatever is sent from now on arrives and is answered.
    ///
    /// # Errors
    /// When it cannot be done now.
    async fn restore(&self) -> Result<(), HarnessError>;
}

/// How a backend is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// Connections end, and none can be made, as after a crash. Opened again at once, it is a restart.
    Gone,
    /// Nothing is answered any more, and nothing says why, as behind a network that drops everything.
    Silent,
    /// Requests arrive and are executed, but of the answers some never come; about every third. The connection that one
    /// was to come over ends instead.
    AnswersLost,
    /// Some requests never arrive, about every third, and nothing is executed. The connection that one was to go over ends
    /// instead.
    RequestsLost,
}

impl Outage {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Gone, Self::Silent, Self::AnswersLost, Self::RequestsLost];
}
