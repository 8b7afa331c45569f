//! What a check works with: the stores of its own harness, the clock, and namespaces that nobody else uses.

mod clean_up;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store_core::{
    AccessTimes, Address, Cache, Capabilities, Key, KeyValueStoreClient, Namespace, Namespaced, OpenedStore, Store,
    StoreExt,
};

use crate::collections::{Clients, Collections, Labels};
use crate::failure::Failure;
use crate::harness::{Harness, Planted, Reopened};
use crate::noting::Noting;
use crate::options::{Options, random};
use crate::outage::Interruptible;
use crate::progress::Progress;
use crate::strategy::{LOOK_ALIKES, Path};
use crate::time::Time;

pub(crate) type StoreHandle = Namespaced<Arc<dyn Store>>;
pub(crate) type CacheHandle = Namespaced<Arc<dyn Cache>>;

/// One handle on the data under test: of a cache, where the driver has one, else of a store.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) store: StoreHandle,
    pub(crate) cache: Option<CacheHandle>,
}

impl Handle {
    fn of_cache(cache: Arc<dyn Cache>, namespace: &Namespace) -> Result<Self, Failure> {
        let store: Arc<dyn Store> = cache.clone();
        Ok(Self { store: store.namespace(namespace)?, cache: Some(cache.namespace(namespace)?) })
    }

    /// The cache, of a handle that has one.
    pub(crate) fn cache(&self) -> Result<&CacheHandle, Failure> {
        self.cache.as_ref().ok_or_else(|| no_longer("a cache"))
    }

    /// The same handle on a namespace nested in its own.
    pub(crate) fn at(&self, path: &[&str]) -> Result<Self, Failure> {
        let cache = self.cache.as_ref().map(|cache| cache.namespace(path)).transpose()?;
        Ok(Self { store: self.store.namespace(path)?, cache })
    }
}

#[track_caller]
fn no_longer(what: &str) -> Failure {
    Failure::new(format!("the harness has {what} in one call and none in another"))
}

fn clients_of(harness: &dyn Harness) -> Option<Clients> {
    Some([harness.records()?, harness.second_records()?])
}

/// How many inputs checks generate.
#[derive(Clone, Copy, Debug)]
struct Effort {
    inputs: u32,
    programs: u32,
}

impl Effort {
    fn of(options: &Options, time: &Time) -> Self {
        let (inputs, programs) = if time.is_manual() { (64, 2000) } else { (32, 200) };
        match options.cases {
            // A budget alone is there to be used up.
            None if options.time_budget.is_some() => Self { inputs, programs: u32::MAX },
            None => Self { inputs, programs },
            Some(cases) => Self { inputs: inputs.max(cases / 10), programs: cases },
        }
    }
}

/// Everything that one run of one check works with.
pub(crate) struct Context {
    harness: Arc<dyn Harness>,
    pub(crate) time: Time,
    pub(crate) options: Options,
    pub(crate) name: String,
    pub(crate) seed: u64,
    effort: Effort,
    root: Namespace,
    next_scope: AtomicU64,
    cases: AtomicU64,
    labels: Labels,
    beside: Mutex<Vec<Namespace>>,
    progress: Progress,
}

impl Context {
    pub(crate) async fn new(
        harness: Arc<dyn Harness>,
        options: Options,
        name: String,
        seed: u64,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let run = random();
        // Letters, digits and dots alone, because no driver refuses them.
        let plain = name.replace("::", ".").replace('_', "-");
        let root = Namespace::try_from(&format!("conformance.{run:016x}.{plain}"))?;
        let time = Time::of(harness.clock(), &harness.store().namespace(&root)?).await;
        let effort = Effort::of(&options, &time);
        let (next_scope, cases) = (AtomicU64::new(0), AtomicU64::new(0));
        let labels = Labels::beginning_with(format!("conformance-{run:016x}"));
        Ok(Self {
            harness,
            time,
            options,
            name,
            seed,
            effort,
            root,
            next_scope,
            cases,
            labels,
            beside: Mutex::default(),
            progress: progress.clone(),
        })
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        self.harness.store().capabilities().clone()
    }

    pub(crate) fn has_cache(&self) -> bool {
        self.harness.cache().is_some()
    }

    pub(crate) fn has_records(&self) -> bool {
        self.harness.records().is_some()
    }

    /// How exactly the clients for records keep access times.
    pub(crate) fn access_times(&self) -> AccessTimes {
        self.harness.access_times()
    }

    /// What the client for records declares.
    pub(crate) fn record_capabilities(&self) -> Result<Capabilities, Failure> {
        let [client, _] = self.record_clients().ok_or_else(|| no_longer("records"))?;
        Ok(client.capabilities().clone())
    }

    /// What a check needs records for it has to declare, so there are clients where it asks for them.
    fn record_clients(&self) -> Option<Clients> {
        clients_of(&*self.harness)
    }

    /// Handles whose way to the backend may be interrupted.
    pub(crate) async fn interruptible(&self) -> Result<Option<Interruptible>, Failure> {
        Ok(self.harness.interruptible().await?)
    }

    /// How many replicas there certainly are.
    pub(crate) fn replicas(&self) -> u32 {
        self.harness.replicas()
    }

    /// Namespaces that look alike, of those that the driver takes.
    pub(crate) fn look_alikes(&self) -> Vec<Path> {
        let is_taken = |path: &Path| path.iter().all(|segment| self.harness.takes_segment(segment));
        LOOK_ALIKES.iter().copied().filter(is_taken).collect()
    }

    /// How many inputs a check generates.
    pub(crate) fn inputs(&self) -> u32 {
        self.effort.inputs
    }

    /// How many programs the model family generates.
    pub(crate) fn programs(&self) -> u32 {
        self.effort.programs
    }

    /// How often a race is run. Where time is by hand the store is in this process, and what it does wrongly between two
    /// steps takes it nanoseconds; elsewhere it takes a round trip, and is hit in a fraction of the races.
    pub(crate) fn races(&self) -> u32 {
        if self.time.is_manual() { self.effort.inputs * 2 } else { self.effort.inputs }
    }

    /// How often a race for many keys at once is run, which are many races.
    pub(crate) fn races_for_many(&self) -> u32 {
        if self.time.is_manual() { self.effort.inputs } else { self.effort.inputs / 4 }
    }

    pub(crate) fn count_case(&self) {
        self.cases.fetch_add(1, Ordering::Relaxed);
    }

    /// How many cases were run; a check that generates nothing is one case.
    pub(crate) fn cases(&self) -> u64 {
        self.cases.load(Ordering::Relaxed).max(1)
    }

    /// A namespace that nothing was written to yet.
    pub(crate) fn scope(&self) -> Result<Scope<'_>, Failure> {
        self.scope_from(self.seed)
    }

    /// As [`scope`](Self::scope), for a case that makes its choices from this seed.
    pub(crate) fn scope_from(&self, seed: u64) -> Result<Scope<'_>, Failure> {
        let number = self.next_scope.fetch_add(1, Ordering::Relaxed);
        // Of one length, so that none begins with another.
        let namespace = self.root.join(&Namespace::try_from(&format!("{number:08}"))?)?;
        Ok(Scope { context: self, seed, number, namespace, progress: self.progress.of_part() })
    }

    /// A store without a namespace. Only for what has to be refused there.
    pub(crate) fn whole_store(&self) -> Arc<dyn Store> {
        self.harness.store()
    }

    /// The store in a namespace outside of those of the check, which is cleared with them. Nobody else may use it.
    pub(crate) fn beside(&self, path: &[&str]) -> Result<StoreHandle, Failure> {
        let namespace = Namespace::new(path)?;
        let store = self.harness.store().namespace(&namespace)?;
        self.beside.lock().unwrap_or_else(PoisonError::into_inner).push(namespace);
        Ok(store)
    }
}

/// A namespace of one case, seen through every handle of the driver.
pub(crate) struct Scope<'a> {
    context: &'a Context,
    /// What the choices of the case are made from, where it makes any itself.
    pub(crate) seed: u64,
    number: u64,
    pub(crate) namespace: Namespace,
    /// Whether it gets somewhere. Every call through a handle of the case is noted here.
    pub(crate) progress: Progress,
}

impl Scope<'_> {
    /// How long it may do nothing.
    pub(crate) fn idle_limit(&self) -> Duration {
        self.context.options.effective_idle_limit()
    }

    pub(crate) fn time(&self) -> &Time {
        &self.context.time
    }

    pub(crate) fn store(&self) -> Result<StoreHandle, Failure> {
        Ok(self.noting(self.context.harness.store()).namespace(&self.namespace)?)
    }

    /// A second handle on the data of [`store`](Self::store).
    pub(crate) fn second_store(&self) -> Result<StoreHandle, Failure> {
        Ok(self.noting(self.context.harness.second_store()).namespace(&self.namespace)?)
    }

    /// A namespace beside this one whose name begins with the same letters, in the same stores.
    pub(crate) fn neighbour(&self) -> Result<Self, Failure> {
        let mut segments: Vec<String> = self.namespace.segments().map(Into::into).collect();
        if let Some(last) = segments.last_mut() {
            last.push_str(".neighbour");
        }
        let namespace = Namespace::new(segments)?;
        let Self { context, seed, number, .. } = *self;
        Ok(Self { context, seed, number, namespace, progress: self.progress.clone() })
    }

    /// The cache. A check that calls this needs a cache, so there is one.
    pub(crate) fn cache(&self) -> Result<CacheHandle, Failure> {
        self.cache_of(self.context.harness.cache())
    }

    /// A second handle on the data of [`cache`](Self::cache).
    pub(crate) fn second_cache(&self) -> Result<CacheHandle, Failure> {
        self.cache_of(self.context.harness.second_cache())
    }

    /// How exactly the clients for records keep access times.
    pub(crate) fn access_times(&self) -> AccessTimes {
        self.context.access_times()
    }

    /// The template for public addresses of records, where there is one.
    pub(crate) fn url_template(&self) -> Option<String> {
        self.context.harness.url_template()
    }

    /// Puts something else in the place of the metadata of a collection.
    pub(crate) async fn damage_collection(&self, opened: &OpenedStore) -> Result<Planted, Failure> {
        Ok(self.context.harness.damage_collection(opened).await?)
    }

    /// Puts the metadata back as it was.
    pub(crate) async fn mend_collection(&self, opened: &OpenedStore) -> Result<(), Failure> {
        Ok(self.context.harness.mend_collection(opened).await?)
    }

    /// The collections of this case. A check that calls this needs records, so there are clients.
    pub(crate) fn collections(&self) -> Result<Collections<'_>, Failure> {
        let clients = self.context.record_clients().ok_or_else(|| no_longer("records"))?;
        let noting = |client| -> Arc<dyn KeyValueStoreClient> { Arc::new(Noting::new(client, &self.progress)) };
        let clients = clients.map(noting);
        Ok(self.context.labels.of_case(self.number, clients))
    }

    fn cache_of(&self, cache: Option<Arc<dyn Cache>>) -> Result<CacheHandle, Failure> {
        let cache = cache.ok_or_else(|| no_longer("a cache"))?;
        Ok(self.noting_cache(cache).namespace(&self.namespace)?)
    }

    /// The same store, whose calls are progress of this case.
    pub(crate) fn noting(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Noting::new(store, &self.progress))
    }

    /// The same cache, whose calls are progress of this case.
    pub(crate) fn noting_cache(&self, cache: Arc<dyn Cache>) -> Arc<dyn Cache> {
        Arc::new(Noting::new(cache, &self.progress))
    }

    /// Two handles on the same data.
    pub(crate) fn handles(&self) -> Result<[Handle; 2], Failure> {
        let harness = &self.context.harness;
        Ok(match (harness.cache(), harness.second_cache()) {
            (Some(first), Some(second)) => {
                let [first, second] = [first, second].map(|cache| self.noting_cache(cache));
                [Handle::of_cache(first, &self.namespace)?, Handle::of_cache(second, &self.namespace)?]
            }
            _ => self.stores()?,
        })
    }

    /// What programs of the model are carried out on, of both handles the first.
    pub(crate) fn store_of_programs(&self) -> Result<StoreHandle, Failure> {
        self.handles().map(|[first, _]| first.store)
    }

    /// Two handles on the data of the store, also where there is a cache.
    pub(crate) fn stores(&self) -> Result<[Handle; 2], Failure> {
        Ok([self.store()?, self.second_store()?].map(|store| Handle { store, cache: None }))
    }

    /// Opens the data anew. Whoever asks for it has let go of every handle.
    pub(crate) async fn reopen(&self) -> Result<Reopened, Failure> {
        Ok(self.context.harness.reopen().await?)
    }

    /// Puts something that is not an entry under `key`.
    pub(crate) async fn plant_foreign(&self, key: &str) -> Result<Planted, Failure> {
        Ok(self.context.harness.plant_foreign(Address { namespace: &self.namespace, key: Key::new(key)? }).await?)
    }

    /// Puts an entry whose key is no text into `namespace`, relative to this scope.
    pub(crate) async fn plant_key_that_is_no_text(&self, namespace: &Namespace) -> Result<Planted, Failure> {
        let namespace = self.namespace.join(namespace)?;
        Ok(self.context.harness.plant_key_that_is_no_text(&namespace).await?)
    }
}

#[cfg(test)]
mod tests {
    use store_core::ManualClock;

    use super::*;

    #[test]
    fn a_budget_of_time_alone_is_used_up_and_beside_a_number_of_cases_it_is_a_limit() {
        let time = Time::by_hand(ManualClock::new());
        let effort = |options: Options| {
            let Effort { inputs, programs } = Effort::of(&options, &time);
            (inputs, programs)
        };
        let budget = || Options::new().time_budget(Duration::from_secs(1));
        assert_eq!(effort(Options::new()), (64, 2000));
        assert_eq!(effort(budget()), (64, u32::MAX));
        assert_eq!(effort(budget().cases(3000)), (300, 3000));
    }
}
