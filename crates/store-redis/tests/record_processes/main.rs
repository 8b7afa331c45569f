//! Processes of their own that open one new name: many at once, and one that is killed on the way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "a process speaks to the test that started it")]

mod killed;
mod process;
mod race;

use std::env;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use store_testkit::proxy::FaultProxy;
use store_testkit::{
    ClusterDeployment, ClusterOptions, RedisServer, SentinelDeployment, SentinelOptions, ServerOptions,
};

/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    if let Ok(url) = env::var(process::URL) {
        return process::runtime().block_on(process::obey(&url));
    }
    let trials = vec![
        trial("of_64_openers_in_8_processes_all_get_one_id_200_times_of_200", || {
            let server = server();
            race::one_id(server.url(), &[&server], 200);
        }),
        trial("of_64_openers_in_8_processes_all_get_one_id_on_a_cluster", || {
            let cluster = cluster();
            race::one_id(cluster.url(), &nodes(&cluster), 50);
        }),
        trial("of_64_openers_in_8_processes_all_get_one_id_behind_sentinel", || {
            let deployment = sentinels();
            race::one_id(deployment.url(), &[deployment.primary().unwrap()], 200);
        }),
        trial("a_creator_that_is_killed_at_any_step_leaves_a_collection_that_opens", || {
            let server = server();
            let proxy = FaultProxy::start(server.url()).unwrap();
            let through = proxy.url().to_owned();
            killed::leaves_what_opens(server.url(), &[&server], &through, &[proxy]);
        }),
        trial("a_creator_that_is_killed_at_any_step_leaves_a_collection_that_opens_on_a_cluster", || {
            let cluster = cluster();
            killed_among(cluster.url(), &nodes(&cluster));
        }),
        trial("a_creator_that_is_killed_at_any_step_leaves_a_collection_that_opens_behind_sentinel", || {
            let deployment = sentinels();
            killed_among(deployment.url(), &[deployment.primary().unwrap()]);
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial(name: &str, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok::<(), Failed>(())
    })
}

fn server() -> RedisServer {
    RedisServer::start_process(ServerOptions::new()).unwrap()
}

/// It does not count as broken while a node only stands still.
fn cluster() -> ClusterDeployment {
    let cluster = ClusterDeployment::start(ClusterOptions::new().replicas_per_primary(0)).unwrap();
    cluster.set_node_timeout(PATIENCE).unwrap();
    cluster
}

fn nodes(cluster: &ClusterDeployment) -> Vec<&RedisServer> {
    cluster.nodes().iter().map(|node| &**node).collect()
}

/// They do not replace a primary that only stands still.
fn sentinels() -> SentinelDeployment {
    SentinelDeployment::start(SentinelOptions::new().replica_count(1).down_after(PATIENCE)).unwrap()
}

/// With a proxy in front of each server, which clients are sent to where a server is announced.
fn killed_among(url: &str, servers: &[&RedisServer]) {
    let proxies: Vec<_> = servers.iter().map(|server| FaultProxy::start(server.url()).unwrap()).collect();
    let lead = |(server, proxy): (&&RedisServer, &FaultProxy)| {
        format!("127.0.0.1:{}=127.0.0.1:{}", server.port().unwrap(), proxy.port())
    };
    let map: Vec<_> = servers.iter().zip(&proxies).map(lead).collect();
    killed::leaves_what_opens(url, servers, &format!("{url}?address_map={}", map.join(",")), &proxies);
}
