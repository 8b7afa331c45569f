//! What writers have said, held against what is in the file.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use store_redb::{
    Flush, KeyValueStore, RedbCache, RedbKeyValueStoreClient, RedbStore, StoreName, StoreSelector, prelude::*,
};

use crate::writer::{BATCH, COUNTERS, value_of};

/// What all writers of a file have said since it was last looked at, and what it has to hold from before.
pub(crate) struct Acknowledged {
    flush: Flush,
    is_begun: bool,
    entries: BTreeSet<u64>,
    gone: BTreeSet<u64>,
    batch: Option<u64>,
    counts: BTreeSet<u64>,
    counted: u64,
    collection: Option<String>,
    record: Option<u64>,
    purged: Option<u64>,
    token: u64,
    lines: u64,
}

impl Acknowledged {
    pub(crate) fn new(flush: Flush) -> Self {
        Self {
            flush,
            is_begun: false,
            entries: BTreeSet::new(),
            gone: BTreeSet::new(),
            batch: None,
            counts: BTreeSet::new(),
            counted: 0,
            collection: None,
            record: None,
            purged: None,
            token: 0,
            lines: 0,
        }
    }

    pub(crate) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// How many acknowledgements there were in all.
    pub(crate) fn count(&self) -> u64 {
        self.lines
    }

    pub(crate) fn note(&mut self, line: &str) {
        let (what, text) = line.trim_end_matches('.').split_once(' ').unwrap_or(("begun", ""));
        let number = || text.parse::<u64>().unwrap();
        self.lines += 1;
        match what {
            "begun" => self.is_begun = true,
            "entry" => drop(self.entries.insert(number())),
            "gone" => drop(self.gone.insert(number())),
            "batch" => self.batch = Some(number()),
            "count" => drop(self.counts.insert(number())),
            "collection" => self.has_id(text),
            "record" => self.record = Some(number()),
            "purged" => self.purged = Some(number()),
            "token" => {
                assert!(number() > self.token, "a fencing token that did not grow: {} after {}", number(), self.token);
                self.token = number();
            }
            _ => panic!("an unknown line: {line}"),
        }
    }

    /// Of one name there is one collection, whoever died while opening it.
    fn has_id(&mut self, id: &str) {
        match (&self.collection, self.flush) {
            (Some(known), Flush::BeforeAnswer) => assert_eq!(known, id, "another collection has the name"),
            _ => self.collection = Some(id.to_owned()),
        }
    }

    /// Compares with a file that was just opened, and closes it.
    pub(crate) async fn look(&mut self, store: &RedbStore, round: u64) {
        let cache = RedbCache::from_store(store);
        self.look_at_entries(&cache, round * 1_000_000).await;
        self.look_at_batches(&cache, round * 1_000_000).await;
        self.look_at_counter(&cache).await;
        self.look_at_records(store).await;
        self.look_at_locks(store).await;
        store.close().await.unwrap();
    }

    async fn look_at_entries(&mut self, cache: &RedbCache, first: u64) {
        let entries = cache.namespace(["entries", "a"]).unwrap();
        let listed = entries.list().all().await.unwrap();
        let present: BTreeSet<u64> = listed.iter().map(|listed| listed.key.parse().unwrap()).collect();
        for number in &present {
            let value = entries.get(&number.to_string()).await.unwrap();
            assert_eq!(value.as_deref(), Some(value_of(*number).as_bytes()), "entry {number}");
        }
        // One call is made after another, so at most one was under way.
        let possible = self.entries.last().map_or(first, |last| (last + 1).max(first));
        assert!(present.last().is_none_or(|last| *last <= possible), "an entry that was never written");
        let missing: Vec<_> = self.entries.difference(&present).filter(|&number| !self.gone.contains(number)).collect();
        let revived: Vec<_> = self.gone.intersection(&present).collect();
        match self.flush {
            Flush::BeforeAnswer => {
                let under_way = self.entries.last().filter(|last| *last % 3 == 0);
                assert!(missing.iter().all(|number| Some(*number) == under_way), "lost entries: {missing:?}");
                assert!(revived.is_empty(), "deleted entries are back: {revived:?}");
            }
            _ => {
                let latest = present.last().copied().unwrap_or_default();
                let gap = missing.iter().find(|number| ***number < latest && **number % 3 != 0);
                assert!(gap.is_none(), "{gap:?} is lost, and {latest}, which is later, is not");
            }
        }
        (self.entries, self.gone) = (present, BTreeSet::new());
    }

    async fn look_at_batches(&mut self, cache: &RedbCache, first: u64) {
        let batches = cache.namespace("batches").unwrap();
        let keys: Vec<_> = (0..BATCH).map(|index| index.to_string()).collect();
        let values = batches.get_many(&keys).await.unwrap();
        assert!(values.iter().all(|value| *value == values[0]), "a batch is half there");
        if let (Flush::BeforeAnswer, Some(last)) = (self.flush, self.batch) {
            // The next one may have been under way, which is the first of a round where that has acknowledged none.
            let possible = [last, last + 1, first].map(value_of);
            let value = values[0].as_deref().expect("a batch was acknowledged and is lost");
            assert!(possible.iter().any(|possible| possible.as_bytes() == value), "an old batch is back");
        }
    }

    async fn look_at_counter(&mut self, cache: &RedbCache) {
        let counter = cache.get("counter").await.unwrap();
        let counter = counter.map_or(0, |text| std::str::from_utf8(&text).unwrap().parse().unwrap());
        let counts = std::mem::take(&mut self.counts);
        if self.flush == Flush::BeforeAnswer {
            let (least, most) = (self.counted + counts.len() as u64, self.counted + counts.len() as u64 + COUNTERS);
            assert!((least..=most).contains(&counter), "{counter} is not within {least} and {most}");
            assert!(counts.last().is_none_or(|last| *last <= counter));
        }
        self.counted = counter;
    }

    async fn look_at_records(&self, store: &RedbStore) {
        let client = Arc::new(RedbKeyValueStoreClient::from_store(store));
        let Some(id) = self.collection.clone() else { return };
        let records = match self.flush {
            Flush::BeforeAnswer => KeyValueStore::open(client, StoreSelector::Id(id)).await.unwrap(),
            _ => KeyValueStore::open(client, StoreName::new("records").unwrap()).await.unwrap(),
        };
        let mut present = BTreeSet::new();
        let mut keys = records.iterate_keys().stream();
        while let Some(record) = keys.next().await {
            let record = record.unwrap();
            let number: u64 = record.key.parse().unwrap();
            let whole = records.get_record(&record.key).await.unwrap().unwrap();
            assert_eq!(whole.value, value_of(number), "record {number}");
            present.insert(number);
        }
        if self.flush == Flush::BeforeAnswer {
            assert!(present.first().is_none_or(|first| Some(*first) > self.purged), "a purged record is back");
            // The next thing that was done may have been a purge.
            let last = self.record.filter(|last| *last % 40 != 39);
            assert!(last.is_none_or(|last| present.contains(&last)), "record {last:?} is lost");
        }
    }

    /// A lock of a writer that was killed stays its own, until it expires.
    async fn look_at_locks(&mut self, store: &RedbStore) {
        let wait = Duration::from_secs(60);
        let guard = store.lock("lock", Duration::from_secs(1)).wait(wait).await.unwrap().unwrap();
        let token = guard.fencing_token().get();
        if self.flush == Flush::BeforeAnswer {
            assert!(token > self.token, "a fencing token that did not grow");
        }
        guard.release().await.unwrap();
        self.token = token;
    }
}
