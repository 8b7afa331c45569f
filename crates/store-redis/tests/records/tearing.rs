//! A value is never seen with the type of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use store_redis::{AccessTimes, Bytes, ContentType, KeyValueStore, Record, RecordPageOptions};

use crate::support::{connect, named, open, own_server};

const READERS: usize = 8;
const TIME: Duration = Duration::from_secs(10);

/// Two records that have nothing in common: neither bytes, nor size, nor type.
fn both() -> [(ContentType, Bytes); 2] {
    [(ContentType::TEXT, Bytes::from(vec![b't'; 100])), (ContentType::OCTET_STREAM, Bytes::from(vec![0xff; 20_000]))]
}

fn is_whole(record: &Record) -> bool {
    both().into_iter().any(|(content_type, value)| record.content_type == content_type && record.value == value)
}

/// Reads in every way that shows values or sizes, until it is told to stop; how often.
async fn read(store: KeyValueStore, over: Arc<AtomicBool>) -> u64 {
    let mut reads = 0;
    while !over.load(Ordering::Relaxed) {
        let record = store.get_record("k").await.unwrap().unwrap();
        assert!(is_whole(&record), "{record:?}");
        let page = store.list_records(RecordPageOptions::default()).await.unwrap();
        assert!(page.items.iter().all(is_whole), "{page:?}");
        let page = store.list_keys(RecordPageOptions::default()).await.unwrap();
        let sizes = both().map(|(content_type, value)| (content_type, value.len() as u64));
        assert!(page.items.iter().all(|item| sizes.contains(&(item.content_type.clone(), item.size))), "{page:?}");
        reads += 3;
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_the_bytes_of_one_value_with_the_type_of_another() {
    let server = own_server();
    let store = open(&connect(&server, AccessTimes::Exact).await, named("a")).await;
    let write = async |(content_type, value): (ContentType, Bytes)| store.set_record("k", content_type, value).await;
    let [first, _] = both();
    write(first).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let store = open(&connect(&server, AccessTimes::Exact).await, named("a")).await;
        readers.push(tokio::spawn(read(store, Arc::clone(&over))));
    }
    let (begun, mut writes) = (Instant::now(), 0);
    while begun.elapsed() < TIME {
        for record in both() {
            write(record).await.unwrap();
            writes += 1;
        }
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        let reads = reader.await.unwrap();
        println!("{reads} reads by one of {READERS}, beside {writes} writes");
        assert!(reads > 0);
    }
}
