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
    writes: AtomicU64,
}

impl Line {
    pub(super) fn new(server: Server) -> Self {
        Self { server, closed: AtomicBool::new(false), writes: AtomicU64::new(0) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Keeps further calls away. Whoever learns first that the line is dead says so: between that moment and the end
    /// of its pump, microseconds later, a busy process would lose hundreds of calls to it.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// How often bytes have left. What was handed over since this number last changed has certainly not been sent, not
    /// even in part.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }
}

/// A connected socket.
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

    /// What the place where the next reply would be says about the peer.
    fn peer(&self) -> PeerState {
        match self.as_ref().peek(&mut [MaybeUninit::uninit()]) {
            Ok(0) => PeerState::Gone,
            Ok(_) if self.has_hung_up() => PeerState::GoneWithFarewell,
            Ok(_) => PeerState::There,
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => PeerState::There,
                _ => PeerState::Gone,
            },
        }
    }

    /// Whether there is an end behind the bytes that can be read.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn has_hung_up(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let socket = self.as_ref();
        let mut polled = [PollFd::new(&*socket, PollFlags::RDHUP)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(poll(&mut polled, Some(&at_once)), Ok(1..))
    }

    /// Other systems do not tell. There, what is sent in the moment between the farewell of a peer and its arrival
    /// counts as sent.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[allow(clippy::unused_self, reason = "as the one for systems that tell")]
    fn has_hung_up(&self) -> bool {
        false
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }
}

/// Whether the peer can still answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerState {
    There,
    /// There is an end or an error where the next reply would be.
    Gone,
    /// It has hung up, after something that nobody has read yet: replies, or the reason.
    GoneWithFarewell,
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
        match this.socket.peer() {
            PeerState::There => {}
            PeerState::Gone => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            PeerState::GoneWithFarewell => return into_the_void(bytes),
        }
        let written = this.socket.poll_write(cx, bytes);
        // It may have hung up since.
        if matches!(written, Poll::Ready(Err(_))) && this.socket.peer() == PeerState::GoneWithFarewell {
            return into_the_void(bytes);
        }
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

/// Drops what nobody would read. It does not count as a write; and it is no error, for that would come before the words
/// that the reader has still to find: replies, or why TLS was refused. Behind them it finds the end.
fn into_the_void(bytes: &[u8]) -> Poll<io::Result<usize>> {
    Poll::Ready(Ok(bytes.len()))
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_is_written_behind_a_farewell_is_not_sent_and_the_farewell_is_heard() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line::new(Server::Tcp { host: address.ip().to_string(), port: address.port() }));
        let socket = TcpStream::connect(address).await.unwrap();
        let mut stream = Stream::new(Socket::Tcp(socket), Arc::clone(&line));
        let (mut peer, _) = listener.accept().await.unwrap();
        stream.write_all(b"heard").await.unwrap();
        assert_eq!(line.writes(), 1);
        let mut heard = [0; 5];
        peer.read_exact(&mut heard).await.unwrap();
        peer.write_all(b"farewell").await.unwrap();
        drop(peer);
        stream.write_all(b"not heard").await.unwrap();
        assert_eq!(line.writes(), 1);
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "farewell");
        assert!(stream.write_all(b"not heard").await.is_err());
    }
}
