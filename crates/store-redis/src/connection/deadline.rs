//! The one limit of a call, for everything that the call waits for.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
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

    /// When the call has to end.
    pub(super) fn end(&self) -> Instant {
        self.end
    }

    /// Waits for `future` as long as the call may; `None` when it took longer.
    ///
    /// Futures come here pinned where they are: a future that is handed from function to function is copied each time.
    pub(super) fn wait<F: Future + Unpin>(&mut self, future: F) -> impl Future<Output = Option<F::Output>> {
        self.wait_until(self.end, future)
    }

    /// Lets time pass; `None` when the deadline comes first.
    pub(super) async fn pause(&mut self, pause: Duration) -> Option<()> {
        let until = Instant::now() + pause;
        if until >= self.end {
            return None;
        }
        let _passed = self.wait_until(until, pending::<()>()).await;
        Some(())
    }

    /// Waits for `future` up to a point in time of the caller's, which is no later than the end of the call.
    pub(super) fn wait_until<F: Future + Unpin>(
        &mut self,
        until: Instant,
        mut future: F,
    ) -> impl Future<Output = Option<F::Output>> {
        if self.sleep.deadline() != until {
            self.sleep.as_mut().reset(until);
        }
        poll_fn(move |cx| match Pin::new(&mut future).poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.sleep.as_mut().poll(cx).map(|()| None),
        })
    }
}
