//! Walks over collections.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use store_core::prelude::*;

use crate::driver::collection;

#[tokio::test]
async fn a_walk_visits_all_in_byte_order_in_bounded_parts() {
    let (driver, store) = collection().await;
    for number in 0..250 {
        store.set_value(&format!("k{number:03}"), number.to_string()).await.unwrap();
    }
    let values = store.iterate_values::<String>().all().await.unwrap();
    assert_eq!(values, (0..250).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(driver.pages(), 3, "parts of 100 whole records");
    let keys = store.iterate_keys().all().await.unwrap();
    assert_eq!(keys.len(), 250);
    assert_eq!(driver.pages(), 4, "one part of 1000 keys");
    let entries = store.iterate_entries().exclusive_start_key("k100x").limit(120).all().await.unwrap();
    assert_eq!((&*entries[0].key, &*entries[119].key, entries.len()), ("k101", "k220", 120));
}

#[tokio::test]
async fn a_limit_of_zero_asks_for_nothing_and_a_wrong_start_is_refused() {
    let (driver, store) = collection().await;
    store.set_value("k", "v").await.unwrap();
    assert!(store.iterate_keys().limit(0).all().await.unwrap().is_empty());
    let error = store.iterate_values::<String>().exclusive_start_key("").all().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidKey, Some("iterate_values")));
    assert_eq!(driver.pages(), 0);
}

#[tokio::test]
async fn a_walk_goes_on_from_its_position_whatever_was_removed() {
    let (_, store) = collection().await;
    for key in ["a", "b", "c", "d"] {
        store.set_value(key, key).await.unwrap();
    }
    let mut walk = store.iterate_values::<String>().stream();
    assert_eq!(walk.position(), None);
    for _ in 0..2 {
        walk.next().await.unwrap().unwrap();
    }
    assert_eq!(walk.position(), Some("b"));
    for key in ["b", "c"] {
        assert!(store.delete_value(key).await.unwrap());
    }
    let rest = store.iterate_values::<String>().exclusive_start_key(walk.position()).all().await.unwrap();
    assert_eq!(rest, ["d"]);
}

#[tokio::test]
async fn a_value_that_does_not_read_is_an_error_in_its_place() {
    let (_, store) = collection().await;
    store.set_value("a", "first").await.unwrap();
    store.set_value("b", b"\xff").await.unwrap();
    store.set_value("c", "last").await.unwrap();
    let mut walk = store.iterate_values::<String>().stream();
    assert_eq!(walk.next().await.unwrap().unwrap(), "first");
    let error = walk.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.key()), (ErrorKind::Corrupt, Some("b")));
    assert_eq!(walk.next().await.unwrap().unwrap(), "last");
    assert!(walk.next().await.is_none());
}

#[tokio::test]
async fn a_failure_ends_the_walk_and_a_dropped_next_loses_nothing() {
    let (driver, store) = collection().await;
    for number in 0..101 {
        store.set_value(&format!("k{number:03}"), "v").await.unwrap();
    }
    let mut walk = store.iterate_entries().stream();
    // The driver gives way before it answers, so the first look finds nothing and is given up.
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut walk).poll_next(&mut context).is_pending());
    for _ in 0..100 {
        walk.next().await.unwrap().unwrap();
    }
    driver.set_failing(true);
    let error = walk.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("iterate_entries")));
    let end = poll_fn(|context| Pin::new(&mut walk).poll_next(context)).await;
    assert!(end.is_none());
    assert_eq!(walk.position(), Some("k099"));
    let after = Pin::new(&mut walk).poll_next(&mut context);
    assert!(matches!(after, Poll::Ready(None)));
}
