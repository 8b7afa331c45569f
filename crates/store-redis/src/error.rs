//! What a failure means: the reply of a server, or the end of a connection, as kind, retry and outcome.
//!
//! The table of `error_codes.md`, which the documentation of the crate shows, is what the code below says; a test
//! compares them row by row.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

use redis::{RedisError, ServerError};
use store_core::{Error, ErrorKind, Outcome, Result, Retry};

use crate::config::Server;
use crate::connection::tls::verdict_on;
use crate::slot::Slot;

/// What servers answer instead of a result, as far as it makes a difference. The client crate's own enumeration is
/// open and knows only half of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Loading,
    Busy,
    TryAgain,
    MasterDown,
    NoReplicas,
    NoScript,
    ClientLimit,
    ReadOnly,
    ClusterDown,
    Moved,
    Ask,
    OutOfMemory,
    Misconfigured,
    NoPermission,
    NotAuthenticated,
    WrongPassword,
    Denied,
    WrongType,
    NotAnInteger,
    Overflow,
    UnknownCommand,
    UnknownProtocol,
    UnknownDatabase,
    CrossSlot,
    ExecAbort,
    /// `ERR` with a text that makes no difference.
    Unlisted,
    /// A code that this table does not know.
    Foreign,
}

impl Code {
    fn of(error: &ServerError) -> Self {
        match error.code() {
            "LOADING" => Self::Loading,
            "BUSY" => Self::Busy,
            "TRYAGAIN" => Self::TryAgain,
            "MASTERDOWN" => Self::MasterDown,
            "NOREPLICAS" => Self::NoReplicas,
            "NOSCRIPT" => Self::NoScript,
            "READONLY" => Self::ReadOnly,
            "CLUSTERDOWN" => Self::ClusterDown,
            "MOVED" => Self::Moved,
            "ASK" => Self::Ask,
            "OOM" => Self::OutOfMemory,
            "MISCONF" => Self::Misconfigured,
            "NOPERM" => Self::NoPermission,
            "NOAUTH" => Self::NotAuthenticated,
            "WRONGPASS" => Self::WrongPassword,
            "DENIED" => Self::Denied,
            "WRONGTYPE" => Self::WrongType,
            "NOPROTO" => Self::UnknownProtocol,
            "CROSSSLOT" => Self::CrossSlot,
            "EXECABORT" => Self::ExecAbort,
            // A sentence of RedisJSON begins with this, and has no code before it.
            "ERR" | "Existing" => Self::of_text(error.details().unwrap_or_default()),
            _ => Self::Foreign,
        }
    }

    /// `ERR` covers everything that never got a code of its own. A script's error has the same text with the place in
    /// the script behind it, so the text is searched, not compared.
    fn of_text(text: &str) -> Self {
        const TEXTS: [(&str, Code); 9] = [
            // In a script the server does not say NOPERM. First, because the newer text quotes the user and the key.
            ("user executing the script can't", Code::NoPermission),
            ("ACL failure in script", Code::NoPermission),
            ("not an integer", Code::NotAnInteger),
            ("would overflow", Code::Overflow),
            ("max number of clients reached", Code::ClientLimit),
            ("DB index is out of range", Code::UnknownDatabase),
            ("unknown command", Code::UnknownCommand),
            ("Unknown Redis command", Code::UnknownCommand),
            ("wrong Redis type", Code::WrongType),
        ];
        TEXTS.iter().find(|(part, _)| text.contains(part)).map_or(Self::Unlisted, |&(_, code)| code)
    }

    /// Kind, retry and outcome as in the table, and a message of our own: the server's may quote keys and values.
    fn verdict(self) -> (ErrorKind, Retry, Outcome, &'static str) {
        use ErrorKind::{
            Config, Full, NotAnInteger, Other, OutOfRange, PermissionDenied, Unavailable, Unsupported, WrongType,
        };
        use Outcome::{NotApplied, Unknown};
        use Retry::{AfterBackoff, AfterRefresh, Never};
        match self {
            Self::Loading => (Unavailable, AfterBackoff, NotApplied, "the server is still loading its data"),
            Self::Busy => (Unavailable, AfterBackoff, NotApplied, "the server is busy with a script"),
            Self::TryAgain => (Unavailable, AfterBackoff, NotApplied, "the keys are moving to another node"),
            Self::MasterDown => (Unavailable, AfterBackoff, NotApplied, "the replica has lost its primary"),
            Self::NoReplicas => (Unavailable, AfterBackoff, NotApplied, "the server has too few replicas for a write"),
            Self::NoScript => (Unavailable, AfterBackoff, NotApplied, "the server has forgotten the script"),
            Self::ClientLimit => (Unavailable, AfterBackoff, NotApplied, "the server takes no more clients"),
            // The node is, or has become, a replica: the place for writes is elsewhere.
            Self::ReadOnly => (Unavailable, AfterRefresh, NotApplied, "the server is a replica and takes no writes"),
            Self::ClusterDown => (Unavailable, AfterRefresh, NotApplied, "the cluster is down"),
            Self::Moved | Self::Ask => (Unavailable, AfterRefresh, NotApplied, "another cluster node has this key"),
            Self::OutOfMemory => (Full, AfterBackoff, NotApplied, "the server has reached its memory limit"),
            Self::Misconfigured => {
                (Full, AfterBackoff, NotApplied, "the server cannot save to disk, so takes no writes")
            }
            Self::NoPermission => (PermissionDenied, Never, NotApplied, "the user may not do this"),
            Self::NotAuthenticated => (PermissionDenied, Never, NotApplied, "the server asks for a password"),
            Self::WrongPassword => (PermissionDenied, Never, NotApplied, "wrong user name or password"),
            Self::Denied => (PermissionDenied, Never, NotApplied, "the server is in protected mode"),
            Self::WrongType => (WrongType, Never, NotApplied, "the key holds something that is not an entry"),
            Self::NotAnInteger => (NotAnInteger, Never, NotApplied, "the value is not an integer"),
            Self::Overflow => (OutOfRange, Never, NotApplied, "the sum leaves the range of a 64-bit integer"),
            Self::UnknownCommand => (Unsupported, Never, NotApplied, "the server does not know this command"),
            Self::UnknownProtocol => {
                (Config, Never, NotApplied, "the server does not speak this version; option=protocol")
            }
            Self::UnknownDatabase => (Config, Never, NotApplied, "the server has no such database; option=db"),
            Self::CrossSlot => (Other, Never, NotApplied, "the keys of one step lie in different slots"),
            Self::ExecAbort => (Other, Never, NotApplied, "the server discarded the transaction"),
            Self::Unlisted => (Other, Never, NotApplied, "the server refused the command"),
            Self::Foreign => (Other, Never, Unknown, "the server answered with an error"),
        }
    }
}

/// The error that a server's error reply stands for.
pub(crate) fn from_server(error: &ServerError) -> Error {
    let code = Code::of(error);
    let (kind, retry, outcome, message) = code.verdict();
    let message: Cow<'static, str> = match code {
        // Only the word, and only if it is one: nobody knows what a code that nobody knows looks like.
        Code::Foreign if is_code_word(error.code()) => format!("{message}; code={}", error.code()).into(),
        _ => message.into(),
    };
    Error::new(kind, message).with_retry(retry).with_outcome(outcome)
}

fn is_code_word(code: &str) -> bool {
    code.len() <= 24 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Where a node of a cluster sends us instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) kind: RedirectKind,
    pub(crate) slot: Slot,
    /// `None` where it is the host that was asked.
    pub(crate) host: Option<String>,
    pub(crate) port: u16,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RedirectKind {
    /// From now on: the other node has the slot.
    Moved,
    /// This once: the slot is moving, and this key has gone ahead.
    Ask,
}

/// What a redirection says; `None` for every other error.
pub(crate) fn redirect(error: &ServerError) -> Option<Redirect> {
    let kind = match Code::of(error) {
        Code::Moved => RedirectKind::Moved,
        Code::Ask => RedirectKind::Ask,
        _ => return None,
    };
    let (slot, address) = error.details()?.split_once(' ')?;
    let (host, port) = address.rsplit_once(':')?;
    let host = Some(host).filter(|host| !host.is_empty() && *host != "?").map(str::to_owned);
    Some(Redirect { kind, slot: Slot::new(slot.parse().ok()?)?, host, port: port.parse().ok()? })
}

/// Whether the server has to be sent the text of the script.
pub(crate) fn is_unknown_script(error: &ServerError) -> bool {
    Code::of(error) == Code::NoScript
}

/// The reply of a server, with an error reply turned into an error.
pub(crate) fn checked(reply: redis::Value) -> Result<redis::Value> {
    match reply {
        redis::Value::ServerError(error) => Err(from_server(&error)),
        reply => Ok(reply),
    }
}

/// The line to `server` ended before the reply came.
pub(crate) fn line_broken(server: &Server, cause: &RedisError, outcome: Outcome) -> Error {
    let how = match cause.kind() {
        redis::ErrorKind::Parse => Cow::Borrowed(FOREIGN_PROTOCOL),
        _ => Cow::Owned(format!("the connection ended: {}", io_kind(cause))),
    };
    Error::new(ErrorKind::Unavailable, format!("{how}; server={server}")).with_outcome(outcome)
}

/// What a failure below the protocol says about a connection that was to be made.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) kind: ErrorKind,
    pub(crate) retry: Retry,
    pub(crate) message: String,
}

/// The line to `server` ended before it was known whether a Redis server is at its other end.
pub(crate) fn handshake_broken(server: &Server, cause: &RedisError) -> Error {
    // A server may look at our certificate after we have taken TLS to be established.
    if let Some(verdict) = io_error(cause).and_then(verdict_on) {
        return judged(server, verdict);
    }
    let how = match cause.kind() {
        redis::ErrorKind::Parse => Cow::Borrowed(FOREIGN_PROTOCOL),
        _ => Cow::Owned(format!(
            "the connection ended during the handshake: {}; a port for TLS does that, and a server that takes no more \
             clients",
            io_kind(cause)
        )),
    };
    cannot_connect(server, how)
}

/// TLS with `server` came to nothing.
#[cfg(feature = "tls")]
pub(crate) fn tls_refused(server: &Server, cause: &io::Error) -> Error {
    match verdict_on(cause) {
        Some(verdict) => judged(server, verdict),
        None => cannot_connect(server, format!("the connection ended during the TLS handshake: {}", cause.kind())),
    }
}

fn judged(server: &Server, Verdict { kind, retry, message }: Verdict) -> Error {
    Error::new(kind, format!("cannot connect: {message}; server={server}"))
        .with_retry(retry)
        .with_outcome(Outcome::NotApplied)
}

/// `who` has refused a connection to `server`. Kind and advice are those of the refusal.
pub(crate) fn dial_refused(server: &Server, who: &str, refusal: &Error) -> Error {
    let message = format!("cannot connect: {who}: {refusal}; server={server}");
    Error::new(refusal.kind(), message).with_retry(refusal.retry()).with_outcome(Outcome::NotApplied)
}

const FOREIGN_PROTOCOL: &str = "the server sent something that is not the Redis protocol";

fn io_kind(cause: &RedisError) -> io::ErrorKind {
    io_error(cause).map_or(io::ErrorKind::BrokenPipe, io::Error::kind)
}

fn io_error(cause: &RedisError) -> Option<&io::Error> {
    type Shared = Arc<dyn std::error::Error + Send + Sync>;
    // The client crate hands out the pointer that it shares the error by.
    let shared = cause.source().and_then(|source| source.downcast_ref::<Shared>());
    shared?.downcast_ref::<io::Error>()
}

/// No connection to `server` could be made, because of `reason`.
pub(crate) fn cannot_connect(server: &Server, reason: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Unavailable, format!("cannot connect: {}; server={server}", reason.into()))
        .with_outcome(Outcome::NotApplied)
}

/// The server at the other end is not, or no longer, what it was taken for.
pub(crate) fn wrong_role(server: &Server, wanted: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the server is no {wanted}; server={server}"))
        .with_retry(Retry::AfterRefresh)
        .with_outcome(Outcome::NotApplied)
}

/// The call's time was up before anything was sent.
pub(crate) fn timed_out_unsent(waiting_for: &'static str) -> Error {
    Error::new(ErrorKind::Timeout, format!("the deadline passed while waiting for {waiting_for}"))
        .with_outcome(Outcome::NotApplied)
}

/// The call's time was up after the request may have left.
pub(crate) fn no_reply_in_time(server: &Server) -> Error {
    Error::new(ErrorKind::Timeout, format!("no reply in time; server={server}"))
}

/// The write stands on the primary, and fewer replicas than were asked for have acknowledged it in their time.
pub(crate) fn too_few_replicas(wanted: NonZeroU32, got: u64) -> Error {
    Error::new(ErrorKind::Timeout, format!("too few replicas acknowledged the write; wanted={wanted} got={got}"))
}

/// A pool of the program's could not make a connection. The client crate tells less than we would: whatever a server
/// refuses at login counts as a wrong password.
#[cfg(feature = "deadpool-redis")]
pub(crate) fn not_dialled(server: &Server, cause: &RedisError) -> Error {
    let verdict =
        |kind, message: &str| judged(server, Verdict { kind, retry: Retry::Never, message: message.to_owned() });
    match cause.kind() {
        redis::ErrorKind::AuthenticationFailed => {
            verdict(ErrorKind::PermissionDenied, "the server refused the login of the pool")
        }
        redis::ErrorKind::InvalidClientConfig | redis::ErrorKind::RESP3NotSupported => {
            verdict(ErrorKind::Config, "the pool's settings fit no connection")
        }
        redis::ErrorKind::Parse => cannot_connect(server, FOREIGN_PROTOCOL),
        redis::ErrorKind::Io => cannot_connect(server, io_kind(cause).to_string()),
        _ => cannot_connect(server, "the server refused the pool's first words"),
    }
}

/// All exclusive connections to the server were taken for as long as the call could wait.
pub(crate) fn no_exclusive_connection(limit: usize) -> Error {
    Error::new(
        ErrorKind::Overloaded,
        format!("too many calls need a connection of their own; exclusive_connections={limit}"),
    )
}

/// All places on the connection were taken for as long as the call could wait.
pub(crate) fn overloaded(limit: u32) -> Error {
    Error::new(ErrorKind::Overloaded, format!("too many calls wait for a reply; max_in_flight={limit}"))
}

/// The caller is not inside a tokio runtime, so there is nothing that could wait or connect.
pub(crate) fn no_runtime() -> Error {
    Error::new(ErrorKind::Config, "the Redis driver needs a tokio runtime around its callers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(reply: &str) -> ServerError {
        match redis::parse_redis_value(format!("-{reply}\r\n").as_bytes()).unwrap() {
            redis::Value::ServerError(error) => error,
            other => panic!("{reply} is no error: {other:?}"),
        }
    }

    #[test]
    fn every_row_of_the_table_is_what_a_reply_means() {
        let rows: Vec<Vec<&str>> = include_str!("error_codes.md")
            .lines()
            .skip(2)
            .map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect())
            .collect();
        assert_eq!(rows.len(), 30);
        for row in rows {
            let error = from_server(&parse(row[1]));
            let (kind, retry, outcome) = (error.kind(), error.retry(), error.outcome());
            assert_eq!([format!("{kind:?}"), format!("{retry:?}"), format!("{outcome:?}")], row[2..5], "{row:?}");
        }
    }

    #[test]
    fn a_redirection_names_slot_and_node() {
        let to = |reply| redirect(&parse(reply)).map(|to| (to.kind, to.slot.number(), to.host, to.port));
        let host = |host: &str| Some(host.to_owned());
        assert_eq!(to("MOVED 3999 127.0.0.1:6381"), Some((RedirectKind::Moved, 3999, host("127.0.0.1"), 6381)));
        assert_eq!(to("ASK 1 node-7.example:7"), Some((RedirectKind::Ask, 1, host("node-7.example"), 7)));
        assert_eq!(to("MOVED 1 ::1:6381"), Some((RedirectKind::Moved, 1, host("::1"), 6381)));
        assert_eq!(to("MOVED 1 :6381"), Some((RedirectKind::Moved, 1, None, 6381)));
        for reply in ["MOVED", "MOVED x h:1", "MOVED 1 h", "MOVED 16384 h:1", "MOVED 1 h:99999", "ERR 1 h:1"] {
            assert_eq!(to(reply), None, "{reply}");
        }
    }

    #[test]
    fn errors_inside_a_script_are_judged_by_their_own_text() {
        let script = "script: 3c5b0a7b, on @user_script:4.";
        let kinds = [
            ("ERR value is not an integer or out of range", ErrorKind::NotAnInteger),
            ("ERR increment or decrement would overflow", ErrorKind::OutOfRange),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", ErrorKind::WrongType),
            ("OOM command not allowed when used memory > 'maxmemory'.", ErrorKind::Full),
            (
                "ERR The user executing the script can't access at least one of the keys mentioned in the command",
                ErrorKind::PermissionDenied,
            ),
            (
                "ERR ACL failure in script: User app has no permissions to access the 'unknown command' key",
                ErrorKind::PermissionDenied,
            ),
            ("ERR The user executing the script can't run this command or subcommand", ErrorKind::PermissionDenied),
        ];
        for (reply, kind) in kinds {
            assert_eq!(from_server(&parse(&format!("{reply} {script}"))).kind(), kind, "{reply}");
        }
    }

    #[test]
    fn what_the_server_quotes_is_never_shown() {
        for reply in [
            "ERR unknown command 'canary', with args beginning with: 'canary'",
            "ERR canary",
            "NOPERM User canary has no permissions to access one of the keys",
            "WRONGPASS canary",
            "canary canary",
            "CANARY4711 canary",
        ] {
            let error = from_server(&parse(reply));
            assert!(!format!("{error} {error:?}").to_lowercase().contains("canary"), "{error:?}");
        }
        assert!(from_server(&parse("INPROG Failover already in progress")).to_string().contains("code=INPROG"));
    }

    #[test]
    fn a_broken_line_says_how_it_broke_and_where() {
        let cause = RedisError::from(io::Error::from(io::ErrorKind::ConnectionReset));
        let server = Server::Tcp { host: "::1".to_owned(), port: 7 };
        let error = line_broken(&server, &cause, Outcome::Unknown);
        assert_eq!(error.to_string(), "the connection ended: connection reset; server=[::1]:7 outcome=unknown");
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::AfterBackoff));
    }
}
