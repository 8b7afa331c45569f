//! Cutting a byte stream into whole RESP2 or RESP3 messages, without looking at what they mean.

/// Collects bytes and gives them back message by message.
///
/// Everything is a message of some kind: what is no RESP, such as a command typed by hand, is one message a line. So
/// nothing that a client or a server writes can be held back for not being understood.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    buffer: Vec<u8>,
    /// How much of the buffer is known to belong to its first message.
    scanned: usize,
    /// How many elements of that message are still to come. Counting them, instead of descending into them, takes any
    /// depth of nesting.
    missing: u64,
}

impl Splitter {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if all of it is there.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        if self.scanned == 0 {
            self.missing = 1;
        }
        while self.missing > 0 {
            self.scan_element()?;
        }
        let rest = self.buffer.split_off(self.scanned);
        self.scanned = 0;
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    fn scan_element(&mut self) -> Option<()> {
        let unread = self.buffer.get(self.scanned..)?;
        let line_end = unread.iter().position(|byte| *byte == b'\n')? + 1;
        let element = Element::of(unread.get(..line_end)?);
        let end = self.scanned.checked_add(line_end)?.checked_add(element.payload)?;
        if end > self.buffer.len() {
            return None;
        }
        self.scanned = end;
        self.missing = (self.missing - 1).saturating_add(element.followers);
        Some(())
    }
}

/// What a header line announces.
#[derive(Debug, PartialEq, Eq)]
struct Element {
    /// The bytes after the line that belong to the element, with their closing CRLF.
    payload: usize,
    /// The elements after it that belong to the same message.
    followers: u64,
}

impl Element {
    fn of(line: &[u8]) -> Self {
        let nothing = Self { payload: 0, followers: 0 };
        // A count of -1 is RESP2's null, and what is no number is no RESP: nothing follows either.
        let count = || std::str::from_utf8(line.get(1..)?).ok()?.trim_end().parse::<u32>().ok();
        let Some((kind, count)) = line.first().zip(count()) else { return nothing };
        match kind {
            b'$' | b'=' | b'!' => Self { payload: count as usize + 2, followers: 0 },
            b'*' | b'~' | b'>' => Self { payload: 0, followers: u64::from(count) },
            b'%' => Self { payload: 0, followers: u64::from(count) * 2 },
            // Attributes stand before the element that they belong to.
            b'|' => Self { payload: 0, followers: u64::from(count) * 2 + 1 },
            _ => nothing,
        }
    }
}

/// Whether the message was sent by the server on its own account, and so answers no request.
pub(super) fn is_push(message: &[u8]) -> bool {
    message.first() == Some(&b'>')
}

/// The name of the command that a request asks for, as the client spelled it.
pub(super) fn command_name(request: &[u8]) -> &[u8] {
    let is_end = |byte: &u8| byte.is_ascii_whitespace();
    let mut words = request.split(is_end).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    // `*2 $3 GET …` names the command third, a command typed by hand first.
    if first.first() == Some(&b'*') { words.nth(1).unwrap_or_default() } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &[&str] = &[
        "+OK\r\n",
        "-ERR no\r\n",
        ":-7\r\n",
        "$5\r\n\r\n+a\n\r\n",
        "$0\r\n\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*3\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n$-1\r\n+x\r\n",
        "_\r\n",
        "#t\r\n",
        ",1.5\r\n",
        "(123456789012345678901234567890\r\n",
        "=7\r\ntxt:a\r\n\r\n",
        "!5\r\nERR \n\r\n",
        "~2\r\n+a\r\n+b\r\n",
        "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
        "|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n",
        ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n",
        "PING\r\n",
        "$abc\r\n",
    ];

    fn split_in_two(stream: &[u8], at: usize) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut messages = Vec::new();
        for part in [&stream[..at], &stream[at..]] {
            splitter.push(part);
            messages.extend(std::iter::from_fn(|| splitter.next()).map(|message| String::from_utf8(message).unwrap()));
        }
        messages
    }

    #[test]
    fn messages_of_every_type_are_told_apart_wherever_the_stream_is_cut() {
        let stream = MESSAGES.concat();
        for at in 0..=stream.len() {
            assert_eq!(split_in_two(stream.as_bytes(), at), MESSAGES, "cut at {at}");
        }
    }

    #[test]
    fn an_incomplete_message_is_not_given() {
        for message in MESSAGES {
            let mut splitter = Splitter::default();
            splitter.push(&message.as_bytes()[..message.len() - 1]);
            assert_eq!(splitter.next(), None, "{message:?}");
        }
    }

    #[test]
    fn nesting_of_any_depth_is_one_message() {
        let mut stream = b"*1\r\n".repeat(100_000);
        stream.extend_from_slice(b":1\r\n+next\r\n");
        let mut splitter = Splitter::default();
        splitter.push(&stream);
        assert_eq!(splitter.next().map(|message| message.len()), Some(stream.len() - 7));
        assert_eq!(splitter.next().as_deref(), Some(b"+next\r\n".as_slice()));
    }

    #[test]
    fn only_a_push_is_one() {
        let pushes: Vec<_> = MESSAGES.iter().filter(|message| is_push(message.as_bytes())).collect();
        assert_eq!(pushes, [&">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"]);
    }

    #[test]
    fn the_name_of_a_command_is_found_in_both_spellings() {
        assert_eq!(command_name(b"*2\r\n$3\r\nGet\r\n$1\r\nk\r\n"), b"Get");
        assert_eq!(command_name(b"PING hello\r\n"), b"PING");
        assert_eq!(command_name(b"\r\n"), b"");
        assert_eq!(command_name(b"*1\r\n"), b"");
    }
}
