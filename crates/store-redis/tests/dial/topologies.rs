//! Sentinels and the servers they watch, and the nodes of a cluster: each with TLS.

use store_redis::prelude::*;
use store_redis::{Config, ErrorKind};
use store_testkit::{
    Certificates, ClusterDeployment, ClusterOptions, SentinelDeployment, SentinelOptions, ServerOptions,
};

use crate::support::{PATIENCE, PROTOCOLS, assert_permanent, cluster, connect, refusal, sentinel, showing, trusting};

#[tokio::test]
async fn sentinels_and_their_servers_have_tls_each_of_their_own() {
    let certificates = Certificates::generate().unwrap();
    let server_tls = store_testkit::Tls::new(&certificates);
    let sentinel_tls = store_testkit::Tls::new(&certificates).certificate(certificates.misnamed_server());
    let options = SentinelOptions::new()
        .replica_count(1)
        .servers(ServerOptions::new().tls(server_tls))
        .sentinels(ServerOptions::new().tls(sentinel_tls));
    let deployment = SentinelDeployment::start(options).unwrap();
    let sentinels = || sentinel(&deployment);
    let servers = trusting(&certificates);
    let elsewhere = trusting(&certificates).with_server_name("elsewhere.example");
    let config = |sentinel| Config::sentinel(sentinel).with_connect_timeout(PATIENCE).with_deadline(PATIENCE);
    for protocol in PROTOCOLS {
        let config = config(sentinels().with_tls(elsewhere.clone())).with_protocol(protocol);
        let cache = connect(config.with_tls(servers.clone())).await;
        cache.set("k", "v").await.unwrap();
        assert!(cache.delete("k").await.unwrap());
    }
    let cache = connect(config(sentinels().with_tls(elsewhere.clone())).with_tls(servers.clone())).await;
    let former = deployment.fail_over().unwrap();
    let current = deployment.await_failover(former).unwrap();
    cache.set("k", "w").await.unwrap();
    assert_eq!(current.command(&["GET", ":k"]).unwrap().as_text(), Some("w"));

    let error = refusal(config(sentinels().with_tls(servers.clone())).with_tls(servers.clone())).await;
    assert_permanent(&error, ErrorKind::Config, "is for another host");
    let error = refusal(config(sentinels().with_tls(elsewhere.clone())).with_tls(elsewhere)).await;
    assert_permanent(&error, ErrorKind::Config, "is for another host");
}

#[tokio::test]
async fn every_node_of_a_cluster_is_talked_to_by_tls() {
    let certificates = Certificates::generate().unwrap();
    let tls = store_testkit::Tls::new(&certificates).clients(store_testkit::ClientCertificate::Required);
    let deployment =
        ClusterDeployment::start(ClusterOptions::new().nodes(ServerOptions::new().tls(tls)).replicas_per_primary(0))
            .unwrap();
    let config = Config::cluster(cluster(&deployment)).with_connect_timeout(PATIENCE).with_deadline(PATIENCE);
    let tls = trusting(&certificates);
    for protocol in PROTOCOLS {
        let config = config.clone().with_protocol(protocol);
        let cache = connect(config.with_tls(showing(tls.clone(), certificates.client()))).await;
        for n in 0..30 {
            let root = cache.namespace(format!("root{n}")).unwrap();
            root.set("k", "v").await.unwrap();
            assert_eq!(root.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
        }
        let used = deployment.nodes().iter().filter(|node| {
            let keys = node.command(&["DBSIZE"]).unwrap().as_integer().unwrap();
            keys > 0
        });
        assert_eq!(used.count(), 3);
    }
    let error = refusal(config.with_tls(showing(tls, certificates.expired_client()))).await;
    assert_permanent(&error, ErrorKind::PermissionDenied, "the server refuses our certificate");
}
