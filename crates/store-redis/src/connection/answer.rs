//! What the replies to one request amount to: a result, or the failure of the request as a whole.

use std::num::NonZeroU32;
use std::time::Duration;

use redis::{ServerError, Value};
use store_core::{Error, ErrorKind, Outcome};

use crate::error::{self, Redirect};
use crate::reply;
use crate::request::{Payload, Telling};

/// Why a request as a whole was refused, and where to take it instead.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Error,
    pub(super) redirect: Option<Redirect>,
}

impl Refusal {
    fn new(refusal: &ServerError) -> Self {
        Self { error: error::from_server(refusal), redirect: error::redirect(refusal) }
    }

    fn with_outcome(self, outcome: Outcome) -> Self {
        Self { error: self.error.with_outcome(outcome), ..self }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, redirect: None }
    }
}

type Settled = Result<Value, Refusal>;

/// Turns raw replies into the result of the request: the one reply, or an array with a reply for each command, in
/// which error replies stand for themselves.
pub(super) fn settle(payload: &Payload, reply: Value) -> Settled {
    match payload {
        Payload::One(_) | Payload::Script(_) => match &reply {
            Value::ServerError(refusal) => Err(Refusal::new(refusal)),
            _ => Ok(reply),
        },
        Payload::Pipeline(_) => match reply {
            Value::Array(replies) => pipeline(replies),
            _ => Err(malformed().into()),
        },
        Payload::Atomic(_) => match reply {
            Value::Array(replies) => transaction(replies),
            _ => Err(malformed().into()),
        },
    }
}

/// Where every command was refused, the request was: a server that is loading refuses them all.
fn pipeline(replies: Vec<Value>) -> Settled {
    match replies.first() {
        Some(Value::ServerError(first)) if replies.iter().all(|reply| refusal(reply).is_some()) => {
            Err(Refusal::new(first))
        }
        _ => Ok(Value::Array(replies)),
    }
}

/// The replies to `MULTI`, to each command ("queued"), and to `EXEC`, which holds the results.
fn transaction(mut replies: Vec<Value>) -> Settled {
    let executed = replies.pop().ok_or_else(malformed)?;
    if let Some(refused) = replies.first().and_then(refusal) {
        // Without MULTI the commands behind it were executed one by one, if the server let them.
        let outcome =
            if replies.iter().all(|reply| refusal(reply).is_some()) { Outcome::NotApplied } else { Outcome::Unknown };
        return Err(Refusal::new(refused).with_outcome(outcome));
    }
    match executed {
        Value::Array(results) => Ok(Value::Array(results)),
        // Somebody has written to a watched key.
        Value::Nil => Ok(Value::Nil),
        Value::ServerError(aborted) => {
            let cause = replies.iter().find_map(refusal).unwrap_or(&aborted);
            Err(Refusal::new(cause).with_outcome(Outcome::NotApplied))
        }
        _ => Err(malformed().into()),
    }
}

/// The replies to several commands, none of which was refused.
pub(super) fn each(reply: Value) -> Result<Vec<Value>, Refusal> {
    let Value::Array(replies) = reply else { return Err(malformed().into()) };
    match replies.iter().find_map(refusal) {
        Some(first) => Err(Refusal::new(first)),
        None => Ok(replies),
    }
}

/// The first error among the results of a transaction.
pub(super) fn first_refusal(results: &Value) -> Option<Error> {
    let Value::Array(results) = results else { return None };
    results.iter().find_map(refusal).map(error::from_server)
}

/// The replicas that a write is to reach, and how long they have for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) replicas: NonZeroU32,
    pub(super) timeout: Duration,
}

/// Whether `WAIT`, which answered `acknowledged`, has counted as many replicas as were wanted. What was refused, and what
/// changed nothing, needs none.
pub(super) fn spread((wanted, acknowledged): (Wanted, Value), answer: &Value, telling: Telling) -> Result<(), Error> {
    if reply::has_refusals(answer) || (telling == Telling::NothingChanged && reply::changed_nothing(answer)) {
        return Ok(());
    }
    let got =
        error::checked(acknowledged).and_then(reply::count).map_err(|error| error.with_outcome(Outcome::Unknown))?;
    if got >= u64::from(wanted.replicas.get()) { Ok(()) } else { Err(error::too_few_replicas(wanted.replicas, got)) }
}

fn refusal(reply: &Value) -> Option<&ServerError> {
    match reply {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

/// Replies of the wrong shape for what was sent.
pub(super) fn malformed() -> Error {
    Error::new(ErrorKind::Other, "the server's reply does not fit the request")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Class, Request};

    fn reply(resp: &str) -> Value {
        redis::parse_redis_value(resp.as_bytes()).unwrap()
    }

    fn of_transaction(resp: &str) -> Result<Value, Error> {
        settle(&Request::atomic(Class::Read, []).payload, reply(resp)).map_err(|refusal| refusal.error)
    }

    #[test]
    fn a_transaction_that_belongs_elsewhere_says_where() {
        let queued = reply("*4\r\n+OK\r\n+QUEUED\r\n-MOVED 7 h:1\r\n-EXECABORT x\r\n");
        let refusal = settle(&Request::atomic(Class::Read, []).payload, queued).unwrap_err();
        assert_eq!(refusal.redirect.map(|to| to.port), Some(1));
        assert_eq!(refusal.error.outcome(), Outcome::NotApplied);
    }

    #[test]
    fn a_transaction_gives_the_results_of_its_commands() {
        let settled = of_transaction("*4\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-WRONGTYPE x\r\n").unwrap();
        let Value::Array(results) = settled else { panic!("{settled:?}") };
        assert_eq!(results[0], Value::Int(1));
        assert!(refusal(&results[1]).is_some());
    }

    #[test]
    fn an_aborted_transaction_is_judged_by_the_error_inside_and_was_not_applied() {
        let error = of_transaction("*4\r\n+OK\r\n+QUEUED\r\n-OOM x\r\n-EXECABORT x\r\n").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Full, Outcome::NotApplied));
        let error = of_transaction("*3\r\n+OK\r\n-STRANGE x\r\n-EXECABORT x\r\n").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Other, Outcome::NotApplied));
    }

    #[test]
    fn commands_behind_a_refused_multi_may_have_been_executed() {
        let error = of_transaction("*3\r\n-NOPERM x\r\n:1\r\n-ERR EXEC without MULTI\r\n").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::PermissionDenied, Outcome::Unknown));
        let error = of_transaction("*3\r\n-NOAUTH x\r\n-NOAUTH x\r\n-NOAUTH x\r\n").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::PermissionDenied, Outcome::NotApplied));
    }

    #[test]
    fn a_pipeline_fails_as_a_whole_only_where_every_command_did() {
        let settled = |resp| settle(&Request::pipeline(Class::Read, []).payload, reply(resp));
        assert_eq!(settled("*2\r\n-LOADING x\r\n-LOADING x\r\n").unwrap_err().error.kind(), ErrorKind::Unavailable);
        assert!(settled("*2\r\n-LOADING x\r\n:1\r\n").is_ok());
        assert!(settled("*0\r\n").is_ok());
    }
}
