//! Opens the socket below a connection, with its options.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use store_core::Result;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::config::{Coalescing, Config, Server};
use crate::connection::line::Socket;
use crate::connection::peer::Peer;
use crate::environment::Environment;
use crate::error;

/// A socket that leads to `peer`.
pub(super) async fn open(peer: &Peer, environment: &Environment) -> Result<Socket> {
    let (server, config) = (&peer.server, &environment.config);
    match server {
        Server::Tcp { host, port } => open_tcp(server, config, host, *port).await.map(Socket::Tcp),
        #[cfg(unix)]
        Server::Unix { path } => match tokio::net::UnixStream::connect(path).await {
            Ok(stream) => Ok(Socket::Unix(stream)),
            Err(error) => Err(error::cannot_connect(server, reason(&error))),
        },
        #[cfg(not(unix))]
        Server::Unix { .. } => Err(crate::config::config_error("path", "this system has no unix sockets")),
        Server::Pooled => Err(crate::config::config_error("pool", crate::config::OTHERS_CONNECT)),
    }
}

/// Tries every address that the name stands for, one after another, each with its share of the time, so that one that
/// swallows packets leaves some for the next.
async fn open_tcp(server: &Server, config: &Config, host: &str, port: u16) -> Result<TcpStream> {
    let end = Instant::now() + config.connect_timeout;
    let addresses: Vec<SocketAddr> = match tokio::net::lookup_host((host, port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Err(error::cannot_connect(server, reason(&error))),
    };
    let mut tried = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        match tokio::time::timeout(share, open_address(config, *address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => tried.push(format!("{address}: {}", reason(&error))),
            Err(_) => tried.push(format!("{address}: no answer")),
        }
    }
    let reason = if tried.is_empty() { "the name has no address".to_owned() } else { tried.join(", ") };
    Err(error::cannot_connect(server, reason))
}

async fn open_address(config: &Config, address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(config.coalescing == Coalescing::Off)?;
    let socket = SockRef::from(&stream);
    if let Some(keepalive) = config.keepalive {
        let options = TcpKeepalive::new()
            .with_time(whole_seconds(keepalive.idle))
            .with_interval(whole_seconds(keepalive.interval))
            .with_retries(keepalive.retries.get());
        socket.set_tcp_keepalive(&options)?;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(config.user_timeout)?;
    Ok(stream)
}

/// The system counts keepalive in seconds, and takes zero for an error.
fn whole_seconds(duration: Duration) -> Duration {
    const NANOS: u128 = 1_000_000_000;
    Duration::from_secs(u64::try_from(duration.as_nanos().div_ceil(NANOS)).unwrap_or(u64::MAX))
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(_) => error.kind().to_string(),
        // From the name resolver, which has no kinds.
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Keepalive;

    async fn opened(config: &Config) -> TcpStream {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        open_address(config, listener.local_addr().unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_socket_has_the_options_of_its_config() {
        let config = Config::tcp("h", 1)
            .with_keepalive(Some(Keepalive::after(Duration::from_millis(1500))))
            .with_user_timeout(Some(Duration::from_millis(1500)));
        let stream = opened(&config).await;
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(2));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(5));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_millis(1500)));
    }

    #[tokio::test]
    async fn what_is_switched_off_stays_off() {
        let config = Config::tcp("h", 1).with_keepalive(None).with_user_timeout(None).with_coalescing(Coalescing::On);
        let stream = opened(&config).await;
        let socket = SockRef::from(&stream);
        assert!(!socket.tcp_nodelay().unwrap() && !socket.keepalive().unwrap());
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert_eq!(socket.tcp_user_timeout().unwrap(), None);
    }
}
