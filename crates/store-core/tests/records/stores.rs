//! One instance of each open collection.

use std::sync::Arc;
use std::task::{Context, Waker};

use store_core::prelude::*;
use tokio::task::yield_now;

use crate::driver::{Watched, stored};

fn name(text: &str) -> StoreSelector {
    StoreName::new(text).unwrap().into()
}

fn alias(text: &str) -> StoreSelector {
    StoreAlias::new(text).unwrap().into()
}

#[tokio::test]
async fn concurrent_opens_of_one_collection_ask_once() {
    let driver = Watched::new();
    let stores = KeyValueStores::new(driver.clone());
    let (first, second, third) = tokio::join!(stores.open(name("a")), stores.open(name("a")), stores.open(alias("a")));
    assert_eq!(driver.opens(), 2);
    let (first, second, third) = (first.unwrap(), second.unwrap(), third.unwrap());
    assert_eq!(first.id(), second.id());
    assert_ne!(first.id(), third.id());
    let by_id = stores.open(StoreSelector::Id(first.id().to_owned())).await.unwrap();
    assert_eq!(driver.opens(), 2);

    let value = first.auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    for same in [second, by_id] {
        assert_eq!(same.auto_saved("k", 0).await.unwrap().with(|value| *value), 1);
    }
    assert_eq!(third.auto_saved("k", 0).await.unwrap().with(|value| *value), 0);
}

#[tokio::test]
async fn opening_by_id_and_by_name_at_once_gives_one_instance() {
    let driver = Watched::new();
    let id = KeyValueStore::open(driver.clone(), name("a")).await.unwrap().id().to_owned();
    let stores = KeyValueStores::new(driver);
    let by_id = StoreSelector::Id(id);
    let (first, second, third) = tokio::join!(stores.open(by_id.clone()), stores.open(name("a")), stores.open(by_id));
    let value = first.unwrap().auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    for same in [second.unwrap(), third.unwrap()] {
        assert_eq!(same.auto_saved("k", 0).await.unwrap().with(|value| *value), 1);
    }
}

#[tokio::test]
async fn a_dropped_collection_that_was_found_by_its_id_does_not_displace_its_successor() {
    let driver = Watched::new();
    let dropped = KeyValueStore::open(driver.clone(), name("a")).await.unwrap();
    let stores = KeyValueStores::new(driver.clone());
    let mut by_name = std::pin::pin!(stores.open(name("a")));
    let mut by_id = std::pin::pin!(stores.open(StoreSelector::Id(dropped.id().to_owned())));
    let mut context = Context::from_waker(Waker::noop());
    // The one by name has the turn and has not asked yet; the one by id has its answer and waits for its turn.
    assert!(by_name.as_mut().poll(&mut context).is_pending());
    for _ in 0..2 {
        assert!(by_id.as_mut().poll(&mut context).is_pending());
    }
    dropped.drop().await.unwrap();
    let successor = by_name.await.unwrap();
    let value = successor.auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    assert_eq!(by_id.await.unwrap_err().kind(), ErrorKind::NotFound);
    let again = stores.open(name("a")).await.unwrap();
    assert_eq!(again.id(), successor.id());
    assert_eq!(again.auto_saved("k", 0).await.unwrap().with(|value| *value), 1);
}

#[tokio::test]
async fn a_successor_that_is_opened_by_its_id_takes_the_place_of_one_that_is_gone() {
    let driver = Watched::new();
    let stores = KeyValueStores::new(driver.clone());
    let gone = stores.open(name("a")).await.unwrap();
    KeyValueStore::open(driver.clone(), name("a")).await.unwrap().drop().await.unwrap();
    let successor = KeyValueStore::open(driver.clone(), name("a")).await.unwrap();
    let by_id = stores.open(StoreSelector::Id(successor.id().to_owned())).await.unwrap();
    assert_ne!(by_id.id(), gone.id());
    assert_eq!(stores.open(name("a")).await.unwrap().id(), by_id.id());
}

#[tokio::test]
async fn an_opener_that_gives_up_or_fails_leaves_its_place_to_the_next() {
    let driver = Watched::new();
    let stores = Arc::new(KeyValueStores::new(driver.clone()));
    let first = tokio::spawn({
        let stores = stores.clone();
        async move { stores.open(name("a")).await }
    });
    let second = tokio::spawn({
        let stores = stores.clone();
        async move { stores.open(name("a")).await }
    });
    yield_now().await;
    first.abort();
    second.await.unwrap().unwrap();

    driver.set_failing(true);
    assert_eq!(stores.open(name("b")).await.unwrap_err().kind(), ErrorKind::Unavailable);
    driver.set_failing(false);
    stores.open(name("b")).await.unwrap();
}

/// A driver on which a collection of each kind has a record.
async fn used() -> Arc<Watched> {
    let driver = Watched::new();
    for selector in [StoreLabel::Default.into(), name("a"), alias("a")] {
        let store = KeyValueStore::open(driver.clone(), selector).await.unwrap();
        store.set_value("k", "old").await.unwrap();
    }
    driver
}

#[tokio::test]
async fn nothing_is_purged_unless_it_is_asked_for() {
    let driver = used().await;
    let stores = KeyValueStores::new(driver.clone());
    for selector in [StoreLabel::Default.into(), name("a"), alias("a")] {
        let store = stores.open(selector).await.unwrap();
        assert_eq!(stored(&store, "k").await.as_deref(), Some("old"));
    }
    assert_eq!(driver.purges(), 0);
}

#[tokio::test]
async fn a_collection_without_a_name_is_purged_once() {
    let driver = used().await;
    let stores = KeyValueStores::new(driver.clone()).purge_on_start();
    for selector in [StoreSelector::default(), alias("a")] {
        let (store, again) = tokio::join!(stores.open(selector.clone()), stores.open(selector.clone()));
        let store = store.unwrap();
        assert_eq!(stored(&store, "k").await, None);
        store.set_value("k", "new").await.unwrap();
        assert_eq!(stored(&again.unwrap(), "k").await.as_deref(), Some("new"));
        let by_id = stores.open(StoreSelector::Id(store.id().to_owned())).await.unwrap();
        assert_eq!(stored(&by_id, "k").await.as_deref(), Some("new"));
    }
    assert_eq!(driver.purges(), 2);
}

#[tokio::test]
async fn opened_by_id_first_it_is_purged_unless_it_has_a_name() {
    let driver = used().await;
    let stores = KeyValueStores::new(driver.clone()).purge_on_start();
    for (selector, left) in [(name("a"), Some("old")), (alias("a"), None)] {
        let id = KeyValueStore::open(driver.clone(), selector).await.unwrap().id().to_owned();
        let store = stores.open(StoreSelector::Id(id)).await.unwrap();
        assert_eq!(stored(&store, "k").await.as_deref(), left);
    }
}

#[tokio::test]
async fn a_purge_that_fails_lets_nobody_in_and_is_made_up_for() {
    let driver = used().await;
    let stores = KeyValueStores::new(driver.clone()).purge_on_start();
    // The open is answered, and then everything fails.
    let mut opening = std::pin::pin!(stores.open(alias("a")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(opening.as_mut().poll(&mut context).is_pending());
    driver.set_failing(true);
    let error = opening.await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("purge")));
    driver.set_failing(false);
    let store = stores.open(alias("a")).await.unwrap();
    assert_eq!(stored(&store, "k").await, None);
}

#[tokio::test]
async fn a_dropped_collection_is_opened_anew_and_not_purged_again() {
    let driver = Watched::new();
    let stores = KeyValueStores::new(driver.clone()).purge_on_start();
    let first = stores.open(alias("a")).await.unwrap();
    first.drop().await.unwrap();
    let second = stores.open(alias("a")).await.unwrap();
    assert_ne!(first.id(), second.id());
    assert_eq!(driver.purges(), 1);

    // Dropped by somebody else, which its handles find out.
    KeyValueStore::open(driver.clone(), alias("a")).await.unwrap().drop().await.unwrap();
    assert_eq!(stores.open(alias("a")).await.unwrap().id(), second.id());
    assert_eq!(second.get_record("k").await.unwrap_err().kind(), ErrorKind::Dropped);
    let third = stores.open(alias("a")).await.unwrap();
    third.set_value("k", "v").await.unwrap();
    assert_eq!(driver.purges(), 1);
}

#[tokio::test]
async fn what_is_dropped_or_did_not_open_is_let_go() {
    let driver = Watched::new();
    let stores = KeyValueStores::new(driver.clone()).purge_on_start();
    let kept = || format!("{stores:?}").matches("Place {").count();
    let owners = Arc::strong_count(&driver);
    for number in 0..3 {
        stores.open(name(&format!("n{number}"))).await.unwrap().drop().await.unwrap();
    }
    driver.set_failing(true);
    stores.open(name("a")).await.unwrap_err();
    assert_eq!((kept(), Arc::strong_count(&driver)), (0, owners));

    driver.set_failing(false);
    stores.open(alias("a")).await.unwrap().drop().await.unwrap();
    let open = stores.open(name("a")).await.unwrap();
    assert_eq!(kept(), 2, "the one that is open, and the one that was purged");
    stores.open(alias("a")).await.unwrap();
    assert_eq!(driver.purges(), 1);
    open.set_value("k", "v").await.unwrap();
}

#[tokio::test]
async fn once_closed_nothing_is_opened_and_handles_work_on() {
    let stores = KeyValueStores::new(Watched::new());
    let store = stores.open(StoreLabel::Default).await.unwrap();
    stores.close().await.unwrap();
    stores.close().await.unwrap();
    for selector in [StoreSelector::default(), name("a"), StoreSelector::Id(store.id().to_owned())] {
        let error = stores.open(selector).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Closed, Some("open")));
    }
    store.set_value("k", "v").await.unwrap();
}
