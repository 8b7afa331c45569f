//! Whenever a crawl is interrupted, the next run goes on, and in the end every record is its file, byte for byte.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crawl_records::{Crawl, File, files_in};
use store_memory::{MemoryKeyValueStoreClient, prelude::*};
use store_redis::RedisKeyValueStoreClient;
use store_testkit::proxy::{Cut, Ending, FaultProxy, Faults, When};
use store_testkit::{RedisServer, ServerOptions};
use tempfile::TempDir;

fn sample_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample")
}

fn sample() -> Vec<File> {
    files_in(&sample_folder()).unwrap()
}

/// The collections as a process sees them that has just begun.
fn new_run(client: &Arc<dyn KeyValueStoreClient>) -> KeyValueStores {
    KeyValueStores::new(Arc::clone(client))
}

/// Every record is its file, and there is no other.
async fn is_complete(pages: &KeyValueStore, files: &[File]) {
    let records = pages.iterate_entries().all().await.unwrap();
    let keys: Vec<_> = records.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, files.iter().map(|file| &*file.key).collect::<Vec<_>>());
    for (record, file) in records.iter().zip(files) {
        assert!(record.value == fs::read(&file.path).unwrap(), "{} differs from its file", file.key);
    }
}

#[tokio::test]
async fn a_crawl_goes_on_wherever_it_was_interrupted_and_whatever_was_saved() {
    let files = sample();
    for stored in 0..=files.len() {
        for saved in 0..=stored {
            let client: Arc<dyn KeyValueStoreClient> = Arc::new(MemoryKeyValueStoreClient::new());
            let first = new_run(&client);
            let crawl = Crawl::open(&first, "crawl", &sample_folder()).await.unwrap();
            for (number, file) in (1..).zip(&files[..stored]) {
                crawl.store(file).await.unwrap();
                if number == saved {
                    first.save().await.unwrap();
                }
            }
            // Gone without a close, as by a kill: what was not saved by now is lost.
            drop((crawl, first));

            let second = new_run(&client);
            let crawl = Crawl::open(&second, "crawl", &sample_folder()).await.unwrap();
            let left = crawl.left_of(&files).await.unwrap();
            assert_eq!(left, files[stored..].iter().collect::<Vec<_>>(), "{stored} stored, {saved} saved");
            for file in left {
                crawl.store(file).await.unwrap();
            }
            second.close().await.unwrap();
            is_complete(crawl.pages(), &files).await;
        }
    }
}

/// Runs a crawl to its end, and gives the keys that it stored.
async fn run(client: &Arc<dyn KeyValueStoreClient>, folder: &Path) -> Vec<String> {
    let stores = new_run(client);
    let crawl = Crawl::open(&stores, "crawl", folder).await.unwrap();
    let files = files_in(folder).unwrap();
    let left = crawl.left_of(&files).await.unwrap();
    for file in &left {
        crawl.store(file).await.unwrap();
    }
    stores.close().await.unwrap();
    is_complete(crawl.pages(), &files).await;
    left.iter().map(|file| file.key.clone()).collect()
}

fn folder_of(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[tokio::test]
async fn a_file_that_is_added_before_those_that_are_stored_is_stored_too() {
    let client: Arc<dyn KeyValueStoreClient> = Arc::new(MemoryKeyValueStoreClient::new());
    let folder = folder_of(&[("b", "b"), ("d", "d")]);
    assert_eq!(run(&client, folder.path()).await, ["b", "d"]);
    for name in ["a", "c", "e"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    assert_eq!(run(&client, folder.path()).await, ["a", "c", "e"]);
    assert_eq!(run(&client, folder.path()).await, [""; 0]);
}

#[tokio::test]
async fn another_folder_begins_anew_also_where_its_names_are_the_same() {
    let client: Arc<dyn KeyValueStoreClient> = Arc::new(MemoryKeyValueStoreClient::new());
    let first = folder_of(&[("a", "of the first"), ("b", "b")]);
    let second = folder_of(&[("a", "of the second"), ("c", "c")]);
    assert_eq!(run(&client, first.path()).await, ["a", "b"]);
    // Gone right after it was opened: whose the pages are is known all the same.
    drop(Crawl::open(&new_run(&client), "crawl", second.path()).await.unwrap());
    assert_eq!(run(&client, second.path()).await, ["a", "c"]);
    assert_eq!(run(&client, &second.path().join(".")).await, [""; 0]);
    assert_eq!(run(&client, first.path()).await, ["a", "b"]);
}

#[tokio::test]
async fn content_types_follow_from_names_and_are_counted() {
    let client: Arc<dyn KeyValueStoreClient> = Arc::new(MemoryKeyValueStoreClient::new());
    let stores = new_run(&client);
    let crawl = Crawl::open(&stores, "crawl", &sample_folder()).await.unwrap();
    let files = sample();
    for file in &files {
        crawl.store(file).await.unwrap();
    }
    let content_type = async |key| crawl.pages().get_record(key).await.unwrap().unwrap().content_type.to_string();
    assert_eq!(content_type("images/leaf.png").await, "image/png");
    assert_eq!(content_type("data/beds.json").await, "application/json; charset=utf-8");
    let shown = crawl_records::Totals::of(crawl.pages()).await.unwrap().to_string();
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    assert!(shown.ends_with(&format!("{:>8} {bytes:>12} bytes  in all\n", files.len())), "{shown}");
}

/// Many small files, and some that are not.
fn many_files() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5000_usize {
        let length = if number % 500 == 0 { 300_000 } else { number % 97 };
        let bytes: Vec<u8> = (0..length).map(|at| u8::try_from((at * 31 + number) % 256).unwrap()).collect();
        fs::write(folder.path().join(format!("{number:05}.bin")), bytes).unwrap();
    }
    folder
}

fn start(folder: &Path, url: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crawl-records"));
    command.arg(folder).args(["--url", url]).stdout(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn a_killed_program_is_gone_on_with_by_the_next_one() {
    let server = RedisServer::start(ServerOptions::new()).unwrap();
    let folder = many_files();
    let files = files_in(folder.path()).unwrap();
    let client = RedisKeyValueStoreClient::connect(server.url()).await.unwrap();
    let pages = KeyValueStore::open(Arc::new(client), StoreName::new("crawl").unwrap()).await.unwrap();

    // Behind what goes silent after some hundred writes, because it might be done before a kill reaches it.
    let proxy = FaultProxy::start(server.url()).unwrap();
    let silence = Faults::new().only("EVALSHA").cut(Cut::AfterRequest, When::After(600)).ending(Ending::Silence);
    proxy.inject(silence);
    let mut killed = start(folder.path(), proxy.url());
    loop {
        let has_ended = killed.try_wait().unwrap().is_some();
        if pages.record_exists(&files[500].key).await.unwrap() {
            break;
        }
        assert!(!has_ended, "it ended early");
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let stored = pages.iterate_keys().all().await.unwrap().len();
    assert!((501..files.len()).contains(&stored), "killed after {stored} of {} files", files.len());

    assert!(start(folder.path(), server.url()).wait().unwrap().success());
    is_complete(&pages, &files).await;
}

#[test]
fn a_record_is_exported_byte_for_byte_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("exported");
    let export = |key: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crawl-records"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/sample")).args(["--export", key, "--to"]).arg(&to);
        command.output().unwrap()
    };
    assert!(export("images/leaf.png").status.success());
    let original = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/sample/images/leaf.png")).unwrap();
    assert!(fs::read(&to).unwrap() == original);
    let message = String::from_utf8(export("no/such.png").stderr).unwrap();
    assert_eq!(message, "error: there is no record \"no/such.png\"\n");
}
