//! The one retry loop.

use std::pin::pin;
use std::sync::Arc;

use redis::Value;
use store_core::{Error, ErrorKind, Outcome, Result, Retry};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::config::{AtLeastOnce, Config};
use crate::connection::answer;
use crate::connection::deadline::Deadline;
use crate::connection::endpoint::Endpoint;
use crate::connection::identity::ServerId;
use crate::connection::node::NodeConnection;
use crate::connection::resolver::{Cause, Changed, Fault, Fixed, Resolver};
use crate::connection::retry::{self, Budget};
use crate::error;
use crate::request::{Class, Request, Route};

/// The replies to the commands of a pipeline or a transaction, in order; each command can fail by itself.
pub(crate) type Replies = Vec<Result<Value>>;

/// Executes requests within their deadline.
///
/// A request is repeated when it failed for a reason that passes, and certainly was not applied or may be applied
/// twice; that depends on its [`Class`]. After a reply that never came only reads may, unless the user asked for more.
#[derive(Debug)]
pub(crate) struct Executor {
    resolver: Fixed,
    budget: Budget,
    config: Arc<Config>,
}

impl Executor {
    /// Proves once that the server can be reached.
    pub(crate) async fn connect(config: &Config) -> Result<Self> {
        config.validate()?;
        require_runtime()?;
        let config = Arc::new(config.clone());
        let executor = Self { resolver: Fixed::new(&config), budget: Budget::new(&config.retry), config };
        // The dial has a limit of its own, and its error says more than that of a deadline which is up first.
        let (start, limit) = (Instant::now(), 2 * executor.config.connect_timeout);
        let timer = pin!(sleep_until(start + limit));
        let mut deadline = Deadline::new(start, limit, timer);
        let endpoint = executor.resolver.endpoint(Route::Any, &mut deadline).await?;
        endpoint.connection(Route::Any, &mut deadline).await?;
        Ok(executor)
    }
    /// Executes one command or one script; what the server refuses is an error.
    pub(crate) async fn one(&self, request: Request) -> Result<Value> {
        Ok(self.execute(&request).await?.0)
    }

    /// As [`one`](Self::one), and tells which server answered.
    pub(crate) async fn one_with_server(&self, request: Request) -> Result<(Value, ServerId)> {
        self.execute(&request).await
    }

    /// Executes a pipeline or a transaction. A transaction that was not executed is an error as a whole.
    pub(crate) async fn many(&self, request: Request) -> Result<Replies> {
        match self.execute(&request).await?.0 {
            Value::Array(replies) => Ok(replies.into_iter().map(error::checked).collect()),
            reply => Ok(vec![error::checked(reply)]),
        }
    }

    /// Refuses further requests, and waits for those under way, at most one deadline. Outside a runtime, where nothing
    /// can wait, those under way fail.
    pub(crate) async fn close(&self) {
        let open = self.resolver.close();
        if require_runtime().is_err() {
            return;
        }
        let drained = async {
            for connection in &open {
                connection.drain().await;
            }
        };
        // What is not drained by then has reached its own deadline.
        let _in_time = timeout(self.config.deadline, drained).await;
    }

    async fn execute(&self, request: &Request) -> Result<(Value, ServerId)> {
        require_runtime()?;
        let start = Instant::now();
        let timer = pin!(sleep_until(start + self.config.deadline));
        let mut deadline = Deadline::new(start, self.config.deadline, timer);
        let mut failure = match self.attempt(request, &mut deadline).await {
            Ok(answer) => {
                self.budget.deposit();
                return Ok(answer);
            }
            Err(failure) => failure,
        };
        for repetition in 1..=self.config.retry.retries {
            if failure.repeat == Repeat::No || !self.may_repeat(request.class, &failure.error) {
                break;
            }
            // In this order: where the deadline leaves no time to repeat anything, nothing is to be paid.
            let paused = deadline.pause(retry::pause(&self.config.retry, repetition)).await;
            if paused.is_none() || !self.budget.withdraw() {
                break;
            }
            match self.attempt(request, &mut deadline).await {
                Ok(answer) => return Ok(answer),
                Err(next) => failure = failure.followed_by(next, request.class),
            }
        }
        Err(failure.error)
    }

    async fn attempt(&self, request: &Request, deadline: &mut Deadline<'_>) -> Result<(Value, ServerId), Failure> {
        let endpoint = self.resolver.endpoint(request.route, deadline).await.map_err(Failure::repeatable)?;
        let connection = endpoint.connection(request.route, deadline).await.map_err(Failure::repeatable)?;
        let _suspicion = Suspicion { endpoint: &endpoint, connection: &connection };
        let reply = connection.call(&request.payload, deadline).await;
        match reply.and_then(|reply| answer::settle(&request.payload, reply)) {
            Ok(answer) => Ok((answer, connection.server_id())),
            Err(error) => {
                let fault = Fault::at(&connection, error);
                let changed = self.resolver.report(&endpoint, &fault);
                Err(Failure::reported(fault, changed))
            }
        }
    }

    fn may_repeat(&self, class: Class, error: &Error) -> bool {
        // A server without room stays so, and a queue that is full gets no shorter by asking again.
        let passes =
            matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout) && error.retry() != Retry::Never;
        passes && (error.outcome() == Outcome::NotApplied || self.may_apply_twice(class))
    }

    fn may_apply_twice(&self, class: Class) -> bool {
        let asked_for = self.config.retry.at_least_once;
        match class {
            Class::Read => true,
            Class::Idempotent => asked_for >= AtLeastOnce::SameAnswer,
            Class::IdempotentAnswerChanges => asked_for >= AtLeastOnce::SameEffect,
            Class::NotRepeatable => false,
        }
    }
}

/// Acts on what a call has made of its connection, however it ends: also callers with limits of their own, who drop
/// their calls, have to get away from a line that leads nowhere.
struct Suspicion<'a> {
    endpoint: &'a Endpoint,
    connection: &'a Arc<NodeConnection>,
}

impl Drop for Suspicion<'_> {
    fn drop(&mut self) {
        if self.connection.take_suspicion() {
            self.endpoint.replace(self.connection);
        }
    }
}

/// Timers and sockets belong to a runtime; without one the runtime's own functions panic.
fn require_runtime() -> Result<()> {
    Handle::try_current().map(drop).map_err(|_| error::no_runtime())
}

/// An attempt that came to nothing.
struct Failure {
    error: Error,
    repeat: Repeat,
}

/// Whether anything speaks for another attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    IfAllowed,
    No,
}

impl Failure {
    fn repeatable(error: Error) -> Self {
        Self { error, repeat: Repeat::IfAllowed }
    }

    /// A server that sent us away does so again, unless the next attempt ends up elsewhere.
    fn reported(fault: Fault, changed: Changed) -> Self {
        let repeat = match (&fault.cause, changed) {
            (Cause::WrongServer(_), Changed::No) => Repeat::No,
            (Cause::WrongServer(_), Changed::Yes) | (Cause::Other, _) => Repeat::IfAllowed,
        };
        Self { error: fault.error, repeat }
    }

    /// What two attempts in a row amount to. If the first may have been applied, the request may have been; and a
    /// deadline that passed while the second attempt waited says less than the reason why there had to be a second.
    fn followed_by(self, next: Self, class: Class) -> Self {
        let unsent_in_time = next.error.kind() == ErrorKind::Timeout && next.error.outcome() == Outcome::NotApplied;
        if unsent_in_time {
            return Self { repeat: Repeat::No, ..self };
        }
        if self.error.outcome() == Outcome::Unknown && class != Class::Read {
            return Self { error: next.error.with_outcome(Outcome::Unknown), ..next };
        }
        next
    }
}
