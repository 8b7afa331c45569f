//! What is left when a collection was dropped: by whom, halfway, or under somebody's hands.

use std::sync::Arc;

use store_redis::{AccessTimes, Config, ErrorKind, KeyValueStoreClient, Outcome, RedisKeyValueStoreClient, StoreLabel};
use store_testkit::proxy::{Cut, FaultProxy, Faults, When};

use crate::support::{
    aliased, all_answer, connect, connect_to, content, eventually, failure, id, id_key, keys, named, open, own_server,
    set, try_open, value, wire_keys,
};

#[tokio::test]
async fn nothing_is_left_of_a_collection_and_its_siblings_can_be_opened_by_id() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let labels = [named("a"), named("ab"), aliased("a"), aliased("n:a"), aliased("a}m"), StoreLabel::Default];
    let mut stores = Vec::new();
    for label in &labels {
        let store = open(&client, label.clone()).await;
        set(&store, "k", "v").await;
        stores.push(store);
    }
    while let Some(store) = stores.pop() {
        store.drop().await.unwrap();
        assert_eq!(failure(try_open(&client, id(store.id())).await).kind(), ErrorKind::NotFound);
        assert_eq!(content(&server).len(), 5 * stores.len());
        for sibling in &stores {
            let opened = open(&client, id(sibling.id())).await;
            assert_eq!(opened.opened(), sibling.opened());
            assert_eq!(value(&opened, "k").await.as_deref(), Some("v"));
        }
    }
}

#[tokio::test]
async fn every_operation_on_a_dropped_collection_answers_dropped_and_leaves_no_key() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let other = connect(&server, AccessTimes::Exact).await;
    for label in [named("a"), aliased("a"), StoreLabel::Default] {
        let store = open(&client, label.clone()).await;
        set(&store, "k", "v").await;
        open(&other, label.clone()).await.drop().await.unwrap();
        all_answer(&store, ErrorKind::Dropped).await;
        assert_eq!(content(&server).len(), 0);

        let successor = open(&other, label).await;
        set(&successor, "k", "of the successor").await;
        let before = content(&server);
        all_answer(&store, ErrorKind::Dropped).await;
        assert_eq!(content(&server), before);
        assert_eq!(value(&successor, "k").await.as_deref(), Some("of the successor"));
        successor.drop().await.unwrap();
    }
}

#[tokio::test]
async fn a_drop_that_got_halfway_is_finished_by_the_next() {
    let server = own_server();
    let proxy = FaultProxy::start(server.url()).unwrap();
    let client = connect_to(proxy.url(), AccessTimes::Exact).await;
    open(&client, named("warm")).await.drop().await.unwrap();
    let store = open(&client, named("a")).await;
    set(&store, "k", "v").await;
    proxy.inject(Faults::new().only("UNLINK").cut(Cut::BeforeRequest, When::NEXT));
    let error = failure(store.drop().await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown), "{error}");
    assert_eq!(content(&server).into_keys().collect::<Vec<_>>(), [id_key(store.id())]);
    assert_eq!(failure(try_open(&client, id(store.id())).await).kind(), ErrorKind::NotFound);
    // That there is nothing to drop is so however the hint fares.
    proxy.inject(Faults::new().only("UNLINK").cut(Cut::BeforeRequest, When::NEXT));
    assert_eq!(failure(store.drop().await).kind(), ErrorKind::Dropped);
    assert_eq!(content(&server).len(), 1);
    assert_eq!(failure(store.drop().await).kind(), ErrorKind::Dropped);
    assert_eq!(content(&server).len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_is_dropped_before_its_creator_wrote_its_id_leaves_no_key() {
    let server = own_server();
    let proxy = FaultProxy::start(server.url()).unwrap();
    let slow = connect_to(proxy.url(), AccessTimes::Exact).await;
    let client = connect(&server, AccessTimes::Exact).await;
    open(&client, named("warm")).await.drop().await.unwrap();
    // What the creator is told comes only when the collection is gone.
    proxy.inject(Faults::new().hold());
    let creating = tokio::spawn(async move { open(&slow, named("a")).await });
    tokio::task::block_in_place(|| eventually("a collection", || !content(&server).is_empty()));
    open(&client, named("a")).await.drop().await.unwrap();
    assert_eq!(content(&server).len(), 0);
    proxy.heal();
    let store = creating.await.unwrap();
    assert_eq!(content(&server).len(), 0);
    all_answer(&store, ErrorKind::Dropped).await;
    assert_eq!(content(&server).len(), 0);
}

#[tokio::test]
async fn a_purge_keeps_the_collection_and_removes_every_record() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    let created = store.metadata().await.unwrap();
    set(&store, "k", "v").await;
    store.purge().await.unwrap();
    assert_eq!(keys(&store).await, [""; 0]);
    let left: Vec<_> = content(&server).into_keys().collect();
    assert_eq!(left, [id_key(store.id()), wire_keys("a")[0].clone()]);
    let purged = store.metadata().await.unwrap();
    assert_eq!((purged.id, purged.name, purged.created_at), (created.id, created.name, created.created_at));
    assert_eq!(open(&client, id(store.id())).await.opened(), store.opened());
}

#[tokio::test]
async fn a_closed_client_answers_closed_and_so_does_the_store_under_it() {
    let server = own_server();
    let store = store_redis::RedisStore::connect(server.url()).await.unwrap();
    let client = RedisKeyValueStoreClient::from_store(&store);
    let shared: Arc<dyn KeyValueStoreClient> = Arc::new(client.clone());
    let opened = open(&shared, named("a")).await;
    client.close().await.unwrap();
    all_answer(&opened, ErrorKind::Closed).await;
    assert_eq!(failure(opened.public_url("k").await).kind(), ErrorKind::Closed);
    assert_eq!(failure(store_redis::Store::ping(&store).await).kind(), ErrorKind::Closed);
    let config: Config = server.url().parse().unwrap();
    assert!(RedisKeyValueStoreClient::connect_with(config).await.is_ok());
}
