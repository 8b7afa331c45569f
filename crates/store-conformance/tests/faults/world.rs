//! A cache and a collection of records, each behind the wrapper, and one call of every operation on them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use store_conformance::faults::{Faults, FaultyStore, Operation};
use store_core::prelude::*;
use store_core::{
    AccessTimes, Address, BatchItem, CounterOptions, DeleteOptions, ExpireOptions, GetOptions, Key, Lifetime,
    ListOptions, LockOptions, LockOwner, ManualClock, OpenOptions, OpenedStore, RecordPageOptions, Result, SetOptions,
    StoreSelector, UrlTemplate, WriteExpiry, WriteOptions,
};
use store_memory::{MemoryCache, MemoryKeyValueStoreClient};

/// The key of all that is there.
pub(crate) const KEY: &str = "k";

/// What calls are made on, what they change, and what makes them fail.
pub(crate) struct World {
    pub(crate) faults: Faults,
    pub(crate) cache: FaultyStore<MemoryCache>,
    pub(crate) client: FaultyStore<MemoryKeyValueStoreClient>,
    clock: ManualClock,
    namespace: Namespace,
    opened: OpenedStore,
    owner: LockOwner,
}

impl World {
    /// An entry, a lock, a collection and a record in it, all there before there are faults.
    pub(crate) async fn new() -> Result<Arc<Self>> {
        let (clock, faults) = (ManualClock::new(), Faults::new());
        let cache = MemoryCache::builder().clock(clock.clone()).build();
        let client = MemoryKeyValueStoreClient::builder().clock(clock.clone()).access_times(AccessTimes::Exact);
        let client = client.url_template(UrlTemplate::new("https://files.example/{id}/{key}")?).build();
        let (namespace, owner) = (Namespace::try_from("n")?, LockOwner::random());
        let opened = client.open_store(OpenOptions::default()).await?;
        client.set_record(&opened, Key::new(KEY)?, text()?, Bytes::from_static(b"1")).await?;
        cache.namespace(&namespace)?.set(KEY, "1").never_expires().await?;
        let at = Address { namespace: &namespace, key: Key::new(KEY)? };
        cache.acquire_lock(at, owner, LockOptions::new(Ttl::MAX)).await?;
        let (cache, client) = (FaultyStore::new(cache, faults.clone()), FaultyStore::new(client, faults.clone()));
        Ok(Arc::new(Self { faults, cache, client, clock, namespace, opened, owner }))
    }

    fn at<'a>(&'a self, key: &'a str) -> Address<'a> {
        Address { namespace: &self.namespace, key: Key::new(key).unwrap() }
    }

    /// All that a call could have changed, as it is seen past the wrapper. A later look is at another time, so that times
    /// which a call moved show.
    pub(crate) async fn state(&self) -> String {
        let (cache, client) = (self.cache.inner(), self.client.inner());
        // The metadata first: what looks at records moves the times in it.
        let metadata = client.store_metadata(&self.opened).await;
        let records = client.list_records(&self.opened, RecordPageOptions::default()).await.map(|page| page.items);
        let entry = cache.get_entry(self.at(KEY), GetOptions::default().with_expiry()).await;
        let value = entry.as_ref().map(|entry| entry.as_ref().map(|entry| entry.value.clone())).ok();
        let keys = cache.list_page(&self.namespace, ListOptions::default()).await.map(|page| page.keys);
        let remaining = cache.entry_remaining(self.at(KEY)).await;
        let held = cache.lock_is_held(self.at(KEY), self.owner).await;
        let other = cache.lock_is_held(self.at("free"), self.owner).await;
        self.clock.advance(Duration::from_secs(1));
        format!("{metadata:?} {records:?} {value:?} {keys:?} {remaining:?} {held:?} {other:?}")
    }
}

fn text() -> Result<ContentType> {
    ContentType::new("text/plain; charset=utf-8")
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// A call that succeeds where nothing makes it fail.
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) changes: Changes,
    pub(crate) make: for<'a> fn(&'a World) -> Answer<'a>,
}

/// Whether something is another after the call. To read records moves a collection's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changes {
    Something,
    Nothing,
}

/// `operation, what it changes, the call`.
macro_rules! call {
    ($operation:ident, $changes:ident, |$world:ident| $call:expr) => {
        Call {
            operation: Operation::$operation,
            changes: Changes::$changes,
            make: |$world| Box::pin(async move { $call.await.map(drop) }),
        }
    };
}

const LATER: WriteExpiry = WriteExpiry::Replace(Lifetime::In(Ttl::MAX));

fn written() -> SetOptions {
    SetOptions::new(LATER)
}

fn lasting_no_more() -> ExpireOptions {
    Lifetime::In(Ttl::MAX).into()
}

fn item<'a>(world: &'a World, key: &'a str) -> BatchItem<'a> {
    BatchItem::new(world.at(key).key, Bytes::from_static(b"2"), LATER)
}

/// Every operation of the three contracts; `clear`, `ping` and `close` have two methods each.
pub(crate) const CALLS: &[Call] = &[
    call!(Get, Nothing, |w| w.cache.get_entry(w.at(KEY), GetOptions::default())),
    call!(Set, Something, |w| w.cache.set_entry(w.at(KEY), Bytes::from_static(b"2"), written())),
    call!(Delete, Something, |w| w.cache.delete_entry(w.at(KEY), DeleteOptions::default())),
    call!(Expire, Something, |w| w.cache.expire_entry(w.at(KEY), lasting_no_more())),
    call!(Take, Something, |w| w.cache.take_entry(w.at(KEY), WriteOptions::default())),
    call!(Exists, Nothing, |w| w.cache.entry_exists(w.at(KEY))),
    call!(Ttl, Nothing, |w| w.cache.entry_remaining(w.at(KEY))),
    call!(List, Nothing, |w| w.cache.list_page(&w.namespace, ListOptions::default())),
    call!(Clear, Something, |w| w.cache.clear_namespace(&w.namespace, WriteOptions::default())),
    call!(Clear, Something, |w| w.cache.clear_subtree(&w.namespace, WriteOptions::default())),
    call!(AcquireLock, Something, |w| w.cache.acquire_lock(w.at("free"), w.owner, LockOptions::new(Ttl::MAX))),
    call!(ExtendLock, Something, |w| async {
        // What is extended by next to nothing is soon held no more.
        let extended = w.cache.extend_lock(w.at(KEY), w.owner, Ttl::MIN).await;
        w.clock.advance(Duration::from_secs(1));
        extended
    }),
    call!(ReleaseLock, Something, |w| w.cache.release_lock(w.at(KEY), w.owner)),
    call!(LockIsHeld, Nothing, |w| w.cache.lock_is_held(w.at(KEY), w.owner)),
    call!(GetMany, Nothing, |w| async { w.cache.get_entries(&w.namespace, &[w.at("other").key, w.at(KEY).key]).await }),
    call!(SetMany, Something, |w| {
        w.cache.set_entries(&w.namespace, vec![item(w, "other"), item(w, KEY)], WriteOptions::default())
    }),
    call!(DeleteMany, Something, |w| async {
        w.cache.delete_entries(&w.namespace, &[w.at("other").key, w.at(KEY).key], WriteOptions::default()).await
    }),
    call!(ExpireMany, Something, |w| async {
        w.cache.expire_entries(&w.namespace, &[w.at("other").key, w.at(KEY).key], lasting_no_more()).await
    }),
    call!(Increment, Something, |w| w.cache.add_to_counter(w.at(KEY), 1, CounterOptions::new(Lifetime::Never))),
    call!(Ping, Nothing, |w| w.cache.ping()),
    call!(Close, Something, |w| w.cache.close()),
    call!(OpenStore, Something, |w| w.client.open_store(StoreSelector::Id(w.opened.id.clone()).into())),
    call!(StoreMetadata, Nothing, |w| w.client.store_metadata(&w.opened)),
    call!(GetRecord, Something, |w| w.client.get_record(&w.opened, w.at(KEY).key)),
    call!(SetRecord, Something, |w| async {
        w.client.set_record(&w.opened, w.at(KEY).key, text()?, Bytes::from_static(b"2")).await
    }),
    call!(DeleteRecord, Something, |w| w.client.delete_record(&w.opened, w.at(KEY).key)),
    call!(HasRecord, Something, |w| w.client.has_record(&w.opened, w.at(KEY).key)),
    call!(ListRecordKeys, Something, |w| w.client.list_record_keys(&w.opened, RecordPageOptions::default())),
    call!(ListRecords, Something, |w| w.client.list_records(&w.opened, RecordPageOptions::default())),
    call!(PurgeStore, Something, |w| w.client.purge_store(&w.opened)),
    call!(DropStore, Something, |w| w.client.drop_store(&w.opened)),
    call!(RecordUrl, Nothing, |w| w.client.record_url(&w.opened, w.at(KEY).key)),
    call!(Ping, Nothing, |w| w.client.ping()),
    call!(Close, Something, |w| w.client.close()),
];
