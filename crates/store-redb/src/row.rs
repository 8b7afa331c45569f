//! How a namespace and a key become the bytes by which an entry or a lock is found and sorted.
//!
//! The encoded path with `0x01` between its segments, `0x00`, the key. No other byte of an encoded path is below `0x20`, so
//! the first `0x00` ends it, whatever the key is; and the namespaces in one sort right behind it, before every sibling:
//! a namespace is a range of rows, and so is its subtree.

use std::ops::Bound;

use store_core::{Address, KeyBuf, ListedKey, Namespace, Scope};

const END_OF_PATH: u8 = 0;
const SEPARATOR: u8 = 1;
/// Behind everything in a subtree.
const END_OF_SUBTREE: u8 = 2;

/// The row of an entry or a lock.
pub(crate) fn of(at: Address<'_>) -> Vec<u8> {
    with_end(at.namespace, END_OF_PATH, at.key.as_bytes())
}

/// What a row stands for; `None` for one that [`of`] never makes.
pub(crate) fn parse(row: &[u8]) -> Option<ListedKey> {
    let end = row.iter().position(|&byte| byte == END_OF_PATH)?;
    let (path, key) = (std::str::from_utf8(row.get(..end)?).ok()?, row.get(end + 1..)?);
    if path.contains('/') {
        return None;
    }
    let path = path.replace(char::from(SEPARATOR), "/");
    let key = KeyBuf::new(std::str::from_utf8(key).ok()?).ok()?;
    Some(ListedKey::new(Namespace::from_encoded(&path)?, key))
}

/// A range of rows.
pub(crate) type Span = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The rows of a namespace, alone or with all that is nested in it.
pub(crate) fn span(namespace: &Namespace, scope: Scope) -> Span {
    let start = Bound::Included(with_end(namespace, END_OF_PATH, b""));
    match scope {
        Scope::Namespace => (start, Bound::Excluded(with_end(namespace, SEPARATOR, b""))),
        // What is nested in no namespace is everything: its paths begin with their first segment.
        Scope::Subtree if namespace.is_empty() => (start, Bound::Unbounded),
        Scope::Subtree => (start, Bound::Excluded(with_end(namespace, END_OF_SUBTREE, b""))),
    }
}

fn with_end(namespace: &Namespace, end: u8, key: &[u8]) -> Vec<u8> {
    let path = namespace.as_encoded().as_bytes();
    let mut row = Vec::with_capacity(path.len() + 1 + key.len());
    row.extend(path.iter().map(|&byte| if byte == b'/' { SEPARATOR } else { byte }));
    row.push(end);
    row.extend_from_slice(key);
    row
}

#[cfg(test)]
mod tests {
    use std::ops::RangeBounds;

    use proptest::prelude::*;
    use store_core::Key;

    use super::*;

    /// Segments that look alike, and whose characters sort around the separators.
    fn namespace() -> impl Strategy<Value = Namespace> {
        let segment = prop::sample::select(&["a", "a-", "a.b", "a/b", "b", "\u{0}", "\u{1}", "%", "~", "é"][..]);
        prop::collection::vec(segment, 0..4).prop_map(|segments| Namespace::new(segments).unwrap())
    }

    fn key() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&['\u{0}', '\u{1}', '\u{2}', '/', 'a', 'é'][..]), 1..4)
            .prop_map(|characters| characters.into_iter().collect())
    }

    fn row(namespace: &Namespace, key: &str) -> Vec<u8> {
        of(Address { namespace, key: Key::new(key).unwrap() })
    }

    proptest! {
        #[test]
        fn a_row_is_read_back_and_lies_in_the_spans_that_cover_it_and_in_no_other(
            (namespace, other) in (namespace(), namespace()),
            key in key(),
        ) {
            let row = row(&namespace, &key);
            let listed = parse(&row).unwrap();
            prop_assert_eq!((&listed.namespace, listed.key.as_str()), (&namespace, &*key));
            prop_assert_eq!(span(&other, Scope::Namespace).contains(&row), namespace == other);
            prop_assert_eq!(span(&other, Scope::Subtree).contains(&row), namespace.is_within(&other));
        }

        #[test]
        fn rows_of_a_namespace_sort_as_their_keys(namespace in namespace(), one in key(), other in key()) {
            prop_assert_eq!(row(&namespace, &one).cmp(&row(&namespace, &other)), one.as_bytes().cmp(other.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_row_is_none() {
        for row in
            [&b""[..], b"a", b"\0", b"a\0", b"a/b\0k", b"a\x01\0k", b"\x01a\0k", b"a b\0k", b"\xff\0k", b"a\0\xff"]
        {
            assert_eq!(parse(row), None, "{row:?}");
        }
    }
}
