//! The reader beside the client crate's parser, on any bytes. Tests and fuzzers give the bytes.

use std::collections::VecDeque;
use std::task::Waker;

use super::*;

/// A line on which bytes come in pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(piece) = self.0.front_mut() {
            let fits = piece.len().min(buffer.remaining());
            buffer.put_slice(&piece[..fits]);
            piece.drain(..fits);
            if piece.is_empty() {
                self.0.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// How the line ended.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// Not before the last byte.
    OfBytes,
    Malformed,
}

/// What is read off a line that ends behind `pieces`. The memory for it grows with what has come, not with what was
/// announced.
pub(super) fn read(pieces: impl IntoIterator<Item = Vec<u8>>) -> (Vec<Value>, End) {
    let mut line = Pieces(pieces.into_iter().filter(|piece| !piece.is_empty()).collect());
    let come = line.0.iter().map(Vec::len).sum::<usize>();
    let (mut reader, mut replies) = (Reader::new(), Vec::new());
    loop {
        let read = reader.poll_read(&mut line, &mut Context::from_waker(Waker::noop()), &mut replies);
        let large = reader.large.as_ref().map_or(0, |large| large.buffer.capacity());
        let taken = reader.buffer.capacity() + large;
        assert!(taken <= 4 * (come + CHUNK_BYTES) + TRUSTED_BYTES, "{taken} bytes of memory for {come} that came");
        match read {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(cause)) if cause.kind() == redis::ErrorKind::Parse => return (replies, End::Malformed),
            Poll::Ready(Err(_)) => return (replies, End::OfBytes),
            Poll::Pending => panic!("there is always something to read"),
        }
    }
}

/// Cuts `bytes` into pieces of these sizes by turns.
pub(super) fn in_pieces(bytes: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at(size.clamp(1, rest.len()));
        pieces.push(piece.to_vec());
        rest = behind;
    }
    pieces
}

/// What is not a number equals nothing, itself included.
pub(super) fn shown(values: &[Value]) -> Vec<String> {
    values.iter().map(|value| format!("{value:?}")).collect()
}

/// Panics unless the replies in `bytes` are those that the client crate's parser finds, as many as the reader takes for
/// replies, and unless they are the same in pieces of these sizes, and byte by byte. What the reader refuses, the parser
/// may take.
pub(crate) fn compare(bytes: &[u8], sizes: &[usize]) {
    let (replies, end) = read([bytes.to_vec()]);
    let replies = shown(&replies);
    assert_eq!(shown(&theirs(bytes, replies.len())), replies, "beside the parser");
    for sizes in [sizes, &[1]] {
        let (again, again_end) = read(in_pieces(bytes, sizes));
        assert_eq!((&shown(&again), &again_end), (&replies, &end), "in pieces of {sizes:?}");
    }
}

/// The first replies that the client crate's parser finds, without what is no reply.
fn theirs(mut bytes: &[u8], count: usize) -> Vec<Value> {
    let (mut parser, mut replies) = (redis::Parser::new(), Vec::new());
    while replies.len() < count {
        let value = parser.parse_value(&mut bytes).expect("the reader takes no more for a reply than the parser does");
        if !value::is_push(&value) {
            replies.push(value);
        }
    }
    replies
}
