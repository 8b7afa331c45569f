//! The first words on a new connection: who we are, who the server is, and whether it is the one we want.

use redis::Value;
use store_core::Result;

use crate::command::{self, Command};
use crate::config::{Config, Server};
use crate::connection::identity::ServerId;
use crate::connection::multiplex::Multiplexer;
use crate::connection::peer::{Part, Peer};
use crate::credentials::Credentials;
use crate::reply::ServerRole;
use crate::{error, reply};

/// Says who we are and asks who the server is.
///
/// `HELLO` goes alone, so that its refusal, whatever comes after it, is the reply that is read.
pub(super) async fn shake_hands(
    peer: &Peer,
    config: &Config,
    credentials: Option<&Credentials>,
    shared: &Multiplexer,
) -> Result<ServerId> {
    let talk = Talk { server: &peer.server, shared };
    talk.tell("HELLO", &command::hello(config, credentials)).await?;
    if config.db != 0 && peer.part != Part::Sentinel {
        talk.tell("SELECT", &command::select(config.db)).await?;
    }
    if peer.part == Part::ClusterReplica {
        talk.tell("READONLY", &command::read_only()).await?;
    }
    talk.check_role(peer.part).await?;
    talk.ask_identity().await
}

/// A conversation with a server that nobody else takes part in yet.
struct Talk<'a> {
    server: &'a Server,
    shared: &'a Multiplexer,
}

impl Talk<'_> {
    /// What was refused during the handshake stays refused with its own kind, and says what and where.
    async fn tell(&self, name: &str, command: &Command) -> Result<Value> {
        let reply = error::checked(self.ask(command).await?);
        reply.map_err(|refusal| error::dial_refused(self.server, name, &refusal))
    }

    async fn ask(&self, command: &Command) -> Result<Value> {
        let reply = self.shared.ask(command).await;
        reply.map_err(|cause| error::handshake_broken(self.server, &cause))
    }

    async fn check_role(&self, part: Part) -> Result<()> {
        let wanted = match part {
            Part::Primary => ServerRole::Primary,
            Part::Replica => ServerRole::Replica,
            Part::Alone | Part::ClusterNode | Part::ClusterReplica | Part::Sentinel => return Ok(()),
        };
        let role = reply::server_role(self.tell("ROLE", &command::role()).await?)?;
        if role == wanted { Ok(()) } else { Err(error::wrong_role(self.server, wanted.name())) }
    }

    /// A user that may not ask is no reason not to connect.
    async fn ask_identity(&self) -> Result<ServerId> {
        let info = self.ask(&command::server_info()).await?;
        let run_id = reply::info_field(&info, "run_id");
        Ok(run_id.and_then(ServerId::from_run_id).unwrap_or_else(ServerId::unknown))
    }
}
