//! The writing end of a line, which knows how much has certainly not left.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::{io, mem};

use tokio::io::{AsyncWrite, WriteHalf};

use crate::connection::channel::Channel;
use crate::connection::line::Line;

/// How much is written before the next look at what was answered: a burst of commands is not to keep replies from their
/// callers, nor from being read, without which a server stops reading too.
const SLICE_BYTES: usize = 64 * 1024;

/// The capacity that a buffer keeps; what a large value needed beyond is given back.
pub(super) const KEPT_BYTES: usize = 256 * 1024;

/// Writes one batch of commands after another. Positions are bytes from the beginning of all commands.
#[derive(Debug)]
pub(super) struct Writer {
    half: WriteHalf<Channel>,
    line: Arc<Line>,
    batch: Vec<u8>,
    written: usize,
    /// Where what the channel has taken ends.
    taken: u64,
    /// Nothing from here on has left.
    left: u64,
    /// The writes of the line when that was so.
    writes: u64,
}

impl Writer {
    pub(super) fn new(half: WriteHalf<Channel>, line: Arc<Line>) -> Self {
        // Setting up TLS has written too, but no commands.
        let writes = line.writes();
        Self { half, line, batch: Vec::new(), written: 0, taken: 0, left: 0, writes }
    }

    /// The position from which on nothing has left.
    pub(super) fn left(&mut self) -> u64 {
        // Encryption that fails to read may have sent what it held back.
        self.note_left(self.taken);
        self.left
    }

    /// Begins a batch with all of `commands`, and leaves an empty buffer in their place. The batch before has been
    /// written.
    pub(super) fn begin(&mut self, commands: &mut Vec<u8>) {
        self.batch.clear();
        self.written = 0;
        mem::swap(&mut self.batch, commands);
    }

    pub(super) fn is_done(&self) -> bool {
        self.written == self.batch.len()
    }

    /// Writes one slice of the batch, of which there is some left.
    pub(super) fn poll_slice(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let rest = self.batch.get(self.written..).unwrap_or_default();
        let slice = rest.get(..SLICE_BYTES).unwrap_or(rest);
        let count = match Pin::new(&mut self.half).poll_write(cx, slice) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(count)) => count,
            Poll::Ready(Err(error)) => {
                // Encryption may have sent a part of what it does not say it took.
                let offered = self.taken + slice.len() as u64;
                self.note_left(offered);
                return Poll::Ready(Err(error));
            }
            Poll::Pending => {
                self.note_left(self.taken);
                return Poll::Pending;
            }
        };
        self.written += count;
        self.taken += count as u64;
        self.note_left(self.taken);
        if self.is_done() && self.batch.capacity() > KEPT_BYTES {
            (self.batch, self.written) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }

    /// Sees what was written through encryption. A plain socket has nothing to flush.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.half).poll_flush(cx);
        self.note_left(self.taken);
        Poll::Ready(ready!(flushed))
    }

    /// Where anything has left since the last look, everything up to `end` may have.
    fn note_left(&mut self, end: u64) {
        let writes = self.line.writes();
        if writes != self.writes {
            (self.writes, self.left) = (writes, self.left.max(end));
        }
    }
}
