//! Failing programs as they are printed, with the line filled in that is left to whoever pastes them, and the clock moved.

#[tokio::test]
async fn ends_with_a_look_at_a_collection() -> store_core::Result<()> {
    use std::time::Duration;

    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let client = store_memory::MemoryKeyValueStoreClient::builder().clock(clock.clone());
    let client: std::sync::Arc<dyn KeyValueStoreClient> =
        std::sync::Arc::new(client.access_times(store_core::AccessTimes::Exact).build());
    let again = client.clone(); // or a second client on the same data
    let first_name = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    let second_name = KeyValueStore::open(again.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(second_name.id(), first_name.id());
    let first_alias = KeyValueStore::open(client.clone(), StoreAlias::new("regression-app")?).await?;
    let first_longer = KeyValueStore::open(client.clone(), StoreName::new("regression-app-le")?).await?;
    first_alias.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"another")).await?;
    first_longer.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"another")).await?;
    first_name.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"\xff\"\\\x00")).await?;
    // Close the client, and open the same data again as what is called so from here on.
    let first_name_2 = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(first_name_2.id(), second_name.id());
    let second_name_2 = KeyValueStore::open(again.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(second_name_2.id(), first_name_2.id());
    let first_alias_2 = KeyValueStore::open(client.clone(), StoreAlias::new("regression-app")?).await?;
    assert_eq!(first_alias_2.id(), first_alias.id());
    let first_longer_2 = KeyValueStore::open(client.clone(), StoreName::new("regression-app-le")?).await?;
    assert_eq!(first_longer_2.id(), first_longer.id());
    second_name_2.set_record("b\u{feff}\"", ContentType::as_stored("text/x; a=\" {}\""), Bytes::from_static(b"")).await?;
    assert_eq!(first_name_2.get_record("a").await?.map(|record| (record.content_type.to_string(), record.value)), Some(("text/plain; charset=utf-8".to_owned(), Bytes::from_static(b"\xff\"\\\x00"))));
    assert_eq!(first_name_2.get_record("c").await?.map(|record| (record.content_type.to_string(), record.value)), None);
    assert!(second_name_2.record_exists("a").await?);
    assert!(!first_name_2.record_exists("c").await?);
    clock.advance(Duration::from_millis(3)); // the manual clock that the client was made with
    assert_eq!(second_name_2.metadata().await.map(|known| [known.created_at, known.accessed_at, known.modified_at].map(store_core::Timestamp::as_unix_millis))?, [1577836800000, 1577836800000, 1577836800000]);
    first_name_2.set_record("c", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"third")).await?;
    assert_eq!(first_name_2.metadata().await.map(|known| [known.created_at, known.accessed_at, known.modified_at].map(store_core::Timestamp::as_unix_millis))?, [1577836800000, 1577836800003, 1577836800003]);
    let page = second_name_2.list_keys(store_core::RecordPageOptions::default()).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), item.size)).collect();
    assert!([("a", "text/plain; charset=utf-8", 4), ("b\u{feff}\"", "text/x; a=\" {}\"", 0), ("c", "text/plain; charset=utf-8", 5)].starts_with(&listed), "{listed:?}");
    assert!(!listed.is_empty());
    assert_eq!(page.next_start_key.is_some(), listed.len() < 3);
    let page = first_name_2.list_keys(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("a")?).with_limit(1)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), item.size)).collect();
    assert!([("b\u{feff}\"", "text/x; a=\" {}\"", 0), ("c", "text/plain; charset=utf-8", 5)].starts_with(&listed), "{listed:?}");
    assert!(listed.len() <= 1);
    assert!(!listed.is_empty());
    assert_eq!(page.next_start_key.is_some(), listed.len() < 2);
    let page = first_name_2.list_records(store_core::RecordPageOptions::default().with_limit(2)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &item.value[..])).collect();
    assert!([("a", "text/plain; charset=utf-8", &b"\xff\"\\\x00"[..]), ("b\u{feff}\"", "text/x; a=\" {}\"", &b""[..]), ("c", "text/plain; charset=utf-8", &b"third"[..])].starts_with(&listed), "{listed:?}");
    assert!(listed.len() <= 2);
    assert!(!listed.is_empty());
    assert_eq!(page.next_start_key.is_some(), listed.len() < 3);
    let page = second_name_2.list_records(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("c")?)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &item.value[..])).collect();
    assert!([("", "", &b""[..]); 0].starts_with(&listed), "{listed:?}");
    assert_eq!(page.next_start_key, None);
    let page = first_name_2.list_records(store_core::RecordPageOptions::default().with_limit(0)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &item.value[..])).collect();
    assert!([("a", "text/plain; charset=utf-8", &b"\xff\"\\\x00"[..]), ("b\u{feff}\"", "text/x; a=\" {}\"", &b""[..]), ("c", "text/plain; charset=utf-8", &b"third"[..])].starts_with(&listed), "{listed:?}");
    assert!(listed.is_empty());
    assert_eq!(page.next_start_key, None);
    assert_eq!(KeyValueStore::open(first_name_2.client().clone(), StoreSelector::Id(first_name_2.id().to_owned())).await?.id(), first_name_2.id());
    assert!(second_name_2.delete_value("c").await?);
    assert!(!first_name_2.delete_value("c").await?);
    let first_name_3 = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(first_name_3.id(), second_name_2.id());
    second_name_2.purge().await?;
    assert_eq!(first_name_3.get_record("").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(first_name_3.delete_value(&"k".repeat(32769)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(KeyValueStore::open(second_name_2.client().clone(), StoreSelector::Id("nobody has this id".to_owned())).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    first_name_2.drop().await?;
    assert_eq!(first_name_3.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"\xff\"\\\x00")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.set_record("b\u{feff}\"", ContentType::as_stored("text/x; a=\" {}\""), Bytes::from_static(b"")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.get_record("a").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.get_record("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.record_exists("a").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.record_exists("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    clock.advance(Duration::from_millis(3)); // the manual clock that the client was made with
    assert_eq!(second_name_2.metadata().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.set_record("c", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"third")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_2.metadata().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.list_keys(store_core::RecordPageOptions::default()).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.list_keys(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("a")?).with_limit(1)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.list_records(store_core::RecordPageOptions::default().with_limit(2)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.list_records(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("c")?)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_2.list_records(store_core::RecordPageOptions::default().with_limit(0)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(KeyValueStore::open(first_name_3.client().clone(), StoreSelector::Id(first_name_3.id().to_owned())).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    assert_eq!(second_name_2.delete_value("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.delete_value("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.purge().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.get_record("").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(first_name_3.delete_value(&"k".repeat(32769)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(KeyValueStore::open(first_name_3.client().clone(), StoreSelector::Id("nobody has this id".to_owned())).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    assert_eq!(second_name_2.drop().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    let first_name_4 = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    assert_ne!(first_name_4.id(), first_name_3.id());
    assert_eq!(first_name_2.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"new")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    // What failed: what was seen
    let page = first_name_4.list_records(store_core::RecordPageOptions::default()).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &item.value[..])).collect();
    assert!([("", "", &b""[..]); 0].starts_with(&listed), "{listed:?}");
    assert_eq!(page.next_start_key, None);
    let page = first_name_4.list_keys(store_core::RecordPageOptions::default()).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), item.size)).collect();
    assert!([("", "", 0); 0].starts_with(&listed), "{listed:?}");
    assert_eq!(page.next_start_key, None);
    assert_eq!(first_name_4.metadata().await.map(|known| [known.created_at, known.accessed_at, known.modified_at].map(store_core::Timestamp::as_unix_millis))?, [1577836800006, 1577836800006, 1577836800006]);
    Ok(())
}

#[tokio::test]
async fn ends_with_a_step() -> store_core::Result<()> {
    use std::time::Duration;

    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let client = store_memory::MemoryKeyValueStoreClient::builder().clock(clock.clone());
    let client: std::sync::Arc<dyn KeyValueStoreClient> =
        std::sync::Arc::new(client.access_times(store_core::AccessTimes::Exact).build());
    let again = client.clone(); // or a second client on the same data
    let first_name = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    let second_name = KeyValueStore::open(again.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(second_name.id(), first_name.id());
    let first_alias = KeyValueStore::open(client.clone(), StoreAlias::new("regression-app")?).await?;
    let first_longer = KeyValueStore::open(client.clone(), StoreName::new("regression-app-le")?).await?;
    first_alias.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"another")).await?;
    first_longer.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"another")).await?;
    first_name.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"\xff\"\\\x00")).await?;
    // Close the client, and open the same data again as what is called so from here on.
    let first_name_2 = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(first_name_2.id(), second_name.id());
    let second_name_2 = KeyValueStore::open(again.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(second_name_2.id(), first_name_2.id());
    let first_alias_2 = KeyValueStore::open(client.clone(), StoreAlias::new("regression-app")?).await?;
    assert_eq!(first_alias_2.id(), first_alias.id());
    let first_longer_2 = KeyValueStore::open(client.clone(), StoreName::new("regression-app-le")?).await?;
    assert_eq!(first_longer_2.id(), first_longer.id());
    second_name_2.set_record("b\u{feff}\"", ContentType::as_stored("text/x; a=\" {}\""), Bytes::from_static(b"")).await?;
    assert_eq!(first_name_2.get_record("a").await?.map(|record| (record.content_type.to_string(), record.value)), Some(("text/plain; charset=utf-8".to_owned(), Bytes::from_static(b"\xff\"\\\x00"))));
    assert_eq!(first_name_2.get_record("c").await?.map(|record| (record.content_type.to_string(), record.value)), None);
    assert!(second_name_2.record_exists("a").await?);
    assert!(!first_name_2.record_exists("c").await?);
    clock.advance(Duration::from_millis(3)); // the manual clock that the client was made with
    assert_eq!(second_name_2.metadata().await.map(|known| [known.created_at, known.accessed_at, known.modified_at].map(store_core::Timestamp::as_unix_millis))?, [1577836800000, 1577836800000, 1577836800000]);
    first_name_2.set_record("c", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"third")).await?;
    assert_eq!(first_name_2.metadata().await.map(|known| [known.created_at, known.accessed_at, known.modified_at].map(store_core::Timestamp::as_unix_millis))?, [1577836800000, 1577836800003, 1577836800003]);
    let page = second_name_2.list_keys(store_core::RecordPageOptions::default()).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), item.size)).collect();
    assert!([("a", "text/plain; charset=utf-8", 4), ("b\u{feff}\"", "text/x; a=\" {}\"", 0), ("c", "text/plain; charset=utf-8", 5)].starts_with(&listed), "{listed:?}");
    assert!(!listed.is_empty());
    assert_eq!(page.next_start_key.is_some(), listed.len() < 3);
    let page = first_name_2.list_keys(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("a")?).with_limit(1)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), item.size)).collect();
    assert!([("b\u{feff}\"", "text/x; a=\" {}\"", 0), ("c", "text/plain; charset=utf-8", 5)].starts_with(&listed), "{listed:?}");
    assert!(listed.len() <= 1);
    assert!(!listed.is_empty());
    assert_eq!(page.next_start_key.is_some(), listed.len() < 2);
    let page = first_name_2.list_records(store_core::RecordPageOptions::default().with_limit(2)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &item.value[..])).collect();
    assert!([("a", "text/plain; charset=utf-8", &b"\xff\"\\\x00"[..]), ("b\u{feff}\"", "text/x; a=\" {}\"", &b""[..]), ("c", "text/plain; charset=utf-8", &b"third"[..])].starts_with(&listed), "{listed:?}");
    assert!(listed.len() <= 2);
    assert!(!listed.is_empty());
    assert_eq!(page.next_start_key.is_some(), listed.len() < 3);
    let page = second_name_2.list_records(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("c")?)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &item.value[..])).collect();
    assert!([("", "", &b""[..]); 0].starts_with(&listed), "{listed:?}");
    assert_eq!(page.next_start_key, None);
    let page = first_name_2.list_records(store_core::RecordPageOptions::default().with_limit(0)).await?;
    let listed: Vec<_> = page.items.iter().map(|item| (item.key.as_str(), item.content_type.as_str(), &item.value[..])).collect();
    assert!([("a", "text/plain; charset=utf-8", &b"\xff\"\\\x00"[..]), ("b\u{feff}\"", "text/x; a=\" {}\"", &b""[..]), ("c", "text/plain; charset=utf-8", &b"third"[..])].starts_with(&listed), "{listed:?}");
    assert!(listed.is_empty());
    assert_eq!(page.next_start_key, None);
    assert_eq!(KeyValueStore::open(first_name_2.client().clone(), StoreSelector::Id(first_name_2.id().to_owned())).await?.id(), first_name_2.id());
    assert!(second_name_2.delete_value("c").await?);
    assert!(!first_name_2.delete_value("c").await?);
    let first_name_3 = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    assert_eq!(first_name_3.id(), second_name_2.id());
    second_name_2.purge().await?;
    assert_eq!(first_name_3.get_record("").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(first_name_3.delete_value(&"k".repeat(32769)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(KeyValueStore::open(second_name_2.client().clone(), StoreSelector::Id("nobody has this id".to_owned())).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    first_name_2.drop().await?;
    assert_eq!(first_name_3.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"\xff\"\\\x00")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.set_record("b\u{feff}\"", ContentType::as_stored("text/x; a=\" {}\""), Bytes::from_static(b"")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.get_record("a").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.get_record("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.record_exists("a").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.record_exists("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    clock.advance(Duration::from_millis(3)); // the manual clock that the client was made with
    assert_eq!(second_name_2.metadata().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.set_record("c", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"third")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_2.metadata().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.list_keys(store_core::RecordPageOptions::default()).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.list_keys(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("a")?).with_limit(1)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.list_records(store_core::RecordPageOptions::default().with_limit(2)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.list_records(store_core::RecordPageOptions::default().with_exclusive_start_key(store_core::KeyBuf::new("c")?)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_2.list_records(store_core::RecordPageOptions::default().with_limit(0)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(KeyValueStore::open(first_name_3.client().clone(), StoreSelector::Id(first_name_3.id().to_owned())).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    assert_eq!(second_name_2.delete_value("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.delete_value("c").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(first_name_3.purge().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    assert_eq!(second_name_2.get_record("").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(first_name_3.delete_value(&"k".repeat(32769)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(KeyValueStore::open(first_name_3.client().clone(), StoreSelector::Id("nobody has this id".to_owned())).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    assert_eq!(second_name_2.drop().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Dropped));
    // What failed: what was seen
    let first_name_4 = KeyValueStore::open(client.clone(), StoreName::new("regression-app")?).await?;
    assert_ne!(first_name_4.id(), first_name_3.id());
    Ok(())
}

#[tokio::test]
async fn ends_with_a_look_beside() -> store_core::Result<()> {
    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let client = store_memory::MemoryKeyValueStoreClient::builder().clock(clock.clone());
    let client: std::sync::Arc<dyn KeyValueStoreClient> =
        std::sync::Arc::new(client.access_times(store_core::AccessTimes::Exact).build());
    let beside = KeyValueStore::open(client.clone(), StoreName::new("regression-ap")?).await?;
    beside.set_record("app", ContentType::TEXT, Bytes::from_static(b"noise")).await?;
    let first_alias = KeyValueStore::open(client.clone(), StoreAlias::new("regression-app")?).await?;
    first_alias.set_record("a", ContentType::as_stored("text/plain; charset=utf-8"), Bytes::from_static(b"another")).await?;
    // What failed: what was seen
    assert_eq!(beside.get_record("app").await?.map(|record| record.value), Some(Bytes::from_static(b"noise")));
    Ok(())
}
