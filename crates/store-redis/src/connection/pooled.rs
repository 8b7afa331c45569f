//! A pool of the program's own: a connection out of it for each attempt.
//!
//! Others dial its connections, so nothing is known of them but what they answer: not where they lead to, and of one that
//! breaks not whether anything has left before.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_redis::{Connection, Pool};
use redis::Value;
use redis::aio::MultiplexedConnection;
use store_core::{Error, ErrorKind, Outcome, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::config::Server;
use crate::connection::answer::malformed;
use crate::connection::carrier::{Carrier, Commands};
use crate::connection::checkout::{Missing, checkout};
use crate::connection::deadline::Deadline;
use crate::connection::identity::ServerId;
use crate::connection::node::NodeConnection;
use crate::environment::Environment;
use crate::request::Route;
use crate::{command, error, reply};

/// More than any pool has connections.
const PLACES: u32 = 1_000_000;

/// The pool, and who of this store is using it.
pub(crate) struct Pooled {
    pool: Pool,
    places: Arc<Semaphore>,
    closed: AtomicBool,
}

impl Pooled {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, places: Arc::new(Semaphore::new(PLACES as usize)), closed: AtomicBool::new(false) }
    }

    /// How many connections the pool has, in use or not, by whomever.
    pub(crate) fn connections(&self) -> u64 {
        self.pool.status().size as u64
    }

    /// A connection that has answered, for as long as the lease is held. Whoever asks for a certain process is told
    /// which one it leads to, at the cost of a round trip: any connection may lead to any.
    pub(super) async fn lease(
        &self,
        route: Route,
        environment: &Environment,
        deadline: &mut Deadline,
    ) -> Result<Lease> {
        let lease = self.any(environment, deadline).await?;
        match route {
            Route::Server(_) => lease.identified(deadline).await,
            Route::Any | Route::Slot(_) => Ok(lease),
        }
    }

    /// The process that the pool leads to now.
    pub(super) async fn server_id(&self, environment: &Environment, deadline: &mut Deadline) -> Result<ServerId> {
        let lease = self.any(environment, deadline).await?.identified(deadline).await?;
        let server_id = lease.server_id();
        lease.give_back();
        Ok(server_id)
    }

    async fn any(&self, environment: &Environment, deadline: &mut Deadline) -> Result<Lease> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        match checkout(&self.pool, environment, deadline).await {
            Ok(connection) => Ok(Lease::new(connection, place, environment)),
            Err(Missing::Failed(cause)) => Err(error::not_dialled(&Server::Pooled, &cause)),
            Err(Missing::Closed) => Err(Error::new(ErrorKind::Closed, "the pool of connections was closed")),
            Err(Missing::Refused(error)) => Err(error),
        }
    }

    /// Refuses further callers of this store. The pool is the program's, and stays as it is.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Waits until every call under way has ended.
    pub(super) async fn drain(&self) {
        // Nobody closes the semaphore, so there is nothing to say about the places but that they are all free.
        let _all = self.places.acquire_many(PLACES).await;
    }
}

/// Not what the pool would show: it knows a password.
impl fmt::Debug for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled").field("status", &self.pool.status()).finish_non_exhaustive()
    }
}

/// A connection out of the pool.
///
/// Unless it is given back it ends with the lease. A call that was dropped, or whose reply has not come, may have left
/// keys watched, a transaction begun, or a server at work; nobody is to inherit that.
pub(super) struct Lease {
    /// The same connection, with the limits of a call in place of the pool's.
    shared: MultiplexedConnection,
    connection: Option<Connection>,
    server_id: ServerId,
    response_timeout: Option<Duration>,
    /// Has whoever closes the store wait for the lease, within limits.
    _place: Option<OwnedSemaphorePermit>,
}

impl Lease {
    fn new(connection: Connection, place: Option<OwnedSemaphorePermit>, environment: &Environment) -> Self {
        let mut shared = MultiplexedConnection::clone(&connection);
        // It is half a second unless the pool was told otherwise, and cannot be none.
        shared.set_response_timeout(environment.config.deadline);
        let response_timeout = environment.config.response_timeout;
        Self { shared, connection: Some(connection), server_id: ServerId::unknown(), response_timeout, _place: place }
    }

    /// A server that does not tell which process it is cannot be walked through over such connections: each step would
    /// look as if it were at another server.
    async fn identified(mut self, deadline: &mut Deadline) -> Result<Self> {
        let command = command::server_info();
        let asked = self.exchange(Commands::One(&command), Duration::ZERO, deadline).await;
        let info = asked.map_err(|error| error.with_outcome(Outcome::NotApplied))?;
        let told = error::checked(info).and_then(|info| {
            let run_id = reply::info_field(&info, "run_id").and_then(ServerId::from_run_id);
            run_id.ok_or_else(|| malformed().with_outcome(Outcome::NotApplied))
        });
        match told {
            Ok(server_id) => {
                self.server_id = server_id;
                Ok(self)
            }
            Err(refusal) => {
                self.give_back();
                Err(refusal)
            }
        }
    }
}

impl Carrier for Lease {
    async fn exchange(&self, commands: Commands<'_>, pause: Duration, deadline: &mut Deadline) -> Result<Value> {
        let limit = self.response_timeout.map(|timeout| Instant::now() + timeout + pause);
        let limit = limit.map_or(deadline.end(), |limit| limit.min(deadline.end()));
        let mut shared = self.shared.clone();
        match deadline.wait_until(limit, pin!(commands.over(&mut shared))).await {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(cause)) if !cause.is_timeout() => {
                Err(error::line_broken(&Server::Pooled, &cause, Outcome::Unknown))
            }
            Some(Err(_)) | None => Err(error::no_reply_in_time(&Server::Pooled)),
        }
    }

    fn server_id(&self) -> ServerId {
        self.server_id
    }

    fn node(&self) -> Option<&Arc<NodeConnection>> {
        None
    }

    fn give_back(mut self) {
        drop(self.connection.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // With its last handle the connection ends.
        if let Some(connection) = self.connection.take() {
            drop(Connection::take(connection));
        }
    }
}
