//! How the driver is told of deployments.

use store_redis::{Cluster, Config, RedisCache, Sentinel, Server};
use store_testkit::{ClusterDeployment, RedisServer, SentinelDeployment};

pub(crate) fn address(server: &RedisServer) -> Server {
    Server::tcp("127.0.0.1", server.port().unwrap())
}

pub(crate) fn sentinel(deployment: &SentinelDeployment) -> Sentinel {
    Sentinel::new(deployment.sentinels().iter().map(address), deployment.service())
}

/// By two of its nodes; the others have to be learnt.
pub(crate) fn cluster(deployment: &ClusterDeployment) -> Cluster {
    Cluster::new(deployment.nodes().iter().take(2).map(|node| address(node)))
}

pub(crate) async fn connect(config: Config) -> RedisCache {
    RedisCache::connect_with(config).await.unwrap()
}
