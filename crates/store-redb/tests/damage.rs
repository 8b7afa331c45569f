//! A file in which a byte has changed: every call ends, with an answer or an error, and none panics.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use store_redb::{
    ContentType, ErrorKind, KeyValueStore, KeyValueStoreClient, RedbCache, RedbKeyValueStoreClient, RedbStore, Result,
    StoreName, prelude::*,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAMAGES: usize = 50;

async fn fill(path: &Path) -> Result<()> {
    let store = RedbStore::open(path).await?;
    let cache = RedbCache::from_store(&store);
    cache.set_many((0..300).map(|number: u32| (number.to_string(), "value".repeat(20)))).ttl(HOUR).await?;
    let pages = pages(&store).await?;
    for number in 0..20 {
        pages.set_record(&number.to_string(), ContentType::TEXT, "text".into()).await?;
    }
    store.try_lock("lock", HOUR).await?;
    store.close().await
}

async fn pages(store: &RedbStore) -> Result<KeyValueStore> {
    let client: Arc<dyn KeyValueStoreClient> = Arc::new(RedbKeyValueStoreClient::from_store(store));
    KeyValueStore::open(client, StoreName::new("pages")?).await
}

/// Calls of every sort, each of which ends; the first error.
async fn use_it(path: &Path) -> Result<()> {
    let store = RedbStore::open(path).await?;
    let calls = [
        store.list().all().await.map(drop),
        store.get("1").await.map(drop),
        store.set("2", "other").await,
        store.get("3").renew(HOUR).await.map(drop),
        store.delete("4").await.map(drop),
        store.try_lock("lock", HOUR).await.map(drop),
        async { pages(&store).await?.iterate_entries().all().await.map(drop) }.await,
        async { pages(&store).await?.purge().await }.await,
        store.delete_whole_database().await,
        store.compact().await.map(drop),
        store.close().await,
    ];
    calls.into_iter().collect()
}

#[tokio::test]
async fn no_byte_that_changed_makes_a_call_panic_or_hang() {
    let directory = tempfile::tempdir().unwrap();
    let (path, damaged) = (directory.path().join("data.redb"), directory.path().join("damaged.redb"));
    fill(&path).await.unwrap();
    let whole = fs::read(&path).unwrap();
    // What redb panics over is no news here.
    std::panic::set_hook(Box::new(|_| {}));
    let used: Vec<_> = (0..whole.len()).filter(|&place| whole[place] != 0).collect();
    let (mut refused, mut found) = (0, 0);
    for damage in 0..DAMAGES {
        let place = used[damage * used.len() / DAMAGES];
        let mut bytes = whole.clone();
        bytes[place] ^= 0xff;
        fs::write(&damaged, &bytes).unwrap();
        match store_redb::check(&damaged) {
            Ok(contents) => assert_eq!((contents.entries, contents.records, contents.locks), (300, 20, 1), "{place}"),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Config), "{place}: {error}");
                found += 1;
            }
        }
        fs::write(&damaged, &bytes).unwrap();
        if let Err(error) = use_it(&damaged).await {
            let known = [ErrorKind::Corrupt, ErrorKind::Config, ErrorKind::Unavailable, ErrorKind::Other];
            assert!(known.contains(&error.kind()), "{place}: {error}");
            refused += 1;
        }
    }
    drop(std::panic::take_hook());
    assert!(refused > 0 && found > 0, "{refused} and {found} of {DAMAGES} were noticed");
}
