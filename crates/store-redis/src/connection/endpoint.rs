//! An address and the connections to it: made once for all who wait, and replaced when they end.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store_core::{Error, Result};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::Config;
use crate::connection::deadline::Deadline;
use crate::connection::dial::dial;
use crate::connection::identity::ServerId;
use crate::connection::node::NodeConnection;
use crate::connection::retry;
use crate::error;
use crate::request::Route;

/// One server and the connections that all callers share.
#[derive(Debug)]
pub(super) struct Endpoint {
    slots: Box<[Arc<Slot>]>,
    next: AtomicUsize,
}

impl Endpoint {
    /// An endpoint that dials when it is first used.
    pub(super) fn new(config: &Arc<Config>) -> Self {
        let slots = (0..config.connections.get()).map(|_| Arc::new(Slot::new(Arc::clone(config)))).collect();
        Self { slots, next: AtomicUsize::new(0) }
    }

    /// A connection, dialled if need be: one to the server that the route asks for while there is one, and otherwise
    /// the next in turn.
    pub(super) async fn connection(&self, route: Route, deadline: &mut Deadline<'_>) -> Result<Arc<NodeConnection>> {
        if let Route::Server(server) = route
            && let Some(connection) = self.slots.iter().find_map(|slot| slot.open_to(server))
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

    /// Tries a second connection beside a suspect one, and puts it in its place if the server answers on it. If it
    /// does not, the fault is not the connection's, and a server that only hangs will go on where it stopped.
    pub(super) fn replace(&self, suspect: &Arc<NodeConnection>) {
        for slot in &self.slots {
            if slot.holds(suspect) {
                slot.replace(Arc::clone(suspect));
            }
        }
    }

    /// Refuses further callers for good. What is returned may still have calls under way.
    pub(super) fn close(&self) -> Vec<Arc<NodeConnection>> {
        self.slots.iter().filter_map(|slot| slot.close()).collect()
    }
}

/// The place of one connection.
#[derive(Debug)]
struct Slot {
    config: Arc<Config>,
    // A std mutex, because nothing awaits while it is held.
    state: Mutex<State>,
    probing: AtomicBool,
}

#[derive(Debug)]
struct State {
    content: Content,
    /// Dials in a row that came to nothing.
    failures: u32,
    /// When the next dial may begin.
    not_before: Option<Instant>,
}

#[derive(Debug)]
enum Content {
    Empty,
    Dialling(Dialled),
    Open(Arc<NodeConnection>),
    Closed,
}

/// What the dialling task will tell everybody who waits for it.
type Dialled = watch::Receiver<Option<Result<Arc<NodeConnection>>>>;

impl Slot {
    fn new(config: Arc<Config>) -> Self {
        let state = State { content: Content::Empty, failures: 0, not_before: None };
        Self { config, state: Mutex::new(state), probing: AtomicBool::new(false) }
    }

    async fn connection(self: &Arc<Self>, deadline: &mut Deadline<'_>) -> Result<Arc<NodeConnection>> {
        loop {
            let mut dialled = match self.open_or_dial()? {
                Ok(open) => return Ok(open),
                Err(dialled) => dialled,
            };
            let Some(told) = deadline.wait(pin!(dialled.wait_for(Option::is_some))).await else {
                return Err(error::timed_out_unsent("a connection"));
            };
            // Nothing is told where the runtime that dialled has been shut down; then the next dial is on this one.
            if let Ok(told) = told
                && let Some(result) = told.clone()
            {
                return result;
            }
        }
    }

    /// The open connection, or the news of the one that is being made. There is at most one dial at a time, in a task
    /// of its own: a caller that gives up leaves it running for the others.
    fn open_or_dial(self: &Arc<Self>) -> Result<std::result::Result<Arc<NodeConnection>, Dialled>> {
        let mut state = self.lock();
        match &state.content {
            Content::Open(connection) if !connection.is_closed() => return Ok(Ok(Arc::clone(connection))),
            Content::Dialling(dialled) if dialled.has_changed().is_ok() => return Ok(Err(dialled.clone())),
            Content::Closed => return Err(Error::closed()),
            Content::Open(_) | Content::Dialling(_) | Content::Empty => {}
        }
        let (tell, dialled) = watch::channel(None);
        state.content = Content::Dialling(dialled.clone());
        let not_before = state.not_before;
        drop(state);
        let slot = Arc::clone(self);
        tokio::spawn(async move {
            if let Some(time) = not_before {
                tokio::time::sleep_until(time).await;
            }
            let result = dial(&slot.config).await.map(Arc::new);
            tell.send_replace(Some(slot.settle(result)));
        });
        Ok(Err(dialled))
    }

    fn open_to(&self, server: ServerId) -> Option<Arc<NodeConnection>> {
        match &self.lock().content {
            Content::Open(open) if open.server_id() == server && !open.is_closed() => Some(Arc::clone(open)),
            _ => None,
        }
    }

    /// Notes how a dial ended. After a failure the next one waits, longer each time, so that a thousand callers of a
    /// server that is down do not become a thousand dials.
    fn settle(&self, result: Result<Arc<NodeConnection>>) -> Result<Arc<NodeConnection>> {
        let mut state = self.lock();
        if matches!(state.content, Content::Closed) {
            return Err(Error::closed());
        }
        match &result {
            Ok(connection) => {
                *state = State { content: Content::Open(Arc::clone(connection)), failures: 0, not_before: None };
            }
            Err(_) => {
                let failures = state.failures.saturating_add(1);
                let pause = retry::pause(&self.config.retry, failures);
                *state = State { content: Content::Empty, failures, not_before: Some(Instant::now() + pause) };
            }
        }
        result
    }

    fn holds(&self, connection: &Arc<NodeConnection>) -> bool {
        matches!(&self.lock().content, Content::Open(open) if Arc::ptr_eq(open, connection))
    }

    fn replace(self: &Arc<Self>, suspect: Arc<NodeConnection>) {
        if self.probing.swap(true, Ordering::AcqRel) {
            return;
        }
        let probe = Probe(Arc::clone(self));
        tokio::spawn(async move {
            let slot = &probe.0;
            let Ok(proved) = dial(&slot.config).await else { return };
            slot.swap(&suspect, proved);
        });
    }

    /// Puts a proved connection in the place of a suspect one, unless that has been replaced or closed meanwhile.
    fn swap(&self, suspect: &Arc<NodeConnection>, proved: NodeConnection) {
        let mut state = self.lock();
        if matches!(&state.content, Content::Open(open) if Arc::ptr_eq(open, suspect)) {
            state.content = Content::Open(Arc::new(proved));
            suspect.retire();
        }
    }

    fn close(&self) -> Option<Arc<NodeConnection>> {
        match std::mem::replace(&mut self.lock().content, Content::Closed) {
            Content::Open(connection) => Some(connection),
            Content::Empty | Content::Dialling(_) | Content::Closed => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No step between two consistent states can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to probe, given back also when the runtime ends under the probe.
struct Probe(Arc<Slot>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.probing.store(false, Ordering::Release);
    }
}
