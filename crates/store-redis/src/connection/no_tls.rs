//! Stands in for TLS where the crate is built without: settings that ask for it are refused, so that nothing of what
//! would come after can be reached.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use store_core::Result;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::config::{Server, Tls, config_error};
use crate::connection::line::Stream;
use crate::error::Verdict;

/// There is none.
#[derive(Clone, Debug)]
pub(crate) enum Connector {}

/// There is none.
#[derive(Debug)]
pub(super) enum Secured {}

impl Connector {
    pub(crate) fn new(_: &Tls, option: &'static str) -> Result<Self> {
        Err(config_error(option, "store-redis was built without its feature `tls`"))
    }

    #[allow(clippy::unused_async, reason = "as the one that it stands for")]
    pub(super) async fn secure(&self, _: Stream, _: &Server) -> Result<Secured> {
        match *self {}
    }
}

pub(crate) fn verdict_on(_: &io::Error) -> Option<Verdict> {
    None
}

impl AsyncRead for Secured {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for Secured {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}
