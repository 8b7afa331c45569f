//! Code of the user's that takes part in making connections.

use std::fmt;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use redis::{Cmd, Value};
use store_core::{Error, ErrorKind, Outcome, Result, async_trait};

use crate::config::Server;
use crate::connection::multiplex::Multiplexer;
use crate::connection::peer::Part;
use crate::error;

/// Runs on each new connection to a server that holds data, after the driver's own handshake and before the first use:
/// for settings of a connection that the driver does not know, and for checks of the server that it does not make.
///
/// Given to a store by [`Builder::on_connect`](crate::Builder::on_connect). It is shared by all connections, which may
/// be made several at a time; connections to sentinels are not shown to it.
///
/// ```
/// use store_redis::{NewConnection, OnConnect, Result, async_trait, redis};
///
/// struct NoEvict;
///
/// #[async_trait]
/// impl OnConnect for NoEvict {
///     async fn on_connect(&self, connection: &mut NewConnection<'_>) -> Result<()> {
///         connection.raw_command(redis::cmd("CLIENT").arg("NO-EVICT").arg("ON")).await?;
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait OnConnect: Send + Sync + 'static {
    /// Prepares or refuses the connection. It counts against the connect timeout.
    ///
    /// # Errors
    /// An error refuses the connection: it is closed, and the call that needed it fails with the kind and the advice
    /// on retrying that the error has, and with its text, which so holds no secret. Of a panic becomes
    /// [`Other`](ErrorKind::Other).
    ///
    /// # Cancel safety
    /// The future is dropped when the connect timeout passes.
    async fn on_connect(&self, connection: &mut NewConnection<'_>) -> Result<()>;
}

/// Not what the hook itself would show, which nobody has looked over for secrets.
impl fmt::Debug for dyn OnConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnConnect")
    }
}

/// A connection that nobody uses yet.
pub struct NewConnection<'a> {
    server: &'a Server,
    role: Role,
    shared: &'a Multiplexer,
}

/// What a server is dialled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Everything: it is the one server of a store, be it a primary or a replica.
    Standalone,
    /// Reads and writes: the primary behind sentinels, or a node of a cluster for the slots that it has.
    Primary,
    /// Reads alone.
    Replica,
}

impl fmt::Debug for NewConnection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewConnection").field("server", self.server).field("role", &self.role).finish_non_exhaustive()
    }
}

impl NewConnection<'_> {
    /// Where the connection leads to, as it was dialled.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.server
    }

    /// What the server is dialled for.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Sends a command past everything that this crate knows about commands, and returns the server's reply.
    ///
    /// What the command changes of the connection stays so for all calls that share it. Another database, a
    /// subscription or an open transaction breaks them.
    ///
    /// # Errors
    /// An error reply, by the table of the crate's documentation; [`Unavailable`](ErrorKind::Unavailable) when the
    /// connection ends.
    pub async fn raw_command(&mut self, command: &Cmd) -> Result<Value> {
        let reply = self.shared.ask(&command.into()).await;
        error::checked(reply.map_err(|cause| error::handshake_broken(self.server, &cause))?)
    }
}

/// Shows a new connection to the hook, if it is one for it.
pub(super) async fn run(hook: &dyn OnConnect, server: &Server, part: Part, shared: &Multiplexer) -> Result<()> {
    let role = match part {
        Part::Alone => Role::Standalone,
        Part::Primary | Part::ClusterNode => Role::Primary,
        Part::Replica | Part::ClusterReplica => Role::Replica,
        Part::Sentinel => return Ok(()),
    };
    let mut connection = NewConnection { server, role, shared };
    // A panic would end the task that makes the connection, and leave those who wait for it without an answer.
    let ran = AssertUnwindSafe(hook.on_connect(&mut connection)).catch_unwind().await;
    let ran =
        ran.unwrap_or_else(|_| Err(Error::new(ErrorKind::Other, "it panicked").with_outcome(Outcome::NotApplied)));
    ran.map_err(|refusal| error::dial_refused(server, "the on-connect hook", &refusal))
}
