//! The one limit of a call, for everything that the call waits for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// When a call started and has to end, and the one timer that all its waiting shares: a timer costs a tenth of what a
/// whole call may cost.
#[derive(Debug)]
pub(super) struct Deadline<'a> {
    start: Instant,
    end: Instant,
    sleep: Pin<&'a mut Sleep>,
}

impl<'a> Deadline<'a> {
    /// A deadline `length` after `start`, on a timer of the caller's.
    pub(super) fn new(start: Instant, length: Duration, sleep: Pin<&'a mut Sleep>) -> Self {
        Self { start, end: start + length, sleep }
    }

    /// When the call started.
    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// Waits for `future` as long as the call may; `None` when it took longer.
    pub(super) async fn wait<F: Future>(&mut self, future: F) -> Option<F::Output> {
        self.wait_until(self.end, future).await
    }

    /// The same with a limit of its own, if that ends earlier.
    pub(super) async fn wait_at_most<F: Future>(&mut self, limit: Option<Duration>, future: F) -> Option<F::Output> {
        let until = limit.map_or(self.end, |limit| self.end.min(Instant::now() + limit));
        self.wait_until(until, future).await
    }

    /// Lets time pass; `None` when the deadline comes first.
    pub(super) async fn pause(&mut self, pause: Duration) -> Option<()> {
        if Instant::now() + pause >= self.end {
            return None;
        }
        let _passed = self.wait_at_most(Some(pause), std::future::pending::<()>()).await;
        Some(())
    }

    async fn wait_until<F: Future>(&mut self, until: Instant, future: F) -> Option<F::Output> {
        if self.sleep.deadline() != until {
            self.sleep.as_mut().reset(until);
        }
        let mut future = pin!(future);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.sleep.as_mut().poll(cx).map(|()| None),
        })
        .await
    }
}
