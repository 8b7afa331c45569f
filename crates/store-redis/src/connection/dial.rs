//! Makes a connection: channel, driver, handshake, and the user's hook.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo};
use store_core::Result;

use crate::connection::channel::Channel;
use crate::connection::driver::Driver;
use crate::connection::handshake::shake_hands;
use crate::connection::line::{Line, Stream};
use crate::connection::node::NodeConnection;
use crate::connection::peer::Peer;
use crate::connection::{hook, renewal, socket};
use crate::environment::Environment;
use crate::error;

/// How many requests wait for the driver. A longer queue makes thousands of callers at once a few percent faster, and
/// fewer no faster; it would hold on to more large values while a server hangs.
const QUEUE: usize = 128;

/// How far a dial has come. What is waited for when the time is up is the reason why.
#[derive(Clone, Copy, Debug)]
enum Step {
    Socket,
    Tls,
    Credentials,
    Handshake,
    Hook,
}

impl Step {
    fn unfinished(self) -> &'static str {
        match self {
            Self::Socket => "no answer in time",
            Self::Tls => "no answer to the TLS handshake in time; a port without TLS does that",
            Self::Credentials => "no credentials from their provider in time",
            Self::Handshake => "no answer to the handshake in time",
            Self::Hook => "the on-connect hook did not end in time",
        }
    }
}

/// Makes a connection that has answered, within the connect timeout.
pub(super) async fn dial(peer: &Peer, environment: &Arc<Environment>) -> Result<NodeConnection> {
    let limit = environment.config.connect_timeout;
    let mut step = Step::Socket;
    let made = tokio::time::timeout(limit, connect(peer, environment, &mut step)).await;
    let dialled = made.unwrap_or_else(|_| {
        Err(error::cannot_connect(&peer.server, format!("{}; connect_timeout={limit:?}", step.unfinished())))
    });
    environment.counters.note_dial(&peer.server, &dialled);
    dialled
}

async fn connect(peer: &Peer, environment: &Arc<Environment>, step: &mut Step) -> Result<NodeConnection> {
    let server = &peer.server;
    let line = Arc::new(Line::new(server.clone()));
    let stream = Stream::new(socket::open(peer, environment).await?, Arc::clone(&line));
    *step = Step::Tls;
    let channel = Channel::over(stream, peer, environment).await?;
    *step = Step::Credentials;
    let login = &peer.access(environment).login;
    let credentials = login.credentials().await;
    let credentials =
        credentials.map_err(|refusal| error::dial_refused(server, "the credential provider", &refusal))?;
    *step = Step::Handshake;
    let (mut shared, driver) = MultiplexedConnection::new_with_config(&no_handshake(), channel, settings())
        .await
        .map_err(|cause| error::handshake_broken(server, &cause))?;
    let driver = Driver::spawn(Arc::clone(&line), driver);
    let server_id = shake_hands(peer, &environment.config, credentials.as_ref(), &mut shared).await?;
    if let Some(hook) = &environment.on_connect {
        *step = Step::Hook;
        hook::run(&**hook, server, peer.part, &mut shared).await?;
    }
    let renewal = renewal::spawn(login, credentials, &line, &shared);
    Ok(NodeConnection::new(Arc::clone(environment), line, driver, renewal, shared, server_id))
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
