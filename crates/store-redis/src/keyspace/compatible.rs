//! The layouts of Python programs, byte for byte. Nothing is escaped in them, so some addresses share a wire key:
//!
//! | scheme | `k` in `["a", "b"]` | without a namespace | shared, for instance, with |
//! | --- | --- | --- | --- |
//! | `Litestar` | `a_b:k` | `k` | `k` in `["a_b"]`; `a_b:k` without a namespace |
//! | `Flat` | `abk` | `k` | `k` in `["ab"]`; `bk` in `["a"]` |
//!
//! A wire key can therefore be read in several ways. It is read relative to the namespace that is asked for, and always
//! as an address that is spelled like it.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use store_core::{Address, Error, ErrorKind, Key, Namespace, Result, Scope};

use super::is_of_driver;
use crate::slot::Slot;

const KEY_SEPARATOR: char = ':';
/// Stands between nested namespaces of Litestar.
const SEGMENT_SEPARATOR: char = '_';

/// A layout that a Python program shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compatible {
    pub(crate) scheme: Scheme,
    pub(crate) ambiguity: Ambiguity,
}

/// How an address is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Litestar,
    Flat,
}

/// What becomes of addresses that another one may share its wire key with, and of names and aliases that share one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ambiguity {
    Allowed,
    Refused,
}

impl Compatible {
    /// What a wire key is put together of, in order.
    pub(super) fn each_part(self, at: Address<'_>, mut part: impl FnMut(&str)) {
        self.each_part_of_stem(at.namespace, &mut part);
        if self.scheme == Scheme::Litestar && !at.namespace.is_empty() {
            part(":");
        }
        part(at.key.as_str());
    }

    /// What all keys of a namespace begin with, without a separator behind it.
    pub(super) fn stem(self, namespace: &Namespace) -> String {
        let mut stem = String::new();
        self.each_part_of_stem(namespace, |part| stem.push_str(part));
        stem
    }

    fn each_part_of_stem(self, namespace: &Namespace, mut part: impl FnMut(&str)) {
        for (place, segment) in namespace.segments().enumerate() {
            if self.scheme == Scheme::Litestar && place > 0 {
                part("_");
            }
            part(&segment);
        }
    }

    /// The slot that a cluster gives to an address: what a Python client computes from the finished text.
    pub(super) fn slot(self, at: Address<'_>) -> Slot {
        let mut wire_key = String::new();
        self.each_part(at, |part| wire_key.push_str(part));
        Slot::of_wire_key(wire_key.as_bytes())
    }

    /// The pattern that finds all keys whose namespace has this stem, and where it is asked for what is nested in it.
    pub(super) fn pattern(self, stem: &str, scope: Scope) -> String {
        let stem_is_empty = stem.is_empty();
        let stem = escaped(stem);
        match (self.scheme, scope) {
            (Scheme::Litestar, Scope::Namespace) if !stem_is_empty => stem + ":*",
            (Scheme::Litestar, Scope::Subtree) if !stem_is_empty => stem + "[:_]*",
            (Scheme::Litestar | Scheme::Flat, _) => stem + "*",
        }
    }

    /// Whether a wire key lies in the namespace with this stem, or where it is asked for in one nested in it.
    pub(super) fn covers(self, stem: &str, scope: Scope, wire_key: &[u8]) -> bool {
        match self.place(stem.as_bytes(), wire_key) {
            Some(Place { nested: None, .. }) => true,
            Some(Place { nested: Some(_), .. }) => scope == Scope::Subtree,
            None => false,
        }
    }

    /// The address that a wire key is read as from the namespace `base`, which has this stem; `None` where there is none
    /// that may be asked for.
    pub(super) fn decode<'k>(self, base: &Namespace, stem: &str, wire_key: &'k [u8]) -> Option<(Namespace, &'k [u8])> {
        let Place { nested, key } = self.place(stem.as_bytes(), wire_key)?;
        let namespace = match nested {
            None => base.clone(),
            Some(path) => base.join(&self.decode_path(std::str::from_utf8(path).ok()?)?).ok()?,
        };
        let text = std::str::from_utf8(key).ok()?;
        let is_admitted = self.admit(Address { namespace: &namespace, key: Key::new(text).ok()? }).is_ok();
        is_admitted.then_some((namespace, key))
    }

    /// Where a wire key lies relative to the namespace with this stem; `None` outside it.
    fn place<'k>(self, stem: &[u8], wire_key: &'k [u8]) -> Option<Place<'k>> {
        let rest = wire_key.strip_prefix(stem)?;
        let here = |key| Place { nested: None, key };
        match self.scheme {
            Scheme::Litestar if stem.is_empty() => Some(match split_at_key(rest) {
                None | Some(([], _)) => here(rest),
                Some((path, key)) => Place { nested: Some(path), key },
            }),
            Scheme::Litestar => match rest.split_first()? {
                (b':', key) => Some(here(key)),
                (b'_', nested) => match split_at_key(nested)? {
                    // Strictly, that is nobody's, and so not to be cleared either.
                    (path, _) if self.ambiguity == Ambiguity::Refused && has_empty_segment(path) => None,
                    (path, key) => Some(Place { nested: Some(path), key }),
                },
                _ => None,
            },
            // Strictly, a key has a namespace if there is a separator in it.
            Scheme::Flat if stem.is_empty() && self.ambiguity == Ambiguity::Refused => Some(match split_at_key(rest) {
                None => here(rest),
                Some((path, key)) => Place { nested: rest.get(..=path.len()), key },
            }),
            Scheme::Flat => Some(here(rest)),
        }
    }

    /// The segments that nested namespaces were put together of: as many as possible.
    fn decode_path(self, path: &str) -> Option<Namespace> {
        let segments: Vec<_> = match self.scheme {
            Scheme::Litestar => path.split(SEGMENT_SEPARATOR).collect(),
            Scheme::Flat => vec![path],
        };
        // A separator at an end or beside another is a part of a segment, for no segment is empty.
        let namespace = if segments.contains(&"") { Namespace::new([path]) } else { Namespace::new(segments) };
        namespace.ok()
    }

    /// Refuses addresses that another one may share its wire key with, where the layout is strict.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`], with the rule.
    pub(super) fn admit(self, at: Address<'_>) -> Result<()> {
        if self.ambiguity == Ambiguity::Allowed {
            return Ok(());
        }
        if !at.namespace.is_empty() {
            return self.admit_namespace(at.namespace);
        }
        let key = at.key.as_str();
        match key.contains(KEY_SEPARATOR) || is_of_driver(key.as_bytes()) {
            true => Err(refused("a key without a namespace has no `:`, and does not begin like a lock, `%l{`")),
            false => Ok(()),
        }
    }

    /// The same for all keys of a namespace.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    pub(super) fn admit_namespace(self, namespace: &Namespace) -> Result<()> {
        let mut segments = namespace.segments();
        if self.ambiguity == Ambiguity::Allowed || namespace.is_empty() {
            return Ok(());
        }
        if segments.next().is_some_and(|root| is_of_driver(root.as_bytes())) {
            return Err(refused("a namespace does not begin like a lock, `%l{`"));
        }
        match self.scheme {
            Scheme::Litestar => namespace.segments().try_for_each(admit_litestar_segment),
            Scheme::Flat if segments.next().is_some() => Err(refused("a flat layout has no nested namespaces")),
            Scheme::Flat => namespace.segments().try_for_each(admit_prefix),
        }
    }
}

/// Where a wire key lies.
struct Place<'k> {
    /// What leads down to it from the namespace that was asked for, if anything does.
    nested: Option<&'k [u8]>,
    key: &'k [u8],
}

/// Whether Litestar's path has a separator at an end, or beside another.
fn has_empty_segment(path: &[u8]) -> bool {
    path.split(|&byte| byte == b'_').any(<[u8]>::is_empty)
}

fn split_at_key(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == b':')?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

fn admit_litestar_segment(segment: Cow<'_, str>) -> Result<()> {
    match segment.contains([KEY_SEPARATOR, SEGMENT_SEPARATOR]) {
        true => Err(refused("a namespace segment has no `_` and no `:`")),
        false => Ok(()),
    }
}

fn admit_prefix(prefix: Cow<'_, str>) -> Result<()> {
    match prefix.strip_suffix(KEY_SEPARATOR) {
        Some(name) if !name.contains(KEY_SEPARATOR) => Ok(()),
        _ => Err(refused("a prefix ends with `:`, and has no other")),
    }
}

fn refused(rule: &str) -> Error {
    Error::new(ErrorKind::InvalidKey, format!("the strict layout refuses what it cannot keep apart: {rule}"))
}

/// Text as a glob that finds it alone. `^` and `-` mean something only within a class, and none is opened.
fn escaped(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '*' | '?' | '[' | ']' | '\\') {
            glob.push('\\');
        }
        glob.push(char);
    }
    glob
}
