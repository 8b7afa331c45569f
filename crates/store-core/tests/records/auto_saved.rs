//! Values that live in memory and are saved.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use store_core::prelude::*;
use store_core::{Clock, ManualClock};
use tokio::task::yield_now;

use crate::driver::{Watched, collection, stored};

#[tokio::test]
async fn whoever_opens_a_key_at_the_same_time_gets_one_value() {
    let (driver, store) = collection().await;
    let (first, second) = tokio::join!(store.auto_saved("k", 0), store.auto_saved("k", 7));
    let (first, second) = (first.unwrap(), second.unwrap());
    first.update(|value| *value += 1).unwrap();
    assert_eq!(second.with(|value| *value), 1);
    assert_eq!(driver.reads(), 1);
    assert_eq!(store.auto_saved("k", String::new()).await.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn only_what_has_changed_is_written() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", vec![1]).await.unwrap();
    value.save().await.unwrap();
    assert_eq!(driver.writes(), 0, "the default alone");
    value.update(|value| value.push(2)).unwrap();
    store.save_auto_saved().await.unwrap();
    value.save().await.unwrap();
    assert_eq!(driver.writes(), 1);
    let record = store.get_record("k").await.unwrap().unwrap();
    assert_eq!((record.content_type, &record.value[..]), (ContentType::JSON, &b"[1,2]"[..]));
}

#[tokio::test]
async fn a_change_during_a_save_is_saved_by_the_next_one() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    driver.hold_writes();
    let saving = tokio::spawn({
        let value = value.clone();
        async move { value.save().await }
    });
    while driver.writes() == 0 {
        yield_now().await;
    }
    value.update(|value| *value = 2).unwrap();
    driver.let_writes_go();
    saving.await.unwrap().unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("1"));
    value.save().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("2"));
    assert_eq!(driver.writes(), 2);
}

#[tokio::test]
async fn an_older_state_never_overtakes_a_newer_one() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", 0).await.unwrap();
    driver.hold_writes();
    let saves: Vec<_> = (1..=3)
        .map(|number| {
            value.update(|value| *value = number).unwrap();
            let value = value.clone();
            tokio::spawn(async move { value.save().await })
        })
        .collect();
    yield_now().await;
    assert_eq!(driver.writes(), 1, "one save at a time");
    driver.let_writes_go();
    for save in saves {
        save.await.unwrap().unwrap();
    }
    assert_eq!(stored(&store, "k").await.as_deref(), Some("3"));
}

#[tokio::test]
async fn a_failed_save_is_told_and_made_up_for() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", 0).await.unwrap();
    let other = store.auto_saved("l", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    other.update(|value| *value = 2).unwrap();
    driver.set_failing(true);
    let error = store.save_auto_saved().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("save")));
    assert_eq!(driver.writes(), 2, "the others are tried all the same");
    driver.set_failing(false);
    store.save_auto_saved().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("1"));
    assert_eq!(stored(&store, "l").await.as_deref(), Some("2"));
}

#[tokio::test]
async fn closing_saves_refuses_changes_and_may_be_repeated() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    driver.set_failing(true);
    assert_eq!(value.close().await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(value.update(|value| *value = 9).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(store.auto_saved("k", 0).await.unwrap_err().kind(), ErrorKind::Unavailable, "it is saved before");
    driver.set_failing(false);
    value.close().await.unwrap();
    value.close().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("1"));

    let again = store.auto_saved("k", 0).await.unwrap();
    again.update(|value| *value += 1).unwrap();
    assert_eq!((again.with(|value| *value), value.with(|value| *value)), (2, 1));
    value.close().await.unwrap();
    again.update(|value| *value += 1).unwrap();
    again.close().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("3"));
}

#[tokio::test]
async fn one_that_failed_to_close_is_saved_before_it_is_opened_again() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    driver.set_failing(true);
    value.close().await.unwrap_err();
    driver.set_failing(false);
    let again = store.auto_saved("k", 0).await.unwrap();
    assert_eq!(again.with(|value| *value), 1);
}

#[tokio::test]
async fn a_save_that_is_given_up_leaves_the_value_to_be_saved() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    driver.hold_writes();
    let saving = tokio::spawn({
        let value = value.clone();
        async move { value.close().await }
    });
    while driver.writes() == 0 {
        yield_now().await;
    }
    saving.abort();
    assert!(saving.await.unwrap_err().is_cancelled());
    driver.let_writes_go();
    assert_eq!(value.update(|value| *value = 9).unwrap_err().kind(), ErrorKind::Closed);
    value.close().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn what_is_no_json_of_the_type_is_corrupt_and_stays() {
    let (_, store) = collection().await;
    store.set_value("text", "canary").await.unwrap();
    store.set_value("nothing", ()).await.unwrap();
    let error = store.auto_saved("text", 0).await.unwrap_err();
    assert_eq!((error.kind(), error.key()), (ErrorKind::Corrupt, Some("text")));
    assert_eq!(stored(&store, "text").await.as_deref(), Some("canary"));
    assert_eq!(store.auto_saved("nothing", 5).await.unwrap().with(|value| *value), 5);
}

#[tokio::test]
async fn a_panic_in_a_closure_leaves_the_value_as_it_was_left() {
    let (_, store) = collection().await;
    let value = store.auto_saved("k", vec![1]).await.unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        value.update(|value| {
            value.push(2);
            resume_unwind(Box::new("a panic in user code"))
        })
    }));
    assert!(panicked.is_err());
    value.update(|value| value.push(3)).unwrap();
    value.save().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("[1,2,3]"));
}

/// It panics while it is serialized, unless it is 0.
#[derive(serde::Deserialize)]
struct Unserializable(u8);

impl serde::Serialize for Unserializable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 0 { serializer.serialize_u8(0) } else { resume_unwind(Box::new("canary")) }
    }
}

#[tokio::test]
async fn a_panic_while_a_value_is_serialized_is_an_error_of_its_save_alone() {
    let (driver, store) = collection().await;
    let value = store.auto_saved("k", Unserializable(0)).await.unwrap();
    value.update(|value| value.0 = 1).unwrap();
    // In whichever order they are saved, some are behind the one that panics.
    let others: Vec<_> = (0..8).map(|number| format!("other{number}")).collect();
    for key in &others {
        store.auto_saved(key, 0).await.unwrap().update(|value| *value = 1).unwrap();
    }
    let error = store.save_auto_saved().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidArgument, Some("save")));
    assert_eq!(error.key(), Some("k"));
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    assert_eq!(driver.writes(), others.len());

    value.update(|value| value.0 = 0).unwrap();
    value.save().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_drop_of_the_collection_ends_its_values() {
    let (_, store) = collection().await;
    let value = store.auto_saved("k", 0).await.unwrap();
    value.update(|value| *value = 1).unwrap();
    store.drop().await.unwrap();
    assert_eq!(value.update(|value| *value = 2).unwrap_err().kind(), ErrorKind::Dropped);
    assert_eq!(value.save().await.unwrap_err().kind(), ErrorKind::Dropped);
    assert_eq!(store.auto_saved("l", 0).await.unwrap_err().kind(), ErrorKind::Dropped);
}

#[tokio::test]
async fn values_are_saved_every_period_until_all_is_closed() {
    let driver = Watched::new();
    let stores = Arc::new(KeyValueStores::new(driver.clone()));
    let store = stores.open(StoreLabel::Default).await.unwrap();
    let value = store.auto_saved("k", 0).await.unwrap();
    let (clock, failures) = (ManualClock::new(), Arc::new(AtomicUsize::new(0)));
    let saver = tokio::spawn({
        let (stores, clock, failures) = (stores.clone(), clock.clone(), failures.clone());
        async move {
            let sleep = |period| {
                let clock = clock.clone();
                let end = clock.now().saturating_add(period);
                async move { clock.reached(end).unwrap().await }
            };
            let report = |_| {
                failures.fetch_add(1, Ordering::SeqCst);
            };
            stores.save_every(Duration::from_secs(60), sleep, report).await;
        }
    });
    yield_now().await;
    value.update(|value| *value = 1).unwrap();
    clock.advance(Duration::from_secs(59));
    yield_now().await;
    assert_eq!(driver.writes(), 0);
    driver.set_failing(true);
    clock.advance(Duration::from_secs(1));
    while failures.load(Ordering::SeqCst) == 0 {
        yield_now().await;
    }
    driver.set_failing(false);
    clock.advance(Duration::from_secs(60));
    while driver.writes() < 2 {
        yield_now().await;
    }
    value.update(|value| *value = 2).unwrap();
    stores.close().await.unwrap();
    assert_eq!(stored(&store, "k").await.as_deref(), Some("2"));
    assert_eq!(value.update(|value| *value = 3).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(store.auto_saved("l", 0).await.unwrap_err().kind(), ErrorKind::Closed);
    clock.advance(Duration::from_secs(60));
    saver.await.unwrap();
}
