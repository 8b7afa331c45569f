//! What the suite does not ask of a client for records: what it keeps alive, when times move by each setting, and what
//! it shows of itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use store_memory::{
    AccessTimes, Bytes, Clock, ContentType, ErrorKind, KeyValueStore, KeyValueStoreClient, ManualClock,
    MemoryKeyValueStoreClient, OpenOptions, RecordPageOptions, StoreAlias, StoreLabel, StoreName, StoreSelector,
    UrlTemplate,
};

async fn open(client: &MemoryKeyValueStoreClient, options: impl Into<OpenOptions>) -> KeyValueStore {
    KeyValueStore::open(Arc::new(client.clone()), options).await.expect("the client is open")
}

async fn set(store: &KeyValueStore, key: &str, value: impl Into<Bytes>) {
    store.set_record(key, ContentType::OCTET_STREAM, value.into()).await.expect("the collection is there");
}

fn named(name: &str) -> StoreName {
    StoreName::new(name).expect("a name")
}

#[tokio::test]
async fn clones_open_the_same_collections() {
    let client = MemoryKeyValueStoreClient::new();
    let by_name = open(&client, named("a")).await;
    let again = open(&client.clone(), named("a")).await;
    let by_id = open(&client, StoreSelector::Id(by_name.id().to_owned())).await;
    set(&by_name, "k", "v").await;
    for store in [&again, &by_id] {
        assert_eq!(store.opened(), by_name.opened());
        assert!(store.record_exists("k").await.unwrap());
    }
    let alias = open(&client, StoreAlias::new("a").unwrap()).await;
    let default = open(&client, StoreLabel::Default).await;
    let ids: BTreeSet<_> = [&by_name, &alias, &default].map(KeyValueStore::id).into();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn of_many_threads_that_open_a_new_name_all_get_one_collection() {
    let client = MemoryKeyValueStoreClient::new();
    let open_in_a_thread = |client: MemoryKeyValueStoreClient| {
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let names = (0..100).map(|number| named(&number.to_string()));
                let mut ids = Vec::new();
                for name in names {
                    ids.push(client.open_store(name.into()).await.unwrap().id);
                }
                ids
            })
        })
    };
    let threads: Vec<_> = (0..8).map(|_| open_in_a_thread(client.clone())).collect();
    let opened: BTreeSet<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(opened.len(), 1);
}

struct Buffer {
    bytes: [u8; 1024],
    is_freed: Arc<AtomicBool>,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.is_freed.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_slice_of_a_buffer_does_not_keep_the_buffer() {
    let store = open(&MemoryKeyValueStoreClient::new(), StoreLabel::Default).await;
    let is_freed = Arc::new(AtomicBool::new(false));
    let buffer = Bytes::from_owner(Buffer { bytes: [7; 1024], is_freed: Arc::clone(&is_freed) });
    set(&store, "k", buffer.slice(..1)).await;
    drop(buffer);
    assert!(is_freed.load(Ordering::SeqCst));
    assert_eq!(store.get_record("k").await.unwrap().unwrap().value, &[7][..]);
}

#[tokio::test]
async fn a_value_that_was_read_outlives_record_collection_and_client() {
    let client = MemoryKeyValueStoreClient::new();
    let store = open(&client, StoreLabel::Default).await;
    set(&store, "k", vec![7; 1000]).await;
    let first = store.get_record("k").await.unwrap().unwrap().value;
    let second = store.get_record("k").await.unwrap().unwrap().value;
    assert_eq!(first.as_ptr(), second.as_ptr(), "a value was copied for its reader");
    set(&store, "k", "other").await;
    store.purge().await.unwrap();
    store.drop().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(first, vec![7; 1000]);
}

#[tokio::test]
async fn reads_move_the_time_of_access_as_far_as_the_setting_asks_for() {
    for (setting, moved_at) in [
        (AccessTimes::Exact, [true, true, true]),
        (AccessTimes::Coarse, [false, true, false]),
        (AccessTimes::Off, [false, false, false]),
    ] {
        let clock = ManualClock::new();
        let client = MemoryKeyValueStoreClient::builder().clock(clock.clone()).access_times(setting).build();
        let store = open(&client, StoreLabel::Default).await;
        let mut accessed_at = store.metadata().await.unwrap().accessed_at;
        for (millis, moves) in [600, 400, 999].into_iter().zip(moved_at) {
            clock.advance(Duration::from_millis(millis));
            store.get_record("missing").await.unwrap();
            if moves {
                accessed_at = clock.now();
            }
            assert_eq!(store.metadata().await.unwrap().accessed_at, accessed_at, "{setting:?} after {millis} ms");
        }
        set(&store, "k", "v").await;
        let metadata = store.metadata().await.unwrap();
        assert_eq!([metadata.accessed_at, metadata.modified_at], [clock.now(); 2], "{setting:?} by a write");
    }
}

#[tokio::test]
async fn large_collections_are_purged_dropped_and_closed_as_wholes() {
    let client = MemoryKeyValueStoreClient::new();
    for number in 0..3 {
        let store = open(&client, StoreLabel::Default).await;
        for key in 0..1000 {
            set(&store, &key.to_string(), "v").await;
        }
        match number {
            0 => store.purge().await.unwrap(),
            1 => store.drop().await.unwrap(),
            _ => client.close().await.unwrap(),
        }
        let left = store.list_keys(RecordPageOptions::default()).await;
        match number {
            0 => assert_eq!(left.unwrap().items, []),
            1 => assert_eq!(left.unwrap_err().kind(), ErrorKind::Dropped),
            _ => assert_eq!(left.unwrap_err().kind(), ErrorKind::Closed),
        }
    }
}

#[tokio::test]
async fn a_record_has_an_address_only_by_a_template_and_only_while_the_client_is_open() {
    let url_of_k = async |client: &MemoryKeyValueStoreClient| {
        let store = open(client, StoreLabel::Default).await;
        let url = store.public_url("k/1").await;
        client.close().await.unwrap();
        assert_eq!(store.public_url("k/1").await.unwrap_err().kind(), ErrorKind::Closed);
        url.map(|url| url.replace(store.id(), "ID"))
    };
    let plain = MemoryKeyValueStoreClient::new();
    assert_eq!(url_of_k(&plain).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let template = UrlTemplate::new("https://files.example/{id}/{key}").unwrap();
    let client = MemoryKeyValueStoreClient::builder().url_template(template).build();
    assert_eq!(url_of_k(&client).await.unwrap(), "https://files.example/ID/k%2F1");
}

#[tokio::test]
async fn a_value_over_the_limit_is_refused_and_the_record_stays() {
    let client = MemoryKeyValueStoreClient::builder().max_value_bytes(3).build();
    let store = open(&client, StoreLabel::Default).await;
    set(&store, "k", "123").await;
    let refused = store.set_record("k", ContentType::TEXT, Bytes::from_static(b"1234")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    assert_eq!(store.get_record("k").await.unwrap().unwrap().content_type, ContentType::OCTET_STREAM);
}

#[tokio::test]
async fn debug_shows_how_much_there_is_and_never_what() {
    let client = MemoryKeyValueStoreClient::new();
    let store = open(&client, named("secret-name")).await;
    set(&store, "secret-key", "secret-value").await;
    let shown = format!("{client:?}");
    assert!(shown.contains("collections: 1, records: 1") && !shown.contains("secret"), "{shown}");
    client.close().await.unwrap();
    assert!(format!("{client:?}").contains("collections: 0"));
}
