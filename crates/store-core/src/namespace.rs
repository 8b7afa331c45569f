//! Namespaces: paths of segments that isolate entries from each other.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::encoding;
use crate::error::{Error, ErrorKind, Result};

const SEPARATOR: char = '/';

/// A path of zero or more non-empty text segments; the first is its *root*.
///
/// # Contract
/// * `namespaces_are_injective`: different paths never share an entry, whatever the characters: `["a", "b"]`, `["a_b"]`, `["a:b"]` and `["a/b"]` are four namespaces.
/// * `namespace_limits`: a segment is not empty ([`ErrorKind::InvalidKey`]), and the encoded path has at most 16 KiB ([`ErrorKind::TooLarge`]).
///
/// A `&str` is one segment, an array of them is a path:
///
/// ```
/// use store_core::Namespace;
///
/// let tenant = Namespace::try_from(["tenants", "a/b"])?;
/// assert_eq!(tenant.to_string(), "tenants/a%2Fb");
/// assert!(tenant.is_within(&Namespace::try_from("tenants")?));
/// # Ok::<(), store_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Namespace {
    /// Encoded segments joined by [`SEPARATOR`]; `None` without any, so that the empty path needs no allocation.
    path: Option<Arc<str>>,
}

impl Namespace {
    /// No segment at all.
    pub const EMPTY: Self = Self { path: None };

    /// The longest path, in bytes of its encoded form.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// A path of these segments.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`] for an empty segment, [`ErrorKind::TooLarge`] beyond [`Namespace::MAX_BYTES`].
    pub fn new<T: AsRef<str>>(segments: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut path = String::new();
        for segment in segments {
            let segment = segment.as_ref();
            if segment.is_empty() {
                return Err(Error::new(ErrorKind::InvalidKey, "a namespace segment must not be empty"));
            }
            if !path.is_empty() {
                path.push(SEPARATOR);
            }
            encoding::encode_into(segment, &mut path);
            check_length(path.len())?;
        }
        Ok(Self::of_path(path))
    }

    /// The path that [`as_encoded`](Self::as_encoded) spells; `None` for any text that it never returns.
    #[must_use]
    pub fn from_encoded(path: &str) -> Option<Self> {
        let valid = path.len() <= Self::MAX_BYTES
            && (path.is_empty() || path.split(SEPARATOR).all(|segment| encoding::decode(segment).is_some()));
        valid.then(|| Self::of_path(path))
    }

    fn of_path(path: impl Into<Arc<str>> + AsRef<str>) -> Self {
        let path = (!path.as_ref().is_empty()).then(|| path.into());
        Self { path }
    }

    /// This path followed by `child`. Allocates only when both have segments.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] beyond [`Namespace::MAX_BYTES`].
    pub fn join(&self, child: &Self) -> Result<Self> {
        match (&self.path, &child.path) {
            (None, _) => Ok(child.clone()),
            (_, None) => Ok(self.clone()),
            (Some(parent), Some(rest)) => {
                check_length(parent.len() + 1 + rest.len())?;
                Ok(Self::of_path([parent, "/", rest].concat()))
            }
        }
    }

    /// What is left of this path below `ancestor`; `None` when it is not below it.
    #[must_use]
    pub fn relative_to(&self, ancestor: &Self) -> Option<Self> {
        match self.below(ancestor)? {
            whole if ancestor.is_empty() && !whole.is_empty() => Some(self.clone()),
            below => Some(Self::of_path(below)),
        }
    }

    /// Whether this path is `ancestor` or nested in it.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.below(ancestor).is_some()
    }

    /// The encoded path below `ancestor`.
    fn below(&self, ancestor: &Self) -> Option<&str> {
        let rest = self.as_encoded().strip_prefix(ancestor.as_encoded())?;
        if ancestor.is_empty() || rest.is_empty() { Some(rest) } else { rest.strip_prefix(SEPARATOR) }
    }

    /// Whether it has no segment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.path.is_none()
    }

    /// The segments as they were given.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.path.iter().flat_map(|path| path.split(SEPARATOR)).filter_map(encoding::decode)
    }

    /// The encoded path, `""` without a segment: each segment percent-encoded (all but `A-Z a-z 0-9 . _ -`), joined by `/`.
    #[must_use]
    pub fn as_encoded(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }
}

fn check_length(bytes: usize) -> Result<()> {
    if bytes <= Namespace::MAX_BYTES {
        return Ok(());
    }
    let limit = Namespace::MAX_BYTES;
    Err(Error::new(ErrorKind::TooLarge, format!("namespace too long when encoded; bytes={bytes} limit={limit}")))
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_encoded())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_encoded().fmt(f)
    }
}

impl TryFrom<&str> for Namespace {
    type Error = Error;

    fn try_from(segment: &str) -> Result<Self> {
        Self::new([segment])
    }
}

impl TryFrom<&String> for Namespace {
    type Error = Error;

    fn try_from(segment: &String) -> Result<Self> {
        Self::new([segment])
    }
}

impl TryFrom<String> for Namespace {
    type Error = Error;

    fn try_from(segment: String) -> Result<Self> {
        Self::new([segment])
    }
}

impl TryFrom<&Self> for Namespace {
    type Error = Error;

    fn try_from(namespace: &Self) -> Result<Self> {
        Ok(namespace.clone())
    }
}

impl<T: AsRef<str>, const N: usize> TryFrom<[T; N]> for Namespace {
    type Error = Error;

    fn try_from(segments: [T; N]) -> Result<Self> {
        Self::new(segments)
    }
}

impl<T: AsRef<str>, const N: usize> TryFrom<&[T; N]> for Namespace {
    type Error = Error;

    fn try_from(segments: &[T; N]) -> Result<Self> {
        Self::new(segments)
    }
}

impl<T: AsRef<str>> TryFrom<Vec<T>> for Namespace {
    type Error = Error;

    fn try_from(segments: Vec<T>) -> Result<Self> {
        Self::new(segments)
    }
}

impl<T: AsRef<str>> TryFrom<&[T]> for Namespace {
    type Error = Error;

    fn try_from(segments: &[T]) -> Result<Self> {
        Self::new(segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path<const N: usize>(segments: [&str; N]) -> Namespace {
        Namespace::try_from(segments).unwrap()
    }

    #[test]
    fn look_alikes_are_different_namespaces() {
        let all = [path(["a", "b"]), path(["a_b"]), path(["a:b"]), path(["a/b"]), path(["a%2Fb"])];
        for (i, one) in all.iter().enumerate() {
            for other in &all[i + 1..] {
                assert_ne!(one, other);
                assert!(!one.is_within(other) && !other.is_within(one));
            }
        }
    }

    #[test]
    fn segments_come_back_as_given() {
        let given = ["a/b", "%2F", "é", "{x}", "\0\n"];
        let back: Vec<_> = path(given).segments().map(Cow::into_owned).collect();
        assert_eq!(back, given);
        assert_eq!(Namespace::EMPTY.segments().count(), 0);
    }

    #[test]
    fn a_common_prefix_is_no_ancestor() {
        assert!(!path(["apple"]).is_within(&path(["app"])));
        assert!(path(["app", "le"]).is_within(&path(["app"])));
        assert!(path(["app"]).is_within(&Namespace::EMPTY));
        assert!(!Namespace::EMPTY.is_within(&path(["app"])));
    }

    #[test]
    fn relative_to_undoes_join() {
        for parent in [Namespace::EMPTY, path(["app"])] {
            for child in [Namespace::EMPTY, path(["x"]), path(["x", "y"])] {
                let joined = parent.join(&child).unwrap();
                assert_eq!(joined.relative_to(&parent), Some(child));
            }
        }
        assert_eq!(path(["apple"]).relative_to(&path(["app"])), None);
    }

    #[test]
    fn limits_are_typed_errors() {
        assert_eq!(Namespace::try_from(["a", ""]).unwrap_err().kind(), ErrorKind::InvalidKey);
        let long = "x".repeat(Namespace::MAX_BYTES);
        assert!(Namespace::try_from(&*long).is_ok());
        assert_eq!(Namespace::try_from([&*long, "y"]).unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(path(["y"]).join(&path([&*long])).unwrap_err().kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn from_encoded_accepts_only_canonical_spelling() {
        assert_eq!(Namespace::from_encoded("app/x%2Fy"), Some(path(["app", "x/y"])));
        assert_eq!(Namespace::from_encoded(""), Some(Namespace::EMPTY));
        for text in ["/", "a//b", "a/", "a%2f", "a b", "%r"] {
            assert_eq!(Namespace::from_encoded(text), None, "{text}");
        }
    }
}
