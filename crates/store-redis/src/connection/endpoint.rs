//! A server and the connections to it: made once for all who wait, and replaced when they end.

use std::ops::Deref;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use store_core::{Error, Result};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::connection::deadline::Deadline;
use crate::connection::dial::dial;
use crate::connection::exclusive::{Exclusives, Lease};
use crate::connection::identity::ServerId;
use crate::connection::lock::lock;
use crate::connection::node::NodeConnection;
use crate::connection::peer::{Part, Peer};
use crate::connection::retry;
use crate::environment::Environment;
use crate::error;
use crate::request::Route;
use crate::sharded::Sharded;

/// One server, the connections that all callers share, and those that one call has for itself.
#[derive(Debug)]
pub(super) struct Endpoint {
    peer: Peer,
    slots: Box<[Arc<Slot>]>,
    next: AtomicUsize,
    exclusives: Exclusives,
}

impl Endpoint {
    /// An endpoint that dials when it is first used.
    pub(super) fn new(peer: Peer, environment: &Arc<Environment>) -> Self {
        let slot = || Arc::new(Slot::new(peer.clone(), Arc::clone(environment)));
        let count = if peer.part == Part::Sentinel { 1 } else { environment.config.connections.get() };
        let slots = (0..count).map(|_| slot()).collect();
        let exclusives = Exclusives::new(peer.clone(), environment);
        Self { peer, slots, next: AtomicUsize::new(0), exclusives }
    }

    /// Whom it leads to.
    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// An open connection to this server process.
    pub(super) fn open_to(&self, server: ServerId) -> Option<ConnectionRef> {
        self.slots.iter().find_map(|slot| slot.open_to(server))
    }

    /// Whether the last dial came to nothing and the next one has to wait.
    pub(super) fn is_failing(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_failing())
    }

    /// A connection, dialled if need be: one to the server that the route asks for while there is one, and otherwise
    /// the next in turn.
    pub(super) async fn connection(&self, route: Route, deadline: &mut Deadline) -> Result<ConnectionRef> {
        if let Route::Server(server) = route
            && let Some(connection) = self.open_to(server)
        {
            return Ok(connection);
        }
        let turn = match self.slots.len() {
            1 => 0,
            count => self.next.fetch_add(1, Ordering::Relaxed) % count,
        };
        match self.slots.get(turn) {
            Some(slot) => slot.connection(deadline).await,
            None => Err(Error::closed()),
        }
    }

    /// A connection that the caller has for itself.
    pub(super) async fn lease(&self, deadline: &mut Deadline) -> Result<Lease> {
        self.exclusives.lease(deadline).await
    }

    /// The same one of the connections each time, dialled if need be. Where a server does not say who it is, it is as
    /// many servers as there are connections to it; a walk has to find the one again that it began with.
    pub(super) async fn leading_connection(&self, deadline: &mut Deadline) -> Result<ConnectionRef> {
        match self.slots.first() {
            Some(slot) => slot.connection(deadline).await,
            None => Err(Error::closed()),
        }
    }

    /// Tries a second connection beside a suspect one, and puts it in its place if the server answers on it. If it
    /// does not, the fault is not the connection's, and a server that only hangs will go on where it stopped.
    pub(super) fn replace(&self, suspect: &Arc<NodeConnection>) {
        for slot in &self.slots {
            if slot.holds(suspect) {
                slot.replace(Arc::clone(suspect));
            }
        }
    }

    /// Refuses further callers for good, with `reason`. What is returned may still have calls under way.
    pub(super) fn close(&self, reason: &Error) -> Vec<Arc<NodeConnection>> {
        let mut open = self.slots.iter().filter_map(|slot| slot.close(reason.clone())).collect::<Vec<_>>();
        open.extend(self.exclusives.close(reason));
        for connection in &open {
            connection.retire();
        }
        open
    }
}

/// A reference to a connection. Those of one thread are counted apart from those of others.
#[derive(Clone, Debug)]
pub(super) struct ConnectionRef(Arc<Counted>);

/// Nothing else lies near the count.
#[derive(Debug)]
#[repr(align(128))]
struct Counted(Arc<NodeConnection>);

impl ConnectionRef {
    fn new(connection: Arc<NodeConnection>) -> Self {
        Self(Arc::new(Counted(connection)))
    }
}

impl Deref for ConnectionRef {
    type Target = Arc<NodeConnection>;

    fn deref(&self) -> &Arc<NodeConnection> {
        &self.0.0
    }
}

/// The place of one connection.
#[derive(Debug)]
struct Slot {
    peer: Peer,
    environment: Arc<Environment>,
    /// What the callers of each thread use of an open connection; locked after the state.
    refs: Sharded<Mutex<Option<ConnectionRef>>>,
    // A std mutex, because nothing awaits while it is held.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    content: Content,
    /// Dials in a row that came to nothing.
    failures: u32,
    /// When the next dial may begin.
    not_before: Option<Instant>,
    /// Until when a probe counts as under way.
    probing_until: Option<Instant>,
}

#[derive(Debug)]
enum Content {
    Empty,
    Dialling(Dial),
    Open(Arc<NodeConnection>),
    /// For good, and why.
    Closed(Error),
}

/// A dial under way.
#[derive(Clone, Debug)]
struct Dial {
    /// What the dialling task will tell everybody who waits for it.
    told: watch::Receiver<Option<Result<Arc<NodeConnection>>>>,
    /// When it can only be that the runtime on which it began stands still, as one does that nobody blocks on. Callers
    /// on other runtimes do not wait longer for it.
    stale: Instant,
}

type Tell = watch::Sender<Option<Result<Arc<NodeConnection>>>>;

impl Dial {
    fn is_under_way(&self) -> bool {
        self.told.has_changed().is_ok() && Instant::now() < self.stale
    }
}

impl Slot {
    fn new(peer: Peer, environment: Arc<Environment>) -> Self {
        let state = State { content: Content::Empty, failures: 0, not_before: None, probing_until: None };
        Self { peer, environment, refs: Sharded::default(), state: Mutex::new(state) }
    }

    async fn connection(self: &Arc<Self>, deadline: &mut Deadline) -> Result<ConnectionRef> {
        match self.own_ref() {
            Some(connection) => Ok(connection),
            None => Box::pin(self.connection_in_turn(deadline)).await,
        }
    }

    /// Without a look at what all threads share.
    fn own_ref(&self) -> Option<ConnectionRef> {
        lock(self.refs.own()).as_ref().filter(|connection| !connection.is_closed()).cloned()
    }

    async fn connection_in_turn(self: &Arc<Self>, deadline: &mut Deadline) -> Result<ConnectionRef> {
        loop {
            let Dial { mut told, stale } = match self.open_or_dial()? {
                Ok(open) => return Ok(open),
                Err(dial) => dial,
            };
            let until = stale.min(deadline.end());
            // Nothing is told where the runtime that dials has been shut down or stands still; then the next dial is
            // on the caller's.
            if let Some(Ok(result)) = deadline.wait_until(until, pin!(told.wait_for(Option::is_some))).await
                && let Some(result) = result.clone()
            {
                return result.map(ConnectionRef::new);
            }
            if Instant::now() >= deadline.end() {
                return Err(error::timed_out_unsent("a connection"));
            }
        }
    }

    /// The open connection, or the news of the one that is being made. There is at most one dial at a time, in a task
    /// of its own: a caller that gives up leaves it running for the others.
    fn open_or_dial(self: &Arc<Self>) -> Result<std::result::Result<ConnectionRef, Dial>> {
        let mut state = lock(&self.state);
        match &state.content {
            Content::Open(connection) if !connection.is_closed() => {
                let own = ConnectionRef::new(Arc::clone(connection));
                *lock(self.refs.own()) = Some(own.clone());
                return Ok(Ok(own));
            }
            Content::Dialling(dial) if dial.is_under_way() => return Ok(Err(dial.clone())),
            Content::Closed(reason) => return Err(reason.clone()),
            Content::Open(_) | Content::Dialling(_) | Content::Empty => {}
        }
        let runtime = Handle::try_current().map_err(|_| error::no_runtime())?;
        let (tell, told) = watch::channel(None);
        let not_before = state.not_before;
        let begin = not_before.map_or_else(Instant::now, |time| time.max(Instant::now()));
        let begun = Dial { told, stale: begin + 2 * self.environment.config.connect_timeout };
        self.fill(&mut state, Content::Dialling(begun.clone()));
        drop(state);
        let slot = Arc::clone(self);
        runtime.spawn(async move {
            if let Some(time) = not_before {
                tokio::time::sleep_until(time).await;
            }
            let result = dial(&slot.peer, &slot.environment).await.map(Arc::new);
            let result = slot.settle(&tell, result);
            tell.send_replace(Some(result));
        });
        Ok(Err(begun))
    }

    fn open_to(&self, server: ServerId) -> Option<ConnectionRef> {
        match &lock(&self.state).content {
            Content::Open(open) if open.server_id() == server && !open.is_closed() => {
                Some(ConnectionRef::new(Arc::clone(open)))
            }
            _ => None,
        }
    }

    fn is_failing(&self) -> bool {
        let state = lock(&self.state);
        state.failures > 0 && state.not_before.is_some_and(|time| Instant::now() < time)
    }

    /// Notes how a dial ended. After a failure the next one waits, longer each time, so that a thousand callers of a
    /// server that is down do not become a thousand dials.
    fn settle(&self, tell: &Tell, result: Result<Arc<NodeConnection>>) -> Result<Arc<NodeConnection>> {
        let mut state = lock(&self.state);
        match &state.content {
            Content::Closed(reason) => return Err(reason.clone()),
            Content::Dialling(dial) if dial.told.same_channel(&tell.subscribe()) => {}
            // Given up as stale; what it has made serves those who still wait for it, and ends with them.
            Content::Dialling(_) | Content::Open(_) | Content::Empty => return result,
        }
        match &result {
            Ok(connection) => {
                self.fill(&mut state, Content::Open(Arc::clone(connection)));
                (state.failures, state.not_before) = (0, None);
            }
            Err(_) => {
                self.fill(&mut state, Content::Empty);
                state.failures = state.failures.saturating_add(1);
                state.not_before = Some(Instant::now() + retry::pause(&self.environment.config.retry, state.failures));
            }
        }
        result
    }

    fn holds(&self, connection: &Arc<NodeConnection>) -> bool {
        matches!(&lock(&self.state).content, Content::Open(open) if Arc::ptr_eq(open, connection))
    }

    fn replace(self: &Arc<Self>, suspect: Arc<NodeConnection>) {
        // A caller may be dropped anywhere; where there is no runtime, the next suspicion will have one.
        let Ok(runtime) = Handle::try_current() else { return };
        let now = Instant::now();
        let mut state = lock(&self.state);
        if state.probing_until.is_some_and(|until| now < until) {
            return;
        }
        state.probing_until = Some(now + 2 * self.environment.config.connect_timeout);
        drop(state);
        let slot = Arc::clone(self);
        runtime.spawn(async move {
            let proved = dial(&slot.peer, &slot.environment).await;
            slot.end_probe(&suspect, proved);
        });
    }

    /// Puts a proved connection in the place of a suspect one, unless that has been replaced or closed meanwhile.
    fn end_probe(&self, suspect: &Arc<NodeConnection>, proved: Result<NodeConnection>) {
        let mut state = lock(&self.state);
        state.probing_until = None;
        if let Ok(proved) = proved
            && matches!(&state.content, Content::Open(open) if Arc::ptr_eq(open, suspect))
        {
            self.fill(&mut state, Content::Open(Arc::new(proved)));
            suspect.retire();
        }
    }

    fn close(&self, reason: Error) -> Option<Arc<NodeConnection>> {
        match self.fill(&mut lock(&self.state), Content::Closed(reason)) {
            Content::Open(connection) => Some(connection),
            Content::Empty | Content::Dialling(_) | Content::Closed(_) => None,
        }
    }

    /// Gives what was there before. What a thread has that makes no more calls would keep its connection open for ever.
    fn fill(&self, state: &mut State, content: Content) -> Content {
        self.refs.all().for_each(|of_thread| *lock(of_thread) = None);
        std::mem::replace(&mut state.content, content)
    }
}
