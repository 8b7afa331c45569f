//! The one retry loop.

mod fan_out;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use redis::Value;
use store_core::{Error, ErrorKind, Outcome, Result, Retry};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::config::{AtLeastOnce, Config};
use crate::connection::answer;
use crate::connection::attempt::{Attempt, Once, Trouble};
use crate::connection::carrier::Admission;
use crate::connection::deadline::Deadline;
use crate::connection::endpoint::Endpoint;
use crate::connection::identity::ServerId;
use crate::connection::node::NodeConnection;
use crate::connection::placement::Placement;
use crate::connection::resolver::{Cause, Fault, Next, Resolver};
use crate::connection::retry::{self, Budget};
use crate::environment::{Components, Environment};
use crate::request::{Class, Request, Route, Sharing};
use crate::slot::Slot;
use crate::stats::Stats;
use crate::topology::Member;
use crate::{error, reply};

/// The replies to the commands of a pipeline or a transaction, in order; each command can fail by itself.
pub(crate) type Replies = Vec<Result<Value>>;

/// Executes requests within their deadline.
///
/// A request is repeated when it failed for a reason that passes, and certainly was not applied or may be applied
/// twice; that depends on its [`Class`]. After a reply that never came only reads may, unless the user asked for more.
#[derive(Debug)]
pub(crate) struct Executor {
    resolver: Resolver,
    budget: Budget,
    /// For those who are not to be answered once it is closed, and send nothing that could find out.
    is_closed: AtomicBool,
    pub(super) environment: Arc<Environment>,
}

impl Executor {
    /// Proves once that the servers can be reached. A topology that is just changing is given the connect timeout to
    /// settle in: a service that starts during a failover starts.
    pub(crate) async fn connect(config: Config, components: Components) -> Result<Self> {
        config.validate()?;
        require_runtime()?;
        let environment = Arc::new(Environment::prepare(config, components).await?);
        let until = Instant::now() + environment.config.connect_timeout;
        let mut failure = match Self::reach(&environment).await {
            Ok(executor) => return Ok(executor),
            Err(failure) => failure,
        };
        let mut waits = 0;
        while environment.config.deployment.changes() && may_pass(&failure) {
            waits += 1;
            let pause = sleep(retry::pause(&environment.config.retry, waits));
            // The limit says less than the failure that had to be repeated.
            match timeout_at(until, pause.then(|()| Self::reach(&environment))).await {
                Ok(Ok(executor)) => return Ok(executor),
                Ok(Err(next)) => failure = next,
                Err(_) => break,
            }
        }
        Err(failure)
    }

    async fn reach(environment: &Arc<Environment>) -> Result<Self> {
        let resolver = Resolver::start(environment).await?;
        let budget = Budget::new(&environment.config.retry);
        let is_closed = AtomicBool::new(false);
        let executor = Self { resolver, budget, is_closed, environment: Arc::clone(environment) };
        match &executor.environment.pool {
            Some(_) => drop(executor.placement(None).await?),
            None => executor.dial_primaries().await?,
        }
        Ok(executor)
    }

    /// Dials all at once. Of a cluster that may be used in part, one is enough.
    async fn dial_primaries(&self) -> Result<()> {
        let primaries = self.resolver.primaries()?;
        let dials = join_all(primaries.iter().map(|primary| self.dial_once(primary))).await;
        let reached = dials.iter().any(Result::is_ok);
        match dials.into_iter().find_map(Result::err) {
            Some(failure) if !(reached && self.environment.config.may_be_partial()) => Err(failure),
            _ => Ok(()),
        }
    }

    async fn dial_once(&self, endpoint: &Endpoint) -> Result<()> {
        // The dial has a limit of its own, and its error says more than that of a deadline which is up first.
        let (start, limit) = (Instant::now(), 2 * self.environment.config.connect_timeout);
        endpoint.connection(Route::Any, &mut Deadline::new(start, limit)).await.map(drop)
    }

    /// Executes one command or one script; what the server refuses is an error.
    #[expect(clippy::manual_async_fn, reason = "it would hold the request twice, and all of it is boxed further up")]
    pub(crate) fn one(&self, request: Request) -> impl Future<Output = Result<Value>> + Send {
        async move { Ok(self.execute(&request).await?.0) }
    }

    /// As [`one`](Self::one), and tells which server answered.
    pub(crate) async fn one_with_server(&self, request: Request) -> Result<(Value, ServerId)> {
        self.execute(&request).await
    }

    /// Executes a pipeline or a transaction. A transaction that was not executed is an error as a whole.
    #[expect(clippy::manual_async_fn, reason = "as above")]
    pub(crate) fn many(&self, request: Request) -> impl Future<Output = Result<Replies>> + Send {
        async move { Ok(replies(self.execute(&request).await?.0)) }
    }

    /// As [`many`](Self::many), where all commands have to succeed.
    #[expect(clippy::manual_async_fn, reason = "as above")]
    pub(crate) fn all<const N: usize>(&self, request: Request) -> impl Future<Output = Result<[Value; N]>> + Send {
        async move {
            let (answer, _) = self.execute(&request).await?;
            answer::first_refusal(&answer).map_or_else(|| reply::exactly(reply::array(answer)?), Err)
        }
    }

    /// Executes one command once on every server that takes writes, whatever it answers.
    pub(crate) async fn on_every_primary(&self, request: &Request) -> Result<Vec<Result<Value>>> {
        require_runtime()?;
        let primaries = self.resolver.primaries()?;
        Ok(join_all(primaries.iter().map(|primary| self.once_at(request, primary))).await)
    }

    async fn once_at(&self, request: &Request, endpoint: &Arc<Endpoint>) -> Result<Value> {
        let under_way = self.environment.counters.begin();
        let (start, limit) = (Instant::now(), self.environment.config.deadline);
        let mut deadline = Deadline::new(start, limit);
        let answer = self.attempt_at(&mut Once { request }, endpoint, Admission::Regular, &mut deadline).await;
        match answer {
            Ok((answer, _)) => {
                under_way.succeed();
                Ok(answer)
            }
            Err(failure) => {
                under_way.fail(failure.error.kind());
                Err(failure.error)
            }
        }
    }

    /// The servers that have keys of `slot`, or of all slots, at this moment.
    pub(crate) async fn placement(&self, slot: Option<Slot>) -> Result<Placement> {
        require_runtime()?;
        let (start, limit) = (Instant::now(), self.environment.config.deadline);
        let mut deadline = Deadline::new(start, limit);
        let mut spent = Spent::default();
        loop {
            let placement = match &self.environment.pool {
                Some(pool) => pool.server_id(&self.environment, &mut deadline).await.map(Placement::alone),
                None => self.resolver.placement(slot, &mut deadline).await,
            };
            let failure = match placement {
                Ok(placement) => return Ok(placement),
                Err(failure) => failure,
            };
            let next = if may_pass(&failure) { self.resolver.after_no_placement() } else { Next::Never };
            if let Prepared::GiveUp = self.prepare(next, &mut spent, &mut deadline).await {
                return Err(failure);
            }
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.environment.counters.read();
        if let Some(pool) = &self.environment.pool {
            stats.exclusive_connections = pool.connections();
        }
        stats
    }

    /// The servers as they are known now, without asking anybody.
    pub(crate) fn members(&self) -> Result<Vec<Member>> {
        self.resolver.members()
    }

    /// For answers that need no server.
    pub(crate) fn refuse_if_closed(&self) -> Result<()> {
        if self.is_closed.load(Ordering::Acquire) { Err(Error::closed()) } else { Ok(()) }
    }

    /// Refuses further requests, and waits for those under way, at most one deadline. Outside a runtime, where nothing
    /// can wait, those under way fail.
    pub(crate) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let (open, pool) = (self.resolver.close(), &self.environment.pool);
        if let Some(pool) = pool {
            pool.close();
        }
        if require_runtime().is_err() {
            return;
        }
        let drained = async {
            for connection in &open {
                connection.drain().await;
            }
            if let Some(pool) = pool {
                pool.drain().await;
            }
        };
        // What is not drained by then has reached its own deadline.
        let _in_time = timeout(self.environment.config.deadline, drained).await;
    }

    /// As [`one`](Self::one) for one command or one script, and for several the replies as they are; with the server that
    /// answered.
    pub(crate) async fn execute(&self, request: &Request) -> Result<(Value, ServerId)> {
        let under_way = self.environment.counters.begin();
        require_runtime()?;
        let mut deadline = Deadline::new(Instant::now(), self.environment.config.deadline);
        // Boxed is what nearly no call comes to: all of them would carry the room for it along, and be copied with it.
        let result = match self.sharing(request) {
            Sharing::Shared => match self.attempt_shared(request, &mut deadline).await {
                Ok(answer) => {
                    self.budget.deposit();
                    Ok(answer)
                }
                Err(failure) => Box::pin(self.repeat(&mut Once { request }, failure, &mut deadline)).await,
            },
            Sharing::Exclusive => Box::pin(self.run(&mut Once { request }, &mut deadline)).await,
        };
        match result.as_ref().map(|(answer, _)| answer::first_refusal(answer)) {
            Ok(None) => under_way.succeed(),
            Ok(Some(refusal)) => under_way.fail(refusal.kind()),
            Err(error) => under_way.fail(error.kind()),
        }
        result
    }

    /// Over a pool of the program's nobody shares a connection: who else holds one is not known.
    fn sharing(&self, request: &Request) -> Sharing {
        if self.environment.pool.is_some() { Sharing::Exclusive } else { request.sharing }
    }

    /// Carries out what can be tried more than once.
    pub(super) async fn run<A: Attempt>(&self, attempt: &mut A, deadline: &mut Deadline) -> Result<A::Output> {
        match self.attempt(attempt, deadline).await {
            Ok(output) => {
                self.budget.deposit();
                Ok(output)
            }
            Err(failure) => self.repeat(attempt, failure, deadline).await,
        }
    }

    /// Tries again, as long as there is a reason to and time for it.
    async fn repeat<A: Attempt>(
        &self,
        attempt: &mut A,
        mut failure: Failure,
        deadline: &mut Deadline,
    ) -> Result<A::Output> {
        let class = attempt.request().class;
        let mut spent = Spent::default();
        loop {
            if !self.may_repeat(class, &failure.error) {
                return Err(failure.error);
            }
            let next = std::mem::replace(&mut failure.next, Next::Never);
            let asked = match self.prepare(next, &mut spent, deadline).await {
                Prepared::Resolve => None,
                Prepared::Ask(endpoint) => Some(endpoint),
                Prepared::GiveUp => return Err(failure.error),
            };
            self.environment.counters.note_retry();
            let attempted = match asked {
                None => self.attempt(attempt, deadline).await,
                Some(endpoint) => self.attempt_at(attempt, &endpoint, Admission::Asking, deadline).await,
            };
            match attempted {
                Ok(output) => return Ok(output),
                Err(next) => failure = failure.followed_by(next, class),
            }
        }
    }

    /// Waits for what has to be waited for before another attempt, and pays for it.
    async fn prepare(&self, next: Next, spent: &mut Spent, deadline: &mut Deadline) -> Prepared {
        let policy = &self.environment.config.retry;
        match next {
            Next::Never => Prepared::GiveUp,
            Next::Ask(endpoint) if spent.redirections < MOST_REDIRECTIONS => {
                spent.redirections += 1;
                Prepared::Ask(endpoint)
            }
            Next::AtOnce if spent.redirections < MOST_REDIRECTIONS => {
                spent.redirections += 1;
                Prepared::Resolve
            }
            // Nodes that send a request in circles do not agree yet.
            Next::AtOnce | Next::Ask(_) | Next::AwaitTopology => {
                spent.waits += 1;
                let settled = self.resolver.settled(retry::pause(policy, spent.waits), deadline).await;
                settled.map_or(Prepared::GiveUp, |()| Prepared::Resolve)
            }
            Next::Pause => {
                spent.repetitions += 1;
                if spent.repetitions > policy.retries {
                    return Prepared::GiveUp;
                }
                // In this order: where the deadline leaves no time to repeat anything, nothing is to be paid.
                let paused = deadline.pause(retry::pause(policy, spent.repetitions)).await;
                if paused.is_some() && self.budget.withdraw() { Prepared::Resolve } else { Prepared::GiveUp }
            }
        }
    }

    async fn attempt<A: Attempt>(&self, attempt: &mut A, deadline: &mut Deadline) -> Result<A::Output, Failure> {
        let request = attempt.request();
        match self.resolver.endpoint(request.route, request.source) {
            Ok(endpoint) => self.attempt_at(attempt, &endpoint, Admission::Regular, deadline).await,
            Err(error) => Err(self.failed(request, None, Fault::unreachable(error))),
        }
    }

    /// The first attempt of nearly every call: what [`attempt`](Self::attempt) does, without the layers that the others
    /// need.
    async fn attempt_shared(&self, request: &Request, deadline: &mut Deadline) -> Result<(Value, ServerId), Failure> {
        let endpoint = match self.resolver.endpoint(request.route, request.source) {
            Ok(endpoint) => endpoint,
            Err(error) => return Err(self.failed(request, None, Fault::unreachable(error))),
        };
        let connection = match endpoint.connection(request.route, deadline).await {
            Ok(connection) => connection,
            Err(error) => return Err(self.judge(request, &endpoint, Trouble::Unreachable(error))),
        };
        let _suspicion = Suspicion { endpoint: &endpoint, connection: &connection };
        let trouble = match connection.call(&request.payload, deadline).await {
            Ok(reply) => match answer::settle(&request.payload, reply) {
                Ok(answer) => return Ok((answer, connection.server_id())),
                Err(refusal) => Trouble::Refused(refusal, Some(Arc::clone(&*connection))),
            },
            Err(error) => Trouble::Lost(error),
        };
        Err(self.judge(request, &endpoint, trouble))
    }

    async fn attempt_at<A: Attempt>(
        &self,
        attempt: &mut A,
        endpoint: &Arc<Endpoint>,
        admission: Admission,
        deadline: &mut Deadline,
    ) -> Result<A::Output, Failure> {
        let Request { route, sharing, .. } = *attempt.request();
        let trouble = match (&self.environment.pool, sharing) {
            (Some(pool), _) => match pool.lease(route, &self.environment, deadline).await {
                Ok(lease) => attempt.on(lease, admission, deadline).await,
                Err(error) => Err(Trouble::Unreachable(error)),
            },
            (None, Sharing::Shared) => match endpoint.connection(route, deadline).await {
                Ok(connection) => {
                    let _suspicion = Suspicion { endpoint, connection: &connection };
                    match connection.enter(deadline).await {
                        Ok(turn) => attempt.on(turn, admission, deadline).await,
                        Err(error) => Err(Trouble::Lost(error)),
                    }
                }
                Err(error) => Err(Trouble::Unreachable(error)),
            },
            (None, Sharing::Exclusive) => match endpoint.lease(deadline).await {
                Ok(lease) => attempt.on(lease, admission, deadline).await,
                Err(error) => Err(Trouble::Unreachable(error)),
            },
        };
        trouble.map_err(|trouble| self.judge(attempt.request(), endpoint, trouble))
    }

    fn judge(&self, request: &Request, endpoint: &Arc<Endpoint>, trouble: Trouble) -> Failure {
        let fault = match trouble {
            Trouble::Unreachable(error) => Fault::unreachable(error),
            Trouble::Lost(error) => Fault::lost(error),
            Trouble::Refused(refusal, connection) => Fault::at(connection.as_ref(), refusal.error, refusal.redirect),
            Trouble::Final(error) => return Failure { error, next: Next::Never },
        };
        if let Cause::Redirected(redirect) = &fault.cause {
            self.environment.counters.note_redirect(redirect.kind);
        }
        self.failed(request, Some(endpoint), fault)
    }

    fn failed(&self, request: &Request, endpoint: Option<&Arc<Endpoint>>, fault: Fault) -> Failure {
        // What is wrong with the request itself says nothing about servers.
        let next = if may_pass(&fault.error) { self.resolver.report(request, endpoint, &fault) } else { Next::Never };
        Failure { error: fault.error, next }
    }

    fn may_repeat(&self, class: Class, error: &Error) -> bool {
        may_pass(error) && (error.outcome() == Outcome::NotApplied || self.may_apply_twice(class))
    }

    fn may_apply_twice(&self, class: Class) -> bool {
        let asked_for = self.environment.config.retry.at_least_once;
        match class {
            Class::Read => true,
            Class::Idempotent => asked_for >= AtLeastOnce::SameAnswer,
            Class::IdempotentAnswerChanges => asked_for >= AtLeastOnce::SameEffect,
            Class::NotRepeatable => false,
        }
    }
}

fn replies(answer: Value) -> Replies {
    match answer {
        Value::Array(replies) => replies.into_iter().map(error::checked).collect(),
        reply => vec![error::checked(reply)],
    }
}

/// How often one request follows redirections before the nodes are given time to agree.
const MOST_REDIRECTIONS: u32 = 8;

/// Whether it is worth trying again. A server without room stays so, and a queue that is full gets no shorter by
/// asking again.
fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout) && error.retry() != Retry::Never
}

/// What a request has cost so far beside its first attempt.
#[derive(Default)]
struct Spent {
    repetitions: u32,
    redirections: u32,
    waits: u32,
}

/// Where the next attempt goes.
enum Prepared {
    /// To whom the topology names.
    Resolve,
    /// To a node that has to be told that it is asked for a slot which it does not have yet.
    Ask(Arc<Endpoint>),
    GiveUp,
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
pub(super) fn require_runtime() -> Result<()> {
    // To ask for the handle would make a reference to it, and all threads count those in one place.
    if tokio::task::try_id().is_some() {
        return Ok(());
    }
    Handle::try_current().map(drop).map_err(|_| error::no_runtime())
}

/// An attempt that came to nothing.
#[derive(Clone)]
struct Failure {
    error: Error,
    next: Next,
}

impl Failure {
    /// What two attempts in a row amount to. If the first may have been applied, the request may have been; and a
    /// deadline that passed while the second attempt waited says less than the reason why there had to be a second.
    fn followed_by(self, next: Self, class: Class) -> Self {
        let unsent_in_time = next.error.kind() == ErrorKind::Timeout && next.error.outcome() == Outcome::NotApplied;
        if unsent_in_time {
            return Self { next: Next::Never, ..self };
        }
        if self.error.outcome() == Outcome::Unknown && class != Class::Read {
            return Self { error: next.error.with_outcome(Outcome::Unknown), ..next };
        }
        next
    }
}
