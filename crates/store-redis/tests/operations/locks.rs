//! What locks leave on the server, and how tokens go on where the server has lost them.

use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{FencingToken, LockOwner};
use store_testkit::Reply;

use crate::support::{DAY, Place, caches};

/// Acquires and releases; the token.
async fn token(place: &Place) -> FencingToken {
    let guard = place.cache.try_lock("k", DAY).await.unwrap().unwrap();
    assert!(guard.release().await.unwrap());
    guard.fencing_token()
}

/// The server's time in microseconds.
fn time(place: &Place) -> u64 {
    let Reply::Array(parts) = place.server.command(&["TIME"]).unwrap() else { panic!() };
    let number = |part: &Reply| match part {
        Reply::Bulk(digits) => String::from_utf8_lossy(digits).parse::<u64>().unwrap(),
        other => panic!("{other:?}"),
    };
    number(&parts[0]) * 1_000_000 + number(&parts[1])
}

#[tokio::test]
async fn tokens_follow_the_clock_and_go_on_when_the_last_is_lost() {
    for place in caches("locks-lost").await {
        let last_token = format!("%f{{{}}}", place.root);
        let before = time(&place);
        let first = token(&place).await;
        assert!((before..=time(&place)).contains(&first.get()), "{first}");
        place.server.command(&["UNLINK", &last_token]).unwrap();
        let second = token(&place).await;
        assert!(second > first, "{second} {first}");
    }
}

#[tokio::test]
async fn tokens_go_on_when_the_clock_of_the_server_was_ahead() {
    for place in caches("locks-ahead").await {
        let last_token = format!("%f{{{}}}", place.root);
        let ahead = time(&place) + 3_600_000_000;
        place.server.command(&["SET", &last_token, &ahead.to_string()]).unwrap();
        assert_eq!([token(&place).await, token(&place).await].map(FencingToken::get), [ahead + 1, ahead + 2]);
    }
}

#[tokio::test]
async fn nothing_stays_of_a_lock_but_one_token_for_its_root() {
    for place in caches("locks-left").await {
        let keys = || place.server.command(&["KEYS", &format!("%*{{{}}}*", place.root)]).unwrap();
        let nested = place.cache.namespace("nested").unwrap();
        for name in 0..20 {
            let name = name.to_string();
            let guard = nested.try_lock(&name, DAY).await.unwrap().unwrap();
            assert!(guard.release().await.unwrap());
        }
        let Reply::Array(left) = keys() else { panic!() };
        assert_eq!(left.len(), 1, "{left:?}");
        let guard = place.cache.try_lock("k", DAY).await.unwrap().unwrap();
        let ttl = place.server.command(&["PTTL", &format!("%l{{{}}}:k", place.root)]).unwrap();
        assert!(matches!(ttl, Reply::Integer(millis) if millis > 86_000_000), "{ttl:?}");
        assert!(guard.release().await.unwrap());
    }
}

#[tokio::test]
async fn a_wait_may_be_longer_than_the_deadline_of_a_call_and_is_polled_meanwhile() {
    for place in caches("locks-wait").await {
        let owner = LockOwner::random();
        let guard = place.cache.try_lock("k", Duration::from_millis(300)).with_owner(owner).await.unwrap().unwrap();
        // No wait is too long to be measured.
        let next = place.cache.lock("k", DAY).wait(Duration::MAX).await.unwrap().unwrap();
        assert!(!guard.is_held().await.unwrap());
        assert!(next.release().await.unwrap());
    }
}

#[tokio::test]
async fn something_else_in_the_place_of_a_lock_is_an_error_and_stays() {
    for place in caches("locks-foreign").await {
        let lock = format!("%l{{{}}}:k", place.root);
        place.server.command(&["RPUSH", &lock, "x"]).unwrap();
        assert_eq!(place.cache.try_lock("k", DAY).await.unwrap_err().kind(), ErrorKind::WrongType);
        // A string is a lock of somebody else.
        place.server.command(&["SET", &lock, "x"]).unwrap();
        assert!(place.cache.try_lock("k", DAY).await.unwrap().is_none());
        place.server.command(&["UNLINK", &lock]).unwrap();
    }
}
