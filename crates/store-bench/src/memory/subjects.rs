//! Everybody who keeps entries in memory, used as its users do.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Instant;

use ahash::RandomState;
use clap::ValueEnum;
use store_memory::{Bytes, Cache, CoarseClock, MemoryCache, StoreExt};

use super::keys::Keys;
use super::{LIFETIME, VALUE_BYTES, Work, runtime};

/// Keeps entries.
pub(super) trait Subject: Send + Sync + 'static {
    /// Whether there is a live entry; its value is taken out.
    fn get(&self, key: &str) -> impl Future<Output = bool>;

    fn set(&self, key: &str, value: Bytes) -> impl Future<Output = ()>;
}

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Any {
    Coarse,
    CoarseShared,
    Exact,
    DashMap,
    Moka,
    QuickCache,
}

impl Any {
    /// With all entries in it.
    pub(super) fn filled(self, keys: &Keys) -> Box<dyn Work> {
        let coarse = || MemoryCache::builder().clock(CoarseClock::new()).build();
        match self {
            Self::Coarse => fill(coarse(), keys),
            Self::CoarseShared => fill(Arc::new(coarse()) as Arc<dyn Cache>, keys),
            Self::Exact => fill(MemoryCache::new(), keys),
            Self::DashMap => fill(DashMap::default(), keys),
            Self::Moka => fill(moka::sync::Cache::builder().time_to_live(LIFETIME).build(), keys),
            Self::QuickCache => fill(QuickCache::new(2 * keys.all().len()), keys),
        }
    }
}

fn fill<S: Subject>(subject: S, keys: &Keys) -> Box<dyn Work> {
    runtime().expect("a runtime without I/O needs nothing of the system").block_on(async {
        for key in keys.all() {
            subject.set(key, value()).await;
        }
    });
    Box::new(Arc::new(subject))
}

/// A value of its own: whoever keeps what it is given keeps an allocation for each entry, as it would in use.
pub(super) fn value() -> Bytes {
    Bytes::from(vec![b'v'; VALUE_BYTES])
}

/// Of the concrete type or behind a pointer: the same calls.
macro_rules! ours {
    ($cache:ty) => {
        impl Subject for $cache {
            async fn get(&self, key: &str) -> bool {
                StoreExt::get(self, key).await.is_ok_and(|value| value.is_some())
            }

            async fn set(&self, key: &str, value: Bytes) {
                StoreExt::set(self, key, value).ttl(LIFETIME).await.expect("there is no limit");
            }
        }
    };
}

ours!(MemoryCache);
ours!(Arc<dyn Cache>);

type DashMap = dashmap::DashMap<Box<str>, (Bytes, Instant), RandomState>;

impl Subject for DashMap {
    fn get(&self, key: &str) -> impl Future<Output = bool> {
        let entry = Self::get(self, key).filter(|entry| entry.1 > Instant::now());
        ready(entry.map(|entry| entry.0.clone()).is_some())
    }

    fn set(&self, key: &str, value: Bytes) -> impl Future<Output = ()> {
        self.insert(key.into(), (value, Instant::now() + LIFETIME));
        ready(())
    }
}

impl Subject for moka::sync::Cache<Box<str>, Bytes> {
    fn get(&self, key: &str) -> impl Future<Output = bool> {
        ready(Self::get(self, key).is_some())
    }

    fn set(&self, key: &str, value: Bytes) -> impl Future<Output = ()> {
        self.insert(key.into(), value);
        ready(())
    }
}

type QuickCache = quick_cache::sync::Cache<Box<str>, (Bytes, Instant)>;

impl Subject for QuickCache {
    fn get(&self, key: &str) -> impl Future<Output = bool> {
        let entry = Self::get(self, key);
        ready(entry.is_some_and(|(_, expires_at)| expires_at > Instant::now()))
    }

    fn set(&self, key: &str, value: Bytes) -> impl Future<Output = ()> {
        self.insert(key.into(), (value, Instant::now() + LIFETIME));
        ready(())
    }
}
