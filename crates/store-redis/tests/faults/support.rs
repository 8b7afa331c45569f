//! Servers to break, lines to freeze, and what errors have to look like.

use std::sync::Arc;

use store_redis::prelude::*;
use store_redis::{Config, Error, ErrorKind, Outcome, Protocol, RedisCache, Retry};
use store_testkit::{RedisServer, ServerOptions};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) use crate::common::{CANARY, PATIENCE, eventually, failure};
pub(crate) use crate::info::info;
pub(crate) use crate::snapshots::fail_snapshot;

pub(crate) const PROTOCOLS: [Protocol; 2] = [Protocol::Resp2, Protocol::Resp3];

/// A server of this test's own, a process that may be stopped and killed.
pub(crate) fn start(options: ServerOptions) -> RedisServer {
    RedisServer::start_process(options).unwrap()
}

pub(crate) fn config(server: &RedisServer, protocol: Protocol) -> Config {
    server.url().parse::<Config>().unwrap().with_protocol(protocol)
}

pub(crate) async fn connect(server: &RedisServer, protocol: Protocol) -> RedisCache {
    RedisCache::connect_with(config(server, protocol)).await.unwrap()
}

pub(crate) fn command(server: &RedisServer, arguments: &[&str]) {
    server.command(arguments).unwrap();
}

/// Waits until the operation succeeds again, as it has to once the fault is gone.
pub(crate) async fn recovers(cache: &RedisCache) {
    let limit = tokio::time::Instant::now() + PATIENCE;
    while let Err(error) = cache.ping().await {
        assert!(tokio::time::Instant::now() < limit, "does not recover: {error}");
    }
}

#[track_caller]
pub(crate) fn assert_is(error: &Error, kind: ErrorKind, retry: Retry, outcome: Outcome) {
    assert_eq!((error.kind(), error.retry(), error.outcome()), (kind, retry, outcome), "{error:?}");
}

/// A way to a server whose lines can be frozen: what is on them stays there, as behind a router that forgot them,
/// while new lines work.
pub(crate) struct Router {
    pub(crate) port: u16,
    frozen_before: Arc<watch::Sender<usize>>,
    lines: Arc<watch::Sender<usize>>,
}

impl Router {
    pub(crate) async fn start(server: &RedisServer) -> Self {
        let to = server.port().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (frozen_before, lines) = (Arc::new(watch::Sender::new(0)), Arc::new(watch::Sender::new(0)));
        let router = Self { port, frozen_before: Arc::clone(&frozen_before), lines: Arc::clone(&lines) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                let number = *lines.borrow();
                lines.send_replace(number + 1);
                tokio::spawn(carry(client, server, number, frozen_before.subscribe()));
            }
        });
        router
    }

    /// Freezes every line that there is.
    pub(crate) fn freeze(&self) {
        self.frozen_before.send_replace(self.lines());
    }

    /// How many lines there have been.
    pub(crate) fn lines(&self) -> usize {
        *self.lines.borrow()
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, number: usize, mut frozen_before: watch::Receiver<usize>) {
    let frozen = async {
        // An error would mean that the router is gone, and nobody freezes anything any more.
        let _ = frozen_before.wait_for(|before| number < *before).await;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
        () = frozen => {}
    }
    // Both ends stay open, and nothing passes.
    std::future::pending::<()>().await;
}
