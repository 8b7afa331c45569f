//! Content types of records.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// The content type of a record: `type/subtype`, with parameters or without.
///
/// # Contract
/// * `content_type_limits`: a type, `/`, a subtype, both tokens of [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-8.3), then nothing or, behind blanks and a `;`, parameters in printable ASCII and tabs; [`ContentType::MAX_BYTES`] at most in all; anything else is [`ErrorKind::InvalidArgument`] before anything is sent. It is kept as it was given.
///
/// ```
/// use store_core::{ContentType, ErrorKind};
///
/// assert_eq!(ContentType::new("text/html; charset=utf-8")?.as_str(), "text/html; charset=utf-8");
/// assert!(ContentType::new("text/html; charset=utf-8")?.is_text());
/// assert_eq!(ContentType::new("page").unwrap_err().kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ContentType(Cow<'static, str>);

impl ContentType {
    /// The longest one, in bytes.
    pub const MAX_BYTES: usize = 1024;
    /// Of bytes that are nothing more particular.
    pub const OCTET_STREAM: Self = Self(Cow::Borrowed("application/octet-stream"));
    /// Of text.
    pub const TEXT: Self = Self(Cow::Borrowed("text/plain; charset=utf-8"));
    /// Of JSON.
    pub const JSON: Self = Self(Cow::Borrowed("application/json; charset=utf-8"));
    /// Of a record whose value is nothing.
    pub const NOTHING: Self = Self(Cow::Borrowed("application/x-none"));

    /// Checks `text`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] when it has another form or is longer than [`ContentType::MAX_BYTES`].
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self> {
        let text = text.into();
        let bytes = text.len();
        if bytes > Self::MAX_BYTES {
            let limit = Self::MAX_BYTES;
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("content type too long; bytes={bytes} limit={limit}"),
            ));
        }
        if !is_well_formed(&text) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a content type is type/subtype, then nothing or parameters behind a `;`",
            ));
        }
        Ok(Self(text))
    }

    /// What a backend has as the content type of a record. Other programs may have written it, so it is not checked.
    #[must_use]
    pub fn as_stored(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it says that the value is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.essence().eq_ignore_ascii_case("application/x-none")
    }

    /// Whether it says that the value is JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        let essence = self.essence();
        let ends_with_json = essence.len() > 5 && essence.is_char_boundary(essence.len() - 5);
        essence.eq_ignore_ascii_case("application/json")
            || (ends_with_json && essence.split_at(essence.len() - 5).1.eq_ignore_ascii_case("+json"))
    }

    /// Whether it says that the value is text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.essence().split('/').next().is_some_and(|kind| kind.eq_ignore_ascii_case("text"))
    }

    /// What stands before the parameters.
    fn essence(&self) -> &str {
        self.0.split(';').next().unwrap_or_default().trim()
    }
}

fn is_well_formed(text: &str) -> bool {
    let (essence, parameters) = match text.split_once(';') {
        Some((essence, parameters)) => (essence.trim_end_matches(' '), parameters),
        None => (text, ""),
    };
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    is_token(kind) && is_token(subtype) && parameters.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

/// A `token` of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<&str> for ContentType {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::new(text.to_owned())
    }
}

impl TryFrom<String> for ContentType {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_types_are_kept_as_they_are() {
        for text in [
            "text/html",
            "text/html;charset=UTF-8",
            "application/vnd.api+json; version=\"1;2\"",
            "image/svg+xml",
            "a/b ; c",
            "x/y;",
            "a/b;\tc",
        ] {
            assert_eq!(ContentType::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "/",
            "text",
            "text/",
            "/html",
            "text html/x",
            "text/ht ml",
            "text/html\n",
            "tëxt/html",
            " a/b",
            "a/b ",
            "a/b\t; c",
            "a/b; \u{7f}",
            "a/b/c",
        ] {
            assert_eq!(ContentType::new(text).unwrap_err().kind(), ErrorKind::InvalidArgument, "{text:?}");
        }
        let long = format!("a/{}", "b".repeat(ContentType::MAX_BYTES));
        assert!(ContentType::new(long).is_err());
    }

    #[test]
    fn what_a_type_says_is_read_without_its_parameters() {
        let of = |text: &'static str| ContentType::as_stored(text);
        assert!(of("Application/JSON; charset=utf-8").is_json());
        assert!(of("application/ld+json").is_json());
        assert!(!of("text/x; q=application/json").is_json());
        assert!(of("TEXT/csv").is_text());
        assert!(!of("garbage").is_text());
        assert!(of("application/x-none").is_nothing());
        assert!(!of("ü+json").is_text());
    }
}
