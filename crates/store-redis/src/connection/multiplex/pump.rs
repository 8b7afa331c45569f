//! The task that moves the bytes of one line.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use redis::{RedisError, Value};
use tokio::io::ReadHalf;

use crate::connection::channel::Channel;
use crate::connection::multiplex::queue::{Delivery, Patience, Queue, Work};
use crate::connection::multiplex::reader::{Reader, malformed};
use crate::connection::multiplex::writer::Writer;

/// Writes what is queued and delivers what is answered, until the line ends.
///
/// However it ends, be it that the peer hung up, or that the task was aborted, panicked, or lost the runtime under it: the
/// line is closed, and whoever waits for a reply is told.
#[derive(Debug)]
pub(in crate::connection) struct Pump {
    queue: Arc<Queue>,
    incoming: ReadHalf<Channel>,
    reader: Reader,
    /// While there is a batch to be written.
    writer: Option<Writer>,
    patience: Patience,
    /// Empty between two reads; kept for their memory.
    replies: Vec<Value>,
    deliveries: Vec<Delivery>,
}

impl Pump {
    pub(super) fn new(queue: Arc<Queue>, incoming: ReadHalf<Channel>) -> Self {
        Self {
            queue,
            incoming,
            reader: Reader::new(),
            writer: None,
            patience: Patience::Fresh,
            replies: Vec::new(),
            deliveries: Vec::new(),
        }
    }

    /// By turns a read and a write, so that neither keeps the other waiting.
    fn poll_until_end(&mut self, cx: &mut Context<'_>) -> Poll<RedisError> {
        // A server may refuse us before we have said anything. That is then the reply to our first words.
        if !self.queue.has_begun(cx) {
            return Poll::Pending;
        }
        loop {
            let read = self.poll_read(cx);
            if let Poll::Ready(Err(cause)) = read {
                return Poll::Ready(cause);
            }
            let written = self.poll_write(cx);
            if let Poll::Ready(Err(cause)) = written {
                // The last replies may have come meanwhile.
                while let Poll::Ready(Ok(())) = self.poll_read(cx) {}
                return Poll::Ready(cause.into());
            }
            if read.is_pending() && written.is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RedisError>> {
        let read = ready!(self.reader.poll_read(&mut self.incoming, cx, &mut self.replies));
        // Those before what is no reply are good.
        let delivered = self.queue.deliver(&mut self.replies, &mut self.deliveries);
        for delivery in self.deliveries.drain(..) {
            delivery.hand_over();
        }
        Poll::Ready(read.and(delivered.ok_or_else(malformed)))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.patience == Patience::Deferring {
            return Poll::Pending;
        }
        loop {
            if let Some(writer) = &mut self.writer {
                if !writer.is_done() {
                    return writer.poll_slice(cx);
                }
                ready!(writer.poll_flush(cx))?;
            }
            match self.queue.next_work(self.writer.take(), self.patience, cx)? {
                Work::Batch(writer) => {
                    self.patience = Patience::Fresh;
                    self.writer = Some(writer);
                }
                Work::Nothing => {
                    self.patience = Patience::Fresh;
                    return Poll::Pending;
                }
                Work::Defer => {
                    self.patience = Patience::Deferring;
                    // Behind all who are ready to go on.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }
}

impl Future for Pump {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.patience == Patience::Deferring {
            self.patience = Patience::Spent;
        }
        let cause = ready!(self.poll_until_end(cx));
        let writer = self.writer.take();
        self.queue.end(writer, &cause);
        Poll::Ready(())
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        let cause = io::Error::from(io::ErrorKind::BrokenPipe);
        self.queue.end(self.writer.take(), &cause.into());
    }
}
