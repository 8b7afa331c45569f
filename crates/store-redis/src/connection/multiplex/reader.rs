//! Reads replies off a line.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use redis::{RedisError, Value};
use tokio::io::{AsyncRead, ReadBuf};

use crate::connection::multiplex::frame::{CRLF, Frame, Malformed, Progress};
use crate::connection::multiplex::value;
use crate::connection::multiplex::writer::KEPT_BYTES;

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// From which length on a string is read into a buffer of its own, which then becomes the value. Shorter ones are copied
/// out, so that they do not keep a whole chunk.
const LARGE_BYTES: usize = 16 * 1024;

/// How much memory a peer gets by announcing that it will be needed. What it announces beyond is made as it comes.
const TRUSTED_BYTES: usize = 1024 * 1024;

/// Bytes that have come, of which no reply has been made yet.
#[derive(Debug)]
pub(super) struct Reader {
    /// All of it initialized; what has come lies from `begin` to `end`.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    frame: Frame,
    large: Option<LargeString>,
}

/// A string on its way into its own buffer, with the end of line behind it.
#[derive(Debug)]
struct LargeString {
    /// All of it initialized; `come` bytes have come.
    buffer: Vec<u8>,
    come: usize,
    length: usize,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; CHUNK_BYTES], begin: 0, end: 0, frame: Frame::default(), large: None }
    }

    /// Reads once, and adds what replies that completes. An error for what is none, and at the end of the line.
    pub(super) fn poll_read<R: AsyncRead + Unpin>(
        &mut self,
        line: &mut R,
        cx: &mut Context<'_>,
        replies: &mut Vec<Value>,
    ) -> Poll<Result<(), RedisError>> {
        let mut buffer = ReadBuf::new(match &mut self.large {
            Some(large) => large.space(),
            None => self.space(),
        });
        ready!(Pin::new(line).poll_read(cx, &mut buffer))?;
        let come = buffer.filled().len();
        if come == 0 {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::BrokenPipe).into()));
        }
        let parsed = match self.large.take() {
            Some(large) => self.go_on(large, come, replies),
            None => {
                self.end += come;
                self.parse(replies)
            }
        };
        Poll::Ready(parsed.map_err(|Malformed| malformed()))
    }

    /// Room for a part of a chunk at least.
    fn space(&mut self) -> &mut [u8] {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
            if self.buffer.len() > KEPT_BYTES {
                self.buffer = vec![0; CHUNK_BYTES];
            }
        }
        if self.buffer.len() - self.end < CHUNK_BYTES / 2 {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        if self.buffer.len() - self.end < CHUNK_BYTES / 2 {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    fn go_on(&mut self, mut large: LargeString, come: usize, replies: &mut Vec<Value>) -> Result<(), Malformed> {
        large.come += come;
        if large.is_whole() {
            replies.push(large.into_value()?);
        } else {
            self.large = Some(large);
        }
        Ok(())
    }

    fn parse(&mut self, replies: &mut Vec<Value>) -> Result<(), Malformed> {
        while self.begin < self.end {
            let come = self.buffer.get(self.begin..self.end).unwrap_or_default();
            match self.frame.advance(come)? {
                Progress::Complete(end) => {
                    let reply = value::parse(come.get(..end).ok_or(Malformed)?)?;
                    if !value::is_push(&reply) {
                        replies.push(reply);
                    }
                    self.pass(end);
                }
                // What most reads get needs no further look.
                Progress::String { begin, length } => match come.get(begin..begin + length + CRLF.len()) {
                    Some(string) => {
                        let content = string.strip_suffix(CRLF).ok_or(Malformed)?;
                        replies.push(Value::BulkString(content.to_vec()));
                        self.pass(begin + length + CRLF.len());
                    }
                    None if length >= LARGE_BYTES => {
                        let content = come.get(begin..).ok_or(Malformed)?;
                        self.large = Some(LargeString::beginning_with(content, length));
                        self.pass(self.end - self.begin);
                    }
                    None => break,
                },
                Progress::Incomplete => break,
            }
        }
        Ok(())
    }

    /// Goes on behind so many bytes.
    fn pass(&mut self, count: usize) {
        self.begin += count;
        self.frame.reset();
    }
}

impl LargeString {
    /// `content` is shorter than the string with the end of line behind it.
    fn beginning_with(content: &[u8], length: usize) -> Self {
        let whole = length + CRLF.len();
        let mut buffer = Vec::with_capacity(whole.min(TRUSTED_BYTES.max(content.len())));
        buffer.extend_from_slice(content);
        Self { buffer, come: content.len(), length }
    }

    /// Room for more of it, never for anything behind it.
    fn space(&mut self) -> &mut [u8] {
        if self.come == self.buffer.len() {
            let whole = self.length + CRLF.len();
            let room = (2 * self.buffer.len()).max(TRUSTED_BYTES).min(whole);
            self.buffer.reserve_exact(room.saturating_sub(self.buffer.len()));
            self.buffer.resize(room, 0);
        }
        self.buffer.get_mut(self.come..).unwrap_or_default()
    }

    fn is_whole(&self) -> bool {
        self.come == self.length + CRLF.len()
    }

    fn into_value(mut self) -> Result<Value, Malformed> {
        if !self.buffer.ends_with(CRLF) {
            return Err(Malformed);
        }
        self.buffer.truncate(self.length);
        Ok(Value::BulkString(self.buffer))
    }
}

/// How the client crate calls it.
pub(super) fn malformed() -> RedisError {
    (redis::ErrorKind::Parse, "not the protocol").into()
}

#[cfg(any(test, fuzzing))]
mod comparison;
#[cfg(fuzzing)]
pub(crate) use comparison::compare;

#[cfg(test)]
mod tests;
