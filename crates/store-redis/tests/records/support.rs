//! Servers and clients to test with, every operation, and ways to look at what lies on a server.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use store_redis::{
    AccessTimes, Config, ContentType, ErrorKind, KeyValueStore, KeyValueStoreClient, OpenOptions, RecordPageOptions,
    RedisKeyValueStoreClient, Result, StoreAlias, StoreLabel, StoreName, StoreSelector,
};
use store_testkit::{RedisServer, Reply, ServerOptions};

pub(crate) use crate::common::{PATIENCE, eventually, failure};

/// A server that no other test writes to.
pub(crate) fn own_server() -> RedisServer {
    RedisServer::start(ServerOptions::new().directive("databases", "1")).unwrap()
}

pub(crate) async fn connect(server: &RedisServer, access_times: AccessTimes) -> Arc<dyn KeyValueStoreClient> {
    connect_to(server.url(), access_times).await
}

pub(crate) async fn connect_to(url: &str, access_times: AccessTimes) -> Arc<dyn KeyValueStoreClient> {
    let config: Config = url.parse().unwrap();
    let config = config.with_deadline(PATIENCE).with_connect_timeout(PATIENCE);
    Arc::new(RedisKeyValueStoreClient::builder(config).access_times(access_times).connect().await.unwrap())
}

pub(crate) fn named(name: &str) -> StoreLabel {
    StoreLabel::Name(StoreName::new(name).unwrap())
}

pub(crate) fn aliased(alias: &str) -> StoreLabel {
    StoreLabel::Alias(StoreAlias::new(alias).unwrap())
}

pub(crate) fn id(id: &str) -> StoreSelector {
    StoreSelector::Id(id.to_owned())
}

pub(crate) async fn open(client: &Arc<dyn KeyValueStoreClient>, options: impl Into<OpenOptions>) -> KeyValueStore {
    try_open(client, options).await.unwrap()
}

pub(crate) async fn try_open(
    client: &Arc<dyn KeyValueStoreClient>,
    options: impl Into<OpenOptions>,
) -> Result<KeyValueStore> {
    KeyValueStore::open(Arc::clone(client), options).await
}

pub(crate) async fn set(store: &KeyValueStore, key: &str, value: &str) {
    store.set_record(key, ContentType::TEXT, value.to_owned().into()).await.unwrap();
}

/// The value under a key, as text.
pub(crate) async fn value(store: &KeyValueStore, key: &str) -> Option<String> {
    let record = store.get_record(key).await.unwrap();
    record.map(|record| String::from_utf8(record.value.into()).unwrap())
}

pub(crate) async fn keys(store: &KeyValueStore) -> Vec<String> {
    let page = store.list_keys(RecordPageOptions::default()).await.unwrap();
    page.items.into_iter().map(|item| item.key.to_string()).collect()
}

/// The wire keys of a collection with a name: metadata, values, descriptions, order.
pub(crate) fn wire_keys(name: &str) -> [String; 4] {
    ["m", "v", "d", "o"].map(|suffix| format!("%r{{n:{name}}}{suffix}"))
}

pub(crate) fn id_key(id: &str) -> String {
    format!("%i{{{id}}}")
}

/// Everything on a server, by key.
pub(crate) fn content(server: &RedisServer) -> BTreeMap<String, Reply> {
    let Reply::Array(keys) = server.command(&["KEYS", "*"]).unwrap() else { panic!("KEYS answers an array") };
    let mut connection = server.connect().unwrap();
    let mut dump = |key: &Reply| {
        let key = key.as_text().unwrap();
        (key.to_owned(), connection.command(&["DUMP", key]).unwrap())
    };
    keys.iter().map(&mut dump).collect()
}

pub(crate) type Operation = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Every operation on an opened collection, by name. The last ones remove.
pub(crate) fn every_operation(store: &KeyValueStore) -> Vec<(&'static str, Operation)> {
    fn done<T>(operation: impl Future<Output = Result<T>> + 'static) -> Operation {
        Box::pin(async { operation.await.map(drop) })
    }
    macro_rules! on {
        (|$store:ident| $operation:expr) => {{
            let $store = store.clone();
            done(async move { $operation.await })
        }};
    }
    vec![
        ("metadata", on!(|store| store.metadata())),
        ("get_record", on!(|store| store.get_record("k"))),
        ("record_exists", on!(|store| store.record_exists("k"))),
        ("list_keys", on!(|store| store.list_keys(RecordPageOptions::default()))),
        ("list_keys, none", on!(|store| store.list_keys(RecordPageOptions::default().with_limit(0)))),
        ("list_records", on!(|store| store.list_records(RecordPageOptions::default()))),
        ("list_records, none", on!(|store| store.list_records(RecordPageOptions::default().with_limit(0)))),
        ("set_record", on!(|store| store.set_record("k", ContentType::JSON, "2".into()))),
        ("set_record, new", on!(|store| store.set_record("new", ContentType::JSON, "2".into()))),
        ("delete_value", on!(|store| store.delete_value("k"))),
        ("delete_value, missing", on!(|store| store.delete_value("missing"))),
        ("purge", on!(|store| store.purge())),
        ("drop", on!(|store| store.drop())),
    ]
}

/// That every operation on it answers `kind`.
pub(crate) async fn all_answer(store: &KeyValueStore, kind: ErrorKind) {
    for (name, operation) in every_operation(store) {
        assert_eq!(failure(operation.await).kind(), kind, "{name}");
    }
}
