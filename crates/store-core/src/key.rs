//! Keys: validated text, never normalised.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

use crate::error::{Error, ErrorKind, Result};

/// A validated key, borrowed from the caller.
///
/// # Contract
/// * `key_limits`: a key is UTF-8 text of 1 byte to 32 KiB; anything else is [`ErrorKind::InvalidKey`] before anything is sent. A driver may declare a smaller limit; beyond it a key is [`ErrorKind::TooLarge`].
/// * `keys_are_exact`: any character is allowed (NUL, newline, `:`, `{`, `}`, `*`, `%`, non-ASCII) and kept as it is; two keys are the same only if their bytes are.
///
/// ```
/// use store_core::{ErrorKind, Key};
///
/// assert_eq!(Key::new("user:{81}")?.as_str(), "user:{81}");
/// assert_eq!(Key::new("").unwrap_err().kind(), ErrorKind::InvalidKey);
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'a>(&'a str);

impl<'a> Key<'a> {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 32 * 1024;

    /// Checks `text`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`] when it is empty or longer than [`Key::MAX_BYTES`].
    pub fn new(text: &'a str) -> Result<Self> {
        match text.len() {
            1..=Self::MAX_BYTES => Ok(Self(text)),
            0 => Err(Error::new(ErrorKind::InvalidKey, "a key must not be empty")),
            bytes => {
                Err(Error::new(ErrorKind::InvalidKey, format!("key too long; bytes={bytes} limit={}", Self::MAX_BYTES)))
            }
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The bytes of the text.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// An owned copy.
    #[must_use]
    pub fn to_buf(self) -> KeyBuf {
        KeyBuf(self.0.into())
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A validated key that owns its text, as `list` returns it.
///
/// It dereferences to `str`, so `&key` can be passed wherever a key is asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyBuf(Box<str>);

impl KeyBuf {
    /// Checks `text`.
    ///
    /// # Errors
    /// As [`Key::new`].
    pub fn new(text: impl Into<Box<str>>) -> Result<Self> {
        let text = text.into();
        Key::new(&text)?;
        Ok(Self(text))
    }

    /// The borrowed form.
    #[must_use]
    pub fn as_key(&self) -> Key<'_> {
        Key(&self.0)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for KeyBuf {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<KeyBuf> for String {
    fn from(key: KeyBuf) -> Self {
        key.0.into()
    }
}

impl<'a> From<&'a KeyBuf> for Cow<'a, str> {
    fn from(key: &'a KeyBuf) -> Self {
        Cow::Borrowed(&key.0)
    }
}

impl AsRef<str> for KeyBuf {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for KeyBuf {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for KeyBuf {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for KeyBuf {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Debug for KeyBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for KeyBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_accepts_one_byte_to_the_limit() {
        assert!(Key::new("x").is_ok());
        assert!(Key::new(&"x".repeat(Key::MAX_BYTES)).is_ok());
        for bad in [String::new(), "x".repeat(Key::MAX_BYTES + 1)] {
            assert_eq!(Key::new(&bad).unwrap_err().kind(), ErrorKind::InvalidKey);
        }
    }
}
