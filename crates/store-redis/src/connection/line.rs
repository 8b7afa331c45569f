//! The bytes below a connection: a stream that knows whether it is still open and whether anything left through it.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::config::Server;

/// What the stream and its users know of each other.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it leads to.
    pub(super) server: Server,
    closed: AtomicBool,
    ended: AtomicBool,
    writes: AtomicU64,
}

impl Line {
    pub(super) fn new(server: Server) -> Self {
        Self { server, closed: AtomicBool::new(false), ended: AtomicBool::new(false), writes: AtomicU64::new(0) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Keeps further calls away. Whoever learns first that the line is dead says so: between that moment and the end
    /// of its driver, microseconds later, a busy process would lose hundreds of calls to it.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether nothing moves here any more: no reply comes that has not come.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Said by the driver at its very end.
    pub(super) fn end(&self) {
        self.close();
        self.ended.store(true, Ordering::Release);
    }

    /// How often bytes have left. A request that fails with the line while this number stays where it was before the
    /// request was handed over has certainly not been sent, not even in part.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }
}

/// A connected socket. TLS would be one more variant.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    fn as_ref(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(stream) => stream.into(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.into(),
        }
    }

    /// Whether the peer can no longer answer: there is an end or an error where the next reply would be.
    fn peer_is_gone(&self) -> bool {
        match self.as_ref().peek(&mut [MaybeUninit::uninit()]) {
            Ok(available) => available == 0,
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }
}

/// A socket that keeps the books of its [`Line`].
#[derive(Debug)]
pub(super) struct Stream {
    socket: Socket,
    line: Arc<Line>,
}

impl Stream {
    pub(super) fn new(socket: Socket, line: Arc<Line>) -> Self {
        Self { socket, line }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        // A server that was restarted has hung up, but the runtime may not have had the time to report it. Asking the
        // system costs a tenth of the write, and saves a request from being lost on a line that is already dead.
        if this.socket.peer_is_gone() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let written = match &mut this.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        };
        if matches!(written, Poll::Ready(Ok(count)) if count > 0) {
            this.line.writes.fetch_add(1, Ordering::Release);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
