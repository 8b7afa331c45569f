//! Connections that one call at a time has for itself: a pool of them for each server.

use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, Pool, QueueMode, RecycleError, RecycleResult};
use redis::Value;
use store_core::{Error, Result};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::connection::carrier::{Carrier, Commands};
use crate::connection::checkout::{Missing, checkout, not_set_up};
use crate::connection::deadline::Deadline;
use crate::connection::dial::dial;
use crate::connection::identity::ServerId;
use crate::connection::lock::lock;
use crate::connection::node::NodeConnection;
use crate::connection::peer::Peer;
use crate::environment::Environment;
use crate::stats::Gauge;

/// The exclusive connections to one server. None is dialled before it is needed.
#[derive(Debug)]
pub(super) struct Exclusives {
    dialler: Dialler,
    /// Made at first use, for most servers never have any.
    pool: OnceLock<Pool<Dialler>>,
}

/// Makes connections for the pool, and remembers those that are open.
#[derive(Clone, Debug)]
struct Dialler(Arc<Source>);

#[derive(Debug)]
struct Source {
    peer: Peer,
    environment: Arc<Environment>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// The connections that are in use or wait for a user, and some that have ended.
    Open(Vec<Weak<NodeConnection>>),
    /// For good, and why.
    Closed(Error),
}

/// A connection in the pool.
#[derive(Debug)]
struct Pooled {
    connection: Arc<NodeConnection>,
    _counted: Gauge,
}

impl Exclusives {
    pub(super) fn new(peer: Peer, environment: &Arc<Environment>) -> Self {
        let state = Mutex::new(State::Open(Vec::new()));
        let source = Source { peer, environment: Arc::clone(environment), state };
        Self { dialler: Dialler(Arc::new(source)), pool: OnceLock::new() }
    }

    /// A connection that has answered, dialled if need be, for as long as the lease is held.
    pub(super) async fn lease(&self, deadline: &mut Deadline) -> Result<Lease> {
        match checkout(self.pool()?, &self.dialler.0.environment, deadline).await {
            Ok(object) => Ok(Lease::new(object)),
            Err(Missing::Failed(error) | Missing::Refused(error)) => Err(error),
            Err(Missing::Closed) => Err(self.dialler.0.reason()),
        }
    }

    /// Ends what is idle, and refuses further callers for good, with `reason`. What is returned is in use.
    pub(super) fn close(&self, reason: &Error) -> Vec<Arc<NodeConnection>> {
        let before = std::mem::replace(&mut *lock(&self.dialler.0.state), State::Closed(reason.clone()));
        if let Some(pool) = self.pool.get() {
            pool.close();
        }
        match before {
            State::Open(connections) => connections.iter().filter_map(Weak::upgrade).collect(),
            State::Closed(_) => Vec::new(),
        }
    }

    fn pool(&self) -> Result<&Pool<Dialler>> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let made = Pool::builder(self.dialler.clone())
            .max_size(self.dialler.0.environment.config.exclusive_connections.get())
            // The latest used first, so that few of them become so idle that they have to be proved.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|_| not_set_up("the pool of exclusive connections cannot be made"))?;
        Ok(self.pool.get_or_init(|| made))
    }
}

impl Source {
    fn reason(&self) -> Error {
        match &*lock(&self.state) {
            State::Open(_) => Error::closed(),
            State::Closed(reason) => reason.clone(),
        }
    }
}

impl managed::Manager for Dialler {
    type Type = Pooled;
    type Error = Error;

    async fn create(&self) -> Result<Pooled> {
        let source = &*self.0;
        let connection = Arc::new(dial(&source.peer, &source.environment).await?);
        match &mut *lock(&source.state) {
            State::Open(connections) => {
                connections.retain(|connection| connection.strong_count() > 0);
                connections.push(Arc::downgrade(&connection));
            }
            // The server has lost its part while it was dialled.
            State::Closed(reason) => return Err(reason.clone()),
        }
        Ok(Pooled { connection, _counted: source.environment.counters.exclusive_connection() })
    }

    /// A closed line is known to be closed without asking the server; after a long pause it is asked.
    async fn recycle(&self, pooled: &mut Pooled, _: &Metrics) -> RecycleResult<Error> {
        if pooled.connection.is_closed() {
            return Err(RecycleError::message("closed"));
        }
        let (start, limit) = (Instant::now(), self.0.environment.config.connect_timeout);
        Ok(pooled.connection.check_after_pause(&mut Deadline::new(start, limit)).await?)
    }
}

/// A connection that nobody else uses.
///
/// Unless it is given back it ends with the lease. A call that was dropped, or whose reply has not come, may have left
/// keys watched, a transaction begun, or a server at work; nobody is to inherit that.
#[derive(Debug)]
pub(super) struct Lease {
    connection: Arc<NodeConnection>,
    /// Has whoever closes the store wait for the lease, within limits.
    _place: Option<OwnedSemaphorePermit>,
    object: Option<Object<Dialler>>,
}

impl Lease {
    fn new(object: Object<Dialler>) -> Self {
        let connection = Arc::clone(&object.connection);
        Self { _place: connection.occupy(), connection, object: Some(object) }
    }
}

impl Carrier for Lease {
    async fn exchange(&self, commands: Commands<'_>, pause: Duration, deadline: &mut Deadline) -> Result<Value> {
        self.connection.exchange(commands, pause, deadline).await
    }

    fn server_id(&self) -> ServerId {
        self.connection.server_id()
    }

    fn node(&self) -> Option<&Arc<NodeConnection>> {
        Some(&self.connection)
    }

    fn give_back(mut self) {
        drop(self.object.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
            self.connection.abort();
        }
    }
}
