//! What the protocol travels over: a stream as it is, or TLS on top of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use store_core::Result;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::line::Stream;
use crate::connection::peer::Peer;
use crate::connection::tls::Secured;
use crate::environment::Environment;

/// An open way to a server. The stream below keeps the books in either case: encrypted bytes count where they leave.
#[derive(Debug)]
pub(super) enum Channel {
    Plain(Stream),
    Tls(Secured),
}

impl Channel {
    /// Over a stream that leads to `peer`, who proves to be the one if the settings ask for that.
    pub(super) async fn over(stream: Stream, peer: &Peer, environment: &Environment) -> Result<Self> {
        match &peer.access(environment).tls {
            Some(tls) => tls.secure(stream, &peer.server).await.map(Self::Tls),
            None => Ok(Self::Plain(stream)),
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

impl AsyncRead for Channel {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
