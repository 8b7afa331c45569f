//! Which collection is meant, and what is known about it.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Timestamp;
use crate::random;

/// The name of a collection that lasts beyond the run of a program.
///
/// # Contract
/// * `store_names`: a name consists of letters and digits of ASCII and of hyphens inside, [`StoreName::MAX_BYTES`] at most; anything else is [`ErrorKind::InvalidArgument`] before anything is sent.
///
/// ```
/// use store_core::{ErrorKind, StoreName};
///
/// assert_eq!(StoreName::new("crawl-2026")?.as_str(), "crawl-2026");
/// assert_eq!(StoreName::new("a/b").unwrap_err().kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreName(Box<str>);

impl StoreName {
    /// The longest one, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Checks `text`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for anything that is no name.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self> {
        let text = text.into();
        let has_inner_hyphens_only = !text.starts_with('-') && !text.ends_with('-');
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if text.is_empty() || !has_inner_hyphens_only || !is_plain {
            return Err(refused("the name of a store consists of letters, digits and hyphens between them"));
        }
        check_length("name", text.len(), Self::MAX_BYTES)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An alias of a collection that is meant for one run of a program.
///
/// # Contract
/// * `store_aliases`: an alias is UTF-8 text of 1 to [`StoreAlias::MAX_BYTES`] bytes without `/`, `\` and NUL, and neither `.` nor `..`; anything else is [`ErrorKind::InvalidArgument`] before anything is sent.
///
/// ```
/// use store_core::{ErrorKind, StoreAlias};
///
/// assert_eq!(StoreAlias::new("results of today")?.as_str(), "results of today");
/// assert_eq!(StoreAlias::new("..").unwrap_err().kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreAlias(Box<str>);

impl StoreAlias {
    /// The longest one, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Checks `text`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for anything that is no alias.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self> {
        let text = text.into();
        if matches!(&*text, "" | "." | "..") || text.contains(['/', '\\', '\0']) {
            return Err(refused(
                "the alias of a store is not empty, no `.` or `..`, and has no `/`, `\\` or NUL in it",
            ));
        }
        check_length("alias", text.len(), Self::MAX_BYTES)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn refused(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument, reason)
}

fn check_length(what: &str, bytes: usize, limit: usize) -> Result<()> {
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, format!("{what} of a store too long; bytes={bytes} limit={limit}")))
}

macro_rules! text {
    ($($text:ident),*) => {$(
        impl fmt::Debug for $text {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Display for $text {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<&str> for $text {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $text {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }
    )*};
}

text!(StoreName, StoreAlias);

/// What a collection is called. A name and an alias of one text are two collections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum StoreLabel {
    /// The one without a name.
    #[default]
    Default,
    /// The one with this name, lasting beyond the run.
    Name(StoreName),
    /// The one with this alias, meant for this run.
    Alias(StoreAlias),
}

impl StoreLabel {
    /// The name, where it is one.
    #[must_use]
    pub fn name(&self) -> Option<&StoreName> {
        match self {
            Self::Name(name) => Some(name),
            Self::Default | Self::Alias(_) => None,
        }
    }
}

/// Which collection to open: by what it is called, or by its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoreSelector {
    /// The one that is called so; it is created if there is none.
    Label(StoreLabel),
    /// The one with this id; it must exist.
    Id(String),
}

impl StoreSelector {
    /// The one that these choose, as a configuration may give them: by its id, by its name, by its alias, or else the one
    /// without a name.
    ///
    /// ```
    /// use store_core::{ErrorKind, StoreName, StoreSelector};
    ///
    /// let pages = StoreSelector::from_parts(None, Some("pages"), None)?;
    /// assert_eq!(pages, StoreName::new("pages")?.into());
    /// let both = StoreSelector::from_parts(Some("Zk2"), Some("pages"), None);
    /// assert_eq!(both.unwrap_err().kind(), ErrorKind::InvalidArgument);
    /// # Ok::<(), store_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for more than one of them, and for what is no name or no alias.
    pub fn from_parts(id: Option<&str>, name: Option<&str>, alias: Option<&str>) -> Result<Self> {
        match (id, name, alias) {
            (None, None, None) => Ok(Self::default()),
            (Some(id), None, None) => Ok(Self::Id(id.to_owned())),
            (None, Some(name), None) => Ok(StoreName::new(name)?.into()),
            (None, None, Some(alias)) => Ok(StoreAlias::new(alias)?.into()),
            _ => Err(refused("a store is chosen by one of id, name and alias, not by several")),
        }
    }
}

impl Default for StoreSelector {
    fn default() -> Self {
        Self::Label(StoreLabel::Default)
    }
}

impl From<StoreLabel> for StoreSelector {
    fn from(label: StoreLabel) -> Self {
        Self::Label(label)
    }
}

impl From<StoreName> for StoreSelector {
    fn from(name: StoreName) -> Self {
        Self::Label(StoreLabel::Name(name))
    }
}

impl From<StoreAlias> for StoreSelector {
    fn from(alias: StoreAlias) -> Self {
        Self::Label(StoreLabel::Alias(alias))
    }
}

/// How a collection is opened.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Which one.
    pub selector: StoreSelector,
}

impl<S: Into<StoreSelector>> From<S> for OpenOptions {
    fn from(selector: S) -> Self {
        Self { selector: selector.into() }
    }
}

/// An opened collection: what every further operation is checked against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OpenedStore {
    /// The id that the backend keeps.
    pub id: String,
    /// What it is called, also if it was opened by its id.
    pub label: StoreLabel,
}

impl OpenedStore {
    /// A collection as a driver opened it.
    #[must_use]
    pub fn new(id: String, label: StoreLabel) -> Self {
        Self { id, label }
    }

    /// An id for a collection that is about to be created, different from every other: 17 letters and digits of ASCII.
    #[must_use]
    pub fn random_id() -> String {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        const LENGTH: usize = 17;
        let mut bits = random::bits();
        let digits = std::iter::repeat_with(|| {
            let digit = DIGITS[(bits % 62) as usize];
            bits /= 62;
            char::from(digit)
        });
        digits.take(LENGTH).collect()
    }
}

/// What is known about a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreMetadata {
    /// The id.
    pub id: String,
    /// The name, where it has one.
    pub name: Option<StoreName>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last opened, read or written.
    pub accessed_at: Timestamp,
    /// When it was last written.
    pub modified_at: Timestamp,
}

impl StoreMetadata {
    /// The metadata of a collection that was just created.
    #[must_use]
    pub fn created(id: String, name: Option<StoreName>, at: Timestamp) -> Self {
        Self { id, name, created_at: at, accessed_at: at, modified_at: at }
    }

    /// Sets when it was last opened, read or written.
    #[must_use]
    pub fn with_accessed_at(mut self, at: Timestamp) -> Self {
        self.accessed_at = at;
        self
    }

    /// Sets when it was last written.
    #[must_use]
    pub fn with_modified_at(mut self, at: Timestamp) -> Self {
        self.modified_at = at;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_letters_digits_and_inner_hyphens() {
        let longest = "a".repeat(StoreName::MAX_BYTES);
        for text in ["a", "A1", "a-b", "0", "a--b", &longest] {
            assert_eq!(StoreName::new(text).unwrap().as_str(), text);
        }
        let too_long = "a".repeat(StoreName::MAX_BYTES + 1);
        for text in ["", "-", "-a", "a-", "a_b", "a.b", "a b", "a/b", "ä", "a\0", "a\n", &too_long] {
            assert_eq!(StoreName::new(text).unwrap_err().kind(), ErrorKind::InvalidArgument, "{text:?}");
        }
    }

    #[test]
    fn aliases_are_anything_that_is_no_path() {
        let longest = "a".repeat(StoreAlias::MAX_BYTES);
        for text in ["a", "-", "_", "a b", "ä:{}*", "...", "\n", &longest] {
            assert_eq!(StoreAlias::new(text).unwrap().as_str(), text);
        }
        let too_long = "a".repeat(StoreAlias::MAX_BYTES + 1);
        for text in ["", ".", "..", "a/b", "a\\b", "a\0b", "/", &too_long] {
            assert_eq!(StoreAlias::new(text).unwrap_err().kind(), ErrorKind::InvalidArgument, "{text:?}");
        }
    }
    #[test]
    fn ids_are_letters_and_digits_and_differ() {
        let ids: HashSet<_> = (0..1000).map(|_| OpenedStore::random_id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 17 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        let used: HashSet<_> = ids.iter().flat_map(|id| id.bytes()).collect();
        assert_eq!(used.len(), 62);
    }
}
