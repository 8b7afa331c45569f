//! Values and their content types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use store_core::prelude::*;
use store_core::{FromRecord, IntoRecordValue};

use crate::driver::collection;

async fn is_stored_as(value: impl IntoRecordValue, content_type: &str, bytes: &str) {
    let (_, store) = collection().await;
    store.set_value("k", value).await.unwrap();
    let record = store.get_record("k").await.unwrap().unwrap();
    assert_eq!((record.content_type.as_str(), &record.value[..]), (content_type, bytes.as_bytes()));
}

#[tokio::test]
async fn the_kind_of_a_value_gives_its_content_type() {
    let (octets, text, nothing) = ("application/octet-stream", "text/plain; charset=utf-8", "application/x-none");
    is_stored_as(Bytes::from_static(b"b"), octets, "b").await;
    is_stored_as(b"b".to_vec(), octets, "b").await;
    is_stored_as(&b"b"[..], octets, "b").await;
    is_stored_as(b"b", octets, "b").await;
    is_stored_as("é", text, "é").await;
    is_stored_as(String::from("t"), text, "t").await;
    is_stored_as(Cow::Borrowed("t"), text, "t").await;
    is_stored_as(Some(""), text, "").await;
    is_stored_as((), nothing, "").await;
    is_stored_as(None::<&str>, nothing, "").await;
    is_stored_as(RecordValue::Nothing, nothing, "").await;
    let map = BTreeMap::from([("é", 1)]);
    is_stored_as(AsJson(&map), "application/json; charset=utf-8", "{\"é\":1}").await;
    is_stored_as(AsJson(None::<u8>), "application/json; charset=utf-8", "null").await;
    is_stored_as(RecordValue::Json(Bytes::from_static(b"1")), "application/json; charset=utf-8", "1").await;
}

#[tokio::test]
async fn a_content_type_that_is_given_is_kept_except_that_nothing_has_its_own() {
    let (driver, store) = collection().await;
    store.set_value("k", "<p>").content_type("text/html").await.unwrap();
    assert_eq!(store.get_record("k").await.unwrap().unwrap().content_type.as_str(), "text/html");
    store.set_value("k", None::<String>).content_type("text/html").await.unwrap();
    assert_eq!(store.get_record("k").await.unwrap().unwrap().content_type, ContentType::NOTHING);

    let before = driver.writes();
    for content_type in ["garbage", "application/x-none"] {
        let error = store.set_value("k", "text").content_type(content_type).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!((error.operation(), error.key()), (Some("set_value"), Some("k")));
    }
    assert_eq!(driver.writes(), before, "writes that were sent all the same");
}

/// Puts a record there, and reads it as a `T`.
async fn read<T: FromRecord>(content_type: &'static str, value: &'static [u8]) -> Result<Option<T>, Error> {
    let (_, store) = collection().await;
    let content_type = ContentType::new(content_type).unwrap();
    store.set_record("k", content_type, Bytes::from_static(value)).await.unwrap();
    store.get_value::<T>("k").await
}

fn is_corrupt<T: Debug>(answer: Result<T, Error>) {
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!((error.operation(), error.key()), (Some("get_value"), Some("k")));
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn a_value_reads_as_what_its_content_type_says() {
    assert_eq!(read::<String>("text/html", b"<p>").await.unwrap().as_deref(), Some("<p>"));
    assert_eq!(read::<Vec<u8>>("image/png", b"\xff").await.unwrap(), Some(vec![0xff]));
    assert_eq!(read::<Bytes>("text/html", b"\xff").await.unwrap().as_deref(), Some(&b"\xff"[..]));
    assert_eq!(read::<AsJson<Vec<u8>>>("application/ld+json", b"[1]").await.unwrap(), Some(AsJson(vec![1])));
    assert_eq!(read::<()>("application/x-none", b"").await.unwrap(), Some(()));
    assert_eq!(read::<Option<String>>("application/x-none", b"").await.unwrap(), Some(None));
    assert_eq!(read::<Option<Bytes>>("text/html", b"").await.unwrap(), Some(Some(Bytes::new())));

    let any = async |content_type, value| read::<RecordValue>(content_type, value).await.unwrap().unwrap();
    assert_eq!(any("text/csv", b"a,b").await, RecordValue::Text("a,b".into()));
    assert_eq!(any("application/json", b"{").await, RecordValue::Json(Bytes::from_static(b"{")));
    assert_eq!(any("image/png", b"a").await, RecordValue::Bytes(Bytes::from_static(b"a")));
    assert_eq!(any("application/x-none", b"").await, RecordValue::Nothing);
}

#[tokio::test]
async fn what_does_not_read_as_its_type_is_corrupt_and_not_shown() {
    is_corrupt(read::<String>("text/html", b"canary\xff").await);
    is_corrupt(read::<String>("image/png", b"canary").await);
    is_corrupt(read::<AsJson<u8>>("application/json", b"\"canary\"").await);
    is_corrupt(read::<AsJson<u8>>("text/plain", b"1").await);
    is_corrupt(read::<()>("text/plain", b"canary").await);
    is_corrupt(read::<String>("application/x-none", b"").await);
    is_corrupt(read::<Bytes>("application/x-none", b"").await);
    is_corrupt(read::<RecordValue>("text/plain", b"canary\xff").await);
}

#[tokio::test]
async fn a_default_stands_in_for_what_is_missing_and_for_nothing_else() {
    let (_, store) = collection().await;
    store.set_value("nothing", ()).await.unwrap();
    store.set_value("picture", b"\xff").await.unwrap();
    let default = || Some("default".to_owned());
    assert_eq!(store.get_value("missing").or(default()).await.unwrap(), default());
    assert_eq!(store.get_value("nothing").or(default()).await.unwrap(), None);
    let error = store.get_value("picture").or("default".to_owned()).await.unwrap_err();
    assert_eq!((error.kind(), error.key()), (ErrorKind::Corrupt, Some("picture")));
    let missed = store.get_value::<String>("picture").on_corrupt(OnCorrupt::Miss);
    assert_eq!(missed.await.unwrap(), None);
    let missed = store.get_value("picture").on_corrupt(OnCorrupt::Miss).or("default".to_owned());
    assert_eq!(missed.await.unwrap(), "default");
}

#[test]
fn values_are_not_shown() {
    for value in [RecordValue::Text("canary".into()), RecordValue::Bytes("canary".into())] {
        assert!(!format!("{value:?}").contains("canary"));
    }
    assert!(!format!("{:?}", AsJson("canary")).contains("canary"));
}

#[test]
fn at_most_one_of_id_name_and_alias_chooses_a_store() {
    let id = StoreSelector::from_parts(Some("x"), None, None).unwrap();
    assert_eq!(id, StoreSelector::Id("x".into()));
    assert_eq!(StoreSelector::from_parts(None, None, None).unwrap(), StoreLabel::Default.into());
    assert_eq!(StoreSelector::from_parts(None, None, Some("a")).unwrap(), StoreAlias::new("a").unwrap().into());
    for (id, name, alias) in [
        (Some("x"), Some("x"), None),
        (Some("x"), None, Some("x")),
        (None, Some("x"), Some("x")),
        (Some("x"), Some("x"), Some("x")),
        (None, Some("a/b"), None),
        (None, None, Some("..")),
    ] {
        let error = StoreSelector::from_parts(id, name, alias).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{id:?} {name:?} {alias:?}");
    }
}
