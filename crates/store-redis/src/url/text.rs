//! Plain texts of a URL, and the numbers among them.

use std::str::FromStr;

use store_core::{Error, Result};

use crate::config::config_error;

/// A whole number without sign, in its range.
pub(super) fn number<T: FromStr>(option: &str, text: &str) -> Result<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| config_error(option, "not a whole number in its range"))
}

/// Percent-decodes once. An error names `part`.
pub(super) fn decode(part: &str, text: &str) -> Result<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = (bytes.next().and_then(hex), bytes.next().and_then(hex));
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or_else(|| bad_escape(part))?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| config_error(part, "what is percent-encoded is UTF-8 text"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn bad_escape(part: &str) -> Error {
    config_error(part, "a percent sign begins an escape of two hexadecimal digits, and is itself written %25")
}
