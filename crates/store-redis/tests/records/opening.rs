//! What opening a collection leaves behind, also when whoever opens it gets no further.

use std::collections::BTreeSet;

use store_redis::{AccessTimes, ErrorKind, StoreLabel};
use store_testkit::RedisServer;
use store_testkit::proxy::{Cut, FaultProxy, Faults, When};

use crate::support::{
    aliased, connect, connect_to, content, failure, id, id_key, named, open, own_server, set, try_open, value,
    wire_keys,
};

/// The steps of a creation: the collection, where its id leads, and the note that it does.
const STEPS: u64 = 3;

#[tokio::test]
async fn a_creator_that_is_cut_off_at_any_step_leaves_a_collection_that_opens() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    open(&client, named("warm")).await.drop().await.unwrap();
    for step in 0..=STEPS {
        for cut in [Cut::BeforeRequest, Cut::BeforeReply] {
            let proxy = FaultProxy::start(server.url()).unwrap();
            let creator = connect_to(proxy.url(), AccessTimes::Exact).await;
            proxy.inject(Faults::new().cut(cut, When::After(step)));
            let created = try_open(&creator, named("a")).await;
            assert_eq!(created.is_ok(), step == STEPS, "{cut:?} at step {step}");
            proxy.refuse_connections();
            if let Err(error) = created {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            }
            let left = server.command(&["HGET", &wire_keys("a")[0], "id"]).unwrap();

            let opened = open(&client, named("a")).await;
            if let Some(left) = left.as_text() {
                assert_eq!(opened.id(), left, "{cut:?} at step {step}");
            }
            set(&opened, "k", "v").await;
            let by_id = open(&client, id(opened.id())).await;
            assert_eq!(by_id.opened(), opened.opened());
            assert_eq!(value(&by_id, "k").await.as_deref(), Some("v"));
            // And what opens once more finds nothing left to do.
            assert_eq!(requests_to_open(&server).await, 1);
            opened.drop().await.unwrap();
            assert_eq!(content(&server).len(), 0);
        }
    }
}

/// How many commands it takes to open `a` by another client.
async fn requests_to_open(server: &RedisServer) -> u64 {
    let proxy = FaultProxy::start(server.url()).unwrap();
    let client = connect_to(proxy.url(), AccessTimes::Exact).await;
    let before = proxy.counts().requests;
    open(&client, named("a")).await;
    proxy.counts().requests - before
}

#[tokio::test]
async fn what_a_collection_is_called_and_its_id_lead_to_the_same() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let labels =
        [StoreLabel::Default, named("d"), named("a"), aliased("a"), aliased("d"), aliased("{a}"), aliased("n:a")];
    let mut ids = BTreeSet::new();
    for label in &labels {
        let store = open(&client, label.clone()).await;
        assert_eq!(open(&client, id(store.id())).await.opened().label, *label);
        assert!(ids.insert(store.id().to_owned()));
        assert!(content(&server).contains_key(&id_key(store.id())));
    }
    for label in labels {
        assert!(ids.contains(open(&client, label).await.id()));
    }
}

#[tokio::test]
async fn an_open_by_a_name_that_has_lost_its_id_key_still_opens_and_by_id_is_not_found() {
    let server = own_server();
    let client = connect(&server, AccessTimes::Exact).await;
    let store = open(&client, named("a")).await;
    server.command(&["UNLINK", &id_key(store.id())]).unwrap();
    assert_eq!(open(&client, named("a")).await.id(), store.id());
    assert_eq!(failure(try_open(&client, id(store.id())).await).kind(), ErrorKind::NotFound);
}
