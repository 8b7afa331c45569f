//! Values and keys of every size.

use std::sync::Arc;

use store_redis::{
    AccessTimes, Bytes, Config, ContentType, ErrorKind, Key, KeyBuf, KeyValueStoreClient, RecordPageOptions,
    RedisKeyValueStoreClient,
};

use crate::support::{connect, content, failure, keys, named, open, own_server};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn values_of_every_size_come_back_as_they_were_and_longer_ones_are_refused() {
    let server = own_server();
    let config: Config = server.url().parse().unwrap();
    let client = RedisKeyValueStoreClient::connect_with(config.with_max_value_bytes(10 * MIB)).await.unwrap();
    let client: Arc<dyn KeyValueStoreClient> = Arc::new(client);
    let store = open(&client, named("a")).await;
    for size in [0, 1, 10 * MIB] {
        let value: Bytes = (0..=255).cycle().take(size).collect();
        store.set_record("k", ContentType::OCTET_STREAM, value.clone()).await.unwrap();
        let record = store.get_record("k").await.unwrap().unwrap();
        assert!(record.value == value && record.content_type == ContentType::OCTET_STREAM);
        let page = store.list_keys(RecordPageOptions::default()).await.unwrap();
        assert_eq!(page.items, [record.metadata()]);
        assert_eq!(store.list_records(RecordPageOptions::default()).await.unwrap().items, [record]);
    }
    let before = content(&server);
    let too_long = Bytes::from(vec![7; 10 * MIB + 1]);
    assert_eq!(failure(store.set_record("k", ContentType::TEXT, too_long).await).kind(), ErrorKind::TooLarge);
    assert_eq!(content(&server), before);
}

#[tokio::test]
async fn keys_of_every_size_and_script_come_back_as_they_were_in_byte_order() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    let longest = "x".repeat(Key::MAX_BYTES);
    let longest_but_one = "x".repeat(Key::MAX_BYTES - 1);
    let mut all = ["k", "\0", "(", "[", "-", "+", "{}", "%", " ", "é", "日本", "\u{1f600}", &longest, &longest_but_one];
    for key in all {
        store.set_record(key, ContentType::NOTHING, Bytes::new()).await.unwrap();
        assert!(store.record_exists(key).await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(keys(&store).await, all);
    let mut walked = Vec::new();
    let mut options = RecordPageOptions::default().with_limit(1);
    loop {
        let page = store.list_records(options.clone()).await.unwrap();
        walked.extend(page.items.into_iter().map(|record| record.key.to_string()));
        let Some(next) = page.next_start_key else { break };
        options = options.with_exclusive_start_key(next);
    }
    assert_eq!(walked, all);

    let before = content(&server);
    for illegal in ["", &(longest.clone() + "x")] {
        assert_eq!(failure(store.get_record(illegal).await).kind(), ErrorKind::InvalidKey);
        let set = store.set_record(illegal, ContentType::TEXT, Bytes::new()).await;
        assert_eq!(failure(set).kind(), ErrorKind::InvalidKey);
    }
    assert_eq!(content(&server), before);
    for key in all {
        assert!(store.delete_value(key).await.unwrap());
    }
    assert_eq!(keys(&store).await, [""; 0]);
}

#[tokio::test]
async fn a_page_of_records_ends_with_the_one_that_fills_it() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    let half = usize::try_from(RecordPageOptions::MAX_BYTES).unwrap() / 2;
    for (size, on_first) in [(half, 2), (half + 1, 2), (half - 1, 3), (2 * half, 1)] {
        for key in ["a", "b", "c", "d"] {
            store.set_record(key, ContentType::OCTET_STREAM, vec![7; size].into()).await.unwrap();
        }
        let page = store.list_records(RecordPageOptions::default()).await.unwrap();
        assert_eq!(page.items.len(), on_first, "{size}");
        assert_eq!(page.next_start_key, page.items.last().map(|record| record.key.clone()));
        let behind = RecordPageOptions::default().with_exclusive_start_key(KeyBuf::new("c").unwrap());
        let last = store.list_records(behind).await.unwrap();
        assert_eq!((last.items.len(), last.next_start_key), (1, None));
    }
}

#[tokio::test]
async fn pages_of_the_largest_size_are_read_in_one_step() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    let key = |number: usize| format!("{number:04}");
    for number in 0..RecordPageOptions::MAX_KEYS + 1 {
        store.set_record(&key(number), ContentType::TEXT, Bytes::new()).await.unwrap();
    }
    let page = store.list_keys(RecordPageOptions::default().with_limit(usize::MAX)).await.unwrap();
    assert_eq!(page.items.len(), RecordPageOptions::MAX_KEYS);
    assert_eq!(page.next_start_key.as_deref(), Some("0999"));
    let page = store.list_records(RecordPageOptions::default().with_limit(usize::MAX)).await.unwrap();
    assert_eq!(page.items.len(), RecordPageOptions::MAX_RECORDS);
    assert_eq!(page.next_start_key.as_deref(), Some("0099"));
}
