//! The wire keys that an enumeration covers.

use store_core::{KeyBuf, ListedKey, Namespace, Scope};

use super::native::{KEY_SEPARATOR, Native};
use super::{Keyspace, Spelling, is_of_driver};
use crate::slot::Slot;

/// The keys of one namespace, or of one with all that is nested in it.
#[derive(Debug)]
pub(crate) struct Region {
    keyspace: Keyspace,
    namespace: Namespace,
    scope: Scope,
    /// What the keys of the namespace begin with.
    stem: String,
}

impl Region {
    pub(super) fn new(keyspace: Keyspace, namespace: &Namespace, scope: Scope) -> Self {
        let stem = match keyspace.spelling {
            // With the separator, so that the usual key is recognised without decoding it.
            Spelling::Native(layout) => layout.stem(namespace).concat() + KEY_SEPARATOR,
            Spelling::Compatible(layout) => layout.stem(namespace),
        };
        Self { keyspace, namespace: namespace.clone(), scope, stem }
    }

    /// The pattern that finds them. It may find more, so [`contains`](Self::contains) has the last word.
    pub(crate) fn pattern(&self) -> String {
        match self.keyspace.spelling {
            Spelling::Native(layout) => layout.pattern(&self.namespace, self.scope),
            Spelling::Compatible(layout) => layout.pattern(&self.stem, self.scope),
        }
    }

    /// What tells it from every other region of a database.
    pub(crate) fn identity(&self) -> String {
        format!("{:?} {}", self.scope, self.pattern())
    }

    /// The slot that all of them lie in, if they lie in one.
    pub(crate) fn slot(&self) -> Option<Slot> {
        match self.keyspace.spelling {
            Spelling::Native(layout) => layout.slot_of_all(&self.namespace, self.scope),
            Spelling::Compatible(_) => Slot::of_all_that_begin(self.stem.as_bytes()),
        }
    }

    /// Whether a wire key is one of them, be its key text or not.
    pub(crate) fn contains(&self, wire_key: &[u8]) -> bool {
        match self.keyspace.spelling {
            Spelling::Native(layout) => self.locate(layout, wire_key).is_some(),
            Spelling::Compatible(layout) => layout.covers(&self.stem, self.scope, wire_key) && !is_of_driver(wire_key),
        }
    }

    /// A wire key as `list` shows it; `None` when it is not one of them, or when its key is no valid key.
    pub(crate) fn listed(&self, wire_key: &[u8]) -> Option<ListedKey> {
        let (namespace, key) = match self.keyspace.spelling {
            Spelling::Native(layout) => self.locate(layout, wire_key)?,
            Spelling::Compatible(layout) if self.contains(wire_key) => {
                layout.decode(&self.namespace, &self.stem, wire_key)?
            }
            Spelling::Compatible(_) => return None,
        };
        let key = KeyBuf::new(std::str::from_utf8(key).ok()?).ok()?;
        Some(ListedKey::new(namespace, key))
    }

    fn locate<'k>(&self, layout: Native, wire_key: &'k [u8]) -> Option<(Namespace, &'k [u8])> {
        match wire_key.strip_prefix(self.stem.as_bytes()) {
            Some([]) => None,
            Some(key) => Some((self.namespace.clone(), key)),
            None => layout.decode(wire_key).filter(|(namespace, _)| self.covers(namespace)),
        }
    }

    fn covers(&self, namespace: &Namespace) -> bool {
        match self.scope {
            Scope::Namespace => *namespace == self.namespace,
            Scope::Subtree => namespace.is_within(&self.namespace),
        }
    }
}
