//! Who is trusted, and who is not.

use std::time::{Duration, Instant};

use store_redis::prelude::*;
use store_redis::{Config, ErrorKind, Outcome, Pem, Retry, Tls};
use store_testkit::{Certificates, CertifiedKey, ClientCertificate, RedisServer, ServerOptions};

use crate::killing::{Load, writes_under_kills};
use crate::support::{
    PROTOCOLS, assert_permanent, command, config, connect, failure, refusal, showing, start, start_tls, trusting,
};

fn start_with(certificates: &Certificates, shown: &CertifiedKey) -> RedisServer {
    start(ServerOptions::new().tls(store_testkit::Tls::new(certificates).certificate(shown)))
}

#[tokio::test]
async fn values_travel_by_tls_in_either_protocol() {
    let certificates = Certificates::generate().unwrap();
    let server = start_tls(&certificates);
    let large = vec![b'x'; 3 * 1024 * 1024];
    for protocol in PROTOCOLS {
        for roots in
            [Pem::File(certificates.authority().path().into()), Pem::Text(certificates.authority().bytes().to_vec())]
        {
            let config = config(&server).with_protocol(protocol).with_tls(Tls::new().with_roots(roots));
            let cache = connect(config).await;
            cache.set("large", large.clone()).await.unwrap();
            assert_eq!(cache.get("large").await.unwrap().as_deref(), Some(&large[..]));
            assert!(cache.delete("large").await.unwrap());
            let calls: Vec<_> = (0..100).map(|_| cache.increment("n", 1).into_future()).collect();
            futures_util::future::try_join_all(calls).await.unwrap();
            assert!(cache.take("n").await.unwrap().is_some_and(|n| &n[..] == b"100"));
        }
    }
}

#[tokio::test]
async fn a_host_is_known_by_the_name_that_was_dialled() {
    let certificates = Certificates::generate().unwrap();
    let server = start_tls(&certificates);
    let config = Config::tcp("localhost", server.port().unwrap()).with_tls(trusting(&certificates));
    connect(config).await.ping().await.unwrap();
}

#[tokio::test]
async fn an_expired_certificate_is_refused_for_good() {
    let certificates = Certificates::generate().unwrap();
    let server = start_with(&certificates, certificates.expired_server());
    let error = refusal(config(&server).with_tls(trusting(&certificates))).await;
    assert_permanent(&error, ErrorKind::Config, "the server's certificate has expired");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_for_good() {
    let certificates = Certificates::generate().unwrap();
    let server = start_with(&certificates, certificates.foreign_server());
    let error = refusal(config(&server).with_tls(trusting(&certificates))).await;
    assert_permanent(&error, ErrorKind::Config, "an authority that is not trusted; option=tls_ca_file");
}

#[tokio::test]
async fn the_system_does_not_trust_an_authority_made_here() {
    let certificates = Certificates::generate().unwrap();
    let server = start_tls(&certificates);
    let error = refusal(config(&server).with_tls(Tls::new())).await;
    // Also where the system trusts nobody, which is a refusal without a server.
    assert_eq!((error.kind(), error.retry(), error.outcome()), (ErrorKind::Config, Retry::Never, Outcome::NotApplied));
    assert!(error.to_string().contains("option=tls_ca_file"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_for_good_unless_that_is_expected() {
    let certificates = Certificates::generate().unwrap();
    let server = start_with(&certificates, certificates.misnamed_server());
    let error = refusal(config(&server).with_tls(trusting(&certificates))).await;
    assert_permanent(&error, ErrorKind::Config, "is for another host; expected=127.0.0.1 presented=[");
    let expected = trusting(&certificates).with_server_name("elsewhere.example");
    connect(config(&server).with_tls(expected)).await.ping().await.unwrap();
}

#[tokio::test]
async fn any_certificate_will_do_where_that_is_asked_for() {
    let certificates = Certificates::generate().unwrap();
    for shown in [certificates.expired_server(), certificates.foreign_server(), certificates.misnamed_server()] {
        let server = start_with(&certificates, shown);
        let config = config(&server).with_tls(Tls::new().danger_accept_any_certificate());
        connect(config).await.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_ours_and_refuses_bad_ones_for_good() {
    let certificates = Certificates::generate().unwrap();
    let tls = store_testkit::Tls::new(&certificates).clients(ClientCertificate::Required);
    for versions in ["TLSv1.2", "TLSv1.3"] {
        let server = start(ServerOptions::new().tls(tls.clone()).directive("tls-protocols", versions));
        for protocol in PROTOCOLS {
            let config = config(&server).with_protocol(protocol);
            let with = |tls| config.clone().with_tls(tls);
            let ours = trusting(&certificates);
            connect(with(showing(ours.clone(), certificates.client()))).await.ping().await.unwrap();
            let from_files = ours.clone().with_identity(
                Pem::File(certificates.client().certificate().path().into()),
                Pem::File(certificates.client().key().path().into()),
            );
            connect(with(from_files)).await.ping().await.unwrap();
            for bad in [certificates.expired_client(), certificates.foreign_client()] {
                let error = refusal(with(showing(ours.clone(), bad))).await;
                assert_permanent(&error, ErrorKind::PermissionDenied, "the server refuses our certificate");
            }
            let error = refusal(with(ours)).await;
            match versions {
                // There was no word of its own for it yet.
                "TLSv1.2" => assert_permanent(&error, ErrorKind::Config, "HandshakeFailure"),
                _ => assert_permanent(&error, ErrorKind::PermissionDenied, "asks for a certificate of ours"),
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_belongs_to_another_certificate_is_a_config_error() {
    let certificates = Certificates::generate().unwrap();
    let (certificate, key) = (certificates.client().certificate(), certificates.server().key());
    let tls = trusting(&certificates).with_identity(Pem::File(certificate.path().into()), Pem::File(key.path().into()));
    let error = refusal(Config::tcp("127.0.0.1", 1).with_tls(tls)).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotApplied));
    assert!(error.to_string().contains("option=tls_key_file"), "{error}");
}

#[tokio::test]
async fn tls_to_a_port_without_it_is_given_up_in_time_and_says_so() {
    let certificates = Certificates::generate().unwrap();
    let server = start(ServerOptions::new());
    let limit = Duration::from_millis(300);
    let begun = Instant::now();
    let error = refusal(config(&server).with_connect_timeout(limit).with_tls(trusting(&certificates))).await;
    assert!(begun.elapsed() < 20 * limit);
    assert_eq!(error.outcome(), Outcome::NotApplied, "{error:?}");
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[tokio::test]
async fn no_tls_to_a_port_with_it_is_an_error_that_suspects_it() {
    let certificates = Certificates::generate().unwrap();
    let server = start_tls(&certificates);
    let error = refusal(config(&server)).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::NotApplied), "{error:?}");
    assert!(error.to_string().contains("a port for TLS does that"), "{error}");
}

#[tokio::test]
async fn there_is_no_tls_on_a_unix_socket() {
    let server = start(ServerOptions::new().listen(store_testkit::Listen::Unix));
    let config = Config::unix(server.socket().unwrap());
    connect(config.clone()).await.ping().await.unwrap();
    let error = refusal(config.with_tls(Tls::new().danger_accept_any_certificate())).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("option=tls"), "{error}");
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_goes_unnoticed_while_idle() {
    let certificates = Certificates::generate().unwrap();
    let server = start_tls(&certificates);
    for protocol in PROTOCOLS {
        let cache = connect(config(&server).with_protocol(protocol).with_tls(trusting(&certificates))).await;
        for n in 1..=20 {
            // With a goodbye in front of the end.
            command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
            assert_eq!(cache.increment("n", 1).await.unwrap(), n);
        }
        server.restart().unwrap();
        assert_eq!(cache.increment("n", 1).await.unwrap(), 1);
        cache.delete("n").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_killed_under_load_lose_no_acknowledged_increment_and_apply_none_twice() {
    let certificates = Certificates::generate().unwrap();
    let server = start_tls(&certificates);
    let cache = connect(config(&server).with_tls(trusting(&certificates))).await;
    // Slower than without TLS, whose handshakes take their time.
    let load = Load { writers: 8, increments: 300, pause: Duration::from_millis(20) };
    writes_under_kills(&server, &cache, load).await;
}

#[tokio::test]
async fn an_error_during_a_call_is_as_permanent_as_one_at_the_beginning() {
    let certificates = Certificates::generate().unwrap();
    let server = start_tls(&certificates);
    let cache = connect(config(&server).with_tls(trusting(&certificates))).await;
    let (certificate, key) = (certificates.expired_server().certificate(), certificates.expired_server().key());
    // In one step, as a certificate and a key that do not belong together are refused.
    let (certificate, key) = (certificate.path().to_str().unwrap(), key.path().to_str().unwrap());
    command(&server, &["CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key]);
    cache.ping().await.unwrap();
    command(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
    let error = failure(cache.increment("n", 1).await);
    assert_permanent(&error, ErrorKind::Config, "the server's certificate has expired");
}
