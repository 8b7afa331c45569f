//! What the replies to one request amount to: a result, or the failure of the request as a whole.

use redis::{ServerError, Value};
use store_core::{Error, ErrorKind, Outcome, Result};

use crate::error;
use crate::request::Payload;

/// Turns raw replies into the result of the request: the one reply, or an array with a reply for each command, in
/// which error replies stand for themselves.
pub(super) fn settle(payload: &Payload, reply: Value) -> Result<Value> {
    match payload {
        Payload::One(_) | Payload::Script(_) => error::checked(reply),
        Payload::Pipeline(_) => match reply {
            Value::Array(replies) => pipeline(replies),
            _ => Err(malformed()),
        },
        Payload::Atomic(_) => match reply {
            Value::Array(replies) => transaction(replies),
            _ => Err(malformed()),
        },
    }
}

/// Where every command was refused, the request was: a server that is loading refuses them all.
fn pipeline(replies: Vec<Value>) -> Result<Value> {
    match replies.first() {
        Some(Value::ServerError(first)) if replies.iter().all(|reply| refusal(reply).is_some()) => {
            Err(error::from_server(first))
        }
        _ => Ok(Value::Array(replies)),
    }
}

/// The replies to `MULTI`, to each command ("queued"), and to `EXEC`, which holds the results.
fn transaction(mut replies: Vec<Value>) -> Result<Value> {
    let executed = replies.pop().ok_or_else(malformed)?;
    if let Some(refused) = replies.first().and_then(refusal) {
        // Without MULTI the commands behind it were executed one by one, if the server let them.
        let outcome =
            if replies.iter().all(|reply| refusal(reply).is_some()) { Outcome::NotApplied } else { Outcome::Unknown };
        return Err(error::from_server(refused).with_outcome(outcome));
    }
    match executed {
        Value::Array(results) => Ok(Value::Array(results)),
        Value::ServerError(aborted) => {
            let cause = replies.iter().find_map(refusal).unwrap_or(&aborted);
            Err(error::from_server(cause).with_outcome(Outcome::NotApplied))
        }
        _ => Err(malformed()),
    }
}

fn refusal(reply: &Value) -> Option<&ServerError> {
    match reply {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

/// Replies of the wrong shape for what was sent.
fn malformed() -> Error {
    Error::new(ErrorKind::Other, "the server's reply does not fit the request")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Class, Request};

    fn reply(resp: &str) -> Value {
        redis::parse_redis_value(resp.as_bytes()).unwrap()
    }

    fn of_transaction(resp: &str) -> Result<Value> {
        settle(&Request::atomic(Class::Read, []).payload, reply(resp))
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
        assert_eq!(settled("*2\r\n-LOADING x\r\n-LOADING x\r\n").unwrap_err().kind(), ErrorKind::Unavailable);
        assert!(settled("*2\r\n-LOADING x\r\n:1\r\n").is_ok());
        assert!(settled("*0\r\n").is_ok());
    }
}
