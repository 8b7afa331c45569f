//! The process that is killed: writes as fast as it can, and says what was acknowledged.

use std::time::Duration;

use store_redb::{
    ContentType, Expiry, Flush, KeyValueStore, LockOwner, RedbCache, RedbKeyValueStoreClient, RedbStore, SetItem,
    StoreName, prelude::*,
};

use crate::{FILE, FLUSH_WITHIN, ROUND};

/// How many keys a batch writes, each with the number of the batch.
pub(crate) const BATCH: usize = 5;
/// How many callers count at once: so many increments may be under way when the process is killed.
pub(crate) const COUNTERS: u64 = 3;
/// What each entry has, so that some are on several pages.
pub(crate) fn value_of(number: u64) -> String {
    number.to_string().repeat(1 + number as usize % 700)
}

pub(crate) async fn run() {
    let flush = match std::env::var(FLUSH_WITHIN) {
        Ok(millis) => Flush::Within(Duration::from_millis(millis.parse().unwrap())),
        Err(_) => Flush::BeforeAnswer,
    };
    let store = RedbStore::builder().flush(flush).open(std::env::var_os(FILE).unwrap()).await.unwrap();
    println!("begun.");
    let first = std::env::var(ROUND).unwrap().parse::<u64>().unwrap() * 1_000_000;
    let cache = RedbCache::from_store(&store);
    let mut tasks = vec![
        tokio::spawn(entries(cache.clone(), first)),
        tokio::spawn(batches(cache.clone(), first)),
        tokio::spawn(records(store.clone(), first)),
        tokio::spawn(locks(store)),
    ];
    tasks.extend((0..COUNTERS).map(|_| tokio::spawn(counts(cache.clone()))));
    for task in tasks {
        task.await.unwrap();
    }
}

/// Writes numbered entries, some of which expire, and deletes each third.
async fn entries(cache: RedbCache, first: u64) {
    let entries = cache.namespace(["entries", "a"]).unwrap();
    for number in first.. {
        let key = number.to_string();
        let set = entries.set(&key, value_of(number));
        match number % 2 {
            0 => set.never_expires().await.unwrap(),
            _ => set.ttl(Duration::from_secs(3600)).await.unwrap(),
        }
        println!("entry {number}.");
        if number % 3 == 0 {
            assert!(entries.delete(&key).await.unwrap());
            println!("gone {number}.");
        }
    }
}

/// Writes the same keys again and again, all of them at once.
async fn batches(cache: RedbCache, first: u64) {
    let batches = cache.namespace("batches").unwrap();
    for number in first.. {
        let items = (0..BATCH).map(|index| SetItem::new(index.to_string(), value_of(number)));
        batches.set_many(items).ttl(Duration::from_secs(3600)).await.unwrap();
        println!("batch {number}.");
    }
}

async fn counts(cache: RedbCache) {
    loop {
        let sum = cache.increment("counter", 1).expiry_on_create(Expiry::Never).await.unwrap();
        println!("count {sum}.");
    }
}

/// Writes numbered records, and now and then purges the collection.
async fn records(store: RedbStore, first: u64) {
    let client = std::sync::Arc::new(RedbKeyValueStoreClient::from_store(&store));
    let records = KeyValueStore::open(client, StoreName::new("records").unwrap()).await.unwrap();
    println!("collection {}.", records.id());
    for number in first.. {
        records.set_record(&number.to_string(), ContentType::TEXT, value_of(number).into()).await.unwrap();
        println!("record {number}.");
        if number % 40 == 39 {
            records.purge().await.unwrap();
            println!("purged {number}.");
        }
    }
}

/// Acquires one lock again and again.
async fn locks(store: RedbStore) {
    loop {
        let lock = store.try_lock("lock", Duration::from_millis(1)).with_owner(LockOwner::random()).await.unwrap();
        if let Some(guard) = lock {
            println!("token {}.", guard.fencing_token());
            guard.release().await.unwrap();
        }
    }
}
