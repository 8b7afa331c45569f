//! The way to the servers, through proxies that can interrupt it.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{HarnessError, Interruptible, Outage, Way};
use store_core::async_trait;
use store_redis::{Config, Deployment, Layout, RedisCache, Server};
use store_testkit::RedisServer;
use store_testkit::proxy::{Cut, Ending, FaultProxy, Faults, When};

use crate::harness::Connect;

/// Long enough for a busy machine, and short enough for operations that are to run into it.
const DEADLINE: Duration = Duration::from_secs(3);

/// About every third message.
const LOST: f64 = 0.3;

/// A proxy in front of every server, each with where the server says that it is.
struct Proxies(Vec<(Option<Server>, FaultProxy)>);

impl Proxies {
    fn start(servers: &[&RedisServer]) -> Result<Self, HarnessError> {
        let start = |server: &&RedisServer| Ok((server.port().map(at_port), FaultProxy::start(server.url())?));
        servers.iter().map(start).collect::<Result<_, _>>().map(Self)
    }

    fn all(&self) -> impl Iterator<Item = &FaultProxy> {
        self.0.iter().map(|(_, proxy)| proxy)
    }

    fn inject(&self, faults: &Faults) {
        self.all().for_each(|proxy| proxy.inject(faults.clone()));
    }

    /// The deployment as it is reached through these alone.
    fn in_front_of(&self, deployment: &Deployment) -> Result<Deployment, HarnessError> {
        Ok(match deployment.clone() {
            Deployment::Standalone(_) => Deployment::Standalone(self.all().map(address).next().ok_or("no server")?),
            Deployment::Sentinel(mut sentinel) => {
                sentinel.address_map = self.map();
                sentinel.sentinels = self.before(&sentinel.sentinels)?;
                Deployment::Sentinel(sentinel)
            }
            Deployment::Cluster(mut cluster) => {
                cluster.address_map = self.map();
                cluster.seeds = self.before(&cluster.seeds)?;
                Deployment::Cluster(cluster)
            }
            other => return Err(format!("no proxies for {other:?}").into()),
        })
    }

    /// Servers, and where they are reached through a proxy.
    fn map(&self) -> Vec<(Server, Server)> {
        let pair = |(server, proxy): &(Option<Server>, _)| Some((server.clone()?, address(proxy)));
        self.0.iter().filter_map(pair).collect()
    }

    fn before(&self, servers: &[Server]) -> Result<Vec<Server>, HarnessError> {
        let map = self.map();
        let before = |server| map.iter().find(|(from, _)| from == server).map(|(_, to)| to.clone());
        servers
            .iter()
            .map(|server| before(server).ok_or_else(|| format!("no proxy before {server:?}").into()))
            .collect()
    }
}

#[async_trait]
impl Way for Proxies {
    async fn interrupt(&self, outage: Outage) -> Result<(), HarnessError> {
        match outage {
            Outage::Gone => self.all().for_each(|proxy| {
                proxy.refuse_connections();
                proxy.cut_all(Ending::Reset);
            }),
            Outage::Silent => self.inject(&Faults::new().black_hole()),
            Outage::AnswersLost => self.inject(&Faults::seeded(7).cut(Cut::BeforeReply, When::Share(LOST))),
            Outage::RequestsLost => self.inject(&Faults::seeded(7).cut(Cut::BeforeRequest, When::Share(LOST))),
            other => return Err(format!("an outage newer than this harness: {other:?}").into()),
        }
        Ok(())
    }

    async fn restore(&self) -> Result<(), HarnessError> {
        for proxy in self.all() {
            proxy.heal();
            proxy.accept_connections()?;
        }
        Ok(())
    }
}

/// A cache with the settings of `config`, whose deployment is reached through proxies alone.
pub(crate) async fn interruptible(
    config: Config,
    layout: Layout,
    servers: &[&RedisServer],
    connect: Connect,
) -> Result<Interruptible, HarnessError> {
    let proxies = Proxies::start(servers)?;
    let deployment = proxies.in_front_of(&config.deployment)?;
    let config = config.with_deployment(deployment).with_deadline(DEADLINE);
    let cache = RedisCache::from_store(&connect(config, layout).await?);
    Ok(Interruptible::of_cache(Arc::new(cache), Arc::new(proxies), DEADLINE))
}

fn address(proxy: &FaultProxy) -> Server {
    at_port(proxy.port())
}

fn at_port(port: u16) -> Server {
    Server::Tcp { host: "127.0.0.1".to_owned(), port }
}
