//! One connection that all callers share, and what is known of its health.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use store_core::{Error, Outcome, Result};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::command;
use crate::config::Config;
use crate::connection::deadline::Deadline;
use crate::connection::driver::Driver;
use crate::connection::identity::ServerId;
use crate::connection::line::Line;
use crate::error;
use crate::request::Payload;

/// How often a call that waits long looks whether the line is still there.
///
/// A line that ends tells all who wait, but for one case: a request that is handed over in the moment in which the
/// driver ends can get stuck in the channel between them, with nobody left to refuse it.
const LOOK: Duration = Duration::from_millis(100);

/// An open connection. Its calls pipeline themselves; each gets its own reply, whatever becomes of the others.
#[derive(Debug)]
pub(super) struct NodeConnection {
    shared: MultiplexedConnection,
    line: Arc<Line>,
    server_id: ServerId,
    _driver: Driver,
    places: Semaphore,
    timeouts_in_a_row: AtomicU32,
    opened: Instant,
    /// Microseconds from `opened` to the start of the latest call.
    last_call: AtomicU64,
    config: Arc<Config>,
}

enum Commands<'a> {
    One(&'a Cmd),
    Many(&'a Pipeline),
}

impl NodeConnection {
    pub(super) fn new(
        config: Arc<Config>,
        line: Arc<Line>,
        driver: Driver,
        shared: MultiplexedConnection,
        server_id: ServerId,
    ) -> Self {
        Self {
            shared,
            line,
            server_id,
            _driver: driver,
            places: Semaphore::new(config.max_in_flight.get() as usize),
            timeouts_in_a_row: AtomicU32::new(0),
            opened: Instant::now(),
            last_call: AtomicU64::new(0),
            config,
        }
    }

    /// The process at the other end.
    pub(super) fn server_id(&self) -> ServerId {
        self.server_id
    }

    /// Whether no further call can succeed here.
    pub(super) fn is_closed(&self) -> bool {
        self.line.is_closed()
    }

    /// Keeps further calls away; those under way still get their replies.
    pub(super) fn retire(&self) {
        self.line.close();
    }

    /// How long the connection has been open.
    pub(super) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Whether so many calls in a row got no reply that the connection should be proved or replaced. True once for
    /// each such series.
    pub(super) fn take_suspicion(&self) -> bool {
        let limit = self.config.timeouts_before_probe.get();
        self.timeouts_in_a_row.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n >= limit).then_some(0)).is_ok()
    }

    /// Sends what the request consists of and returns what the server answers, error replies included; an array for
    /// more than one command.
    pub(super) async fn call(&self, payload: &Payload, deadline: &mut Deadline<'_>) -> Result<Value> {
        let _place = self.take_place(deadline).await?;
        self.check_after_pause(deadline).await?;
        match payload {
            Payload::One(command) => self.exchange(Commands::One(command), deadline).await,
            Payload::Pipeline(commands) | Payload::Atomic(commands) => {
                self.exchange(Commands::Many(commands), deadline).await
            }
            Payload::Script(call) => {
                let reply = self.exchange(Commands::One(&call.by_digest()), deadline).await?;
                match &reply {
                    Value::ServerError(refusal) if error::is_unknown_script(refusal) => {
                        self.exchange(Commands::One(&call.by_text()), deadline).await
                    }
                    _ => Ok(reply),
                }
            }
        }
    }

    async fn take_place(&self, deadline: &mut Deadline<'_>) -> Result<SemaphorePermit<'_>> {
        let place = match self.places.try_acquire() {
            Ok(place) => Some(place),
            Err(_) => deadline.wait(pin!(self.places.acquire())).await.and_then(std::result::Result::ok),
        };
        place.ok_or_else(|| error::overloaded(self.config.max_in_flight.get()))
    }

    /// Waits until every call under way has ended.
    pub(super) async fn drain(&self) {
        // Nobody closes the semaphore, so there is nothing to say about the places but that they are all free.
        let _all = self.places.acquire_many(self.config.max_in_flight.get()).await;
    }

    /// Before the first call after a long pause; of several callers only the first one checks.
    async fn check_after_pause(&self, deadline: &mut Deadline<'_>) -> Result<()> {
        let Some(interval) = self.config.health_check_interval else { return Ok(()) };
        let now = deadline.start().saturating_duration_since(self.opened);
        let now_micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let last_call = Duration::from_micros(self.last_call.swap(now_micros, Ordering::Relaxed));
        if now.saturating_sub(last_call) < interval {
            return Ok(());
        }
        self.check(deadline).await
    }

    /// Proves with a `PING` that the line still leads anywhere. When it does not, nothing else was sent on it.
    async fn check(&self, deadline: &mut Deadline<'_>) -> Result<()> {
        let ping = command::ping();
        let mut shared = self.shared.clone();
        let until = deadline.end().min(Instant::now() + self.config.connect_timeout);
        let answer = deadline.wait_until(until, pin!(shared.send_packed_command(&ping))).await;
        let failure = match answer {
            // Even an error reply proves the line.
            Some(Ok(_)) => return Ok(()),
            Some(Err(cause)) => error::line_broken(&self.line.server, &cause, Outcome::NotApplied),
            None => error::cannot_connect(&self.line.server, "no reply to the health check"),
        };
        self.line.close();
        Err(failure)
    }

    async fn exchange(&self, commands: Commands<'_>, deadline: &mut Deadline<'_>) -> Result<Value> {
        let mut shared = self.shared.clone();
        let writes_before = self.line.writes();
        let mut answer = pin!(async {
            match commands {
                Commands::One(command) => shared.send_packed_command(command).await,
                Commands::Many(pipeline) => {
                    shared.send_packed_commands(pipeline, 0, pipeline.len()).await.map(Value::Array)
                }
            }
        });
        let limit = self.config.response_timeout.map(|timeout| Instant::now() + timeout);
        let limit = limit.map_or(deadline.end(), |limit| limit.min(deadline.end()));
        let mut until = limit.min(deadline.start() + LOOK);
        loop {
            match deadline.wait_until(until, answer.as_mut()).await {
                Some(Ok(reply)) => return Ok(self.answered(reply)),
                Some(Err(cause)) => return Err(self.broken(&cause, writes_before)),
                None if self.line.has_ended() => return Err(self.broken(&unheard(), writes_before)),
                None if until < limit => until = limit.min(Instant::now() + LOOK),
                None => {
                    self.timeouts_in_a_row.fetch_add(1, Ordering::AcqRel);
                    return Err(error::no_reply_in_time(&self.line.server));
                }
            }
        }
    }

    fn answered(&self, reply: Value) -> Value {
        // Read first: this is nearly always zero, and all callers would fight over a line of memory otherwise.
        if self.timeouts_in_a_row.load(Ordering::Relaxed) != 0 {
            self.timeouts_in_a_row.store(0, Ordering::Relaxed);
        }
        reply
    }

    fn broken(&self, cause: &RedisError, writes_before: u64) -> Error {
        self.line.close();
        let outcome = if self.line.writes() == writes_before { Outcome::NotApplied } else { Outcome::Unknown };
        error::line_broken(&self.line.server, cause, outcome)
    }
}

/// What the driver would have said.
fn unheard() -> RedisError {
    io::Error::from(io::ErrorKind::BrokenPipe).into()
}
