//! `list`, `clear`, and what they must not touch.

use store_redis::prelude::*;
use store_redis::{Config, Cursor, KeyBuf, ListedKey, Protocol, RedisCache, RedisStore};
use store_testkit::{RedisServer, Reply, ServerOptions};

use crate::support::{Place, caches, connect, list, own_server, pages, value};

#[tokio::test]
async fn clear_leaves_siblings_parents_and_look_alikes() {
    for place in caches("clear").await {
        let root = connect(place.server.url(), Protocol::Resp2).await;
        let pairs = [("app", "apple"), ("[ab]", "a"), ("a/b", "a"), ("*", "x"), ("a:b", "a"), ("%r", "r")];
        for (cleared, left) in
            pairs.map(|(one, other)| (format!("{}{one}", place.root), format!("{}{other}", place.root)))
        {
            let (cleared, left) = (root.namespace(&cleared).unwrap(), root.namespace(&left).unwrap());
            let nested = cleared.namespace(["x", "y"]).unwrap();
            for cache in [&cleared, &nested, &left] {
                cache.set("k", "v").await.unwrap();
                cache.set(":{}*", "v").await.unwrap();
            }
            assert_eq!(nested.clear().await.unwrap(), 2);
            assert_eq!(value(&cleared, "k").await, Some("v".into()));
            nested.set("k", "v").await.unwrap();
            assert_eq!(cleared.clear().await.unwrap(), 3);
            assert!(list(&cleared).await.is_empty());
            assert_eq!(list(&left).await.len(), 2);
        }
        assert_eq!(root.clear().await.unwrap_err().kind(), ErrorKind::ClearRefused);
    }
}

#[tokio::test]
async fn keys_that_are_no_text_are_cleared_and_not_listed() {
    for place in caches("no-text").await {
        let nested = [place.wire_key("").replace(':', "/n:").as_bytes(), b"\xff"].concat();
        let no_text = [place.wire_key("").as_bytes(), b"\xff\xfe"].concat();
        for wire_key in [&nested, &no_text] {
            place.server.command(&[b"SET", wire_key.as_slice(), b"v"]).unwrap();
        }
        // What our layout never writes stays, however much it looks like it.
        let foreign =
            [place.wire_key(""), place.wire_key("").replace(':', "x:k"), place.wire_key("").replace(':', "/%r:k")];
        for wire_key in &foreign {
            place.server.command(&["SET", wire_key, "v"]).unwrap();
        }
        place.cache.set("text", "v").await.unwrap();
        assert_eq!(list(&place.cache).await, ["text"]);
        assert_eq!(place.cache.clear().await.unwrap(), 3);
        let mut left = place.server.command(&["EXISTS", &foreign[0], &foreign[1], &foreign[2]]).unwrap();
        assert_eq!(left, Reply::Integer(3));
        left = place.server.command(&[b"EXISTS", nested.as_slice(), no_text.as_slice()]).unwrap();
        assert_eq!(left, Reply::Integer(0));
    }
}

#[tokio::test]
async fn many_keys_are_listed_completely_and_cleared_in_steps() {
    for Place { cache, .. } in caches("many").await {
        let keys: Vec<String> = (0..5000).map(|n| format!("k{n}")).collect();
        cache.set_many(keys.iter().map(|key| (key.as_str(), "v"))).await.unwrap();
        let nested = cache.namespace("nested").unwrap();
        nested.set("k", "v").await.unwrap();

        let mut listed = list(&cache).await;
        listed.sort();
        listed.dedup();
        let mut expected = keys.clone();
        expected.sort();
        assert_eq!(listed, expected);

        let page = cache.list().subtree().limit(1).await.unwrap();
        assert!(page.next.is_some() && page.keys.len() < keys.len());
        assert_eq!(cache.clear().await.unwrap(), 5001);
        assert!(list(&cache).await.is_empty() && list(&nested).await.is_empty());
    }
}

#[tokio::test]
async fn a_subtree_is_listed_with_relative_namespaces() {
    for Place { cache, .. } in caches("subtree").await {
        let nested = cache.namespace(["a/b", "c"]).unwrap();
        cache.set("k", "v").await.unwrap();
        nested.set("k", "v").await.unwrap();
        let mut keys = pages(|| cache.list().subtree()).await;
        keys.sort();
        let key = || KeyBuf::new("k").unwrap();
        let below = Namespace::try_from(["a/b", "c"]).unwrap();
        assert_eq!(keys, [ListedKey::new(Namespace::EMPTY, key()), ListedKey::new(below, key())]);
        assert_eq!(list(&cache).await, ["k"]);
    }
}

#[tokio::test]
async fn a_malformed_cursor_is_refused() {
    for Place { cache, .. } in caches("cursor").await {
        for text in ["", "7", "1.0123456789abcdef.0", "1.0123456789abcdef.0123456789abcdef.7", "x"] {
            let error = cache.list().after(Cursor::new(text)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidCursor, "{text}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_namespace_scope_or_database_is_refused() {
    let server = RedisServer::start(ServerOptions::new().directive("databases", "2")).unwrap();
    let root = connect(server.url(), Protocol::Resp2).await;
    let app = root.namespace("app").unwrap();
    app.set_many((0..2000).map(|n| (n.to_string(), "v"))).await.unwrap();
    let cursor = app.list().await.unwrap().next;
    assert!(cursor.is_some() && app.list().after(cursor.clone()).await.is_ok());

    let in_other_db = server.url().parse::<Config>().unwrap().with_db(1);
    let in_other_db = RedisCache::connect_with(in_other_db).await.unwrap().namespace("app").unwrap();
    let (nested, sibling) = (app.namespace("x").unwrap(), root.namespace("apple").unwrap());
    for list in [app.list().subtree(), nested.list(), sibling.list(), in_other_db.list()] {
        assert_eq!(list.after(cursor.clone()).await.unwrap_err().kind(), ErrorKind::InvalidCursor);
    }
    assert_eq!(root.list().after(cursor).await.unwrap_err().kind(), ErrorKind::InvalidCursor);
}

#[tokio::test]
async fn a_cursor_of_a_server_that_is_gone_begins_again() {
    let server = own_server(ServerOptions::new().directive("appendonly", "yes"));
    let cache = connect(server.url(), Protocol::Resp2).await.namespace("app").unwrap();
    let keys: Vec<String> = (0..2000).map(|n| format!("k{n}")).collect();
    cache.set_many(keys.iter().map(|key| (key.as_str(), "v"))).await.unwrap();
    let first = cache.list().limit(100).await.unwrap();
    let mut cursor = first.next;
    assert!(cursor.is_some());
    server.restart().unwrap();

    // All keys, although the place in the middle of the old server's table was handed in.
    let mut listed = Vec::new();
    while let Some(after) = cursor {
        let page = cache.list().after(after).await.unwrap();
        listed.extend(page.keys.into_iter().map(|listed| listed.key.to_string()));
        cursor = page.next;
    }
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), keys.len());
}

#[tokio::test]
async fn without_a_namespace_keys_can_be_listed_and_the_database_emptied() {
    let server = own_server(ServerOptions::new());
    let store = RedisStore::connect(server.url()).await.unwrap();
    let nested = store.namespace("app").unwrap();
    store.set("{app}:k", "v").await.unwrap();
    nested.set("k", "w").await.unwrap();
    server.command(&["SET", "foreign", "v"]).unwrap();
    let page = store.list().await.unwrap();
    assert_eq!(page.keys.iter().map(|listed| listed.key.as_str()).collect::<Vec<_>>(), ["{app}:k"]);
    assert_eq!(store.list().subtree().await.unwrap().keys.len(), 2);
    assert_eq!(store.get("{app}:k").await.unwrap(), Some("v".into()));
    store.delete_whole_database().await.unwrap();
    assert_eq!(server.command(&["DBSIZE"]).unwrap(), Reply::Integer(0));
}
