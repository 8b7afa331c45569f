//! The driver on real servers, on every topology and in either version of the protocol, as the suite needs it.

use std::pin::Pin;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use store_conformance::{ClockControl, Deviation, Harness, HarnessError, Interruptible, Planted, Reopened};
use store_core::{
    AccessTimes, Address, Cache, KeyValueStoreClient, Namespace, OpenedStore, Store, StoreLabel, UrlTemplate,
    async_trait, whole_millis,
};
use store_redis::{
    Cluster, Config, Layout, Protocol, RedisCache, RedisKeyValueStoreClient, RedisStore, Sentinel, Server, SlotPolicy,
};
use store_testkit::{
    ClusterDeployment, ClusterOptions, Error, RedisServer, SentinelDeployment, SentinelOptions, ServerOptions,
};

use crate::outage;

/// Far more than any operation takes, so that no check fails because the machine has other work.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the clients for records make public addresses.
const URLS: &str = "https://files.example/{id}/{key}";

/// What the driver is tried on.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "each binary of this directory tries the driver on one of them")]
pub(crate) enum On {
    Standalone,
    /// One server, with keys as in Python.
    StandaloneWith(Layout),
    Sentinel,
    Cluster(SlotPolicy),
}

/// How stores get to what a config names.
pub(crate) type Connect = fn(Config, Layout) -> Connecting;
pub(crate) type Connecting = Pin<Box<dyn Future<Output = Result<RedisStore, HarnessError>> + Send>>;

/// Over connections of their own.
fn directly(config: Config, layout: Layout) -> Connecting {
    Box::pin(async move { Ok(RedisStore::builder(config).layout(layout).connect().await?) })
}

pub(crate) struct RedisHarness {
    deployment: &'static Deployment,
    protocol: Protocol,
    policy: SlotPolicy,
    layout: Layout,
    connect: Connect,
    config: Config,
    handles: RwLock<Handles>,
    urls: UrlTemplate,
}

/// Stores on the same data.
struct Handles {
    first: RedisStore,
    second: RedisStore,
}

impl Handles {
    async fn connect(connect: Connect, config: &Config, layout: Layout) -> Result<Self, HarnessError> {
        let first = connect(config.clone(), layout).await?;
        Ok(Self { first, second: connect(config.clone(), layout).await? })
    }
}

impl RedisHarness {
    /// In the protocol that the environment names, else in `usual`.
    #[allow(dead_code, reason = "stores over a pool are connected in another way")]
    pub(crate) async fn start(on: On, usual: Protocol) -> Result<Self, HarnessError> {
        Self::start_with(on, usual, directly).await
    }

    /// The same, with stores that are connected so.
    pub(crate) async fn start_with(on: On, usual: Protocol, connect: Connect) -> Result<Self, HarnessError> {
        let protocol = match store_testkit::Protocol::from_environment()? {
            None => usual,
            Some(store_testkit::Protocol::Resp2) => Protocol::Resp2,
            Some(store_testkit::Protocol::Resp3) => Protocol::Resp3,
        };
        let deployment = Deployment::shared(on)?;
        let (policy, layout) = match on {
            On::Standalone | On::Sentinel => (SlotPolicy::Root, Layout::native()),
            On::StandaloneWith(layout) => (SlotPolicy::Root, layout),
            On::Cluster(policy) => (policy, Layout::native()),
        };
        let config = deployment
            .config()?
            .with_slot_policy(policy)
            .with_protocol(protocol)
            .with_deadline(PATIENCE)
            .with_connect_timeout(PATIENCE);
        let handles = RwLock::new(Handles::connect(connect, &config, layout).await?);
        let urls = UrlTemplate::new(URLS)?;
        Ok(Self { deployment, protocol, policy, layout, connect, config, handles, urls })
    }

    fn first(&self) -> RedisStore {
        self.handles.read().unwrap_or_else(PoisonError::into_inner).first.clone()
    }

    fn second(&self) -> RedisStore {
        self.handles.read().unwrap_or_else(PoisonError::into_inner).second.clone()
    }

    fn records_beside(&self, store: &RedisStore) -> Arc<dyn KeyValueStoreClient> {
        let client = RedisKeyValueStoreClient::from_store(store).with_access_times(AccessTimes::Exact);
        Arc::new(client.with_url_template(self.urls.clone()))
    }

    fn push(&self, wire_key: &[u8]) -> Result<Planted, HarnessError> {
        self.deployment.holder(wire_key)?.command(&[b"RPUSH", wire_key, b"an item"])?;
        Ok(Planted::Done)
    }

    /// What the layout puts before the keys of a namespace.
    fn head(&self, namespace: &Namespace) -> String {
        let segments = || namespace.segments().collect::<Vec<_>>();
        if is_litestar(self.layout) {
            return segments().join("_") + ":";
        }
        if is_flat(self.layout) {
            return segments().concat();
        }
        match (self.policy, namespace.as_encoded().split_once('/')) {
            (SlotPolicy::Root, Some((root, nested))) => format!("{{{root}}}/{nested}:"),
            (SlotPolicy::PerKey, _) => format!("{namespace}:"),
            _ => format!("{{{namespace}}}:"),
        }
    }
}

/// The servers of one test binary.
enum Deployment {
    Standalone(Box<RedisServer>),
    Sentinel(SentinelDeployment),
    Cluster(ClusterDeployment),
}

impl Deployment {
    fn shared(on: On) -> Result<&'static Self, HarnessError> {
        static SHARED: OnceLock<Result<Deployment, Error>> = OnceLock::new();
        let start = || match on {
            On::Standalone | On::StandaloneWith(_) => {
                RedisServer::start(ServerOptions::new()).map(|server| Self::Standalone(Box::new(server)))
            }
            On::Sentinel => SentinelDeployment::start(SentinelOptions::new()).map(Self::Sentinel),
            On::Cluster(_) => ClusterDeployment::start(ClusterOptions::new()).map(Self::Cluster),
        };
        let start = || start().and_then(Self::without_failovers);
        Ok(SHARED.get_or_init(start).as_ref()?)
    }

    /// Nobody replaces a primary that is only busy: a failover may lose what was acknowledged, and no check of the suite
    /// asks for one. Said to a deployment that is complete, which takes longer to become so with patient servers.
    fn without_failovers(self) -> Result<Self, Error> {
        const SILENCE: Duration = Duration::from_secs(60);
        match &self {
            Self::Standalone(_) => {}
            Self::Sentinel(deployment) => {
                let silence = whole_millis(SILENCE).to_string();
                for sentinel in deployment.sentinels() {
                    let service = deployment.service();
                    sentinel.command(&["SENTINEL", "SET", service, "down-after-milliseconds", &silence])?;
                }
            }
            Self::Cluster(cluster) => cluster.set_node_timeout(SILENCE)?,
        }
        Ok(self)
    }

    fn config(&self) -> Result<Config, HarnessError> {
        Ok(match self {
            Self::Standalone(server) => server.url().parse()?,
            Self::Sentinel(deployment) => {
                Config::sentinel(Sentinel::new(addresses(deployment.sentinels()), deployment.service()))
            }
            Self::Cluster(cluster) => {
                Config::cluster(Cluster::new(addresses(cluster.nodes().iter().map(|node| &**node))))
            }
        })
    }

    /// The server that has a key.
    fn holder(&self, wire_key: &[u8]) -> Result<&RedisServer, Error> {
        match self {
            Self::Standalone(server) => Ok(server),
            Self::Sentinel(deployment) => deployment.primary(),
            Self::Cluster(cluster) => cluster.primary_of_slot(cluster.slot_of(wire_key)?).map(|node| &**node),
        }
    }

    /// All that answer calls, or know who does.
    fn all(&self) -> Vec<&RedisServer> {
        match self {
            Self::Standalone(server) => vec![server],
            Self::Sentinel(deployment) => deployment.servers().iter().chain(deployment.sentinels()).collect(),
            Self::Cluster(cluster) => cluster.nodes().iter().map(|node| &**node).collect(),
        }
    }

    fn any(&self) -> Result<&RedisServer, Error> {
        self.holder(b"any")
    }

    fn replicas(&self) -> u32 {
        match self {
            Self::Standalone(_) => 0,
            Self::Sentinel(_) => 2,
            Self::Cluster(_) => 1,
        }
    }
}

/// Where the native layout keeps the metadata of a collection.
fn metadata_key(store: &OpenedStore) -> Result<String, HarnessError> {
    let (kind, text) = match &store.label {
        StoreLabel::Name(name) => ("n", name.as_str()),
        StoreLabel::Alias(alias) => ("a", alias.as_str()),
        other => return Err(format!("no key is known for {other:?}").into()),
    };
    Ok(format!("%r{{{kind}:{}}}m", Namespace::new([text])?))
}

/// What two namespaces of which one begins with the other break.
const FLAT_DEVIATIONS: [&str; 5] = [
    "namespaces_are_injective",
    "namespaces_are_isolated",
    "clear_is_exact",
    "list_is_complete",
    "programs_agree_with_the_model",
];

fn is_litestar(layout: Layout) -> bool {
    layout.strict() == Layout::litestar().strict()
}

/// cachelib's and cachetory's.
fn is_flat(layout: Layout) -> bool {
    layout.strict() == Layout::cachelib().strict()
}

fn addresses<'a>(servers: impl IntoIterator<Item = &'a RedisServer>) -> Vec<Server> {
    let ports = servers.into_iter().filter_map(RedisServer::port);
    ports.map(|port| Server::Tcp { host: "127.0.0.1".to_owned(), port }).collect()
}

#[async_trait]
impl Harness for RedisHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.first())
    }

    fn second_store(&self) -> Arc<dyn Store> {
        Arc::new(self.second())
    }

    fn cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedisCache::from_store(&self.first())))
    }

    fn second_cache(&self) -> Option<Arc<dyn Cache>> {
        Some(Arc::new(RedisCache::from_store(&self.second())))
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(self.records_beside(&self.first()))
    }

    fn second_records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(self.records_beside(&self.second()))
    }

    fn url_template(&self) -> Option<String> {
        Some(URLS.to_owned())
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Wall { uncertainty: Duration::ZERO }
    }

    fn server(&self) -> Option<String> {
        let server = self.deployment.any().ok()?;
        Some(format!("{} {}", server.server_name(), server.version()))
    }

    fn protocol(&self) -> Option<String> {
        Some(format!("{:?}", self.protocol).to_uppercase())
    }

    fn slot_policy(&self) -> Option<String> {
        Some(format!("{:?}", self.policy))
    }

    fn replicas(&self) -> u32 {
        self.deployment.replicas()
    }

    fn takes_segment(&self, segment: &str) -> bool {
        self.layout != Layout::litestar().strict() || !segment.contains(['_', ':'])
    }

    fn deviations(&self) -> Vec<Deviation> {
        if is_litestar(self.layout) {
            vec![Deviation::new("namespaces_are_injective", "segments with `_` and `:` are refused")]
        } else if is_flat(self.layout) {
            let reason = "nothing stands between a prefix and what follows it";
            FLAT_DEVIATIONS.iter().map(|clause| Deviation::new(clause, reason)).collect()
        } else {
            Vec::new()
        }
    }

    /// Over new connections. Cases that are under way beside keep the old ones until they have ended.
    async fn reopen(&self) -> Result<Reopened, HarnessError> {
        let opened = Handles::connect(self.connect, &self.config, self.layout).await?;
        *self.handles.write().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(Reopened::Done)
    }

    async fn interruptible(&self) -> Result<Option<Interruptible>, HarnessError> {
        let config = self.deployment.config()?.with_slot_policy(self.policy).with_protocol(self.protocol);
        Ok(Some(outage::interruptible(config, self.layout, &self.deployment.all(), self.connect).await?))
    }

    async fn plant_foreign(&self, at: Address<'_>) -> Result<Planted, HarnessError> {
        self.push(format!("{}{}", self.head(at.namespace), at.key).as_bytes())
    }

    async fn damage_collection(&self, store: &OpenedStore) -> Result<Planted, HarnessError> {
        let key = metadata_key(store)?;
        self.deployment.holder(key.as_bytes())?.command(&["RENAME", &key, &format!("{key}.kept")])?;
        self.push(key.as_bytes())
    }

    async fn mend_collection(&self, store: &OpenedStore) -> Result<(), HarnessError> {
        let key = metadata_key(store)?;
        self.deployment.holder(key.as_bytes())?.command(&["RENAME", &format!("{key}.kept"), &key])?;
        Ok(())
    }

    async fn plant_key_that_is_no_text(&self, namespace: &Namespace) -> Result<Planted, HarnessError> {
        self.push(&[self.head(namespace).as_bytes(), b"\xff\xfe"].concat())
    }
}
