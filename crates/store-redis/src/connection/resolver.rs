//! Which endpoint serves a request, and what its faults say about that.

use std::fmt;
use std::future::{self, Future};
use std::sync::Arc;
use std::time::Duration;

use store_core::{Error, Result, Retry};

use crate::config::Config;
use crate::connection::deadline::Deadline;
use crate::connection::endpoint::Endpoint;
use crate::connection::node::NodeConnection;
use crate::request::Route;

/// Knows where requests go. One implementation for each topology. The executor holds it by its type: it is asked before
/// every attempt, and behind a `dyn` each answer would cost an allocation.
pub(super) trait Resolver: fmt::Debug + Send + Sync {
    /// The endpoint that serves requests of this route now. Where that has to be asked of somebody, it takes its time,
    /// and may fail.
    fn endpoint(&self, route: Route, deadline: &mut Deadline<'_>)
    -> impl Future<Output = Result<Arc<Endpoint>>> + Send;

    /// Takes note of what went wrong at `endpoint`.
    fn report(&self, endpoint: &Endpoint, fault: &Fault) -> Changed;

    /// Refuses further callers for good. What is returned may still have calls under way.
    fn close(&self) -> Vec<Arc<NodeConnection>>;
}

/// An attempt that came to nothing.
#[derive(Debug)]
pub(super) struct Fault {
    /// What the caller is told, unless another attempt fares better.
    pub(super) error: Error,
    /// What it says about the place where it happened.
    pub(super) cause: Cause,
}

/// What a fault says about the place where it happened.
#[derive(Debug)]
pub(super) enum Cause {
    /// The server behind this connection said that the request belongs elsewhere.
    WrongServer(Arc<NodeConnection>),
    /// Nothing that would be better elsewhere.
    Other,
}

impl Fault {
    /// What was to be done over `connection` failed with `error`.
    pub(super) fn at(connection: &Arc<NodeConnection>, error: Error) -> Self {
        let cause = match error.retry() {
            Retry::AfterRefresh => Cause::WrongServer(Arc::clone(connection)),
            _ => Cause::Other,
        };
        Self { error, cause }
    }
}

/// Whether a report changed where the next attempt ends up: if not, it would get the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    Yes,
    No,
}

/// How long a name is taken to stand for the server that it stood for.
const NAME_STAYS: Duration = Duration::from_secs(1);

/// One address, for ever.
#[derive(Debug)]
pub(super) struct Fixed {
    endpoint: Arc<Endpoint>,
}

impl Fixed {
    pub(super) fn new(config: &Arc<Config>) -> Self {
        Self { endpoint: Arc::new(Endpoint::new(config.server.clone(), config)) }
    }
}

impl Resolver for Fixed {
    fn endpoint(&self, _: Route, _: &mut Deadline<'_>) -> impl Future<Output = Result<Arc<Endpoint>>> + Send {
        future::ready(Ok(Arc::clone(&self.endpoint)))
    }

    /// The address stays, but what its name stands for may have changed since it was dialled: hosted servers fail over
    /// that way. Dialling resolves the name again. A connection this young has just done so, and a server that takes
    /// no writes must not be dialled once for every write.
    fn report(&self, _: &Endpoint, fault: &Fault) -> Changed {
        match &fault.cause {
            Cause::WrongServer(connection) if connection.age() >= NAME_STAYS => {
                connection.retire();
                Changed::Yes
            }
            Cause::WrongServer(_) | Cause::Other => Changed::No,
        }
    }

    fn close(&self) -> Vec<Arc<NodeConnection>> {
        self.endpoint.close()
    }
}
