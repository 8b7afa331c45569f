//! The way to the servers, through proxies that can interrupt it.

use std::sync::Arc;
use std::time::Duration;

use store_conformance::{HarnessError, Interruptible, Outage, Way};
use store_core::async_trait;
use store_redis::{Cluster, Config, Deployment, RedisCache, Server};
use store_testkit::RedisServer;
use store_testkit::proxy::{Cut, Ending, FaultProxy, Faults, When};

/// Long enough for a busy machine, and short enough for operations that are to run into it.
const DEADLINE: Duration = Duration::from_secs(3);

/// About every third answer.
const LOST: f64 = 0.3;

/// A proxy in front of every server.
struct Proxies(Vec<FaultProxy>);

impl Proxies {
    fn start<'a>(servers: impl Iterator<Item = &'a RedisServer>) -> Result<Self, HarnessError> {
        Ok(Self(servers.map(|server| FaultProxy::start(server.url())).collect::<Result<_, _>>()?))
    }

    fn inject(&self, faults: &Faults) {
        self.0.iter().for_each(|proxy| proxy.inject(faults.clone()));
    }
}

#[async_trait]
impl Way for Proxies {
    async fn interrupt(&self, outage: Outage) -> Result<(), HarnessError> {
        match outage {
            Outage::Gone => self.0.iter().for_each(|proxy| {
                proxy.refuse_connections();
                proxy.cut_all(Ending::Reset);
            }),
            Outage::Silent => self.inject(&Faults::new().black_hole()),
            Outage::AnswersLost => self.inject(&Faults::seeded(7).cut(Cut::BeforeReply, When::Share(LOST))),
            other => return Err(format!("an outage newer than this harness: {other:?}").into()),
        }
        Ok(())
    }

    async fn restore(&self) -> Result<(), HarnessError> {
        for proxy in &self.0 {
            proxy.heal();
            proxy.accept_connections()?;
        }
        Ok(())
    }
}

/// A cache with the settings of `config`, whose deployment is reached through proxies alone.
pub(crate) async fn interruptible(config: Config, servers: &[&RedisServer]) -> Result<Interruptible, HarnessError> {
    let proxies = Proxies::start(servers.iter().copied())?;
    let deployment = match &config.deployment {
        Deployment::Standalone(_) => Deployment::Standalone(at_port(proxies.0[0].port())),
        Deployment::Cluster(cluster) => Deployment::Cluster(through(&proxies, servers, cluster)),
        other => return Err(format!("no proxies for {other:?}").into()),
    };
    let config = config.with_deployment(deployment).with_deadline(DEADLINE);
    let cache = RedisCache::connect_with(config).await?;
    Ok(Interruptible::of_cache(Arc::new(cache), Arc::new(proxies), DEADLINE))
}

fn through(proxies: &Proxies, servers: &[&RedisServer], cluster: &Cluster) -> Cluster {
    let seeds = Cluster::new(proxies.0.iter().map(|proxy| at_port(proxy.port()))).with_coverage(cluster.coverage);
    let pairs = servers.iter().zip(&proxies.0);
    pairs.fold(seeds, |seeds, (server, proxy)| match server.port() {
        Some(port) => seeds.with_address(at_port(port), at_port(proxy.port())),
        None => seeds,
    })
}

fn at_port(port: u16) -> Server {
    Server::Tcp { host: "127.0.0.1".to_owned(), port }
}
