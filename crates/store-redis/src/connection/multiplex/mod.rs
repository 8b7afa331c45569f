//! One line that many callers share: their commands leave in batches, and each caller gets its own replies.
//!
//! Commands and the [`Slot`](queue::Slot) that waits for their replies join the [`Queue`](queue::Queue) under one lock, so
//! the order of the slots is the order of the replies, whatever becomes of the callers. The [`Pump`] writes what is queued
//! and reads what is answered; a caller that is alone writes by itself. Whoever waits long is woken by the
//! [`watch`].

mod exchange;
mod frame;
mod pump;
mod queue;
mod reader;
#[cfg(test)]
mod tests;
mod value;
mod watch;
mod writer;

use std::sync::Arc;

use redis::{RedisError, RedisResult, Value};
use store_core::Outcome;
use tokio::io::split;

use crate::command::Command;
use crate::connection::carrier::Commands;
use crate::connection::channel::Channel;
use crate::connection::line::Line;
pub(super) use exchange::Exchange;
pub(super) use pump::Pump;
use queue::Queue;
#[cfg(fuzzing)]
pub(crate) use reader::compare;
pub(super) use watch::WATCHED_WITHIN;
use writer::Writer;

/// A handle on the shared line. It stays usable after the line has ended, and says so to whoever uses it.
#[derive(Clone, Debug)]
pub(super) struct Multiplexer(Arc<Queue>);

/// Why there is no reply, and whether the server can have carried out what was asked.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    pub(super) cause: RedisError,
    pub(super) outcome: Outcome,
}

impl Multiplexer {
    /// Shares `channel`, for as long as the pump is polled. Callers that have gone away may be owed as many replies as
    /// `max_in_flight` that wait; what comes then waits for room.
    pub(super) fn new(channel: Channel, line: &Arc<Line>, max_in_flight: usize) -> (Self, Pump) {
        let is_encrypted = channel.is_encrypted();
        let (incoming, outgoing) = split(channel);
        let writer = Writer::new(outgoing, Arc::clone(line));
        let queue = Arc::new(Queue::new(Arc::clone(line), writer, is_encrypted, max_in_flight.saturating_mul(2)));
        watch::add(&queue);
        (Self(Arc::clone(&queue)), Pump::new(queue, incoming))
    }

    /// Sends commands and gives what the server answers, error replies included; an array for more than one.
    ///
    /// Nothing is sent before the future is polled. Dropped later, it leaves the commands to be carried out, and their
    /// replies to be passed over.
    pub(super) fn exchange<'a>(&'a self, commands: Commands<'a>) -> Exchange<'a> {
        Exchange::new(&self.0, commands)
    }

    /// Sends one command while a connection is being made, when nobody depends on what became of it.
    pub(super) async fn ask(&self, command: &Command) -> RedisResult<Value> {
        self.exchange(Commands::One(command)).await.map_err(|lost| lost.cause)
    }
}
