//! The wire keys that an enumeration covers.

use store_core::{KeyBuf, ListedKey, Namespace, Scope};

use super::{KEY_SEPARATOR, Keyspace};
use crate::config::SlotPolicy;
use crate::slot::Slot;

/// The keys of one namespace, or of one with all that is nested in it.
#[derive(Debug)]
pub(crate) struct Region {
    keyspace: Keyspace,
    namespace: Namespace,
    scope: Scope,
    /// What the keys directly in the namespace begin with, so that the usual key is recognised without decoding it.
    head: String,
}

impl Region {
    pub(super) fn new(keyspace: Keyspace, namespace: &Namespace, scope: Scope) -> Self {
        let head = keyspace.stem(namespace).concat() + KEY_SEPARATOR;
        Self { keyspace, namespace: namespace.clone(), scope, head }
    }

    /// The pattern that finds them. It may find more, so [`contains`](Self::contains) has the last word.
    ///
    /// Where they lie in one slot it begins with the whole hash tag: newer servers then look at that slot alone.
    pub(crate) fn pattern(&self) -> String {
        let policy = self.keyspace.policy;
        match self.scope {
            Scope::Namespace => format!("{}*", self.head),
            Scope::Subtree if self.namespace.is_empty() => match policy {
                SlotPolicy::Root | SlotPolicy::PerNamespace => "[:{]*".to_owned(),
                SlotPolicy::PerKey => "[:%._0-9A-Za-z-]*".to_owned(),
            },
            // Without the class after the stem, `app` would walk over the keys of `app/le` only to reject `apple`.
            Scope::Subtree => match policy {
                SlotPolicy::Root | SlotPolicy::PerKey => self.keyspace.stem(&self.namespace).concat() + "[:/]*",
                SlotPolicy::PerNamespace => format!("{{{}[}}/]*", self.namespace),
            },
        }
    }

    /// The slot that all of them lie in, if they lie in one.
    pub(crate) fn slot(&self) -> Option<Slot> {
        let tag = self.keyspace.tag(&self.namespace)?;
        let is_one = self.keyspace.policy == SlotPolicy::Root || self.scope == Scope::Namespace;
        is_one.then(|| Slot::of_tag(tag.as_bytes()))
    }

    /// Whether a wire key is one of them, be its key text or not.
    pub(crate) fn contains(&self, wire_key: &[u8]) -> bool {
        self.locate(wire_key).is_some()
    }

    /// A wire key as `list` shows it; `None` when it is not one of them, or when its key is no valid key.
    pub(crate) fn listed(&self, wire_key: &[u8]) -> Option<ListedKey> {
        let (namespace, key) = self.locate(wire_key)?;
        let key = KeyBuf::new(std::str::from_utf8(key).ok()?).ok()?;
        Some(ListedKey::new(namespace, key))
    }

    fn locate<'k>(&self, wire_key: &'k [u8]) -> Option<(Namespace, &'k [u8])> {
        match wire_key.strip_prefix(self.head.as_bytes()) {
            Some([]) => None,
            Some(key) => Some((self.namespace.clone(), key)),
            None => self.keyspace.decode(wire_key).filter(|(namespace, _)| self.covers(namespace)),
        }
    }

    fn covers(&self, namespace: &Namespace) -> bool {
        match self.scope {
            Scope::Namespace => *namespace == self.namespace,
            Scope::Subtree => namespace.is_within(&self.namespace),
        }
    }
}
