//! The one limit of a call, for everything that the call waits for.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::multiplex::{Exchange, Lost};

/// When a call started and has to end, and the one timer that all its waiting shares.
#[derive(Debug)]
pub(super) struct Deadline {
    start: Instant,
    end: Instant,
    /// Boxed, and made when there is something to wait for that nobody else looks after: nearly no call comes to that,
    /// and a timer costs a tenth of what a whole call may cost.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// A deadline `length` after `start`.
    pub(super) fn new(start: Instant, length: Duration) -> Self {
        Self { start, end: start + length, timer: None }
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
        poll_fn(move |cx| match Pin::new(&mut future).poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll_timer(until, cx).map(|()| None),
        })
    }

    /// As [`wait_until`](Self::wait_until), but without a timer for as long as the watch looks after the exchange.
    pub(super) fn wait_for_reply(
        &mut self,
        until: Instant,
        exchange: &mut Exchange<'_>,
    ) -> impl Future<Output = Option<Result<redis::Value, Lost>>> {
        poll_fn(move |cx| match Pin::new(&mut *exchange).poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if exchange.is_watched() => Poll::Pending,
            Poll::Pending => self.poll_timer(until, cx).map(|()| None),
        })
    }

    fn poll_timer(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        // Who has been moved to where no runtime is cannot wait any longer.
        if self.timer.is_none() && Handle::try_current().is_err() {
            return Poll::Ready(());
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx)
    }
}
