//! Many requests that have nothing to do with each other: one write a server, and each judged by itself.

use std::sync::Arc;

use futures_util::future::join_all;
use redis::Value;
use store_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use super::{Executor, Failure, Prepared, Replies, Spent, Suspicion, replies, require_runtime};
use crate::command::{self, Command};
use crate::connection::answer;
use crate::connection::attempt::Trouble;
use crate::connection::carrier::Admission;
use crate::connection::deadline::Deadline;
use crate::connection::endpoint::Endpoint;
use crate::connection::node::NodeConnection;
use crate::connection::resolver::{Fault, Next};
use crate::request::{Payload, Request, Route, Sharing};

impl Executor {
    /// Executes each request by itself, and gives the replies to each, in the order of the requests.
    ///
    /// Requests for one server travel in one write, and all servers are asked at the same time. A request that has to
    /// go elsewhere, or to wait, does so without the others; so what has to be done in order belongs into one request.
    /// Those that need connections for themselves have a round trip each.
    pub(crate) async fn each(&self, requests: Vec<Request>) -> Vec<Result<Replies>> {
        if requests.iter().any(|request| self.sharing(request) == Sharing::Exclusive) {
            return self.each_alone(requests).await;
        }
        let under_way = self.environment.counters.begin();
        let results = match require_runtime() {
            Ok(()) => self.fan_out(&requests).await,
            Err(error) => requests.iter().map(|_| Err(error.clone())).collect(),
        };
        match results.iter().find_map(first_failure) {
            None => under_way.succeed(),
            Some(kind) => under_way.fail(kind),
        }
        results
    }

    /// As many at a time as there are connections for it.
    async fn each_alone(&self, requests: Vec<Request>) -> Vec<Result<Replies>> {
        let mut results = Vec::with_capacity(requests.len());
        let at_once = self.environment.config.exclusive_connections.get();
        for some in requests.chunks(at_once) {
            let outcomes = join_all(some.iter().map(|request| self.execute(request))).await;
            results.extend(outcomes.into_iter().map(|outcome| outcome.map(|(answer, _)| replies(answer))));
        }
        results
    }

    async fn fan_out(&self, requests: &[Request]) -> Vec<Result<Replies>> {
        let (start, limit) = (Instant::now(), self.environment.config.deadline);
        let mut deadline = Deadline::new(start, limit);
        let (mut spent, mut settled) = (Spent::default(), Vec::with_capacity(requests.len()));
        let mut open: Vec<_> =
            requests.iter().enumerate().map(|(place, request)| Errand::new(place, request)).collect();
        loop {
            let outcomes = self.round(open, start).await;
            open = Vec::new();
            for (errand, outcome) in outcomes {
                match self.judge_errand(&errand, outcome) {
                    Ok(result) => settled.push((errand.place, result)),
                    Err(failure) => open.push(Errand { failure: Some(failure), ..errand }),
                }
            }
            if open.is_empty() {
                break;
            }
            if let Prepared::GiveUp = self.prepare(slowest(&open), &mut spent, &mut deadline).await {
                settled.extend(open.into_iter().filter_map(Errand::given_up));
                break;
            }
            self.environment.counters.note_retry();
        }
        settled.sort_unstable_by_key(|(place, _)| *place);
        settled.into_iter().map(|(_, result)| result).collect()
    }

    /// What an attempt amounts to: a result, or a reason to try again.
    fn judge_errand(&self, errand: &Errand<'_>, outcome: Result<Value, Failure>) -> Result<Result<Replies>, Failure> {
        let class = errand.request.class;
        let failure = match (outcome, &errand.failure) {
            (Ok(answer), _) => return Ok(Ok(replies(answer))),
            (Err(failure), None) => failure,
            (Err(failure), Some(before)) => before.clone().followed_by(failure, class),
        };
        let is_final = matches!(failure.next, Next::Never) || !self.may_repeat(class, &failure.error);
        if is_final { Ok(Err(failure.error)) } else { Err(failure) }
    }

    /// One attempt at each errand.
    async fn round<'a>(&self, errands: Vec<Errand<'a>>, start: Instant) -> Vec<(Errand<'a>, Result<Value, Failure>)> {
        let (mut groups, mut outcomes): (Vec<Group<'a>>, Vec<_>) = (Vec::new(), Vec::new());
        for errand in errands {
            match self.destination(&errand) {
                Err(failure) => outcomes.push((errand, Err(failure))),
                Ok((endpoint, admission)) => {
                    let same = |group: &&mut Group<'a>| {
                        Arc::ptr_eq(&group.endpoint, &endpoint) && group.admission == admission
                    };
                    match groups.iter_mut().find(same) {
                        Some(group) => group.errands.push(errand),
                        None => groups.push(Group { endpoint, admission, errands: vec![errand] }),
                    }
                }
            }
        }
        let answered = join_all(groups.into_iter().map(|group| self.run_group(group, start))).await;
        outcomes.extend(answered.into_iter().flatten());
        outcomes
    }

    fn destination(&self, errand: &Errand<'_>) -> Result<(Arc<Endpoint>, Admission), Failure> {
        if let Some(Failure { next: Next::Ask(endpoint), .. }) = &errand.failure {
            return Ok((Arc::clone(endpoint), Admission::Asking));
        }
        let endpoint = self.resolver.endpoint(errand.request.route, errand.request.source);
        let endpoint = endpoint.map_err(|error| self.failed(errand.request, None, Fault::unreachable(error)))?;
        Ok((endpoint.into_owned(), Admission::Regular))
    }

    /// All errands to one server in one write.
    async fn run_group<'a>(&self, group: Group<'a>, start: Instant) -> Vec<(Errand<'a>, Result<Value, Failure>)> {
        let Group { endpoint, admission, errands } = group;
        let limit = self.environment.config.deadline;
        let mut deadline = Deadline::new(start, limit);
        let all_failed = |errands: Vec<Errand<'a>>, trouble: fn(Error) -> Trouble, error: Error| {
            let fail = |errand: Errand<'a>| {
                let failure = self.judge(errand.request, &endpoint, trouble(error.clone()));
                (errand, Err(failure))
            };
            errands.into_iter().map(fail).collect()
        };
        // Those that ask for a certain process are alone in their group.
        let route = errands.first().map_or(Route::Any, |errand| errand.request.route);
        let connection = match endpoint.connection(route, &mut deadline).await {
            Ok(connection) => connection,
            Err(error) => return all_failed(errands, Trouble::Unreachable, error),
        };
        let _suspicion = Suspicion { endpoint: &endpoint, connection: &connection };
        let commands: Vec<Vec<Command>> =
            errands.iter().map(|errand| commands(&errand.request.payload, admission)).collect();
        let lengths: Vec<usize> = commands.iter().map(Vec::len).collect();
        let payload = Payload::Pipeline(commands.into_iter().flatten().collect());
        let mut replies = match connection.call(&payload, &mut deadline).await {
            Ok(Value::Array(replies)) => replies.into_iter(),
            Ok(reply) => vec![reply].into_iter(),
            Err(error) => return all_failed(errands, Trouble::Lost, error),
        };
        let settle = |(errand, length): (Errand<'a>, usize)| {
            let reply = of_errand(&errand.request.payload, admission, replies.by_ref().take(length).collect());
            let outcome = self.settle(errand.request, &endpoint, &connection, reply);
            (errand, outcome)
        };
        errands.into_iter().zip(lengths).map(settle).collect()
    }

    fn settle(
        &self,
        request: &Request,
        endpoint: &Arc<Endpoint>,
        connection: &Arc<NodeConnection>,
        reply: Value,
    ) -> Result<Value, Failure> {
        let answer = answer::settle(&request.payload, reply);
        answer.map_err(|refusal| self.judge(request, endpoint, Trouble::Refused(refusal, Some(Arc::clone(connection)))))
    }
}

/// A request on its way, and how the latest attempt failed.
struct Errand<'a> {
    place: usize,
    request: &'a Request,
    failure: Option<Failure>,
}

impl<'a> Errand<'a> {
    fn new(place: usize, request: &'a Request) -> Self {
        Self { place, request, failure: None }
    }

    fn given_up(self) -> Option<(usize, Result<Replies>)> {
        self.failure.map(|failure| (self.place, Err(failure.error)))
    }
}

/// What goes to one server in one write.
struct Group<'a> {
    endpoint: Arc<Endpoint>,
    admission: Admission,
    errands: Vec<Errand<'a>>,
}

fn commands(payload: &Payload, admission: Admission) -> Vec<Command> {
    let mut commands = match admission {
        Admission::Regular => Vec::new(),
        // It counts for the next command; before `MULTI` for the whole transaction.
        Admission::Asking => vec![command::asking()],
    };
    match payload {
        Payload::One(command) => commands.push(command.clone()),
        Payload::Pipeline(several) => commands.extend_from_slice(several),
        Payload::Atomic(several) => commands.extend(command::transaction(several)),
        Payload::Script(call) => commands.push(call.by_text()),
    }
    commands
}

/// The reply to the payload alone, as a connection of its own would give it.
fn of_errand(payload: &Payload, admission: Admission, mut replies: Vec<Value>) -> Value {
    if admission == Admission::Asking && !replies.is_empty() {
        replies.remove(0);
    }
    match payload {
        Payload::One(_) | Payload::Script(_) => replies.pop().unwrap_or(Value::Nil),
        Payload::Pipeline(_) | Payload::Atomic(_) => Value::Array(replies),
    }
}

fn first_failure(result: &Result<Replies>) -> Option<ErrorKind> {
    match result {
        Ok(replies) => replies.iter().find_map(|reply| reply.as_ref().err().map(Error::kind)),
        Err(error) => Some(error.kind()),
    }
}

/// What the errand needs that has to wait longest. Those behind a redirection may wait with it: it stays right for as
/// long as nobody says otherwise.
fn slowest(open: &[Errand<'_>]) -> Next {
    let needs = |wanted: fn(&Next) -> bool| {
        open.iter().filter_map(|errand| errand.failure.as_ref()).any(|failure| wanted(&failure.next))
    };
    if needs(|next| matches!(next, Next::AwaitTopology)) {
        Next::AwaitTopology
    } else if needs(|next| matches!(next, Next::Pause)) {
        Next::Pause
    } else {
        Next::AtOnce
    }
}
