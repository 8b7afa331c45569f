//! What deployments that outlive their starter promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use store_testkit::{
    Certificates, ClusterOptions, DetachedDeployment, DetachedServer, Error, RedisServer, SentinelOptions,
    ServerOptions, Tls,
};
use support::{await_end, is_alive};

/// The same deployment, as another process would find it.
fn found_again(started: &DetachedDeployment) -> DetachedDeployment {
    let again = |server: &DetachedServer| {
        DetachedServer::from_parts(server.pid(), server.run_id().to_owned(), server.url().to_owned())
    };
    DetachedDeployment::from_parts(started.url().to_owned(), started.servers().iter().map(again).collect())
}

fn runs_until_it_is_shut_down(started: &DetachedDeployment, nodes: usize) {
    let found = found_again(started);
    assert_eq!(found.servers().len(), nodes);
    assert!(found.servers().iter().all(|server| is_alive(server.pid())));
    assert!(found.is_running().unwrap());
    found.shut_down().unwrap();
    found.servers().iter().for_each(|server| await_end(server.pid()));
    assert!(!found.is_running().unwrap());
    found.shut_down().unwrap();
}

#[test]
fn a_sentinel_deployment_runs_until_it_is_shut_down() {
    let directory = tempfile::tempdir().unwrap();
    let started = DetachedDeployment::sentinel(&SentinelOptions::new(), directory.path()).unwrap();
    runs_until_it_is_shut_down(&started, 6);
}

#[test]
fn a_cluster_runs_until_it_is_shut_down() {
    let directory = tempfile::tempdir().unwrap();
    let started = DetachedDeployment::cluster(&ClusterOptions::new(), directory.path()).unwrap();
    runs_until_it_is_shut_down(&started, 6);
}

#[test]
fn a_deployment_that_lost_a_server_is_still_shut_down_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let started = DetachedDeployment::sentinel(&SentinelOptions::new(), directory.path()).unwrap();
    started.servers()[0].shut_down().unwrap();
    assert!(started.is_running().unwrap());
    started.shut_down().unwrap();
    started.servers().iter().for_each(|server| await_end(server.pid()));
}

#[test]
fn a_deployment_that_cannot_be_made_leaves_no_server_behind() {
    let directory = tempfile::tempdir().unwrap();
    let options = SentinelOptions::new().sentinels(ServerOptions::new().directive("no-such-directive", "1"));
    assert!(matches!(DetachedDeployment::sentinel(&options, directory.path()), Err(Error::Start { .. })));
    for node in ["node-1", "node-2", "node-3"] {
        let config = std::fs::read_to_string(directory.path().join(node).join("server.conf")).unwrap();
        let port = config.lines().find_map(|line| line.strip_prefix("port ")).unwrap();
        assert!(RedisServer::at_url(format!("redis://127.0.0.1:{port}")).is_err());
    }
}

#[test]
fn tls_is_refused_because_the_testkit_could_not_find_the_servers_again() {
    let directory = tempfile::tempdir().unwrap();
    let options = ServerOptions::new().tls(Tls::new(&Certificates::generate().unwrap()));
    for refused in [
        DetachedDeployment::standalone(&options, directory.path()),
        DetachedDeployment::cluster(&ClusterOptions::new().nodes(options.clone()), directory.path()),
    ] {
        assert!(matches!(refused, Err(Error::Options { .. })));
    }
}
