//! What handles share, and what each has of its own.

use std::time::Duration;

use store_memory::prelude::*;
use store_memory::{Lifetime, ManualClock, MemoryCache, MemoryStore};

#[tokio::test]
async fn a_cache_made_from_a_store_has_its_entries_and_a_default_of_its_own() {
    let store = MemoryStore::builder().clock(ManualClock::new()).build();
    let cache = MemoryCache::from_store(&store);
    let forever = cache.clone().with_default_lifetime(Lifetime::Never);
    for (key, remaining) in [("store", Remaining::Never), ("cache", Remaining::In(Duration::from_secs(300)))] {
        match key {
            "store" => store.set(key, "v").await.unwrap(),
            _ => cache.set(key, "v").await.unwrap(),
        }
        assert_eq!(store.ttl(key).await.unwrap(), Some(remaining));
        assert_eq!(cache.ttl(key).await.unwrap(), Some(remaining));
    }
    forever.set("cache", "v").await.unwrap();
    assert_eq!(cache.ttl("cache").await.unwrap(), Some(Remaining::Never));

    cache.close().await.unwrap();
    assert_eq!(store.get("store").await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn the_whole_database_is_deleted_with_every_namespace() {
    let store = MemoryStore::new();
    store.set("k", "v").await.unwrap();
    store.namespace(["a", "b"]).unwrap().set("k", "v").await.unwrap();
    store.delete_whole_database().await.unwrap();
    assert_eq!(store.bytes_used(), 0);
    assert_eq!(store.clear().await.unwrap_err().kind(), ErrorKind::ClearRefused);
}

#[tokio::test]
async fn debug_shows_how_much_there_is_and_never_what() {
    let store = MemoryStore::new();
    store.set("secret-key", "secret-value").await.unwrap();
    let shown = format!("{store:?}");
    assert!(shown.contains("entries: 1") && !shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn a_value_that_was_read_outlives_its_entry() {
    let store = MemoryStore::new();
    store.set("k", vec![7; 1000]).await.unwrap();
    let value = store.get("k").await.unwrap().unwrap();
    store.set("k", "other").await.unwrap();
    store.close().await.unwrap();
    assert_eq!(value, vec![7; 1000]);
}
