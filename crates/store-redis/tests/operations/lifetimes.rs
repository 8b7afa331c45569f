//! Expiry in all its forms, and renewal.

use std::time::{Duration, Instant};

use store_redis::prelude::*;
use store_redis::{ExpiresAt, SetOutcome, Timestamp};

use crate::support::{DAY, LONG_AGO, Place, caches, is_about, value};

#[tokio::test]
async fn renewal_extends_an_entry_that_is_about_to_expire() {
    for Place { cache, .. } in caches("renew-late").await {
        let (left, before) = (Duration::from_millis(200), Instant::now());
        cache.set("k", "v").ttl(left).await.unwrap();
        match cache.get("k").renew(DAY).await.unwrap() {
            Some(value) => {
                assert_eq!(value, "v");
                assert!(is_about(cache.ttl("k").await.unwrap(), DAY));
            }
            None => assert!(before.elapsed() >= left, "it was gone before its time"),
        }
    }
}

#[tokio::test]
async fn renewal_shortens_and_reports_the_new_expiry() {
    for Place { cache, .. } in caches("renew-shorter").await {
        cache.set("k", "v").ttl(DAY).await.unwrap();
        let entry = cache.get("k").renew(DAY / 4).with_expiry().await.unwrap().unwrap();
        assert!(is_about(cache.ttl("k").await.unwrap(), DAY / 4));
        assert_eq!(cache.get("k").with_expiry().await.unwrap().unwrap(), entry);
    }
}

#[tokio::test]
async fn renewal_leaves_an_entry_without_expiry_and_a_missing_one_alone() {
    for Place { cache, .. } in caches("renew-never").await {
        cache.set("k", "v").never_expires().await.unwrap();
        let entry = cache.get("k").renew(DAY).with_expiry().await.unwrap().unwrap();
        assert_eq!((entry.value, entry.expires_at), ("v".into(), Some(ExpiresAt::Never)));
        assert_eq!(cache.ttl("k").await.unwrap(), Some(Remaining::Never));
        assert_eq!(cache.get("missing").renew(DAY).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_absolute_expiry_is_reported_as_it_was_set() {
    for Place { cache, .. } in caches("absolute").await {
        let time = Timestamp::from_unix_millis(4_102_444_800_123).unwrap();
        cache.set("k", "v").expiry(Expiry::At(time)).await.unwrap();
        let expires_at = async || cache.get("k").with_expiry().await.unwrap().unwrap().expires_at;
        assert_eq!(expires_at().await, Some(ExpiresAt::At(time)));
        cache.expire("k", Expiry::At(Timestamp::MAX)).await.unwrap();
        assert_eq!(expires_at().await, Some(ExpiresAt::At(Timestamp::MAX)));
    }
}

#[tokio::test]
async fn a_past_expiry_removes_after_the_condition_was_judged() {
    for Place { cache, .. } in caches("past").await {
        let past = || cache.set("k", "new").expiry(LONG_AGO);

        past().await.unwrap();
        assert_eq!(value(&cache, "k").await, None);

        assert_eq!(past().if_absent().await.unwrap(), SetOutcome::Stored);
        assert!(!cache.exists("k").await.unwrap());
        assert_eq!(past().if_present().await.unwrap(), SetOutcome::Refused);
        assert_eq!(past().if_value("old").await.unwrap(), SetOutcome::Refused);

        for condition in ["always", "present", "value"] {
            cache.set("k", "old").await.unwrap();
            match condition {
                "always" => past().await.unwrap(),
                "present" => assert_eq!(past().if_present().await.unwrap(), SetOutcome::Stored),
                _ => assert_eq!(past().if_value("old").await.unwrap(), SetOutcome::Stored),
            }
            assert_eq!(value(&cache, "k").await, None, "{condition}");
        }

        cache.set("k", "old").await.unwrap();
        assert_eq!(past().if_absent().await.unwrap(), SetOutcome::Refused);
        assert_eq!(past().if_value("other").await.unwrap(), SetOutcome::Refused);
        assert_eq!(value(&cache, "k").await, Some("old".into()));

        assert!(cache.expire("k", LONG_AGO).await.unwrap());
        assert!(!cache.expire("k", LONG_AGO).await.unwrap());
        cache.set_many([("k", "v", LONG_AGO), ("l", "v", Expiry::Never)]).await.unwrap();
        assert_eq!(cache.get_many(&["k", "l"]).await.unwrap(), [None, Some("v".into())]);
    }
}

#[tokio::test]
async fn keeping_the_expiry_means_the_default_over_a_missing_entry() {
    for Place { cache, .. } in caches("keep").await {
        let default = Duration::from_secs(300);
        cache.set("k", "v").keep_expiry().await.unwrap();
        assert!(is_about(cache.ttl("k").await.unwrap(), default));
        cache.set("k", "v").never_expires().await.unwrap();
        cache.set("k", "w").keep_expiry().await.unwrap();
        assert_eq!(cache.ttl("k").await.unwrap(), Some(Remaining::Never));
        cache.set("k", "v").ttl(DAY).await.unwrap();
        assert_eq!(cache.set("k", "x").keep_expiry().if_value("v").await.unwrap(), SetOutcome::Stored);
        assert_eq!(cache.set("k", "y").keep_expiry().if_present().await.unwrap(), SetOutcome::Stored);
        assert!(is_about(cache.ttl("k").await.unwrap(), DAY));
        assert_eq!(cache.set("new", "v").keep_expiry().if_absent().await.unwrap(), SetOutcome::Stored);
        assert!(is_about(cache.ttl("new").await.unwrap(), default));

        cache.set_many([("k", "z", Expiry::Keep), ("other", "v", Expiry::Keep)]).await.unwrap();
        assert!(is_about(cache.ttl("k").await.unwrap(), DAY));
        assert!(is_about(cache.ttl("other").await.unwrap(), default));
        assert_eq!(cache.get_many(&["k", "other"]).await.unwrap(), [Some("z".into()), Some("v".into())]);
    }
}

#[tokio::test]
async fn the_last_of_duplicates_in_a_batch_wins() {
    for Place { cache, .. } in caches("duplicates").await {
        let items = [("k", "1", Expiry::Never), ("k", "2", LONG_AGO), ("k", "3", Expiry::Keep)];
        cache.set_many(items).await.unwrap();
        assert_eq!(value(&cache, "k").await, Some("3".into()));
        assert!(is_about(cache.ttl("k").await.unwrap(), Duration::from_secs(300)));
        assert_eq!(cache.get_many(&["k", "k", "l"]).await.unwrap(), [Some("3".into()), Some("3".into()), None]);
        assert_eq!(cache.expire_many(&["k", "l", "k"], Expiry::Never).await.unwrap(), [true, false, true]);
        assert_eq!(cache.expire_many(&["k", "k"], LONG_AGO).await.unwrap(), [true, false]);
        cache.set("k", "v").await.unwrap();
        assert_eq!(cache.delete_many(&["k", "l", "k"]).await.unwrap(), [true, false, false]);
    }
}

#[tokio::test]
async fn a_counter_gets_its_lifetime_only_when_it_is_created() {
    for Place { cache, .. } in caches("counter-lifetime").await {
        let add = |key, expiry| cache.increment(key, 5).expiry_on_create(expiry);
        assert_eq!(add("default", Expiry::Default).await.unwrap(), 5);
        assert!(is_about(cache.ttl("default").await.unwrap(), Duration::from_secs(300)));
        assert_eq!(add("never", Expiry::Never).await.unwrap(), 5);
        assert_eq!(add("never", Expiry::Default).await.unwrap(), 10);
        assert_eq!(add("never", LONG_AGO).await.unwrap(), 15);
        assert_eq!(cache.ttl("never").await.unwrap(), Some(Remaining::Never));
        assert_eq!(value(&cache, "never").await, Some("15".into()));
        assert_eq!(add("at", Expiry::At(Timestamp::MAX)).await.unwrap(), 5);
        let entry = cache.get("at").with_expiry().await.unwrap().unwrap();
        assert_eq!(entry.expires_at, Some(ExpiresAt::At(Timestamp::MAX)));
        assert_eq!(add("past", LONG_AGO).await.unwrap(), 5);
        assert_eq!(add("past", LONG_AGO).await.unwrap(), 5);
        assert_eq!(value(&cache, "past").await, None);
    }
}
