//! Which endpoint serves a request, and what its faults say about that.
//!
//! One file for each topology. Those that change have a [`watch`], which looks at them again when somebody asks for it,
//! when a sentinel announces something, when calls wait long for a reply, and from time to time.

mod announcements;
mod cluster;
mod fixed;
mod inquiry;
mod reads;
mod sentinel;
mod shards;
mod watch;

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use store_core::{Error, ErrorKind, Outcome, Result, Retry};
use tokio::time::Instant;

use crate::config::Deployment;
use crate::connection::deadline::Deadline;
use crate::connection::endpoint::Endpoint;
use crate::connection::node::NodeConnection;
use crate::connection::placement::Placement;
use crate::environment::Environment;
use crate::error::Redirect;
use crate::request::{Request, Route, Source};
use crate::slot::Slot;
use crate::topology::Member;

use self::cluster::Cluster;
use self::fixed::Fixed;
use self::sentinel::Sentinels;

/// How long calls that are under way at a server which has lost its part may still get their replies. A server that
/// answers at all answers within it; one that hangs must not hold its callers until their deadlines.
const GRACE: Duration = Duration::from_millis(100);

/// Knows where requests go.
///
/// An enumeration, because it is asked before every attempt, and behind a `dyn` each answer would cost an allocation.
#[derive(Debug)]
pub(super) enum Resolver {
    Fixed(Fixed),
    Sentinel(Arc<Sentinels>),
    Cluster(Arc<Cluster>),
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
    /// No connection could be had.
    Unreachable,
    /// The connection broke, or no reply came in time.
    Lost,
    /// A node of a cluster named the one to ask instead.
    Redirected(Redirect),
    /// The server behind this connection does not do, or does no longer, what it was asked for.
    WrongServer(Arc<NodeConnection>),
    /// The server refused the request for a reason of its own.
    Refused,
}

/// What the next attempt may do differently.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// Try again after a pause, as often as the settings allow.
    Pause,
    /// Try again at once: it ends up elsewhere.
    AtOnce,
    /// Ask this endpoint, this once, for a slot that it does not have yet.
    Ask(Arc<Endpoint>),
    /// Wait for the topology to settle, as long as the deadline allows. Nothing is sent meanwhile, so nothing is to be
    /// saved by giving up earlier.
    AwaitTopology,
    /// Nothing: the same server would say the same.
    Never,
}

impl Fault {
    /// No connection could be had; or one that proved of no use right away.
    pub(super) fn unreachable(error: Error) -> Self {
        Self { error, cause: Cause::Unreachable }
    }

    /// What was to be done over `connection`, if it is one of ours, failed with `error`.
    pub(super) fn at(connection: Option<&Arc<NodeConnection>>, error: Error, redirect: Option<Redirect>) -> Self {
        let cause = match (redirect, error.retry(), connection) {
            (Some(redirect), _, _) => Cause::Redirected(redirect),
            (None, Retry::AfterRefresh, Some(connection)) => Cause::WrongServer(Arc::clone(connection)),
            (None, _, _) => Cause::Refused,
        };
        Self { error, cause }
    }

    /// Nothing was heard over the connection.
    pub(super) fn lost(error: Error) -> Self {
        Self { error, cause: Cause::Lost }
    }
}

impl Resolver {
    /// A resolver that knows where requests go; where that has to be asked of somebody, they have answered.
    pub(super) async fn start(environment: &Arc<Environment>) -> Result<Self> {
        match &environment.config.deployment {
            Deployment::Standalone(server) => Ok(Self::Fixed(Fixed::new(server, environment))),
            Deployment::Sentinel(sentinel) => Ok(Self::Sentinel(Sentinels::start(sentinel, environment).await?)),
            Deployment::Cluster(cluster) => Ok(Self::Cluster(Cluster::start(cluster, environment).await?)),
        }
    }

    /// The endpoint that serves such a request now.
    ///
    /// Borrowed where it stays the same: all threads count the references to it in one place.
    pub(super) fn endpoint(&self, route: Route, source: Source) -> Result<Cow<'_, Arc<Endpoint>>> {
        match self {
            Self::Fixed(fixed) => Ok(Cow::Borrowed(fixed.endpoint())),
            Self::Sentinel(sentinels) => sentinels.endpoint(source).map(Cow::Owned),
            Self::Cluster(cluster) => cluster.endpoint(route, source).map(Cow::Owned),
        }
    }

    /// Every server that takes writes.
    pub(super) fn primaries(&self) -> Result<Vec<Arc<Endpoint>>> {
        match self {
            Self::Cluster(cluster) => cluster.primaries(),
            Self::Fixed(_) | Self::Sentinel(_) => Ok(vec![self.endpoint(Route::Any, Source::Primary)?.into_owned()]),
        }
    }

    /// Takes note of what went wrong at `endpoint`.
    pub(super) fn report(&self, request: &Request, endpoint: Option<&Arc<Endpoint>>, fault: &Fault) -> Next {
        match self {
            Self::Fixed(fixed) => fixed.report(&fault.cause),
            Self::Sentinel(sentinels) => sentinels.report(endpoint, fault),
            Self::Cluster(cluster) => cluster.report(request, endpoint, fault),
        }
    }

    /// Waits until the topology has changed, at most for `pause`; `None` when the deadline comes first.
    pub(super) async fn settled(&self, pause: Duration, deadline: &mut Deadline) -> Option<()> {
        let watch = match self {
            Self::Fixed(_) => return deadline.pause(pause).await,
            Self::Sentinel(sentinels) => sentinels.watch(),
            Self::Cluster(cluster) => cluster.watch(),
        };
        let until = Instant::now() + pause;
        if until >= deadline.end() {
            return None;
        }
        let _in_time = deadline.wait_until(until, pin!(watch.changed())).await;
        Some(())
    }

    /// The servers that have keys of `slot`, or of all slots, at this moment, and whether keys are moving among them.
    pub(super) async fn placement(&self, slot: Option<Slot>, deadline: &mut Deadline) -> Result<Placement> {
        if let Self::Cluster(cluster) = self {
            return cluster.placement(slot, deadline).await;
        }
        let primary = self.endpoint(Route::Any, Source::Primary)?;
        let connection = primary.leading_connection(deadline).await;
        if let (Err(error), Self::Sentinel(sentinels)) = (&connection, self) {
            sentinels.report(Some(&*primary), &Fault::unreachable(error.clone()));
        }
        Ok(Placement::alone(connection?.server_id()))
    }

    /// What there is to do about a placement that could not be had.
    pub(super) fn after_no_placement(&self) -> Next {
        match self {
            Self::Fixed(_) => Next::Pause,
            Self::Sentinel(_) | Self::Cluster(_) => Next::AwaitTopology,
        }
    }

    /// Every server that is known, and its part.
    pub(super) fn members(&self) -> Result<Vec<Member>> {
        match self {
            Self::Fixed(fixed) => Ok(vec![Member::standalone(fixed.endpoint().peer().server.clone())]),
            Self::Sentinel(sentinels) => sentinels.members(),
            Self::Cluster(cluster) => cluster.members(),
        }
    }

    /// Refuses further callers for good. What is returned may still have calls under way.
    pub(super) fn close(&self) -> Vec<Arc<NodeConnection>> {
        match self {
            Self::Fixed(fixed) => fixed.close(),
            Self::Sentinel(sentinels) => sentinels.close(),
            Self::Cluster(cluster) => cluster.close(),
        }
    }
}

/// Ends an endpoint that has lost its part: at once for new calls, and soon for those under way.
fn dismiss(endpoint: &Arc<Endpoint>) {
    let open = endpoint.close(&unsettled(format!("the server has lost its part; server={}", endpoint.peer())));
    if open.is_empty() {
        return;
    }
    // Outside a runtime nothing can wait; then those under way fail now.
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            runtime.spawn(async move {
                let drained = async {
                    for connection in &open {
                        connection.drain().await;
                    }
                };
                let _in_time = tokio::time::timeout(GRACE, drained).await;
                open.iter().for_each(|connection| connection.abort());
            });
        }
        Err(_) => open.iter().for_each(|connection| connection.abort()),
    }
}

/// Nobody can be asked at the moment; when the topology has been looked at again, somebody may.
fn unsettled(message: String) -> Error {
    Error::new(ErrorKind::Unavailable, message).with_retry(Retry::AfterRefresh).with_outcome(Outcome::NotApplied)
}
