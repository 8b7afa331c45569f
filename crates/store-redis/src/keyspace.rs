//! Spells wire keys, reads them back, and says where they lie.
//!
//! How depends on the [`Layout`]: [`native`] is our own, and [`compatible`] has those of Python programs. Whoever wants to
//! send a wire key gets it here, where a strict layout refuses what it cannot keep apart.

mod compatible;
pub(crate) mod crawlee;
mod lock;
mod native;
mod records;
mod region;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use redis::{RedisWrite, ToRedisArgs};
use store_core::{Address, Key, Namespace, Result, Scope};

use crate::config::{Config, Deployment, SlotPolicy, config_error};
use crate::layout::Layout;
use crate::request::Route;
use crate::slot::Slot;

pub(crate) use compatible::{Ambiguity, Compatible, Scheme};
pub(crate) use lock::LockKeys;
use native::Native;
pub(crate) use records::{CollectionKeys, IdKey, label, tag};
pub(crate) use region::Region;

/// How the addresses of a store are spelled, and whether that decides which server they are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keyspace {
    spelling: Spelling,
    spread: Spread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Native(Native),
    Compatible(Compatible),
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
    /// # Errors
    /// [`ErrorKind::Config`](store_core::ErrorKind::Config) for a slot policy that the layout cannot follow.
    pub(crate) fn new(config: &Config, layout: Layout) -> Result<Self> {
        let spelling = match layout.compatible() {
            None => Spelling::Native(Native(config.slot_policy)),
            Some(compatible) if config.slot_policy == SlotPolicy::default() => Spelling::Compatible(compatible),
            Some(_) => {
                return Err(config_error(
                    "slot_policy",
                    "only the native layout writes braces that a policy may place",
                ));
            }
        };
        let spread = match config.deployment {
            Deployment::Standalone(_) | Deployment::Sentinel(_) => Spread::OneServer,
            Deployment::Cluster(_) => Spread::Slots,
        };
        Ok(Self { spelling, spread })
    }

    pub(crate) fn spread(self) -> Spread {
        self.spread
    }

    /// Whether all keys of one namespace are on one server.
    pub(crate) fn holds_namespaces_together(self) -> bool {
        match (self.spread, self.spelling) {
            (Spread::OneServer, _) => true,
            (Spread::Slots, Spelling::Native(Native(policy))) => policy != SlotPolicy::PerKey,
            (Spread::Slots, Spelling::Compatible(_)) => false,
        }
    }

    /// # Errors
    /// [`ErrorKind::InvalidKey`](store_core::ErrorKind::InvalidKey) for what a strict layout refuses.
    pub(crate) fn wire_key(self, at: Address<'_>) -> Result<WireKey<'_>> {
        match self.spelling {
            Spelling::Native(_) => {}
            Spelling::Compatible(layout) => layout.admit(at)?,
        }
        Ok(WireKey { keyspace: self, at })
    }

    /// As [`wire_key`](Self::wire_key), for keys of one namespace.
    pub(crate) fn wire_keys<'a>(
        self,
        namespace: &'a Namespace,
        keys: impl ExactSizeIterator<Item = Key<'a>> + Clone,
    ) -> Result<impl ExactSizeIterator<Item = WireKey<'a>> + Clone> {
        let at = move |key| Address { namespace, key };
        if let Spelling::Compatible(layout) = self.spelling {
            keys.clone().try_for_each(|key| layout.admit(at(key)))?;
        }
        Ok(keys.map(move |key| WireKey { keyspace: self, at: at(key) }))
    }

    /// The keys that an enumeration covers.
    ///
    /// # Errors
    /// As [`wire_key`](Self::wire_key).
    pub(crate) fn region(self, namespace: &Namespace, scope: Scope) -> Result<Region> {
        if let Spelling::Compatible(layout) = self.spelling {
            layout.admit_namespace(namespace)?;
        }
        Ok(Region::new(self, namespace, scope))
    }

    /// The slot that a cluster gives to an address, be it refused or not.
    pub(crate) fn slot(self, at: Address<'_>) -> Slot {
        WireKey { keyspace: self, at }.slot()
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
        let mut bytes = 0;
        self.each_part(|part| bytes += part.len());
        bytes
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
        match self.keyspace.spelling {
            Spelling::Native(layout) => layout.slot(self.at),
            Spelling::Compatible(layout) => layout.slot(self.at),
        }
    }

    /// What it is put together of, in order.
    fn each_part(&self, part: impl FnMut(&str)) {
        match self.keyspace.spelling {
            Spelling::Native(layout) => layout.parts(self.at).into_iter().for_each(part),
            Spelling::Compatible(layout) => layout.each_part(self.at, part),
        }
    }
}

impl ToRedisArgs for WireKey<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let mut argument = out.writer_for_next_arg();
        self.each_part(|part| {
            // Writing to a command in memory has no way to fail.
            let _: io::Result<()> = argument.write_all(part.as_bytes());
        });
    }
}

/// Whether a wire key is none of an entry, but one of the driver's own, such as a lock: in the native layout no entry
/// begins like this.
fn is_of_driver(wire_key: &[u8]) -> bool {
    matches!(wire_key, [b'%', kind, b'{', ..] if kind.is_ascii_lowercase())
}
