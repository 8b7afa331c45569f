//! A value is never seen with the type of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use store_redis::{AccessTimes, Bytes, ContentType, ErrorKind, KeyValueStore, Record, RecordPageOptions, Result};
use store_testkit::{ClusterDeployment, ClusterOptions, SentinelDeployment, SentinelOptions};
use tokio::task::spawn_blocking;

use crate::support::{connect_to, named, open, own_server};

const READERS: usize = 8;
const HALF: Duration = Duration::from_secs(5);

/// Two records that have nothing in common: neither bytes, nor size, nor type.
fn both() -> [(ContentType, Bytes); 2] {
    [(ContentType::TEXT, Bytes::from(vec![b't'; 100])), (ContentType::OCTET_STREAM, Bytes::from(vec![0xff; 20_000]))]
}

fn is_whole(record: &Record) -> bool {
    both().into_iter().any(|(content_type, value)| record.content_type == content_type && record.value == value)
}

/// What became of calls.
#[derive(Default)]
struct Tally {
    done: u64,
    failed: u64,
}

impl Tally {
    /// What a call gave, unless its server went away meanwhile.
    fn count<T>(&mut self, call: Result<T>) -> Option<T> {
        match call {
            Ok(given) => {
                self.done += 1;
                Some(given)
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                self.failed += 1;
                None
            }
        }
    }
}

/// Reads in every way that shows values or sizes, until it is told to stop.
async fn read(store: KeyValueStore, over: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    while !over.load(Ordering::Relaxed) {
        if let Some(record) = tally.count(store.get_record("k").await) {
            assert!(record.as_ref().is_some_and(is_whole), "{record:?}");
        }
        if let Some(page) = tally.count(store.list_records(RecordPageOptions::default()).await) {
            assert!(page.items.len() == 1 && page.items.iter().all(is_whole), "{page:?}");
        }
        if let Some(page) = tally.count(store.list_keys(RecordPageOptions::default()).await) {
            let sizes = both().map(|(content_type, value)| (content_type, value.len() as u64));
            let [item] = page.items.as_slice() else { panic!("{page:?}") };
            assert!(sizes.contains(&(item.content_type.clone(), item.size)), "{item:?}");
        }
    }
    tally
}

/// Writes the two in turn.
async fn write_while(goes_on: impl Fn() -> bool, store: &KeyValueStore, tally: &mut Tally) {
    while goes_on() {
        for (content_type, value) in both() {
            tally.count(store.set_record("k", content_type, value).await);
        }
    }
}

async fn write_for(time: Duration, store: &KeyValueStore, tally: &mut Tally) {
    let begun = Instant::now();
    write_while(|| begun.elapsed() < time, store, tally).await;
}

/// How many calls there were.
#[derive(Debug)]
struct Watched {
    writes: u64,
    /// Of each reader.
    reads: Vec<u64>,
    failed: u64,
}

/// Has one write and many read, each over connections of its own, with an event in the middle.
async fn watch(url: &str, event: impl FnOnce() + Send + 'static) -> Watched {
    let connect = async || open(&connect_to(url, AccessTimes::Exact).await, named("a")).await;
    let (store, over) = (connect().await, Arc::new(AtomicBool::new(false)));
    let [(content_type, value), last] = both();
    store.set_record("k", content_type, value).await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(tokio::spawn(read(connect().await, Arc::clone(&over))));
    }
    let mut tally = Tally::default();
    write_for(HALF, &store, &mut tally).await;
    let event = spawn_blocking(event);
    write_while(|| !event.is_finished(), &store, &mut tally).await;
    event.await.unwrap();
    write_for(HALF, &store, &mut tally).await;
    over.store(true, Ordering::Relaxed);
    let mut watched = Watched { writes: tally.done, reads: Vec::new(), failed: tally.failed };
    for reader in readers {
        let Tally { done, failed } = reader.await.unwrap();
        watched.reads.push(done);
        watched.failed += failed;
    }
    assert!(watched.writes > 0 && watched.reads.iter().all(|&reads| reads > 0), "{watched:?}");
    store.set_record("k", last.0, last.1.clone()).await.unwrap();
    assert_eq!(connect().await.get_record("k").await.unwrap().unwrap().value, last.1);
    watched
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_the_bytes_of_one_value_with_the_type_of_another() {
    let server = own_server();
    let watched = watch(server.url(), || ()).await;
    println!("{watched:?}");
    assert_eq!(watched.failed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_the_bytes_of_one_value_with_the_type_of_another_on_a_cluster() {
    let cluster = ClusterDeployment::start(ClusterOptions::new().replicas_per_primary(0)).unwrap();
    let watched = watch(cluster.url(), || ()).await;
    println!("{watched:?}");
    assert_eq!(watched.failed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_the_bytes_of_one_value_with_the_type_of_another_through_a_failover() {
    let deployment = Arc::new(SentinelDeployment::start(SentinelOptions::new()).unwrap());
    let failing = Arc::clone(&deployment);
    let fail_over = move || {
        let former = failing.primary().unwrap();
        former.kill().unwrap();
        failing.await_new_primary(former).unwrap();
    };
    // What the primary had not answered when it was killed may fail.
    println!("{:?}", watch(deployment.url(), fail_over).await);
}
