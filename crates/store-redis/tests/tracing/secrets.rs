//! A canary goes through everything that is secret, and is looked for in everything that is shown.

use std::future::IntoFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use store_redis::prelude::*;
use store_redis::raw::RawRoute;
use store_redis::{Config, Error, ErrorKind, RedisCache, RedisStore, redis};
use store_testkit::{RedisServer, ServerOptions};

use crate::capture::Capture;

/// A piece of every password, value and user name here.
const CANARY: &str = "cAnArY4711";

/// Everything that a program may show of what it meets.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn error(&mut self, error: &Error) {
        self.0.push_str(&format!("{error} {error:?}\n"));
        let panicked = catch_unwind(AssertUnwindSafe(|| result_of(error).unwrap())).unwrap_err();
        self.0.push_str(panicked.downcast_ref::<String>().unwrap());
    }
}

fn result_of(error: &Error) -> Result<(), &Error> {
    Err(error)
}

/// A key that ends in the canary, far behind what errors show of keys.
fn key() -> String {
    format!("{}-{CANARY}", "k".repeat(100))
}

async fn use_it(cache: &RedisCache, shown: &mut Shown) {
    let (key, value) = (key(), format!("value-{CANARY}"));
    cache.set(&key, value.clone()).await.unwrap();
    assert_eq!(cache.get(&key).await.unwrap(), Some(value.clone().into()));
    cache.set_many([(&*key, value.clone())]).await.unwrap();
    cache.get_many(&[&*key]).await.unwrap();
    cache.list().await.unwrap();
    shown.error(&cache.increment(&key, 1).await.unwrap_err());
    let keys = [&*key];
    let transaction = cache.transaction(&keys, |draft| draft.increment(&key, 1));
    shown.0.push_str(&format!("{transaction:?}"));
    shown.error(&transaction.await.unwrap_err());
    let mut wrong = redis::cmd("LPUSH");
    wrong.arg(&*key).arg(&*value);
    let wire_key = cache.raw().wire_key(&Namespace::EMPTY, &key).unwrap();
    let mut strange = redis::cmd(CANARY);
    strange.arg(&*value);
    shown.error(&cache.raw().execute(&strange, RawRoute::WireKey(&wire_key)).await.unwrap_err());
    drop(cache.raw().execute(&wrong, RawRoute::WireKey(&wire_key)).await);
    let mut call = pin!(cache.set(&key, value).into_future());
    assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
}

#[tokio::test]
async fn no_password_no_key_and_no_value_is_ever_told() {
    let server = RedisServer::start_process(ServerOptions::new()).unwrap();
    let (user, password) = (format!("user-{CANARY}"), format!("password-{CANARY}"));
    server.set_user(&user, &["on", &format!(">{password}"), "~*", "+@all"]).unwrap();
    let (capture, _listening) = Capture::listen();
    let mut shown = Shown::default();
    let at = format!("127.0.0.1:{}", server.port().unwrap());

    let url = format!("redis://{user}:{password}@{at}?retries=1");
    let config: Config = url.parse().unwrap();
    shown.0.push_str(&format!("{config:?}"));
    let cache = RedisCache::connect_with(config).await.unwrap();
    shown.0.push_str(&format!("{cache:?} {:?}", cache.stats()));
    use_it(&cache, &mut shown).await;

    let refused = RedisStore::connect(&format!("redis://{user}:wrong-{CANARY}@{at}")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    shown.error(&refused);
    let malformed = RedisStore::connect(&format!("redis://{user}:{password}@{at}?deadline={CANARY}")).await;
    shown.error(&malformed.unwrap_err());

    server.kill().unwrap();
    shown.error(&cache.get(&key()).await.unwrap_err());

    let told = capture.text();
    for expected in ["store_redis::operations", "set_entry", "Standalone", "not_applied", "attempts", &at] {
        assert!(told.contains(expected), "{expected} is not in: {told}");
    }
    assert!(told.contains("PermissionDenied"), "{told}");
    for text in [told, shown.0] {
        assert!(!text.contains(CANARY), "{text}");
    }
}
