//! One call on the shared line, from its commands to their replies.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use redis::Value;
use store_core::Outcome;
use tokio::sync::futures::OwnedNotified;
use tokio::sync::oneshot;

use crate::connection::carrier::Commands;
use crate::connection::multiplex::Lost;
use crate::connection::multiplex::queue::{Answer, Queue, Refused, Sent};

/// A call under way.
pub(in crate::connection) struct Exchange<'a> {
    queue: &'a Arc<Queue>,
    commands: Commands<'a>,
    relies: Reliance,
    stage: Stage,
}

/// Who wakes the caller when it has waited for long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reliance {
    /// A timer of its own.
    Timer,
    /// The watch, if there is one.
    Wanted,
    /// The watch, until the next poll.
    Watch,
}

enum Stage {
    New,
    /// There is no room in the queue. Boxed, because nearly no call comes to this.
    Crowded(Pin<Box<OwnedNotified>>),
    Queued(oneshot::Receiver<Answer>),
}

impl<'a> Exchange<'a> {
    pub(super) fn new(queue: &'a Arc<Queue>, commands: Commands<'a>) -> Self {
        Self { queue, commands, relies: Reliance::Timer, stage: Stage::New }
    }

    /// Whether the commands are on their way. Before that, nothing of them will ever be sent unless this is polled.
    pub(in crate::connection) fn is_queued(&self) -> bool {
        matches!(self.stage, Stage::Queued(_))
    }

    /// Needs no timer of the caller's for [`WATCHED_WITHIN`](super::WATCHED_WITHIN), where [`is_watched`](Self::is_watched)
    /// says so.
    pub(in crate::connection) fn rely_on_watch(&mut self) {
        if matches!(self.stage, Stage::New) {
            self.relies = Reliance::Wanted;
        }
    }

    /// Whether whoever has polled this is woken in good time without a timer. Whatever wakes it, the next poll is no
    /// longer watched.
    pub(in crate::connection) fn is_watched(&self) -> bool {
        self.relies == Reliance::Watch
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Answer> {
        let wanted = std::mem::replace(&mut self.relies, Reliance::Timer) == Reliance::Wanted;
        loop {
            if let Stage::Queued(answer) = &mut self.stage {
                return Pin::new(answer).poll(cx).map(|answer| answer.unwrap_or_else(|_| Err(forgotten())));
            }
            match self.queue.send(self.commands, wanted.then_some(cx.waker())) {
                Ok(Sent { answer, is_watched }) => {
                    self.stage = Stage::Queued(answer);
                    if is_watched {
                        self.relies = Reliance::Watch;
                    }
                }
                Err(Refused::Ended(lost)) => return Poll::Ready(Err(lost)),
                Err(Refused::Crowded) => {
                    // Whoever begins to listen looks once more, so that room made in between is not missed.
                    if let Stage::Crowded(room) = &mut self.stage {
                        ready!(room.as_mut().poll(cx));
                    }
                    self.stage = Stage::Crowded(Box::pin(Arc::clone(self.queue.room()).notified_owned()));
                }
            }
        }
    }
}

impl Future for Exchange<'_> {
    type Output = Result<Value, Lost>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_answer(cx)
    }
}

/// Said where nobody says anything. The queue answers every slot, so this is for those who would change it.
fn forgotten() -> Lost {
    Lost { cause: io::Error::from(io::ErrorKind::BrokenPipe).into(), outcome: Outcome::Unknown }
}
