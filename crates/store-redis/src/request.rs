//! What the executor is asked to do: commands that travel together, and how far they may be repeated.

use std::fmt;
use std::sync::OnceLock;

use redis::ToRedisArgs;
use store_core::Durability;

use crate::command::{self, Command};
use crate::connection::ServerId;
use crate::slot::Slot;

/// What happens when the same request is executed twice; this decides whether it may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Changes nothing.
    Read,
    /// Leaves the same state and gives the same answer: an unconditional `set`.
    Idempotent,
    /// Leaves the same state, but the second answer may differ from the first: a `delete`.
    IdempotentAnswerChanges,
    /// Changes the state again, or decides something: a counter, an `add`, a compare-and-set.
    NotRepeatable,
}

/// Who has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// Any server that takes writes.
    Any,
    /// The server that has this slot. On anything but a cluster, as [`Any`](Self::Any).
    Slot(Slot),
    /// This server process, for as long as a connection to it is open; then as [`Any`](Self::Any).
    Server(ServerId),
}

/// Which of the servers that have the data may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The primary alone.
    Primary,
    /// Whoever the user lets answer reads.
    AsConfigured,
}

/// Over which connection it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// One that all callers share.
    Shared,
    /// One that it has for itself.
    Exclusive,
}

/// What the reply to a write tells about its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Nothing: it changes something whatever it answers, as a counter does that answers 0.
    Nothing,
    /// By nil or 0, that nothing was changed.
    NothingChanged,
}

/// One request: what has a side effect travels as one command, one transaction or one script.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) class: Class,
    pub(crate) route: Route,
    pub(crate) source: Source,
    pub(crate) sharing: Sharing,
    pub(crate) durability: Durability,
    pub(crate) telling: Telling,
    pub(crate) payload: Payload,
}

impl Request {
    /// One command.
    pub(crate) fn one(class: Class, command: Command) -> Self {
        Self::anywhere(class, Payload::One(command))
    }

    /// Several commands in one write, each executed by itself.
    pub(crate) fn pipeline(class: Class, commands: impl IntoIterator<Item = Command>) -> Self {
        Self::anywhere(class, Payload::Pipeline(commands.into_iter().collect()))
    }

    /// Several commands in one write, executed in one step (`MULTI` … `EXEC`).
    pub(crate) fn atomic(class: Class, commands: impl IntoIterator<Item = Command>) -> Self {
        Self::anywhere(class, Payload::Atomic(commands.into_iter().collect()))
    }

    /// One script.
    pub(crate) fn script(
        class: Class,
        script: &'static Script,
        keys: impl ToRedisArgs,
        args: impl ToRedisArgs,
    ) -> Self {
        Self::anywhere(class, Payload::Script(ScriptCall::new(script, keys, args)))
    }

    /// Goes to the server that the route means.
    pub(crate) fn to(self, route: Route) -> Self {
        Self { route, ..self }
    }

    /// Asks for the answer of one server process, as a walk does that goes on where that process left off.
    pub(crate) fn at_server(self, server: ServerId) -> Self {
        self.to(Route::Server(server))
    }

    /// May be answered by a replica, if the user lets replicas answer reads.
    pub(crate) fn or_of_replicas(self) -> Self {
        Self { source: Source::AsConfigured, ..self }
    }

    /// Goes over a connection that nobody else uses meanwhile.
    pub(crate) fn exclusively(self) -> Self {
        Self { sharing: Sharing::Exclusive, ..self }
    }

    /// Counts as done only when it has spread so far. Replicas are waited for on an exclusive connection, where nobody
    /// waits behind it.
    pub(crate) fn spread(self, durability: Durability) -> Self {
        match durability {
            Durability::Replicated { .. } => Self { durability, ..self.exclusively() },
            _ => self,
        }
    }

    /// Changes something whatever it answers.
    pub(crate) fn telling_nothing(self) -> Self {
        Self { telling: Telling::Nothing, ..self }
    }

    fn anywhere(class: Class, payload: Payload) -> Self {
        Self {
            class,
            route: Route::Any,
            source: Source::Primary,
            sharing: Sharing::Shared,
            durability: Durability::Acknowledged,
            telling: Telling::NothingChanged,
            payload,
        }
    }
}

/// What is sent.
pub(crate) enum Payload {
    /// One command and its reply.
    One(Command),
    /// Several commands and a reply for each.
    Pipeline(Vec<Command>),
    /// The commands of a transaction, without what begins and executes it: they go around it as it is sent.
    Atomic(Vec<Command>),
    /// A script and its reply.
    Script(ScriptCall),
}

/// Shows how much is sent, never the keys and values in it.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(_) => f.write_str("One"),
            Self::Pipeline(commands) => write!(f, "Pipeline({})", commands.len()),
            Self::Atomic(commands) => write!(f, "Atomic({})", commands.len()),
            Self::Script(call) => write!(f, "Script({})", call.script.sha1()),
        }
    }
}

/// A script with its keys and arguments.
pub(crate) struct ScriptCall {
    script: &'static Script,
    by_digest: Command,
}

impl ScriptCall {
    fn new(script: &'static Script, keys: impl ToRedisArgs, args: impl ToRedisArgs) -> Self {
        Self { script, by_digest: command::script_by_digest(script.sha1(), keys, args) }
    }

    /// The call as it is tried first.
    pub(crate) fn by_digest(&self) -> &Command {
        &self.by_digest
    }

    /// The call for a server that does not know the digest.
    pub(crate) fn by_text(&self) -> Command {
        command::script_by_text(self.script.source, &self.by_digest)
    }
}

/// A Lua script of this crate. Its digest is computed at first use and kept.
#[derive(Debug)]
pub(crate) struct Script {
    source: &'static str,
    sha1: OnceLock<String>,
}

impl Script {
    pub(crate) const fn new(source: &'static str) -> Self {
        Self { source, sha1: OnceLock::new() }
    }

    /// The name under which a server caches the script: 40 lowercase hexadecimal digits.
    pub(crate) fn sha1(&self) -> &str {
        self.sha1.get_or_init(|| sha1_smol::Sha1::from(self.source).digest().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ONE: Script = Script::new("return 1");

    fn packed(command: &Command) -> String {
        let mut packed = Vec::new();
        command.pack(&mut packed);
        String::from_utf8(packed).unwrap()
    }

    #[test]
    fn a_script_call_names_its_keys_before_its_arguments() {
        let call = ScriptCall::new(&ONE, "k", ("a", "b"));
        assert_eq!(
            packed(call.by_digest()),
            "*6\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n"
        );
        assert_eq!(
            packed(&call.by_text()),
            "*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n"
        );
    }

    #[test]
    fn debug_shows_no_keys_and_no_values() {
        let command = Command::new("SET").arg("canary").arg("canary");
        let request = Request::atomic(Class::Idempotent, [command]);
        assert_eq!(
            format!("{request:?}"),
            "Request { class: Idempotent, route: Any, source: Primary, sharing: Shared, durability: Acknowledged, \
             telling: NothingChanged, payload: Atomic(1) }"
        );
    }
}
