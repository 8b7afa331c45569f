//! Asks servers about others: who the primary is, who has which slot.

use std::sync::Arc;

use redis::Value;
use store_core::{Error, ErrorKind, Outcome, Result, Retry};
use tokio::time::Instant;

use crate::command::Command;
use crate::connection::deadline::Deadline;
use crate::connection::endpoint::Endpoint;
use crate::connection::peer::Peer;
use crate::environment::Environment;
use crate::request::{Payload, Route};
use crate::{error, reply};

/// Sends commands to a server that is asked about others, and gives their replies.
pub(super) async fn inquire<const N: usize>(
    endpoint: &Arc<Endpoint>,
    commands: [Command; N],
    environment: &Environment,
) -> Result<[Value; N]> {
    // The dial has a limit of its own, and its error says more than that of a deadline which is up first.
    let (start, limit) = (Instant::now(), 2 * environment.config.connect_timeout);
    let mut deadline = Deadline::new(start, limit);
    let connection = endpoint.connection(Route::Any, &mut deadline).await?;
    let payload = Payload::Pipeline(commands.into());
    match connection.call(&payload, &mut deadline).await {
        Ok(Value::Array(replies)) => reply::exactly(replies),
        Ok(reply) => error::checked(reply).and_then(|reply| reply::exactly(vec![reply])),
        Err(error) => {
            // Nobody else may be using the line, so nobody else would find out that it leads nowhere.
            connection.retire();
            Err(error)
        }
    }
}

/// One of those who were asked is of no use.
pub(super) fn refused(asked: &Peer, kind: ErrorKind, reason: &str) -> Error {
    Error::new(kind, format!("{asked}: {reason}")).with_outcome(Outcome::NotApplied)
}

/// None of those who were asked has told. `message` ends with what comes before the list of them. Where all say the
/// same about why, and waiting does not help, that is the kind.
pub(super) fn unanswered(message: &str, failures: &[Error]) -> Error {
    let kind = match failures.first() {
        Some(first) if failures.iter().all(|failure| failure.kind() == first.kind()) => first.kind(),
        _ => ErrorKind::Unavailable,
    };
    let retry = match kind {
        ErrorKind::Unavailable | ErrorKind::Timeout => Retry::AfterRefresh,
        _ => Retry::Never,
    };
    let tried: Vec<_> = failures.iter().map(ToString::to_string).collect();
    Error::new(kind, format!("{message} tried=[{}]", tried.join("; ")))
        .with_retry(retry)
        .with_outcome(Outcome::NotApplied)
}
