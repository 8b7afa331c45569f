//! The driver on a real server, in either version of the protocol, as the suite needs it.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{ClockControl, Harness, HarnessError, Planted};
use store_core::{Address, Cache, Namespace, Store, async_trait};
use store_redis::{Config, Protocol, RedisCache, RedisStore};
use store_testkit::RedisServer;

/// Far more than any operation takes, so that no check fails because the machine has other work.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct RedisHarness {
    server: &'static RedisServer,
    protocol: Protocol,
    first: RedisStore,
    second: RedisStore,
}

impl RedisHarness {
    pub(crate) async fn start(protocol: Protocol) -> Result<Self, HarnessError> {
        let server = store_testkit::shared()?;
        let config = server
            .url()
            .parse::<Config>()?
            .with_protocol(protocol)
            .with_deadline(PATIENCE)
            .with_connect_timeout(PATIENCE);
        let (first, second) =
            (RedisStore::connect_with(config.clone()).await?, RedisStore::connect_with(config).await?);
        Ok(Self { server, protocol, first, second })
    }

    fn push(&self, wire_key: &[u8]) -> Result<Planted, HarnessError> {
        self.server.command(&[b"RPUSH", wire_key, b"an item"])?;
        Ok(Planted::Done)
    }
}

/// What the native layout puts before the keys of a namespace.
fn head(namespace: &Namespace) -> String {
    match namespace.as_encoded().split_once('/') {
        Some((root, nested)) => format!("{{{root}}}/{nested}:"),
        None => format!("{{{namespace}}}:"),
    }
}

#[async_trait]
impl Harness for RedisHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.first.clone())
    }

    fn second_store(&self) -> Arc<dyn Store> {
        Arc::new(self.second.clone())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedisCache::from_store(&self.first)))
    }

    fn second_cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedisCache::from_store(&self.second)))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Wall { uncertainty: Duration::ZERO }
    }

    fn server(&self) -> Option<String> {
        Some(format!("{} {}", self.server.server_name(), self.server.version()))
    }

    fn protocol(&self) -> Option<String> {
        Some(format!("{:?}", self.protocol).to_uppercase())
    }

    async fn plant_foreign(&self, at: Address<'_>) -> Result<Planted, HarnessError> {
        self.push(format!("{}{}", head(at.namespace), at.key).as_bytes())
    }

    async fn plant_key_that_is_no_text(&self, namespace: &Namespace) -> Result<Planted, HarnessError> {
        self.push(&[head(namespace).as_bytes(), b"\xff\xfe"].concat())
    }
}
