//! Where a reply ends, found in bytes that come piece by piece.
//!
//! No element is looked at twice, however small the pieces: to begin again with each would cost the square of a reply's
//! length. And nothing is believed: what a peer announces, depth or length, takes no memory here.

use std::str;

/// How deep replies may be nested. The client crate's parser, to which rare types go, draws the same line.
const MOST_DEPTH: usize = 100;

/// The most bytes of one reply: four times what a server takes for one value unless it was told otherwise, and what
/// every platform can count.
const MOST_BYTES: usize = i32::MAX as usize;

pub(super) const CRLF: &[u8] = b"\r\n";

/// The peer does not speak the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// How far the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many of them are one reply.
    Complete(usize),
    Incomplete,
    /// The reply is a string: where its content begins, and how long that is, be it there or not.
    String {
        begin: usize,
        length: usize,
    },
}

/// A search for the end of one reply.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Where the first element begins whose end is not known.
    at: usize,
    /// Up to here that element's first line does not end.
    searched: usize,
    /// How many elements are missing of each aggregate that is open.
    open: Vec<usize>,
}

/// What an element has behind its first line.
enum Content {
    Nothing,
    Bytes(usize),
    Elements(usize),
}

impl Frame {
    /// Begins with another reply.
    pub(super) fn reset(&mut self) {
        (self.at, self.searched) = (0, 0);
        self.open.clear();
    }

    /// Goes on with all bytes of the reply that have come; those of before are unchanged.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Progress, Malformed> {
        while let Some(&tag) = bytes.get(self.at) {
            if self.open.len() >= MOST_DEPTH || !is_tag(tag) {
                return Err(Malformed);
            }
            let Some(line_end) = self.line_end(bytes) else { break };
            let line = bytes.get(self.at + 1..line_end).unwrap_or_default();
            let begin = line_end + CRLF.len();
            let (end, elements) = match content(tag, line)? {
                Content::Nothing => (begin, 0),
                Content::Elements(elements) => (begin, elements),
                Content::Bytes(length) if length > MOST_BYTES => return Err(Malformed),
                Content::Bytes(length) if self.at == 0 && tag == b'$' => {
                    return Ok(Progress::String { begin, length });
                }
                Content::Bytes(length) => {
                    let end = begin + length + CRLF.len();
                    match bytes.get(begin + length..end) {
                        Some(CRLF) => (end, 0),
                        Some(_) => return Err(Malformed),
                        None => break,
                    }
                }
            };
            (self.at, self.searched) = (end, end);
            if self.is_whole_with(elements) {
                return Ok(Progress::Complete(end));
            }
        }
        if bytes.len() > MOST_BYTES { Err(Malformed) } else { Ok(Progress::Incomplete) }
    }

    /// Notes an element that has so many others in it.
    fn is_whole_with(&mut self, elements: usize) -> bool {
        if elements > 0 {
            self.open.push(elements);
            return false;
        }
        while let Some(missing) = self.open.last_mut() {
            *missing -= 1;
            if *missing > 0 {
                return false;
            }
            self.open.pop();
        }
        true
    }

    fn line_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let from = self.searched.max(self.at + 1);
        let end = find_crlf(bytes.get(from..)?).map(|found| from + found);
        if end.is_none() {
            // The last byte may be the first of the two.
            self.searched = bytes.len().saturating_sub(1);
        }
        end
    }
}

pub(super) fn find_crlf(bytes: &[u8]) -> Option<usize> {
    bytes.windows(CRLF.len()).position(|window| window == CRLF)
}

fn is_tag(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-' | b':' | b'$' | b'*' | b'_' | b'#' | b',' | b'(' | b'!' | b'=' | b'%' | b'~' | b'>' | b'|'
    )
}

fn content(tag: u8, line: &[u8]) -> Result<Content, Malformed> {
    Ok(match tag {
        b'$' => length(line)?.map_or(Content::Nothing, Content::Bytes),
        b'!' | b'=' => Content::Bytes(length(line)?.ok_or(Malformed)?),
        b'*' | b'~' | b'>' => Content::Elements(length(line)?.unwrap_or(0)),
        b'%' => Content::Elements(pairs(line)?),
        // And what the attributes belong to.
        b'|' => Content::Elements(pairs(line)?.checked_add(1).ok_or(Malformed)?),
        _ => Content::Nothing,
    })
}

fn pairs(line: &[u8]) -> Result<usize, Malformed> {
    length(line)?.and_then(|pairs| pairs.checked_mul(2)).ok_or(Malformed)
}

/// A length, or nil, which is a negative one.
pub(super) fn length(line: &[u8]) -> Result<Option<usize>, Malformed> {
    Ok(usize::try_from(integer(line)?).ok())
}

pub(super) fn integer(line: &[u8]) -> Result<i64, Malformed> {
    if let Some(number) = small_number(line) {
        return Ok(number);
    }
    let text = str::from_utf8(line).map_err(|_| Malformed)?;
    text.trim().parse().map_err(|_| Malformed)
}

/// What nearly all are: a few digits.
fn small_number(line: &[u8]) -> Option<i64> {
    /// So many never leave the range.
    const MOST_DIGITS: usize = 18;
    if line.is_empty() || line.len() > MOST_DIGITS {
        return None;
    }
    let mut number = 0;
    for byte in line {
        number = number * 10 + i64::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    Some(number)
}
