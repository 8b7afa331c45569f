//! Places to test in, and ways to look at them.

use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Config, List, ListedKey, Namespaced, Protocol, RedisCache, Timestamp};
use store_testkit::{RedisServer, Reply, ServerOptions, shared};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const LONG_AGO: Expiry = Expiry::At(Timestamp::EPOCH);

/// A server that no other test writes to, and that may be emptied.
pub(crate) fn own_server(options: ServerOptions) -> RedisServer {
    // A server that was given by URL refuses to be started with an option, and so is never emptied.
    RedisServer::start(options.directive("databases", "1")).unwrap()
}

pub(crate) async fn connect(url: &str, protocol: Protocol) -> RedisCache {
    RedisCache::connect_with(url.parse::<Config>().unwrap().with_protocol(protocol)).await.unwrap()
}

/// A cache in a root of its own on the shared server, for each version of the protocol.
pub(crate) async fn caches(root: &str) -> Vec<Place> {
    let server = shared().unwrap();
    let mut places = Vec::new();
    for (protocol, suffix) in [(Protocol::Resp2, "2"), (Protocol::Resp3, "3")] {
        // With the process in it, because a server that was given by URL still holds what an earlier run wrote.
        let root = format!("{root}-{}-{suffix}", std::process::id());
        let cache = connect(server.url(), protocol).await.namespace(&root).unwrap();
        places.push(Place { server, root, cache });
    }
    places
}

pub(crate) struct Place {
    pub(crate) server: &'static RedisServer,
    pub(crate) root: String,
    pub(crate) cache: Namespaced<RedisCache>,
}

impl Place {
    pub(crate) fn wire_key(&self, key: &str) -> String {
        format!("{{{}}}:{key}", self.root)
    }

    /// Runs a command on the wire key of `key`, past the driver.
    pub(crate) fn plant(&self, command: &str, key: &str, arguments: &[&str]) -> Reply {
        let wire_key = self.wire_key(key);
        self.server.command(&[&[command, &wire_key], arguments].concat()).unwrap()
    }
}

pub(crate) async fn value(cache: &Namespaced<RedisCache>, key: &str) -> Option<Bytes> {
    cache.get(key).await.unwrap()
}

/// Whether the entry expires after more than half of `lifetime` and at most all of it.
pub(crate) fn is_about(remaining: Option<Remaining>, lifetime: Duration) -> bool {
    matches!(remaining, Some(Remaining::In(left)) if left > lifetime / 2 && left <= lifetime)
}

/// The keys of the namespace itself, page by page.
pub(crate) async fn list(cache: &Namespaced<RedisCache>) -> Vec<String> {
    pages(|| cache.list()).await.into_iter().map(|listed| listed.key.to_string()).collect()
}

/// All pages of an enumeration.
pub(crate) async fn pages<'a>(begin: impl Fn() -> List<'a, Namespaced<RedisCache>>) -> Vec<ListedKey> {
    let mut page = begin().await.unwrap();
    let mut keys = page.keys;
    while let Some(cursor) = page.next {
        page = begin().after(cursor).await.unwrap();
        keys.extend(page.keys);
    }
    keys
}
