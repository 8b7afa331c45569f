//! What is stored: foreign types, counters, and the scripts that look at values.

use store_redis::prelude::*;
use store_redis::{Outcome, Protocol, Result, SetOutcome};
use store_testkit::{Reply, ServerOptions};

use crate::support::{DAY, LONG_AGO, Place, caches, connect, is_about, list, own_server, value};

#[tokio::test]
async fn a_list_of_somebody_else_is_the_wrong_type_and_stays() {
    for place in caches("foreign").await {
        let cache = &place.cache;
        place.plant("RPUSH", "k", &["a", "b"]);
        place.plant("PEXPIRE", "k", &["86400000"]);

        fn refused<T: std::fmt::Debug>(result: Result<T>) {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::WrongType, Outcome::NotApplied), "{error}");
        }
        refused(cache.get("k").await);
        refused(cache.get("k").with_expiry().await);
        refused(cache.get("k").renew(DAY * 9).await);
        refused(cache.take("k").await);
        refused(cache.set("k", "v").if_value("a").await);
        refused(cache.delete("k").if_value("a").await);
        refused(cache.increment("k", 1).await);
        refused(cache.increment("k", 1).expiry_on_create(Expiry::Never).await);
        refused(cache.increment("k", 1).expiry_on_create(LONG_AGO).await);
        assert_eq!(cache.set("k", "v").if_absent().await.unwrap(), SetOutcome::Refused);
        assert!(cache.exists("k").await.unwrap());
        cache.set("l", "v").await.unwrap();
        assert_eq!(cache.get_many(&["k", "l"]).await.unwrap(), [None, Some("v".into())]);
        assert!(is_about(cache.ttl("k").await.unwrap(), DAY));
        assert_eq!(place.plant("LLEN", "k", &[]), Reply::Integer(2));
        assert_eq!(list(cache).await.len(), 2);

        assert!(cache.expire("k", Expiry::Never).await.unwrap());
        assert_eq!(cache.ttl("k").await.unwrap(), Some(Remaining::Never));
        assert_eq!(cache.set("k", "v").if_present().await.unwrap(), SetOutcome::Stored);
        place.plant("DEL", "k", &[]);
        place.plant("RPUSH", "k", &["a"]);
        cache.set("k", "v").await.unwrap();
        assert_eq!(value(cache, "k").await, Some("v".into()));
        place.plant("DEL", "k", &[]);
        place.plant("RPUSH", "k", &["a"]);
        assert!(cache.delete("k").await.unwrap());
    }
}

#[tokio::test]
async fn counters_keep_to_i64_and_to_canonical_text() {
    for Place { cache, .. } in caches("counters").await {
        let forever = |delta| cache.increment("k", delta).expiry_on_create(Expiry::Never);
        assert_eq!(forever(i64::MIN).await.unwrap(), i64::MIN);
        assert_eq!(forever(-1).await.unwrap_err().kind(), ErrorKind::OutOfRange);
        assert_eq!(cache.decrement("k", i64::MIN).await.unwrap_err().kind(), ErrorKind::OutOfRange);
        assert_eq!(forever(i64::MAX).await.unwrap(), -1);
        cache.set("k", i64::MAX.to_string()).ttl(DAY).await.unwrap();
        for on_create in [Expiry::Never, Expiry::Default, LONG_AGO] {
            let sum = |delta| cache.increment("k", delta).expiry_on_create(on_create);
            assert_eq!(sum(0).await.unwrap(), i64::MAX);
            assert_eq!(sum(1).await.unwrap_err().kind(), ErrorKind::OutOfRange);
            for text in ["", "x", "007", "-0", "+1", " 1", "1.0", "9223372036854775808"] {
                cache.set("text", text).never_expires().await.unwrap();
                let error = cache.increment("text", 1).expiry_on_create(on_create).await.unwrap_err();
                assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotAnInteger, Outcome::NotApplied), "{text}");
                assert_eq!(value(&cache, "text").await.as_deref(), Some(text.as_bytes()));
                assert_eq!(cache.ttl("text").await.unwrap(), Some(Remaining::Never));
            }
        }
        assert!(is_about(cache.ttl("k").await.unwrap(), DAY));
    }
}

#[tokio::test]
async fn scripts_survive_a_flush_of_the_script_cache() {
    let server = own_server(ServerOptions::new());
    let cache = connect(server.url(), Protocol::Resp2).await;
    for round in 0..3 {
        cache.set("k", "v").ttl(DAY).await.unwrap();
        assert_eq!(cache.get("k").renew(DAY).await.unwrap(), Some("v".into()), "{round}");
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
        assert!(cache.set("k", "w").if_value("v").await.unwrap().is_stored());
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
        assert!(cache.delete("k").if_value("w").await.unwrap());
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
        assert_eq!(cache.increment("n", 1).expiry_on_create(LONG_AGO).await.unwrap(), 1);
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
    }
}

#[tokio::test]
async fn the_largest_batch_is_carried_out_in_one_piece() {
    for Place { cache, .. } in caches("batch").await {
        let keys: Vec<String> = (0..cache.capabilities().max_batch_items).map(|n| n.to_string()).collect();
        cache.set_many(keys.iter().map(|key| (key, key.clone()))).await.unwrap();
        let values = cache.get_many(&keys).await.unwrap();
        assert!(values.iter().zip(&keys).all(|(value, key)| value.as_deref() == Some(key.as_bytes())));
        assert_eq!(cache.expire_many(&keys, Expiry::Never).await.unwrap(), vec![true; keys.len()]);
        assert_eq!(cache.delete_many(&keys).await.unwrap(), vec![true; keys.len()]);
    }
}
