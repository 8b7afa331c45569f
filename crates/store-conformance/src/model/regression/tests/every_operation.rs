//! Failing programs as they are printed, with the line filled in that is left to whoever pastes them, and the clock moved.

#[tokio::test]
async fn ends_with_a_look_at_an_entry() -> store_core::Result<()> {
    use std::time::{Duration, SystemTime};

    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let store = store_memory::MemoryCache::builder().clock(clock.clone()).build();
    let first = store.namespace("regression")?;
    let second = first.clone(); // or another handle on the same data
    let one = store_core::LockOwner::random();
    let other = store_core::LockOwner::random();
    first.namespace(["app", "app"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["a*"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["[ab]", "{x}"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["app"])?.set("a", b"10").expiry(Expiry::Never).await?;
    assert_eq!(first.namespace(["app"])?.get("a").await?.as_deref(), Some(&b"10"[..]));
    assert_eq!(second.namespace(["app"])?.get("e\u{301}").await?.as_deref(), None);
    assert_eq!(first.namespace(["app"])?.get("a").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"10"), Some(store_core::ExpiresAt::Never))));
    first.namespace(["app"])?.set("\u{feff}\"", b"\xff\"\\\x00").expiry(Duration::from_millis(20)).await?;
    assert_eq!(second.namespace(["app"])?.get("\u{feff}\"").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"\xff\"\\\x00"), store_core::Timestamp::from_unix_millis(1577836800020).map(store_core::ExpiresAt::At))));
    assert_eq!(first.namespace(["app"])?.ttl("a").await?, Some(Remaining::Never));
    assert_eq!(first.namespace(["app"])?.ttl("\u{feff}\"").await?, Some(Remaining::In(Duration::from_millis(20))));
    assert_eq!(second.namespace(["app"])?.ttl("e\u{301}").await?, None);
    assert_eq!(first.namespace(["app"])?.get("a").renew(Duration::from_millis(30)).await?.as_deref(), Some(&b"10"[..]));
    assert_eq!(first.namespace(["app"])?.get("\u{feff}\"").renew(Duration::from_millis(30)).await?.as_deref(), Some(&b"\xff\"\\\x00"[..]));
    clock.advance(Duration::from_millis(29)); // the manual clock that the store was made with
    assert!(first.namespace(["app"])?.exists("\u{feff}\"").await?);
    clock.advance(Duration::from_millis(1)); // the manual clock that the store was made with
    assert!(!second.namespace(["app"])?.exists("\u{feff}\"").await?);
    assert!(first.namespace(["app"])?.set("\u{feff}\"", b"late").expiry(SystemTime::UNIX_EPOCH + Duration::from_millis(1577836801030)).if_absent().await?.is_stored());
    assert!(!first.namespace(["app"])?.set("\u{feff}\"", b"").if_absent().await?.is_stored());
    assert_eq!(second.namespace(["app"])?.get("\u{feff}\"").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"late"), store_core::Timestamp::from_unix_millis(1577836801030).map(store_core::ExpiresAt::At))));
    assert!(first.namespace(["app"])?.set("\u{feff}\"", b"kept").expiry(Expiry::Keep).if_present().await?.is_stored());
    assert!(!first.namespace(["app"])?.set("{x}\0", b"kept").expiry(Expiry::Keep).if_present().await?.is_stored());
    assert!(second.namespace(["app"])?.set("\u{feff}\"", b"next").expiry(Expiry::Keep).if_value(b"kept").await?.is_stored());
    assert!(!first.namespace(["app"])?.set("\u{feff}\"", b"next").expiry(Expiry::Never).if_value(b"\xff\"\\\x00").await?.is_stored());
    first.namespace(["app"])?.set("{x}\0", b"gone").expiry(SystemTime::UNIX_EPOCH).await?;
    second.namespace(["app", "le"])?.set("{x}\0", b"text").expiry(Expiry::Never).await?;
    first.set("{x}\0", b"nested").expiry(Expiry::Never).await?;
    let listed = first.namespace(["app"])?.list().limit(2).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, [" a", " \u{feff}\""]);
    let listed = second.list().subtree().limit(1).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, [" {x}\0", "%5Bab%5D/%7Bx%7D a", "a%2A a", "app a", "app \u{feff}\"", "app/app a", "app/le {x}\0"]);
    assert!(!first.namespace(["app", "le"])?.delete("{x}\0").if_value(b"\xff\"\\\x00").await?);
    assert!(first.namespace(["app", "le"])?.delete("{x}\0").if_value(b"text").await?);
    assert!(second.namespace(["app"])?.expire("\u{feff}\"", Duration::from_millis(5)).await?);
    assert!(!first.namespace(["app"])?.expire("{x}\0", Expiry::Never).await?);
    assert!(first.namespace(["app"])?.expire("\u{feff}\"", Expiry::Default).await?);
    assert!(second.namespace(["app"])?.add("{x}\0", b"added").expiry(Expiry::Never).await?);
    assert!(!first.namespace(["app"])?.add("{x}\0", b"again").expiry(Expiry::Keep).await?);
    let (mut listed, mut cursor, mut is_over) = (Vec::new(), None, false);
    for number in 1.. {
        if !is_over {
            let page = first.namespace(["app"])?.list().subtree().limit(1).after(cursor.take()).await?;
            listed.extend(page.keys.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)));
            (is_over, cursor) = (page.next.is_none(), page.next);
        }
        match number {
            1 => { second.namespace(["app", "le"])?.set("e\u{301}", b"comes").expiry(Expiry::Never).await?; }
            2 => assert!(second.namespace(["app"])?.delete("{x}\0").await?),
            3 => { second.set("a", b"beside").expiry(Expiry::Never).await?; }
            _ if is_over => break,
            _ => {}
        }
    }
    listed.sort_unstable();
    let once: std::collections::BTreeSet<_> = listed.iter().map(String::as_str).collect();
    assert!(once.is_superset(&[" a", " \u{feff}\"", "app a"].into()), "{once:?}");
    assert!(once.is_subset(&[" a", " {x}\0", " \u{feff}\"", "app a", "le e\u{301}"].into()), "{once:?}");
    let (mut listed, mut cursor, mut is_over) = (Vec::new(), None, false);
    for number in 1.. {
        if !is_over {
            let page = second.namespace(["app"])?.list().limit(3).after(cursor.take()).await?;
            listed.extend(page.keys.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)));
            (is_over, cursor) = (page.next.is_none(), page.next);
        }
        match number {
            1 => { first.namespace(["app"])?.set("e\u{301}", b"\xc3\xa9").expiry(Expiry::Never).await?; }
            _ if is_over => break,
            _ => {}
        }
    }
    listed.sort_unstable();
    let once: std::collections::BTreeSet<_> = listed.iter().map(String::as_str).collect();
    assert!(once.is_superset(&[" a", " \u{feff}\""].into()), "{once:?}");
    assert!(once.is_subset(&[" a", " e\u{301}", " \u{feff}\""].into()), "{once:?}");
    assert_eq!(first.namespace(["app"])?.increment("a", 5).await?, 15);
    assert_eq!(first.namespace(["app"])?.increment("a", 9223372036854775807).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::OutOfRange));
    assert_eq!(second.namespace(["app", "le"])?.increment("a", -3).expiry_on_create(Duration::from_millis(100)).await?, -3);
    assert_eq!(first.namespace(["app"])?.increment("\u{feff}\"", 1).expiry_on_create(Expiry::Never).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotAnInteger));
    assert_eq!(first.namespace(["app"])?.decrement("a", 2).expiry_on_create(Expiry::Never).await?, 13);
    assert_eq!(second.namespace(["app"])?.decrement("a", -9223372036854775808).expiry_on_create(Expiry::Never).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::OutOfRange));
    first.namespace(["app"])?.set_many([("\u{feff}\"", &b"1"[..], Expiry::try_from(Duration::from_millis(50))?), ("\u{feff}\"", &b"2"[..], Expiry::try_from(SystemTime::UNIX_EPOCH + Duration::from_millis(1577836809030))?)]).await?;
    first.namespace(["app"])?.set_many([("{x}\0", &b"3"[..], Expiry::Default), ("e\u{301}", &b"4"[..], Expiry::Keep), ("e\u{301}", &b"5"[..], Expiry::Never)]).await?;
    second.namespace(["app"])?.set_many([("", ""); 0]).await?;
    assert_eq!(first.namespace(["app"])?.get_many(&["a", "\u{feff}\"", "\u{feff}\"", "e\u{301}"]).await?, [Some(Bytes::from_static(b"13")), Some(Bytes::from_static(b"2")), Some(Bytes::from_static(b"2")), Some(Bytes::from_static(b"5"))]);
    assert_eq!(first.namespace(["app"])?.get_many(&[""; 0]).await?, [None::<Bytes>; 0]);
    assert_eq!(second.namespace(["app"])?.expire_many(&["{x}\0", "e\u{301}", "e\u{301}"], SystemTime::UNIX_EPOCH + Duration::from_millis(1577836805030)).await?, [true, true, true]);
    assert_eq!(first.namespace(["app"])?.expire_many(&["{x}\0"], SystemTime::UNIX_EPOCH).await?, [true]);
    assert_eq!(first.namespace(["app"])?.expire_many(&[""; 0], Expiry::Never).await?, [false; 0]);
    assert_eq!(second.namespace(["app"])?.delete_many(&["e\u{301}", "e\u{301}", "{x}\0"]).await?, [true, false, false]);
    assert_eq!(first.namespace(["app"])?.delete_many(&[""; 0]).await?, [false; 0]);
    assert_eq!(first.namespace(["app"])?.take("\u{feff}\"").await?.as_deref(), Some(&b"2"[..]));
    assert_eq!(second.namespace(["app"])?.take("\u{feff}\"").await?.as_deref(), None);
    assert!(first.namespace(["app"])?.delete("a").await?);
    assert!(!first.namespace(["app"])?.delete("a").await?);
    let token_1 = second.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, store_core::LockOptions::new(Ttl::new(Duration::from_millis(20))?)).await?;
    assert!(token_1.is_some());
    assert_eq!(first.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, store_core::LockOptions::new(Ttl::new(Duration::from_millis(20))?)).await?, None);
    assert_eq!(first.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, store_core::LockOptions::new(Ttl::new(Duration::from_millis(40))?)).await?, token_1);
    assert!(!second.namespace(["app"])?.extend_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, Ttl::new(Duration::from_millis(50))?).await?);
    assert!(first.namespace(["app"])?.extend_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, Ttl::new(Duration::from_millis(30))?).await?);
    let token_2 = first.namespace(["app", "le"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, store_core::LockOptions::new(Ttl::new(Duration::from_millis(9))?)).await?;
    assert!(token_2.is_some());
    assert!(!second.namespace(["app"])?.release_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other).await?);
    assert!(first.namespace(["app"])?.lock_is_held(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one).await?);
    clock.advance(Duration::from_millis(30)); // the manual clock that the store was made with
    assert!(!second.namespace(["app"])?.lock_is_held(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one).await?);
    let token_3 = first.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, store_core::LockOptions::new(Ttl::new(Duration::from_millis(9))?)).await?;
    assert!(token_3 > token_1);
    assert!(first.namespace(["app"])?.release_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other).await?);
    let token_4 = second.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, store_core::LockOptions::new(Ttl::new(Duration::from_millis(5000))?)).await?;
    assert!(token_4 > token_3);
    assert_eq!(first.namespace(["app"])?.get("").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(first.namespace(["app"])?.set("a", "").expiry(Duration::from_millis(0)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    assert_eq!(second.namespace(["app"])?.expire("a", Expiry::Keep).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    assert_eq!(first.namespace(["app"])?.list().limit(0).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    assert_eq!(first.namespace(["app"])?.list().after(Cursor::new("no driver makes this")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidCursor));
    second.namespace(["app"])?.set("a", b"\r\n").expiry(Expiry::Never).await?;
    // Drop every handle, open the same data again, and go on with handles on that.
    let _either = first.namespace(["app"])?.lock_is_held(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one).await?; // time leaves the answer open
    assert_eq!(second.clear().await?, 8);
    let listed = first.list().subtree().limit(4).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, [""; 0]);
    first.namespace(["app"])?.set("a", b"last").expiry(Expiry::Never).await?;
    // What failed: what was seen
    assert_eq!(second.namespace(["app"])?.get("a").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"last"), Some(store_core::ExpiresAt::Never))));
    Ok(())
}

#[tokio::test]
async fn ends_with_a_step() -> store_core::Result<()> {
    use std::time::{Duration, SystemTime};

    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let store = store_memory::MemoryCache::builder().clock(clock.clone()).build();
    let first = store.namespace("regression")?;
    let second = first.clone(); // or another handle on the same data
    let one = store_core::LockOwner::random();
    let other = store_core::LockOwner::random();
    first.namespace(["app", "app"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["a*"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["[ab]", "{x}"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["app"])?.set("a", b"10").expiry(Expiry::Never).await?;
    assert_eq!(first.namespace(["app"])?.get("a").await?.as_deref(), Some(&b"10"[..]));
    assert_eq!(second.namespace(["app"])?.get("e\u{301}").await?.as_deref(), None);
    assert_eq!(first.namespace(["app"])?.get("a").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"10"), Some(store_core::ExpiresAt::Never))));
    first.namespace(["app"])?.set("\u{feff}\"", b"\xff\"\\\x00").expiry(Duration::from_millis(20)).await?;
    assert_eq!(second.namespace(["app"])?.get("\u{feff}\"").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"\xff\"\\\x00"), store_core::Timestamp::from_unix_millis(1577836800020).map(store_core::ExpiresAt::At))));
    assert_eq!(first.namespace(["app"])?.ttl("a").await?, Some(Remaining::Never));
    assert_eq!(first.namespace(["app"])?.ttl("\u{feff}\"").await?, Some(Remaining::In(Duration::from_millis(20))));
    assert_eq!(second.namespace(["app"])?.ttl("e\u{301}").await?, None);
    assert_eq!(first.namespace(["app"])?.get("a").renew(Duration::from_millis(30)).await?.as_deref(), Some(&b"10"[..]));
    assert_eq!(first.namespace(["app"])?.get("\u{feff}\"").renew(Duration::from_millis(30)).await?.as_deref(), Some(&b"\xff\"\\\x00"[..]));
    clock.advance(Duration::from_millis(29)); // the manual clock that the store was made with
    assert!(first.namespace(["app"])?.exists("\u{feff}\"").await?);
    clock.advance(Duration::from_millis(1)); // the manual clock that the store was made with
    assert!(!second.namespace(["app"])?.exists("\u{feff}\"").await?);
    assert!(first.namespace(["app"])?.set("\u{feff}\"", b"late").expiry(SystemTime::UNIX_EPOCH + Duration::from_millis(1577836801030)).if_absent().await?.is_stored());
    assert!(!first.namespace(["app"])?.set("\u{feff}\"", b"").if_absent().await?.is_stored());
    assert_eq!(second.namespace(["app"])?.get("\u{feff}\"").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"late"), store_core::Timestamp::from_unix_millis(1577836801030).map(store_core::ExpiresAt::At))));
    assert!(first.namespace(["app"])?.set("\u{feff}\"", b"kept").expiry(Expiry::Keep).if_present().await?.is_stored());
    assert!(!first.namespace(["app"])?.set("{x}\0", b"kept").expiry(Expiry::Keep).if_present().await?.is_stored());
    assert!(second.namespace(["app"])?.set("\u{feff}\"", b"next").expiry(Expiry::Keep).if_value(b"kept").await?.is_stored());
    assert!(!first.namespace(["app"])?.set("\u{feff}\"", b"next").expiry(Expiry::Never).if_value(b"\xff\"\\\x00").await?.is_stored());
    first.namespace(["app"])?.set("{x}\0", b"gone").expiry(SystemTime::UNIX_EPOCH).await?;
    second.namespace(["app", "le"])?.set("{x}\0", b"text").expiry(Expiry::Never).await?;
    first.set("{x}\0", b"nested").expiry(Expiry::Never).await?;
    let listed = first.namespace(["app"])?.list().limit(2).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, [" a", " \u{feff}\""]);
    let listed = second.list().subtree().limit(1).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, [" {x}\0", "%5Bab%5D/%7Bx%7D a", "a%2A a", "app a", "app \u{feff}\"", "app/app a", "app/le {x}\0"]);
    assert!(!first.namespace(["app", "le"])?.delete("{x}\0").if_value(b"\xff\"\\\x00").await?);
    assert!(first.namespace(["app", "le"])?.delete("{x}\0").if_value(b"text").await?);
    assert!(second.namespace(["app"])?.expire("\u{feff}\"", Duration::from_millis(5)).await?);
    assert!(!first.namespace(["app"])?.expire("{x}\0", Expiry::Never).await?);
    assert!(first.namespace(["app"])?.expire("\u{feff}\"", Expiry::Default).await?);
    assert!(second.namespace(["app"])?.add("{x}\0", b"added").expiry(Expiry::Never).await?);
    assert!(!first.namespace(["app"])?.add("{x}\0", b"again").expiry(Expiry::Keep).await?);
    let (mut listed, mut cursor, mut is_over) = (Vec::new(), None, false);
    for number in 1.. {
        if !is_over {
            let page = first.namespace(["app"])?.list().subtree().limit(1).after(cursor.take()).await?;
            listed.extend(page.keys.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)));
            (is_over, cursor) = (page.next.is_none(), page.next);
        }
        match number {
            1 => { second.namespace(["app", "le"])?.set("e\u{301}", b"comes").expiry(Expiry::Never).await?; }
            2 => assert!(second.namespace(["app"])?.delete("{x}\0").await?),
            3 => { second.set("a", b"beside").expiry(Expiry::Never).await?; }
            _ if is_over => break,
            _ => {}
        }
    }
    listed.sort_unstable();
    let once: std::collections::BTreeSet<_> = listed.iter().map(String::as_str).collect();
    assert!(once.is_superset(&[" a", " \u{feff}\"", "app a"].into()), "{once:?}");
    assert!(once.is_subset(&[" a", " {x}\0", " \u{feff}\"", "app a", "le e\u{301}"].into()), "{once:?}");
    let (mut listed, mut cursor, mut is_over) = (Vec::new(), None, false);
    for number in 1.. {
        if !is_over {
            let page = second.namespace(["app"])?.list().limit(3).after(cursor.take()).await?;
            listed.extend(page.keys.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)));
            (is_over, cursor) = (page.next.is_none(), page.next);
        }
        match number {
            1 => { first.namespace(["app"])?.set("e\u{301}", b"\xc3\xa9").expiry(Expiry::Never).await?; }
            _ if is_over => break,
            _ => {}
        }
    }
    listed.sort_unstable();
    let once: std::collections::BTreeSet<_> = listed.iter().map(String::as_str).collect();
    assert!(once.is_superset(&[" a", " \u{feff}\""].into()), "{once:?}");
    assert!(once.is_subset(&[" a", " e\u{301}", " \u{feff}\""].into()), "{once:?}");
    assert_eq!(first.namespace(["app"])?.increment("a", 5).await?, 15);
    assert_eq!(first.namespace(["app"])?.increment("a", 9223372036854775807).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::OutOfRange));
    assert_eq!(second.namespace(["app", "le"])?.increment("a", -3).expiry_on_create(Duration::from_millis(100)).await?, -3);
    assert_eq!(first.namespace(["app"])?.increment("\u{feff}\"", 1).expiry_on_create(Expiry::Never).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::NotAnInteger));
    assert_eq!(first.namespace(["app"])?.decrement("a", 2).expiry_on_create(Expiry::Never).await?, 13);
    assert_eq!(second.namespace(["app"])?.decrement("a", -9223372036854775808).expiry_on_create(Expiry::Never).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::OutOfRange));
    first.namespace(["app"])?.set_many([("\u{feff}\"", &b"1"[..], Expiry::try_from(Duration::from_millis(50))?), ("\u{feff}\"", &b"2"[..], Expiry::try_from(SystemTime::UNIX_EPOCH + Duration::from_millis(1577836809030))?)]).await?;
    first.namespace(["app"])?.set_many([("{x}\0", &b"3"[..], Expiry::Default), ("e\u{301}", &b"4"[..], Expiry::Keep), ("e\u{301}", &b"5"[..], Expiry::Never)]).await?;
    second.namespace(["app"])?.set_many([("", ""); 0]).await?;
    assert_eq!(first.namespace(["app"])?.get_many(&["a", "\u{feff}\"", "\u{feff}\"", "e\u{301}"]).await?, [Some(Bytes::from_static(b"13")), Some(Bytes::from_static(b"2")), Some(Bytes::from_static(b"2")), Some(Bytes::from_static(b"5"))]);
    assert_eq!(first.namespace(["app"])?.get_many(&[""; 0]).await?, [None::<Bytes>; 0]);
    assert_eq!(second.namespace(["app"])?.expire_many(&["{x}\0", "e\u{301}", "e\u{301}"], SystemTime::UNIX_EPOCH + Duration::from_millis(1577836805030)).await?, [true, true, true]);
    assert_eq!(first.namespace(["app"])?.expire_many(&["{x}\0"], SystemTime::UNIX_EPOCH).await?, [true]);
    assert_eq!(first.namespace(["app"])?.expire_many(&[""; 0], Expiry::Never).await?, [false; 0]);
    assert_eq!(second.namespace(["app"])?.delete_many(&["e\u{301}", "e\u{301}", "{x}\0"]).await?, [true, false, false]);
    assert_eq!(first.namespace(["app"])?.delete_many(&[""; 0]).await?, [false; 0]);
    assert_eq!(first.namespace(["app"])?.take("\u{feff}\"").await?.as_deref(), Some(&b"2"[..]));
    assert_eq!(second.namespace(["app"])?.take("\u{feff}\"").await?.as_deref(), None);
    assert!(first.namespace(["app"])?.delete("a").await?);
    assert!(!first.namespace(["app"])?.delete("a").await?);
    let token_1 = second.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, store_core::LockOptions::new(Ttl::new(Duration::from_millis(20))?)).await?;
    assert!(token_1.is_some());
    assert_eq!(first.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, store_core::LockOptions::new(Ttl::new(Duration::from_millis(20))?)).await?, None);
    assert_eq!(first.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, store_core::LockOptions::new(Ttl::new(Duration::from_millis(40))?)).await?, token_1);
    assert!(!second.namespace(["app"])?.extend_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, Ttl::new(Duration::from_millis(50))?).await?);
    assert!(first.namespace(["app"])?.extend_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, Ttl::new(Duration::from_millis(30))?).await?);
    let token_2 = first.namespace(["app", "le"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, store_core::LockOptions::new(Ttl::new(Duration::from_millis(9))?)).await?;
    assert!(token_2.is_some());
    assert!(!second.namespace(["app"])?.release_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other).await?);
    assert!(first.namespace(["app"])?.lock_is_held(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one).await?);
    clock.advance(Duration::from_millis(30)); // the manual clock that the store was made with
    assert!(!second.namespace(["app"])?.lock_is_held(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one).await?);
    let token_3 = first.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other, store_core::LockOptions::new(Ttl::new(Duration::from_millis(9))?)).await?;
    assert!(token_3 > token_1);
    assert!(first.namespace(["app"])?.release_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, other).await?);
    let token_4 = second.namespace(["app"])?.acquire_lock(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one, store_core::LockOptions::new(Ttl::new(Duration::from_millis(5000))?)).await?;
    assert!(token_4 > token_3);
    assert_eq!(first.namespace(["app"])?.get("").await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
    assert_eq!(first.namespace(["app"])?.set("a", "").expiry(Duration::from_millis(0)).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    assert_eq!(second.namespace(["app"])?.expire("a", Expiry::Keep).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    assert_eq!(first.namespace(["app"])?.list().limit(0).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    assert_eq!(first.namespace(["app"])?.list().after(Cursor::new("no driver makes this")).await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidCursor));
    second.namespace(["app"])?.set("a", b"\r\n").expiry(Expiry::Never).await?;
    // Drop every handle, open the same data again, and go on with handles on that.
    let _either = first.namespace(["app"])?.lock_is_held(store_core::Address { namespace: &Namespace::EMPTY, key: store_core::Key::new("a")? }, one).await?; // time leaves the answer open
    // What failed: what was seen
    assert_eq!(second.clear().await?, 8);
    Ok(())
}

#[tokio::test]
async fn lists_in_byte_order() -> store_core::Result<()> {
    use std::time::{Duration, SystemTime};

    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let store = store_memory::MemoryCache::builder().clock(clock.clone()).build();
    let first = store.namespace("regression")?;
    let second = first.clone(); // or another handle on the same data
    first.namespace(["app", "app"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["a*"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["[ab]", "{x}"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["app"])?.set("a", b"10").expiry(Expiry::Never).await?;
    first.namespace(["app"])?.set("\u{feff}\"", b"\xff\"\\\x00").expiry(Duration::from_millis(20)).await?;
    assert!(!first.namespace(["app"])?.set("\u{feff}\"", b"late").expiry(SystemTime::UNIX_EPOCH + Duration::from_millis(1577836801000)).if_absent().await?.is_stored());
    assert!(!first.namespace(["app"])?.set("\u{feff}\"", b"").if_absent().await?.is_stored());
    assert!(first.namespace(["app"])?.set("\u{feff}\"", b"kept").expiry(Expiry::Keep).if_present().await?.is_stored());
    assert!(!first.namespace(["app"])?.set("{x}\0", b"kept").expiry(Expiry::Keep).if_present().await?.is_stored());
    assert!(second.namespace(["app"])?.set("\u{feff}\"", b"next").expiry(Expiry::Keep).if_value(b"kept").await?.is_stored());
    assert!(!first.namespace(["app"])?.set("\u{feff}\"", b"next").expiry(Expiry::Never).if_value(b"\xff\"\\\x00").await?.is_stored());
    first.namespace(["app"])?.set("{x}\0", b"gone").expiry(SystemTime::UNIX_EPOCH).await?;
    second.namespace(["app", "le"])?.set("{x}\0", b"text").expiry(Expiry::Never).await?;
    first.set("{x}\0", b"nested").expiry(Expiry::Never).await?;
    let listed = first.namespace(["app"])?.list().limit(2).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    assert_eq!(listed, [" a", " \u{feff}\""]);
    let listed = second.list().subtree().limit(1).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    assert_eq!(listed, [" {x}\0", "%5Bab%5D/%7Bx%7D a", "a%2A a", "app a", "app \u{feff}\"", "app/app a", "app/le {x}\0"]);
    let (mut listed, mut cursor, mut is_over) = (Vec::new(), None, false);
    for number in 1.. {
        if !is_over {
            let page = first.namespace(["app"])?.list().subtree().limit(1).after(cursor.take()).await?;
            listed.extend(page.keys.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)));
            (is_over, cursor) = (page.next.is_none(), page.next);
        }
        match number {
            1 => { second.namespace(["app", "le"])?.set("e\u{301}", b"comes").expiry(Expiry::Never).await?; }
            2 => assert!(!second.namespace(["app"])?.delete("{x}\0").await?),
            3 => { second.set("a", b"beside").expiry(Expiry::Never).await?; }
            _ if is_over => break,
            _ => {}
        }
    }
    listed.sort_unstable();
    let once: std::collections::BTreeSet<_> = listed.iter().map(String::as_str).collect();
    assert_eq!(listed.len(), once.len(), "{listed:?}");
    assert!(once.is_superset(&[" a", " \u{feff}\"", "app a", "le {x}\0"].into()), "{once:?}");
    assert!(once.is_subset(&[" a", " \u{feff}\"", "app a", "le e\u{301}", "le {x}\0"].into()), "{once:?}");
    let (mut listed, mut cursor, mut is_over) = (Vec::new(), None, false);
    for number in 1.. {
        if !is_over {
            let page = second.namespace(["app"])?.list().limit(3).after(cursor.take()).await?;
            listed.extend(page.keys.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)));
            (is_over, cursor) = (page.next.is_none(), page.next);
        }
        match number {
            1 => { first.namespace(["app"])?.set("e\u{301}", b"\xc3\xa9").expiry(Expiry::Never).await?; }
            _ if is_over => break,
            _ => {}
        }
    }
    listed.sort_unstable();
    let once: std::collections::BTreeSet<_> = listed.iter().map(String::as_str).collect();
    assert_eq!(listed.len(), once.len(), "{listed:?}");
    assert!(once.is_superset(&[" a", " \u{feff}\""].into()), "{once:?}");
    assert!(once.is_subset(&[" a", " e\u{301}", " \u{feff}\""].into()), "{once:?}");
    second.namespace(["app"])?.set("a", b"\r\n").expiry(Expiry::Never).await?;
    let listed = first.list().subtree().limit(4).all().await?;
    let mut listed: Vec<_> = listed.iter().map(|listed| format!("{} {}", listed.namespace, listed.key)).collect();
    listed.sort_unstable();
    assert_eq!(listed, [" a", " {x}\0", "%5Bab%5D/%7Bx%7D a", "a%2A a", "app a", "app e\u{301}", "app \u{feff}\"", "app/app a", "app/le e\u{301}", "app/le {x}\0"]);
    // What failed: what was seen
    first.namespace(["app"])?.set("a", b"last").expiry(Expiry::Never).await?;
    Ok(())
}

#[tokio::test]
async fn ends_with_a_look_at_what_no_step_meant() -> store_core::Result<()> {
    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let store = store_memory::MemoryCache::builder().clock(clock.clone()).build();
    let first = store.namespace("regression")?;
    first.namespace(["app", "app"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["a*"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["[ab]", "{x}"])?.set("a", b"beside").expiry(Expiry::Never).await?;
    first.namespace(["app"])?.set("a", b"10").expiry(Expiry::Never).await?;
    // What failed: what was seen
    assert_eq!(first.namespace(["app", "app"])?.get("a").with_expiry().await?.map(|entry| (entry.value, entry.expires_at)), Some((Bytes::from_static(b"beside"), Some(store_core::ExpiresAt::Never))));
    Ok(())
}

#[tokio::test]
async fn ends_with_a_look_beside() -> store_core::Result<()> {
    use store_core::prelude::*;

    let clock = store_core::ManualClock::new();
    let store = store_memory::MemoryCache::builder().clock(clock.clone()).build();
    let first = store.namespace("regression")?;
    let beside = store.namespace("regression.neighbour")?;
    beside.set("app", "app").expiry(Expiry::Never).await?;
    first.namespace(["app"])?.set("a", b"10").expiry(Expiry::Never).await?;
    // What failed: what was seen
    assert_eq!(beside.get("app").await?.as_deref(), Some(&b"app"[..]));
    Ok(())
}
