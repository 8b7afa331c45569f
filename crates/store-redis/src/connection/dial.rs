//! Makes a connection: socket, options, handshake.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, Value};
use socket2::{SockRef, TcpKeepalive};
use store_core::{Error, Outcome, Result};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::command;
use crate::config::{Coalescing, Config, Server};
use crate::connection::driver::Driver;
use crate::connection::identity::ServerId;
use crate::connection::line::{Line, Socket, Stream};
use crate::connection::node::NodeConnection;
use crate::{error, reply};

/// How many requests wait for the driver. A longer queue makes thousands of callers at once a few percent faster, and
/// fewer no faster; it would hold on to more large values while a server hangs.
const QUEUE: usize = 128;

/// Makes a connection that has answered, within the connect timeout.
pub(super) async fn dial(server: &Server, config: &Arc<Config>) -> Result<NodeConnection> {
    match tokio::time::timeout(config.connect_timeout, connect(server, config)).await {
        Ok(connection) => connection,
        Err(_) => {
            let reason = format!("no answer in time; connect_timeout={:?}", config.connect_timeout);
            Err(error::cannot_connect(server, reason))
        }
    }
}

async fn connect(server: &Server, config: &Arc<Config>) -> Result<NodeConnection> {
    let socket = open(server, config).await?;
    let line = Arc::new(Line::new(server.clone()));
    let stream = Stream::new(socket, Arc::clone(&line));
    let (mut shared, driver) = MultiplexedConnection::new_with_config(&no_handshake(), stream, settings())
        .await
        .map_err(|cause| error::handshake_broken(server, &cause))?;
    let driver = Driver::spawn(Arc::clone(&line), driver);
    let server_id = shake_hands(server, config, &mut shared).await?;
    Ok(NodeConnection::new(Arc::clone(config), line, driver, shared, server_id))
}

/// The handshake is ours: the client crate's reduces every refusal to "authentication failed", also that of a server
/// which takes no more clients.
fn no_handshake() -> RedisConnectionInfo {
    RedisConnectionInfo::default().set_skip_set_lib_name()
}

fn settings() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        // The executor has a timer for the whole call; one for each attempt would cost as much again.
        .set_response_timeout(None)
        .set_connection_timeout(None)
        // What is in the queue stays there after its caller has given up, for as long as the server hangs. Who waits to
        // get into the queue takes the bytes along.
        .set_pipeline_buffer_size(QUEUE)
}

async fn open(server: &Server, config: &Config) -> Result<Socket> {
    match server {
        Server::Tcp { host, port } => open_tcp(server, config, host, *port).await.map(Socket::Tcp),
        #[cfg(unix)]
        Server::Unix { path } => match tokio::net::UnixStream::connect(path).await {
            Ok(stream) => Ok(Socket::Unix(stream)),
            Err(error) => Err(error::cannot_connect(server, reason(&error))),
        },
        #[cfg(not(unix))]
        Server::Unix { .. } => Err(crate::config::config_error("path", "this system has no unix sockets")),
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

/// Says who we are and asks who the server is.
///
/// `HELLO` goes alone, so that its refusal, whatever comes after it, is the reply that is read.
async fn shake_hands(server: &Server, config: &Config, shared: &mut MultiplexedConnection) -> Result<ServerId> {
    refused(server, "HELLO", shared.send_packed_command(&command::hello(config)).await)?;
    if config.db != 0 {
        refused(server, "SELECT", shared.send_packed_command(&command::select(config.db)).await)?;
    }
    let info = shared
        .send_packed_command(&command::server_info())
        .await
        .map_err(|cause| error::handshake_broken(server, &cause))?;
    // A user that may not ask is no reason not to connect.
    let run_id = reply::info_field(&info, "run_id");
    Ok(run_id.and_then(ServerId::from_run_id).unwrap_or_else(ServerId::unknown))
}

/// What was refused during the handshake stays refused with its own kind, and says what and where.
fn refused(server: &Server, command: &str, reply: redis::RedisResult<Value>) -> Result<()> {
    let refusal = match reply {
        Ok(Value::ServerError(refusal)) => error::from_server(&refusal),
        Ok(_) => return Ok(()),
        Err(cause) => return Err(error::handshake_broken(server, &cause)),
    };
    let message = format!("cannot connect: {command}: {refusal}; server={server}");
    Err(Error::new(refusal.kind(), message).with_retry(refusal.retry()).with_outcome(Outcome::NotApplied))
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
