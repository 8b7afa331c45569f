//! The bytes of a pickle, from front to back, and the numbers and texts in them.

use bytes::Bytes;
use store_core::CodecError;

use super::damaged;

/// What is still to be read.
pub(super) struct Reader<'a> {
    whole: &'a Bytes,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(whole: &'a Bytes) -> Self {
        Self { whole, rest: whole }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(unexpected_end)?;
        self.rest = rest;
        Ok(*array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        self.array().map(|[byte]| byte)
    }

    /// As many bytes as a length says; there are none that the pickle does not have.
    pub(super) fn slice(&mut self, length: impl TryInto<usize>) -> Result<&'a [u8], CodecError> {
        let split = length.try_into().ok().and_then(|length| self.rest.split_at_checked(length));
        let (slice, rest) = split.ok_or_else(unexpected_end)?;
        self.rest = rest;
        Ok(slice)
    }

    /// The same without copying them.
    pub(super) fn bytes(&mut self, length: impl TryInto<usize>) -> Result<Bytes, CodecError> {
        Ok(self.whole.slice_ref(self.slice(length)?))
    }

    pub(super) fn text(&mut self, length: impl TryInto<usize>) -> Result<&'a str, CodecError> {
        std::str::from_utf8(self.slice(length)?).map_err(|_| no_text())
    }

    /// Whether there are as many bytes as a frame says.
    pub(super) fn check_frame(&self, length: u64) -> Result<(), CodecError> {
        let is_there = usize::try_from(length).is_ok_and(|length| length <= self.rest.len());
        if is_there { Ok(()) } else { Err(unexpected_end()) }
    }

    /// The bytes up to the end of the line.
    fn line(&mut self) -> Result<&'a [u8], CodecError> {
        let at = self.rest.iter().position(|&byte| byte == b'\n').ok_or_else(unexpected_end)?;
        let line = self.slice(at)?;
        self.byte()?;
        Ok(line)
    }

    /// A line in ASCII.
    pub(super) fn ascii_line(&mut self) -> Result<&'a str, CodecError> {
        let line = self.line()?;
        std::str::from_utf8(line).ok().filter(|line| line.is_ascii()).ok_or_else(|| damaged("a line that is no ASCII"))
    }

    /// A line of Latin-1 in which `\uXXXX` and `\UXXXXXXXX` stand for other characters.
    pub(super) fn escaped_line(&mut self) -> Result<String, CodecError> {
        let mut rest = self.line()?;
        let mut text = String::with_capacity(rest.len());
        while let Some((&byte, behind)) = rest.split_first() {
            let digits = match (byte, behind.split_first()) {
                (b'\\', Some((b'u', _))) => 4,
                (b'\\', Some((b'U', _))) => 8,
                // So the second of two backslashes begins nothing.
                (b'\\', Some((&other, behind))) => {
                    text.extend(['\\', char::from(other)]);
                    rest = behind;
                    continue;
                }
                _ => {
                    text.push(char::from(byte));
                    rest = behind;
                    continue;
                }
            };
            let code = behind.get(1..=digits).ok_or_else(no_text)?;
            text.push(char_of(code).ok_or_else(no_text)?);
            rest = behind.get(digits + 1..).unwrap_or_default();
        }
        Ok(text)
    }
}

/// The character with this number, in hexadecimal digits.
fn char_of(digits: &[u8]) -> Option<char> {
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

/// An integer in the fewest bytes that hold it, the lowest first, as two's complement.
pub(super) fn integer(bytes: &[u8]) -> Result<i128, CodecError> {
    const BYTES: usize = size_of::<i128>();

    let sign = bytes.last().map_or(0, |&highest| if highest & 0x80 == 0 { 0 } else { 0xff });
    let mut whole = [sign; BYTES];
    let lower = whole.get_mut(..bytes.len()).ok_or_else(too_large)?;
    lower.copy_from_slice(bytes);
    Ok(i128::from_le_bytes(whole))
}

pub(super) fn too_large() -> CodecError {
    damaged("an integer of more than 128 bits, or none at all")
}

fn unexpected_end() -> CodecError {
    damaged("unexpected end")
}

fn no_text() -> CodecError {
    damaged("text that is not Unicode")
}
