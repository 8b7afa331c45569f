//! How a namespace segment is spelled in wire keys and paths: percent-encoding that is injective and leaves no special byte.
//!
//! Bytes outside `A-Z a-z 0-9 . _ -` become `%` and two upper-case hex digits. So an encoded segment contains no
//! separator (`/`, `:`), no hash-tag brace and no glob character, and `%` followed by a lower-case letter is free for
//! names that no user can spell.

use std::borrow::Cow;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// Appends the encoded form of `segment`.
pub(crate) fn encode_into(segment: &str, out: &mut String) {
    for &byte in segment.as_bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// The segment that [`encode_into`] spells as `encoded`; `None` for any text that it never writes.
pub(crate) fn decode(encoded: &str) -> Option<Cow<'_, str>> {
    if encoded.is_empty() {
        return None;
    }
    if encoded.bytes().all(is_plain) {
        return Some(Cow::Borrowed(encoded));
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => escaped(hex(rest.next()?)?, hex(rest.next()?)?)?,
            plain if is_plain(plain) => plain,
            _ => return None,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// The byte behind an escape; `None` when it would have been written plainly, because one segment has one spelling.
fn escaped(high: u8, low: u8) -> Option<u8> {
    let byte = high << 4 | low;
    (!is_plain(byte)).then_some(byte)
}

fn hex(digit: u8) -> Option<u8> {
    HEX.iter().position(|&known| known == digit).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(segment: &str) -> String {
        let mut out = String::new();
        encode_into(segment, &mut out);
        out
    }

    #[test]
    fn plain_text_stays_and_the_rest_is_escaped() {
        assert_eq!(encode("Az09._-"), "Az09._-");
        assert_eq!(encode("a/b:{c}*%é\0"), "a%2Fb%3A%7Bc%7D%2A%25%C3%A9%00");
    }

    #[test]
    fn decode_undoes_encode_for_every_ascii_character() {
        for byte in 0..=127u8 {
            let segment = format!("x{}y", char::from(byte));
            assert_eq!(decode(&encode(&segment)).as_deref(), Some(&*segment));
        }
    }

    #[test]
    fn decode_refuses_what_encode_never_writes() {
        for text in ["", "a/b", "%41", "%2f", "%", "%2", "%r", "%FF", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
