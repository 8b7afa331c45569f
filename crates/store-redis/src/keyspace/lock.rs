//! Spells the wire keys of locks, alike in every layout.
//!
//! The lock `name` of the namespace `root/child` is `%l{root}/child:name`, and the last fencing token of all locks below
//! `root` is `%f{root}`; without a namespace they are `%l{%}:name` and `%f{%}`. So
//! * no entry of the native layout has such a key: those begin with `:`, with `{` or with an encoded segment, in which
//!   upper-case hexadecimal digits follow a `%`;
//! * the hash tag puts both into one slot, whatever decides the slots of entries, and `%` alone is no encoded segment.

use store_core::Address;

use super::native::{KEY_SEPARATOR, split_root};
use crate::request::Route;
use crate::slot::Slot;

const LOCK: &str = "%l";
const LAST_TOKEN: &str = "%f";
/// The hash tag of locks that lie in no namespace.
const NO_ROOT: &str = "%";

/// The wire keys that an operation on a lock needs.
#[derive(Debug)]
pub(crate) struct LockKeys {
    /// Who holds it.
    pub(crate) lock: String,
    /// The last fencing token that any lock of the same root got.
    pub(crate) last_token: String,
    slot: Slot,
}

impl LockKeys {
    pub(crate) fn new(at: Address<'_>) -> Self {
        let (root, nested) = split_root(at.namespace.as_encoded());
        let root = if root.is_empty() { NO_ROOT } else { root };
        Self {
            lock: [LOCK, "{", root, "}", nested, KEY_SEPARATOR, at.key.as_str()].concat(),
            last_token: [LAST_TOKEN, "{", root, "}"].concat(),
            slot: Slot::of_tag(root.as_bytes()),
        }
    }

    /// Where requests for them go.
    pub(crate) fn route(&self) -> Route {
        Route::Slot(self.slot)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use store_core::{Key, Namespace, Scope};

    use super::super::{Keyspace, Native, Spelling, Spread};
    use super::*;
    use crate::config::SlotPolicy;

    fn keys(segments: &[&str], name: &str) -> LockKeys {
        let namespace = Namespace::try_from(segments).unwrap();
        LockKeys::new(Address { namespace: &namespace, key: Key::new(name).unwrap() })
    }

    #[test]
    fn the_wire_keys_of_locks_are_spelled_as_documented() {
        for (segments, name, lock, last_token) in [
            (&[][..], "k", "%l{%}:k", "%f{%}"),
            (&[], "{app}:k", "%l{%}:{app}:k", "%f{%}"),
            (&["app"], "k", "%l{app}:k", "%f{app}"),
            (&["app", "sub", "x"], "k", "%l{app}/sub/x:k", "%f{app}"),
            (&["a/b", "}"], "{x}", "%l{a%2Fb}/%7D:{x}", "%f{a%2Fb}"),
            (&["%"], "k", "%l{%25}:k", "%f{%25}"),
        ] {
            let keys = keys(segments, name);
            assert_eq!((&*keys.lock, &*keys.last_token), (lock, last_token));
        }
    }

    proptest! {
        #[test]
        fn both_keys_lie_in_the_slot_of_the_root_and_in_no_region(segments in vec("[a%{}:/]{1,3}", 0..3), name in "[a{}:/%]{1,4}") {
            let namespace = Namespace::new(&segments).unwrap();
            let keys = LockKeys::new(Address { namespace: &namespace, key: Key::new(&name).unwrap() });
            for key in [&keys.lock, &keys.last_token] {
                prop_assert_eq!(Route::Slot(Slot::of_wire_key(key.as_bytes())), keys.route());
                for policy in [SlotPolicy::Root, SlotPolicy::PerNamespace, SlotPolicy::PerKey] {
                    for covered in [&namespace, &Namespace::EMPTY] {
                        let spelling = Spelling::Native(Native(policy));
                        let keyspace = Keyspace { spelling, spread: Spread::Slots };
                        let region = keyspace.region(covered, Scope::Subtree).unwrap();
                        prop_assert!(!region.contains(key.as_bytes()));
                    }
                }
            }
        }

        #[test]
        fn different_locks_have_different_wire_keys(
            one in (vec("[a%:/]{1,2}", 0..3), "[a:/]{1,2}"),
            other in (vec("[a%:/]{1,2}", 0..3), "[a:/]{1,2}"),
        ) {
            let lock = |(segments, name): &(Vec<String>, String)| {
                let namespace = Namespace::new(segments).unwrap();
                LockKeys::new(Address { namespace: &namespace, key: Key::new(name).unwrap() }).lock
            };
            prop_assert_eq!(one == other, lock(&one) == lock(&other));
        }
    }
}
