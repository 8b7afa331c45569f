//! What a driver brings to the suite.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::outage::Interruptible;
use store_core::{
    AccessTimes, Address, Cache, KeyValueStoreClient, ManualClock, Namespace, OpenedStore, Store, async_trait,
};

/// Why a harness could not be made or could not do what it was asked for.
pub type HarnessError = Box<dyn Error + Send + Sync>;

/// Makes a harness; once for each check, and again to clean up after one that closed what it had.
pub(crate) type Start = dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Harness>, HarnessError>> + Send + Sync;

/// Everything that the suite has to know about a driver.
///
/// A harness is made anew for each check, so what a check does to its stores (closing them, moving their clock) is seen
/// by no other. A server may well be shared: each check works in namespaces of its own and clears them afterwards.
#[async_trait]
pub trait Harness: Send + Sync + 'static {
    /// The store under test: handles on one store, however often it is asked for.
    fn store(&self) -> Arc<dyn Store>;

    /// A second handle on the data of [`store`](Self::store): another connection where there are connections.
    fn second_store(&self) -> Arc<dyn Store> {
        self.store()
    }

    /// The cache under test, where the driver has one. It may, but need not, share its data with
    /// [`store`](Self::store).
    fn cache(&self) -> Option<Arc<dyn Cache>> {
        None
    }

    /// A second handle on the data of [`cache`](Self::cache).
    fn second_cache(&self) -> Option<Arc<dyn Cache>> {
        self.cache()
    }

    /// The client for collections of records, where the driver has one. Its times are those of [`clock`](Self::clock).
    ///
    /// Collections that a check makes have labels which nobody else uses, and are dropped afterwards. Only the one without
    /// a name is the same for all who share the client's data, and one check, `open_is_atomic`, empties and drops it.
    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        None
    }

    /// A second client on the data of [`records`](Self::records).
    fn second_records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        self.records()
    }

    /// How exactly the clients for records keep access times. Exactly by default, and then the suite sees most.
    ///
    /// Coarsely is how exactly they are kept at least: a read may move a time that it need not move yet.
    fn access_times(&self) -> AccessTimes {
        AccessTimes::Exact
    }

    /// The [template](store_core::UrlTemplate) by which the clients for records make public addresses, where they were
    /// given one.
    fn url_template(&self) -> Option<String> {
        None
    }

    /// The clock that the stores judge expiry by.
    fn clock(&self) -> ClockControl;

    /// The server behind the driver with its version, for the report.
    fn server(&self) -> Option<String> {
        None
    }

    /// The protocol spoken with the server, for the report.
    fn protocol(&self) -> Option<String> {
        None
    }

    /// How entries are spread over a cluster, for the report.
    fn slot_policy(&self) -> Option<String> {
        None
    }

    /// How many replicas the backend certainly has. Where there are any and the driver declares replication, writes that
    /// ask for one of them have to succeed.
    fn replicas(&self) -> u32 {
        0
    }

    /// Whether the driver takes namespaces with this segment. All of them, unless it is told to refuse what the layout of
    /// its backend cannot keep apart.
    ///
    /// Checks that choose among namespaces choose among those that are taken. `namespaces_are_injective` asks for others
    /// as well, and is a [deviation](Self::deviations) of a driver that refuses any.
    fn takes_segment(&self, _segment: &str) -> bool {
        true
    }

    /// Clauses that the driver is known to break, each with the reason. Such a check has to fail: when it passes, the
    /// run fails until the deviation is struck off.
    ///
    /// What breaks a clause is mostly also seen by the model, which judges whole programs. Then its check,
    /// `programs_agree_with_the_model` or, of records, `record_programs_agree_with_the_model`, is a deviation too, at
    /// the price that it shows nothing else.
    fn deviations(&self) -> Vec<Deviation> {
        Vec::new()
    }

    /// Further handles on the data of [`store`](Self::store), over a way to the backend that the suite may interrupt
    /// while `store` keeps its own; where there is such a way.
    ///
    /// # Errors
    /// When there is one and it could not be made.
    async fn interruptible(&self) -> Result<Option<Interruptible>, HarnessError> {
        Ok(None)
    }

    /// Lets go of all that the harness has opened and opens it anew, as the next run of a program would:
    /// [`store`](Self::store) and its like give handles on that from then on, on the same data. Where it is offered, what
    /// is written has to be there afterwards, with its lifetime.
    ///
    /// Whoever calls it has no handle left. Where the clock is the suite's, nobody has; with a clock that runs by itself,
    /// other cases are under way, whose handles have to go on to work, so what cannot be opened twice is not offered there.
    ///
    /// # Errors
    /// When it could not be opened again.
    async fn reopen(&self) -> Result<Reopened, HarnessError> {
        Ok(Reopened::NotOffered)
    }

    /// Puts something that is not an entry, such as a list, where an entry at `at` would be.
    ///
    /// # Errors
    /// When the backend could hold it but did not take it.
    async fn plant_foreign(&self, _at: Address<'_>) -> Result<Planted, HarnessError> {
        Ok(Planted::Impossible)
    }

    /// Puts an entry into `namespace` whose key is no text.
    ///
    /// # Errors
    /// When the backend could hold it but did not take it.
    async fn plant_key_that_is_no_text(&self, _namespace: &Namespace) -> Result<Planted, HarnessError> {
        Ok(Planted::Impossible)
    }

    /// Puts something in the place of what the backend keeps about a collection, as another program might, so that no
    /// operation finds metadata there.
    ///
    /// # Errors
    /// When the backend could hold it but did not take it.
    async fn damage_collection(&self, _store: &OpenedStore) -> Result<Planted, HarnessError> {
        Ok(Planted::Impossible)
    }

    /// Puts back what [`damage_collection`](Self::damage_collection) took away, as it was.
    ///
    /// # Errors
    /// When it cannot be put back.
    async fn mend_collection(&self, _store: &OpenedStore) -> Result<(), HarnessError> {
        Ok(())
    }
}

/// How time passes for a driver.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClockControl {
    /// It stands still until the suite moves it. The suite never sleeps.
    Manual(ManualClock),
    /// It runs by itself, in milliseconds.
    Wall {
        /// By how much the driver's clock may run apart from the suite's within a minute. Zero on one machine.
        uncertainty: Duration,
    },
}

/// Whether the data was opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reopened {
    /// The harness has new handles on the old data.
    Done,
    /// Nothing is left of the data when the last handle is gone, or the harness has no way to open it again.
    NotOffered,
}

/// Whether a backend holds what the suite asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Planted {
    /// It is there.
    Done,
    /// Nothing but this driver's entries can be in its backend.
    Impossible,
}

/// A clause that a driver is known to break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    pub(crate) clause: &'static str,
    pub(crate) reason: String,
}

impl Deviation {
    /// The driver breaks `clause` because of `reason`.
    #[must_use]
    pub fn new(clause: &'static str, reason: impl Into<String>) -> Self {
        Self { clause, reason: reason.into() }
    }
}
