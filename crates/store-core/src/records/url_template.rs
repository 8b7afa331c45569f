//! Public addresses of records.

use std::fmt::Write;

use super::selector::OpenedStore;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// How the public address of a record is made: a text with `{id}` for the id of its collection and `{key}` for its key,
/// both percent-encoded. `{key}` must be in it; what else stands there is taken as it is.
///
/// Every byte outside `A-Z a-z 0-9 - . _ ~` is encoded, so that a key is one segment of a path, whatever is in it. Only
/// the keys `.` and `..` have no address: they name other segments, also when they are encoded.
///
/// ```
/// use store_core::{Key, OpenedStore, StoreLabel, UrlTemplate};
///
/// let template = UrlTemplate::new("https://files.example/{id}/{key}")?;
/// let store = OpenedStore::new("s1".to_owned(), StoreLabel::Default);
/// assert_eq!(template.url(&store, Key::new("a/ü")?)?, "https://files.example/s1/a%2F%C3%BC");
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate(Box<str>);

const ID: &str = "{id}";
const KEY: &str = "{key}";

impl UrlTemplate {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a text without `{key}`, or with another word in braces.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self> {
        let text = text.into();
        let mut has_key = false;
        let mut rest = &*text;
        while let Some(at) = rest.find(['{', '}']) {
            let (_, from_brace) = rest.split_at(at);
            rest = if let Some(behind) = from_brace.strip_prefix(ID) {
                behind
            } else if let Some(behind) = from_brace.strip_prefix(KEY) {
                has_key = true;
                behind
            } else {
                return Err(Error::new(
                    ErrorKind::Config,
                    "a template for public addresses knows `{id}` and `{key}` alone",
                ));
            };
        }
        if !has_key {
            return Err(Error::new(ErrorKind::Config, "a template for public addresses must have `{key}` in it"));
        }
        Ok(Self(text))
    }

    /// The address of a record.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for the keys `.` and `..`.
    pub fn url(&self, store: &OpenedStore, key: Key<'_>) -> Result<String> {
        if matches!(key.as_str(), "." | "..") {
            return Err(Error::new(ErrorKind::InvalidArgument, "the keys `.` and `..` have no public address"));
        }
        let mut url = String::with_capacity(self.0.len() + store.id.len() + key.as_bytes().len());
        let mut rest = &*self.0;
        while let Some(at) = rest.find('{') {
            let (plain, from_brace) = rest.split_at(at);
            url.push_str(plain);
            if let Some(behind) = from_brace.strip_prefix(ID) {
                percent_encode(&store.id, &mut url);
                rest = behind;
            } else {
                percent_encode(key.as_str(), &mut url);
                rest = from_brace.strip_prefix(KEY).unwrap_or_default();
            }
        }
        Ok(url + rest)
    }
}

fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_unreserved {
            out.push(char::from(byte));
        } else {
            // Writing to a string has no way to fail.
            let _: std::fmt::Result = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::StoreLabel;

    fn url(template: &str, key: &str) -> String {
        let store = OpenedStore::new("i{key}d".to_owned(), StoreLabel::Default);
        UrlTemplate::new(template).unwrap().url(&store, Key::new(key).unwrap()).unwrap()
    }

    #[test]
    fn what_is_put_in_is_encoded_and_never_read_again() {
        assert_eq!(url("{key}", "{id}"), "%7Bid%7D");
        assert_eq!(url("x/{id}/{key}?k={key}#", "a b?"), "x/i%7Bkey%7Dd/a%20b%3F?k=a%20b%3F#");
        assert_eq!(url("/{key}", "a..b~"), "/a..b~");
    }

    #[test]
    fn keys_that_name_other_segments_have_no_address() {
        let template = UrlTemplate::new("/{key}").unwrap();
        let store = OpenedStore::new("id".to_owned(), StoreLabel::Default);
        for key in [".", ".."] {
            let error = template.url(&store, Key::new(key).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn a_template_without_a_key_or_with_other_words_is_refused() {
        for text in ["", "https://x/{id}", "{key}{name}", "{key}{", "{key}}", "{{key}}", "{key}{k{id}ey}"] {
            assert_eq!(UrlTemplate::new(text).unwrap_err().kind(), ErrorKind::Config, "{text}");
        }
    }
}
