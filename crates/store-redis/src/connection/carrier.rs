//! What a request is in commands, on whatever connection it goes.

use std::future::Future;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use redis::Value;
#[cfg(feature = "deadpool-redis")]
use redis::{Cmd, aio::MultiplexedConnection};
use store_core::{Durability, Result};
use tokio::time::Instant;

use crate::command::{self, Command};
use crate::connection::answer::{Wanted, malformed};
use crate::connection::deadline::Deadline;
use crate::connection::identity::ServerId;
use crate::connection::node::NodeConnection;
use crate::error;
use crate::request::Payload;

/// By how much an idle server answers `WAIT` late: it looks for time-outs ten times a second, by its default `hz`; and
/// half as much again for the way back.
const LATENESS: Duration = Duration::from_millis(150);

/// Commands that leave in one write.
#[derive(Clone, Copy)]
pub(super) enum Commands<'a> {
    One(&'a Command),
    Many(&'a [Command]),
    /// Between what begins and what executes a transaction. That of the client crate panics where MULTI is refused.
    Atomic(&'a [Command]),
}

impl<'a> Commands<'a> {
    /// What a request consists of, as it is tried first.
    pub(super) fn of(payload: &'a Payload) -> Self {
        match payload {
            Payload::One(command) => Self::One(command),
            Payload::Pipeline(commands) => Self::Many(commands),
            Payload::Atomic(commands) => Self::Atomic(commands),
            Payload::Script(call) => Self::One(call.by_digest()),
        }
    }

    /// Adds them to `out` as they are sent.
    pub(super) fn pack(self, out: &mut Vec<u8>) {
        match self {
            Self::One(command) => command.pack(out),
            Self::Many(commands) => pack_each(commands, out),
            Self::Atomic(commands) => {
                out.extend_from_slice(command::BEGIN);
                pack_each(commands, out);
                out.extend_from_slice(command::EXECUTE);
            }
        }
    }

    /// Sends them over a connection of the client crate's, and returns what the server answers; an array for more than
    /// one.
    #[cfg(feature = "deadpool-redis")]
    pub(super) async fn over(self, connection: &mut MultiplexedConnection) -> redis::RedisResult<Value> {
        match self {
            Self::One(command) => connection.send_packed_command(&command.into()).await,
            Self::Many(commands) => send_each(commands.iter().map(Cmd::from), connection).await,
            Self::Atomic(commands) => {
                send_each(command::transaction(commands).map(|command| Cmd::from(&command)), connection).await
            }
        }
    }
}

fn pack_each(commands: &[Command], out: &mut Vec<u8>) {
    commands.iter().for_each(|command| command.pack(out));
}

#[cfg(feature = "deadpool-redis")]
async fn send_each(
    commands: impl Iterator<Item = Cmd>,
    connection: &mut MultiplexedConnection,
) -> redis::RedisResult<Value> {
    let pipeline = command::pipeline(commands);
    connection.send_packed_commands(&pipeline, 0, pipeline.len()).await.map(Value::Array)
}

/// A connection, for as long as one call uses it.
pub(super) trait Carrier: Send + Sync {
    /// Sends commands and returns what the server answers, error replies included; an array for more than one. The
    /// server is expected to take up to `pause` longer than usual.
    fn exchange(
        &self,
        commands: Commands<'_>,
        pause: Duration,
        deadline: &mut Deadline,
    ) -> impl Future<Output = Result<Value>> + Send;

    /// The process at the other end.
    fn server_id(&self) -> ServerId;

    /// The connection itself, if it is one of ours.
    fn node(&self) -> Option<&Arc<NodeConnection>>;

    /// Leaves the connection to others. Whoever does that has had all replies, and has left nothing on it that another
    /// call would notice.
    fn give_back(self);
}

/// Whether a node is asked for a slot that it does not have yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is the slot's own node.
    Regular,
    /// It is taking the slot over, and has to be told that we know.
    Asking,
}

/// What goes around the commands of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framing {
    admission: Admission,
    wanted: Option<Wanted>,
}

/// What came back.
pub(super) struct Replied {
    /// The reply, or an array with one for each command.
    pub(super) reply: Value,
    /// What was asked for, and how many replicas have acknowledged what was written.
    pub(super) acknowledged: Option<(Wanted, Value)>,
}

impl Framing {
    /// A call that ends at `deadline` hears from `WAIT` before that, however long it may wait for replicas, if it has
    /// more than [`LATENESS`].
    pub(super) fn new(admission: Admission, durability: Durability, deadline: &Deadline) -> Self {
        let wanted = match durability {
            Durability::Replicated { replicas, timeout, .. } => {
                let left = deadline.end().saturating_duration_since(Instant::now());
                let reserve = (left / 8).max(LATENESS);
                Some(Wanted { replicas, timeout: timeout.min(left.saturating_sub(reserve)) })
            }
            _ => None,
        };
        Self { admission, wanted }
    }

    fn is_plain(&self) -> bool {
        self.admission == Admission::Regular && self.wanted.is_none()
    }
}

/// Sends a request over `carrier`.
pub(super) async fn send<C: Carrier>(
    carrier: &C,
    payload: &Payload,
    framing: Framing,
    deadline: &mut Deadline,
) -> Result<Replied> {
    if framing.is_plain() {
        let reply = send_plain(carrier, payload, deadline).await?;
        return Ok(Replied { reply, acknowledged: None });
    }
    let one = async |command, deadline: &mut Deadline| {
        let replied = send_framed(carrier, iter::once(command), framing, deadline).await?;
        Ok(Replied { reply: last(replied.reply), ..replied })
    };
    match payload {
        Payload::One(command) => one(command.clone(), deadline).await,
        Payload::Pipeline(commands) if framing.admission == Admission::Asking => {
            send_asking_each(carrier, commands, framing, deadline).await
        }
        Payload::Pipeline(commands) => send_framed(carrier, commands.iter().cloned(), framing, deadline).await,
        Payload::Atomic(commands) => send_framed(carrier, command::transaction(commands), framing, deadline).await,
        // Behind an unknown digest there would be nothing for replicas to acknowledge.
        Payload::Script(call) if framing.wanted.is_some() => one(call.by_text(), deadline).await,
        Payload::Script(call) => {
            let replied = one(call.by_digest().clone(), deadline).await?;
            if is_unknown_script(&replied.reply) { one(call.by_text(), deadline).await } else { Ok(replied) }
        }
    }
}

/// Sends a request over `carrier`, with nothing around it.
async fn send_plain<C: Carrier>(carrier: &C, payload: &Payload, deadline: &mut Deadline) -> Result<Value> {
    let reply = carrier.exchange(Commands::of(payload), Duration::ZERO, deadline).await?;
    match payload {
        Payload::Script(call) if is_unknown_script(&reply) => {
            carrier.exchange(Commands::One(&call.by_text()), Duration::ZERO, deadline).await
        }
        _ => Ok(reply),
    }
}

/// `ASKING` counts for the next command of the connection, `WAIT` for what the connection has written before; so all
/// leave in one write. `ASKING` before `MULTI` counts for the whole transaction.
async fn send_framed<C: Carrier>(
    carrier: &C,
    commands: impl Iterator<Item = Command> + Send,
    framing: Framing,
    deadline: &mut Deadline,
) -> Result<Replied> {
    let asking = (framing.admission == Admission::Asking).then(command::asking);
    let prelude = asking.iter().count();
    let (mut replies, acknowledged) = exchange(carrier, asking.into_iter().chain(commands), framing, deadline).await?;
    if replies.len() < prelude {
        return Err(malformed());
    }
    Ok(Replied { reply: Value::Array(replies.split_off(prelude)), acknowledged })
}

/// Each command with an `ASKING` of its own, for those that are no transaction.
async fn send_asking_each<C: Carrier>(
    carrier: &C,
    commands: &[Command],
    framing: Framing,
    deadline: &mut Deadline,
) -> Result<Replied> {
    let commands = commands.iter().flat_map(|command| [command::asking(), command.clone()]);
    let (replies, acknowledged) = exchange(carrier, commands, framing, deadline).await?;
    Ok(Replied { reply: Value::Array(replies.into_iter().skip(1).step_by(2).collect()), acknowledged })
}

/// Sends `commands`, and `WAIT` behind them where replicas are asked for.
async fn exchange<C: Carrier>(
    carrier: &C,
    commands: impl Iterator<Item = Command> + Send,
    framing: Framing,
    deadline: &mut Deadline,
) -> Result<(Vec<Value>, Option<(Wanted, Value)>)> {
    let wait = framing.wanted.map(|wanted| command::wait(wanted.replicas, wanted.timeout));
    let pause = framing.wanted.map_or(Duration::ZERO, |wanted| wanted.timeout);
    let commands: Vec<_> = commands.chain(wait).collect();
    let Value::Array(mut replies) = carrier.exchange(Commands::Many(&commands), pause, deadline).await? else {
        return Err(malformed());
    };
    let acknowledged = framing.wanted.map(|wanted| (wanted, replies.pop().unwrap_or(Value::Nil)));
    Ok((replies, acknowledged))
}

pub(super) fn is_unknown_script(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(refusal) if error::is_unknown_script(refusal))
}

/// The reply to one command behind others.
fn last(reply: Value) -> Value {
    match reply {
        Value::Array(mut replies) => replies.pop().unwrap_or(Value::Nil),
        reply => reply,
    }
}
