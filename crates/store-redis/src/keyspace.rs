//! Spells wire keys in the native layout, reads them back, and says where they lie.
//!
//! A wire key is the namespace, then `:`, then the key as it is. Segments are percent-encoded by
//! [`Namespace::as_encoded`], which leaves neither a separator (`/`, `:`) nor a brace nor a glob character in them. So
//! the first `:` ends the namespace, whatever the key contains, two addresses never share a wire key, and a pattern for
//! SCAN needs no escaping. The policy decides what of the namespace stands in braces, which is what a cluster hashes:
//!
//! | policy | `k` in `["app", "x"]` | lies with |
//! | --- | --- | --- |
//! | `Root` | `{app}/x:k` | everything whose root is `app` |
//! | `PerNamespace` | `{app/x}:k` | everything in `app/x` itself |
//! | `PerKey` | `app/x:k` | keys with the same text in braces, if there is any |
//!
//! Without a namespace it is `:k` under each of them, and lies as under `PerKey`. A namespace of one segment is spelled
//! alike by `Root` and `PerNamespace`; what else one policy writes, the others take for foreign.

mod lock;
mod records;
mod region;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use redis::{RedisWrite, ToRedisArgs};
use store_core::{Address, Namespace, Scope};

use crate::config::{Config, Deployment, SlotPolicy};
use crate::request::Route;
use crate::slot::Slot;

pub(crate) use lock::LockKeys;
pub(crate) use records::{CollectionKeys, IdKey, label, tag};
pub(crate) use region::Region;

/// Ends the namespace part.
const KEY_SEPARATOR: &str = ":";
/// Stands before every nested segment.
const SEGMENT_SEPARATOR: char = '/';

/// How the addresses of a store are spelled, and whether that decides which server they are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keyspace {
    policy: SlotPolicy,
    spread: Spread,
}

/// What the keys are spread over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// One server has them all.
    OneServer,
    /// The servers of a cluster share them by slots.
    Slots,
}

impl Keyspace {
    pub(crate) fn new(config: &Config) -> Self {
        let spread = match config.deployment {
            Deployment::Standalone(_) | Deployment::Sentinel(_) => Spread::OneServer,
            Deployment::Cluster(_) => Spread::Slots,
        };
        Self { policy: config.slot_policy, spread }
    }

    pub(crate) fn policy(self) -> SlotPolicy {
        self.policy
    }

    pub(crate) fn spread(self) -> Spread {
        self.spread
    }

    pub(crate) fn wire_key(self, at: Address<'_>) -> WireKey<'_> {
        WireKey { keyspace: self, at }
    }

    /// The keys that an enumeration covers.
    pub(crate) fn region(self, namespace: &Namespace, scope: Scope) -> Region {
        Region::new(self, namespace, scope)
    }

    /// What all keys of a namespace begin with, up to the separator before the key.
    fn stem(self, namespace: &Namespace) -> [&str; 4] {
        let path = namespace.as_encoded();
        if path.is_empty() {
            return [""; 4];
        }
        match self.policy {
            SlotPolicy::Root => {
                let (root, nested) = split_root(path);
                ["{", root, "}", nested]
            }
            SlotPolicy::PerNamespace => ["{", path, "}", ""],
            SlotPolicy::PerKey => ["", path, "", ""],
        }
    }

    /// The hash tag of all keys of a namespace; `None` where each key has its own slot.
    fn tag(self, namespace: &Namespace) -> Option<&str> {
        let [open, tag, ..] = self.stem(namespace);
        (!open.is_empty()).then_some(tag)
    }

    /// The namespace that a wire key lies in and the bytes of its key; `None` for what this policy never writes.
    fn decode(self, wire_key: &[u8]) -> Option<(Namespace, &[u8])> {
        let (head, key) = split_once(wire_key, KEY_SEPARATOR)?;
        if key.is_empty() {
            return None;
        }
        let namespace = if head.is_empty() { Namespace::EMPTY } else { self.decode_stem(head)? };
        Some((namespace, key))
    }

    fn decode_stem(self, stem: &[u8]) -> Option<Namespace> {
        let stem = std::str::from_utf8(stem).ok()?;
        match self.policy {
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

/// The wire key of an address, written straight into a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireKey<'a> {
    keyspace: Keyspace,
    at: Address<'a>,
}

impl<'a> WireKey<'a> {
    /// The key without its namespace.
    pub(crate) fn text(self) -> &'a str {
        self.at.key.as_str()
    }

    /// Its length in bytes.
    pub(crate) fn len(self) -> usize {
        self.parts().map(str::len).iter().sum()
    }

    /// Where requests for it go.
    pub(crate) fn route(self) -> Route {
        match self.keyspace.spread {
            Spread::OneServer => Route::Any,
            Spread::Slots => Route::Slot(self.slot()),
        }
    }

    /// The slot that a cluster gives to it.
    pub(crate) fn slot(self) -> Slot {
        match self.keyspace.tag(self.at.namespace) {
            Some(tag) => Slot::of_tag(tag.as_bytes()),
            None => Slot::of_parts([self.at.namespace.as_encoded(), KEY_SEPARATOR], self.at.key.as_str().as_bytes()),
        }
    }

    /// What it is put together of.
    fn parts(&self) -> [&str; 6] {
        let [open, tag, close, nested] = self.keyspace.stem(self.at.namespace);
        [open, tag, close, nested, KEY_SEPARATOR, self.at.key.as_str()]
    }
}

impl ToRedisArgs for WireKey<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let mut argument = out.writer_for_next_arg();
        for part in self.parts() {
            // Writing to a command in memory has no way to fail.
            let _: io::Result<()> = argument.write_all(part.as_bytes());
        }
    }
}

/// The first segment of a path, and all behind it with the separator before it.
fn split_root(path: &str) -> (&str, &str) {
    path.split_at(path.find(SEGMENT_SEPARATOR).unwrap_or(path.len()))
}

fn split_once<'a>(bytes: &'a [u8], separator: &str) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator.as_bytes())?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}
