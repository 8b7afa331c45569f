//! One connection that all callers share, and what is known of its health.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use redis::Value;
use store_core::{Error, Outcome, Result};
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::command;
use crate::connection::carrier::{self, Carrier, Commands};
use crate::connection::deadline::Deadline;
use crate::connection::identity::ServerId;
use crate::connection::line::Line;
use crate::connection::multiplex::{Exchange, Lost, Multiplexer, WATCHED_WITHIN};
use crate::connection::task::Task;
use crate::environment::Environment;
use crate::error;
use crate::request::Payload;

/// How often a call that waits long says so to whoever watches the topology.
const LOOK: Duration = Duration::from_millis(100);

/// How long after the noted call, in nanoseconds, a later one is noted: 1 ms.
const NOTED_PAUSE: u64 = 1_000_000;

/// An open connection. Its calls pipeline themselves; each gets its own reply, whatever becomes of the others.
#[derive(Debug)]
pub(super) struct NodeConnection {
    shared: Multiplexer,
    line: Arc<Line>,
    server_id: ServerId,
    /// Moves the bytes.
    pump: Task,
    /// Logs in again; none where who we are never changes.
    _renewal: Option<Task>,
    places: Arc<Semaphore>,
    timeouts_in_a_row: AtomicU32,
    opened: Instant,
    /// Nanoseconds from `opened` to the start of the latest call, give or take [`NOTED_PAUSE`].
    last_call: AtomicU64,
    check_turn: Mutex<()>,
    environment: Arc<Environment>,
}

/// A call's place on a connection that all callers share.
pub(super) struct Turn<'a> {
    connection: &'a Arc<NodeConnection>,
    _place: SemaphorePermit<'a>,
}

impl Carrier for Turn<'_> {
    async fn exchange(&self, commands: Commands<'_>, pause: Duration, deadline: &mut Deadline) -> Result<Value> {
        self.connection.exchange(commands, pause, deadline).await
    }

    fn server_id(&self) -> ServerId {
        self.connection.server_id
    }

    fn node(&self) -> Option<&Arc<NodeConnection>> {
        Some(self.connection)
    }

    fn give_back(self) {}
}

impl NodeConnection {
    pub(super) fn new(
        environment: Arc<Environment>,
        line: Arc<Line>,
        pump: Task,
        renewal: Option<Task>,
        shared: Multiplexer,
        server_id: ServerId,
    ) -> Self {
        Self {
            shared,
            line,
            server_id,
            pump,
            _renewal: renewal,
            places: Arc::new(Semaphore::new(environment.config.max_in_flight.get() as usize)),
            timeouts_in_a_row: AtomicU32::new(0),
            opened: Instant::now(),
            last_call: AtomicU64::new(0),
            check_turn: Mutex::new(()),
            environment,
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

    /// Ends the connection under whoever still waits for a reply.
    pub(super) fn abort(&self) {
        self.line.close();
        self.pump.abort();
    }

    /// How long the connection has been open.
    pub(super) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Whether so many calls in a row got no reply that the connection should be proved or replaced. True once for
    /// each such series.
    pub(super) fn take_suspicion(&self) -> bool {
        let limit = self.environment.config.timeouts_before_probe.get();
        // Read first, for nearly every call finds nothing to take.
        if self.timeouts_in_a_row.load(Ordering::Relaxed) < limit {
            return false;
        }
        self.timeouts_in_a_row.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n >= limit).then_some(0)).is_ok()
    }

    /// A place on the connection, which has been proved if it was not used for long.
    pub(super) async fn enter<'a>(self: &'a Arc<Self>, deadline: &mut Deadline) -> Result<Turn<'a>> {
        let place = self.take_place(deadline).await?;
        self.check_after_pause(deadline).await?;
        Ok(Turn { connection: self, _place: place })
    }

    /// Sends what the request consists of and returns what the server answers, error replies included; an array for
    /// more than one command.
    pub(super) async fn call(self: &Arc<Self>, payload: &Payload, deadline: &mut Deadline) -> Result<Value> {
        let _place = self.take_place(deadline).await?;
        self.check_after_pause(deadline).await?;
        // By hand what `carrier::send_plain` would do through a layer more, because nearly every call comes here.
        let reply = self.exchange(Commands::of(payload), Duration::ZERO, deadline).await?;
        match payload {
            Payload::Script(call) if carrier::is_unknown_script(&reply) => {
                let text = call.by_text();
                Box::pin(self.exchange(Commands::One(&text), Duration::ZERO, deadline)).await
            }
            _ => Ok(reply),
        }
    }

    /// A place on a connection that nobody shares, for as long as it is somebody's.
    pub(super) fn occupy(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    async fn take_place(&self, deadline: &mut Deadline) -> Result<SemaphorePermit<'_>> {
        match self.places.try_acquire() {
            Ok(place) => Ok(place),
            // Boxed, here and below, is what nearly no call comes to: all of them would carry the room for it along.
            Err(_) => Box::pin(self.wait_for_place(deadline)).await,
        }
    }

    async fn wait_for_place(&self, deadline: &mut Deadline) -> Result<SemaphorePermit<'_>> {
        let place = deadline.wait(pin!(self.places.acquire())).await.and_then(std::result::Result::ok);
        // Those who waited longest time out together. Each would hand its place on to the next, which would send what
        // nobody waits for any more.
        let place = place.filter(|_| Instant::now() < deadline.end());
        place.ok_or_else(|| error::overloaded(self.environment.config.max_in_flight.get()))
    }

    /// Waits until every call under way has ended.
    pub(super) async fn drain(&self) {
        // Nobody closes the semaphore, so there is nothing to say about the places but that they are all free.
        let _all = self.places.acquire_many(self.environment.config.max_in_flight.get()).await;
    }

    /// Proves the line before the first calls after a long pause. One of them asks; the others wait for the answer, as
    /// what they would send behind the question might be lost with it.
    pub(super) async fn check_after_pause(&self, deadline: &mut Deadline) -> Result<()> {
        let Some(interval) = self.environment.config.health_check_interval else { return Ok(()) };
        let now = whole_nanos(deadline.start().saturating_duration_since(self.opened));
        if self.is_in_use(now, interval) {
            return Ok(());
        }
        Box::pin(self.check_in_turn(now, interval, deadline)).await
    }

    async fn check_in_turn(&self, now: u64, interval: Duration, deadline: &mut Deadline) -> Result<()> {
        // Who gives up while it asks passes the turn on, and the next one asks again.
        let Some(_turn) = deadline.wait(pin!(self.check_turn.lock())).await else {
            return Err(error::timed_out_unsent("the health check"));
        };
        if self.is_closed() {
            return Err(self.no_reply_to_check());
        }
        if self.is_in_use(now, interval) {
            return Ok(());
        }
        self.check(deadline).await?;
        self.last_call.store(whole_nanos(self.opened.elapsed()), Ordering::Relaxed);
        Ok(())
    }

    /// Whether the latest call came less than `interval` ago; if so, notes this one, which came at `now`.
    fn is_in_use(&self, now: u64, interval: Duration) -> bool {
        let pause = now.saturating_sub(self.last_call.load(Ordering::Relaxed));
        let in_use = pause < whole_nanos(interval);
        // Between two calls that follow each other closely it is only read: all callers would fight over a line of
        // memory otherwise.
        if in_use && pause > NOTED_PAUSE {
            self.last_call.store(now, Ordering::Relaxed);
        }
        in_use
    }

    /// Proves with a `PING` that the line still leads anywhere. When it does not, nothing else was sent on it.
    async fn check(&self, deadline: &mut Deadline) -> Result<()> {
        let ping = command::ping();
        let now = Instant::now();
        let given_up = now + self.environment.config.connect_timeout;
        let mut exchange = self.shared.exchange(Commands::One(&ping));
        match self.reply(now, given_up.min(deadline.end()), &mut exchange, deadline).await {
            // Even an error reply proves the line.
            Some(Ok(_)) => Ok(()),
            Some(Err(lost)) => Err(self.broken(&Lost { outcome: Outcome::NotApplied, ..lost })),
            // A caller in a hurry has proved nothing against the line that all share.
            None if deadline.end() < given_up => Err(error::timed_out_unsent("the health check")),
            None => {
                self.line.close();
                Err(self.no_reply_to_check())
            }
        }
    }

    fn no_reply_to_check(&self) -> Error {
        error::cannot_connect(&self.line.server, "no reply to the health check")
    }

    /// Sends commands and returns what the server answers, error replies included; an array for more than one. The
    /// server is expected to take up to `pause` longer than usual.
    pub(super) async fn exchange(
        &self,
        commands: Commands<'_>,
        pause: Duration,
        deadline: &mut Deadline,
    ) -> Result<Value> {
        let now = Instant::now();
        let limit = self.environment.config.response_timeout.map(|timeout| now + timeout + pause);
        let limit = limit.map_or(deadline.end(), |limit| limit.min(deadline.end()));
        let mut exchange = self.shared.exchange(commands);
        match self.reply(now, limit, &mut exchange, deadline).await {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(lost)) => Err(self.broken(&lost)),
            None if exchange.is_queued() => Err(error::no_reply_in_time(&self.line.server)),
            None => Err(error::timed_out_unsent("room on the connection")),
        }
    }

    /// Waits for a reply from `now` until `limit`, and keeps count of those that do not come.
    async fn reply(
        &self,
        now: Instant,
        limit: Instant,
        exchange: &mut Exchange<'_>,
        deadline: &mut Deadline,
    ) -> Option<std::result::Result<Value, Lost>> {
        let mut silence = Silence { in_a_row: &self.timeouts_in_a_row, alarm: &self.environment.alarm, looks: 0 };
        let mut until = limit.min(deadline.start() + LOOK);
        if until >= now + WATCHED_WITHIN {
            exchange.rely_on_watch();
        }
        loop {
            match deadline.wait_for_reply(until, exchange).await {
                Some(reply) => {
                    silence.ends();
                    return Some(reply);
                }
                None if until < limit => until = limit.min(Instant::now() + LOOK),
                None => {
                    silence.looks = Silence::LONG;
                    return None;
                }
            }
            silence.goes_on();
        }
    }

    fn broken(&self, Lost { cause, outcome }: &Lost) -> Error {
        self.line.close();
        error::line_broken(&self.line.server, cause, *outcome)
    }
}

/// A caller that waits for a reply. If it goes away after a long wait, at the limit or because the caller has a limit
/// of its own, that is one more sign that the line leads nowhere.
struct Silence<'a> {
    in_a_row: &'a AtomicU32,
    alarm: &'a Notify,
    looks: u32,
}

impl Silence<'_> {
    /// Between two looks lies a whole [`LOOK`]; before the first one the caller may have waited for something else.
    const LONG: u32 = 2;

    /// A server that hangs tells nobody. Whoever watches the topology is told in its place.
    fn goes_on(&mut self) {
        self.looks += 1;
        if self.looks >= Self::LONG {
            self.alarm.notify_one();
        }
    }

    fn ends(&mut self) {
        self.looks = 0;
        // Read first: this is nearly always zero, and all callers would fight over a line of memory otherwise.
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if self.looks >= Self::LONG {
            self.in_a_row.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// Enough for five centuries.
fn whole_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
