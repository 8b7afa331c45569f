//! What servers with TLS promise to the tests that start them, seen through the servers' own command-line client.

use std::process::{Command, Output};

use store_testkit::{
    Certificates, CertifiedKey, ClientCertificate, ClusterDeployment, ClusterOptions, RedisServer, SentinelDeployment,
    SentinelOptions, ServerOptions, Tls, find_program,
};

/// A PING by `redis-cli` over TLS.
fn ping(server: &RedisServer, certificates: &Certificates, shown: Option<&CertifiedKey>) -> Output {
    let program = ["redis-cli", "valkey-cli"].into_iter().find_map(find_program);
    let port = server.port().expect("TLS is on a port");
    let mut client = Command::new(program.expect("a server comes with a command-line client"));
    client.args(["--tls", "-h", "127.0.0.1", "-p", &port.to_string(), "--cacert"]);
    client.arg(certificates.authority().path());
    if let Some(shown) = shown {
        client.arg("--cert").arg(shown.certificate().path()).arg("--key").arg(shown.key().path());
    }
    client.arg("PING").output().expect("the client can be run")
}

fn is_answered(output: &Output) -> bool {
    output.stdout == b"PONG\n"
}

fn start(tls: Tls) -> RedisServer {
    RedisServer::start_process(ServerOptions::new().tls(tls)).expect("a server with TLS starts on this machine")
}

#[test]
fn a_server_answers_by_tls_and_obeys_the_testkit_without() {
    let certificates = Certificates::generate().unwrap();
    let server = start(Tls::new(&certificates));
    assert_eq!(server.url(), format!("rediss://127.0.0.1:{}", server.port().unwrap()));
    assert!(is_answered(&ping(&server, &certificates, None)));
    server.restart().unwrap();
    assert!(is_answered(&ping(&server, &certificates, None)));
}

#[test]
fn an_expired_or_foreign_certificate_is_refused() {
    let certificates = Certificates::generate().unwrap();
    for shown in [certificates.expired_server(), certificates.foreign_server()] {
        let server = start(Tls::new(&certificates).certificate(shown));
        let refused = ping(&server, &certificates, None);
        assert!(!is_answered(&refused));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("certificate verify failed"), "{refused:?}");
    }
}

#[test]
fn nothing_but_its_name_is_wrong_with_a_misnamed_certificate() {
    let certificates = Certificates::generate().unwrap();
    let server = start(Tls::new(&certificates).certificate(certificates.misnamed_server()));
    // The command-line client looks at no names.
    assert!(is_answered(&ping(&server, &certificates, None)));
}

#[test]
fn a_required_client_certificate_has_to_be_there_and_good() {
    let certificates = Certificates::generate().unwrap();
    let server = start(Tls::new(&certificates).clients(ClientCertificate::Required));
    assert!(is_answered(&ping(&server, &certificates, Some(certificates.client()))));
    for shown in [None, Some(certificates.expired_client()), Some(certificates.foreign_client())] {
        assert!(!is_answered(&ping(&server, &certificates, shown)));
    }
}

#[test]
fn a_cluster_talks_by_tls_inside_and_outside() {
    let certificates = Certificates::generate().unwrap();
    let tls = Tls::new(&certificates).clients(ClientCertificate::Required);
    let cluster = ClusterDeployment::start(ClusterOptions::new().nodes(ServerOptions::new().tls(tls))).unwrap();
    assert!(cluster.url().starts_with("redis+clusters://127.0.0.1:"));
    assert!(is_answered(&ping(cluster.primaries()[0], &certificates, Some(certificates.client()))));
}

#[test]
fn sentinels_and_servers_talk_by_tls_inside_and_outside() {
    let certificates = Certificates::generate().unwrap();
    let deployment = SentinelDeployment::start(SentinelOptions::new().tls(&Tls::new(&certificates))).unwrap();
    assert!(deployment.url().starts_with("redis+sentinels://127.0.0.1:"));
    assert!(is_answered(&ping(&deployment.sentinels()[0], &certificates, None)));
    assert!(is_answered(&ping(deployment.primary().unwrap(), &certificates, None)));
}
