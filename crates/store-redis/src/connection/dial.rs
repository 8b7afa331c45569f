//! Makes a connection: channel, pump, handshake, and the user's hook.

use std::sync::Arc;

use store_core::Result;

use crate::connection::channel::Channel;
use crate::connection::handshake::shake_hands;
use crate::connection::line::{Line, Stream};
use crate::connection::multiplex::Multiplexer;
use crate::connection::node::NodeConnection;
use crate::connection::peer::Peer;
use crate::connection::task::Task;
use crate::connection::{hook, renewal, socket};
use crate::environment::Environment;
use crate::error;

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
    let (shared, pump) = Multiplexer::new(channel, &line, environment.config.max_in_flight.get() as usize);
    let pump = Task::spawn(pump);
    let server_id = shake_hands(peer, &environment.config, credentials.as_ref(), &shared).await?;
    if let Some(hook) = &environment.on_connect {
        *step = Step::Hook;
        hook::run(&**hook, server, peer.part, &shared).await?;
    }
    let renewal = renewal::spawn(login, credentials, &line, &shared);
    Ok(NodeConnection::new(Arc::clone(environment), line, pump, renewal, shared, server_id))
}
