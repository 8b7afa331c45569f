//! Servers with TLS, ways to connect to them, and what errors have to look like.

use store_redis::{Config, Error, ErrorKind, Outcome, Pem, Protocol, RedisCache, Retry, Tls};
use store_testkit::{Certificates, CertifiedKey, RedisServer, ServerOptions};

pub(crate) use crate::common::{CANARY, PATIENCE, eventually, failure};
pub(crate) use crate::deployments::{address, cluster, connect, sentinel};

pub(crate) const PROTOCOLS: [Protocol; 2] = [Protocol::Resp2, Protocol::Resp3];

/// A server of this test's own, which may be stopped and killed.
pub(crate) fn start(options: ServerOptions) -> RedisServer {
    RedisServer::start_process(options).unwrap()
}

/// A server that shows the good certificate.
pub(crate) fn start_tls(certificates: &Certificates) -> RedisServer {
    start(ServerOptions::new().tls(store_testkit::Tls::new(certificates)))
}

/// A server on this machine, without user and without TLS.
pub(crate) fn config(server: &RedisServer) -> Config {
    Config::tcp("127.0.0.1", server.port().unwrap()).with_connect_timeout(PATIENCE).with_deadline(PATIENCE)
}

/// TLS that trusts the authority of these certificates.
pub(crate) fn trusting(certificates: &Certificates) -> Tls {
    Tls::new().with_roots(Pem::File(certificates.authority().path().into()))
}

/// The same with a certificate to show.
pub(crate) fn showing(tls: Tls, shown: &CertifiedKey) -> Tls {
    let text = |pem: &store_testkit::Pem| Pem::Text(pem.bytes().to_vec());
    tls.with_identity(text(shown.certificate()), text(shown.key()))
}

pub(crate) async fn refusal(config: Config) -> Error {
    failure(RedisCache::connect_with(config).await)
}

pub(crate) fn command(server: &RedisServer, arguments: &[&str]) {
    server.command(arguments).unwrap();
}

/// Whether the error is for good, of this kind, and names the server and the reason.
#[track_caller]
pub(crate) fn assert_permanent(error: &Error, kind: ErrorKind, reason: &str) {
    assert_eq!((error.kind(), error.retry(), error.outcome()), (kind, Retry::Never, Outcome::NotApplied), "{error:?}");
    assert!(error.to_string().contains(reason), "{error}");
    assert!(error.to_string().contains("server=127.0.0.1:"), "{error}");
}
