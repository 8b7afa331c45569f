//! The native layout: the namespace, then `:`, then the key as it is.
//!
//! Segments are percent-encoded by [`Namespace::as_encoded`], which leaves neither a separator (`/`, `:`) nor a brace nor
//! a glob character in them. So the first `:` ends the namespace, whatever the key contains, two addresses never share a
//! wire key, and a pattern for SCAN needs no escaping. The policy decides what of the namespace stands in braces, which
//! is what a cluster hashes:
//!
//! | policy | `k` in `["app", "x"]` | lies with |
//! | --- | --- | --- |
//! | `Root` | `{app}/x:k` | everything whose root is `app` |
//! | `PerNamespace` | `{app/x}:k` | everything in `app/x` itself |
//! | `PerKey` | `app/x:k` | keys with the same text in braces, if there is any |
//!
//! Without a namespace it is `:k` under each of them, and lies as under `PerKey`. A namespace of one segment is spelled
//! alike by `Root` and `PerNamespace`; what else one policy writes, the others take for foreign.

use store_core::{Address, Namespace, Scope};

use crate::config::SlotPolicy;
use crate::slot::Slot;

/// Ends the namespace part.
pub(super) const KEY_SEPARATOR: &str = ":";
/// Stands before every nested segment.
const SEGMENT_SEPARATOR: char = '/';

/// The native layout under one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Native(pub(super) SlotPolicy);

impl Native {
    /// What a wire key is put together of.
    pub(super) fn parts(self, at: Address<'_>) -> [&str; 6] {
        let [open, tag, close, nested] = self.stem(at.namespace);
        [open, tag, close, nested, KEY_SEPARATOR, at.key.as_str()]
    }

    /// What all keys of a namespace begin with, up to the separator before the key.
    pub(super) fn stem(self, namespace: &Namespace) -> [&str; 4] {
        let path = namespace.as_encoded();
        if path.is_empty() {
            return [""; 4];
        }
        match self.0 {
            SlotPolicy::Root => {
                let (root, nested) = split_root(path);
                ["{", root, "}", nested]
            }
            SlotPolicy::PerNamespace => ["{", path, "}", ""],
            SlotPolicy::PerKey => ["", path, "", ""],
        }
    }

    /// The slot that a cluster gives to an address.
    pub(super) fn slot(self, at: Address<'_>) -> Slot {
        match self.tag(at.namespace) {
            Some(tag) => Slot::of_tag(tag.as_bytes()),
            None => Slot::of_parts([at.namespace.as_encoded(), KEY_SEPARATOR], at.key.as_bytes()),
        }
    }

    /// The hash tag of all keys of a namespace; `None` where each key has its own slot.
    fn tag(self, namespace: &Namespace) -> Option<&str> {
        let [open, tag, ..] = self.stem(namespace);
        (!open.is_empty()).then_some(tag)
    }

    /// The slot that all keys of a region lie in, if they lie in one.
    pub(super) fn slot_of_all(self, namespace: &Namespace, scope: Scope) -> Option<Slot> {
        let tag = self.tag(namespace)?;
        let is_one = self.0 == SlotPolicy::Root || scope == Scope::Namespace;
        is_one.then(|| Slot::of_tag(tag.as_bytes()))
    }

    /// The pattern that finds a region. Where its keys lie in one slot it begins with the whole hash tag: newer servers
    /// then look at that slot alone.
    pub(super) fn pattern(self, namespace: &Namespace, scope: Scope) -> String {
        let stem = self.stem(namespace).concat();
        match scope {
            Scope::Namespace => stem + KEY_SEPARATOR + "*",
            Scope::Subtree if namespace.is_empty() => match self.0 {
                SlotPolicy::Root | SlotPolicy::PerNamespace => "[:{]*".to_owned(),
                SlotPolicy::PerKey => "[:%._0-9A-Za-z-]*".to_owned(),
            },
            // Without the class after the stem, `app` would walk over the keys of `app/le` only to reject `apple`.
            Scope::Subtree => match self.0 {
                SlotPolicy::Root | SlotPolicy::PerKey => stem + "[:/]*",
                SlotPolicy::PerNamespace => format!("{{{namespace}[}}/]*"),
            },
        }
    }

    /// The namespace that a wire key lies in and the bytes of its key; `None` for what this policy never writes.
    pub(super) fn decode(self, wire_key: &[u8]) -> Option<(Namespace, &[u8])> {
        let (head, key) = split_once(wire_key, KEY_SEPARATOR)?;
        if key.is_empty() {
            return None;
        }
        let namespace = if head.is_empty() { Namespace::EMPTY } else { self.decode_stem(head)? };
        Some((namespace, key))
    }

    fn decode_stem(self, stem: &[u8]) -> Option<Namespace> {
        let stem = std::str::from_utf8(stem).ok()?;
        match self.0 {
            SlotPolicy::Root => {
                let (root, nested) = stem.strip_prefix('{')?.split_once('}')?;
                let root_is_one_segment = !root.is_empty() && !root.contains(SEGMENT_SEPARATOR);
                let nested_is_separate = nested.is_empty() || nested.starts_with(SEGMENT_SEPARATOR);
                if !(root_is_one_segment && nested_is_separate) {
                    return None;
                }
                Namespace::from_encoded(&[root, nested].concat())
            }
            SlotPolicy::PerNamespace => {
                let path = stem.strip_prefix('{')?.strip_suffix('}')?;
                Namespace::from_encoded(path).filter(|namespace| !namespace.is_empty())
            }
            SlotPolicy::PerKey => Namespace::from_encoded(stem),
        }
    }
}

/// The first segment of a path, and all behind it with the separator before it.
pub(super) fn split_root(path: &str) -> (&str, &str) {
    path.split_at(path.find(SEGMENT_SEPARATOR).unwrap_or(path.len()))
}

fn split_once<'a>(bytes: &'a [u8], separator: &str) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator.as_bytes())?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}
