//! How collections are laid out on the server: which keys and which scripts say what a client does.

use store_core::{Result, StoreLabel};

use crate::command;
use crate::keyspace::{self, CollectionKeys, IdKey};
use crate::reply::{self, Value};
use crate::request::{Class, Request};
use crate::script::{NATIVE, RecordScripts};

/// A layout. What is the same in all of them stands in `operations.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Layout {
    /// The layout of this driver, on any topology.
    #[default]
    Native,
}

impl Layout {
    /// The keys of a collection.
    pub(super) fn keys(self, label: &StoreLabel) -> CollectionKeys {
        match self {
            Self::Native => CollectionKeys::native(label),
        }
    }

    /// The scripts for them.
    pub(super) fn scripts(self) -> &'static RecordScripts {
        match self {
            Self::Native => &NATIVE,
        }
    }

    /// Asks where an id leads; `None` for a text that is no id.
    pub(super) fn find(self, id: &str) -> Option<Request> {
        match self {
            Self::Native => {
                let key = IdKey::new(id)?;
                Some(Request::one(Class::Read, command::get_tag(&key)).to(key.route()))
            }
        }
    }

    /// What [`find`](Self::find) was answered.
    pub(super) fn found(self, reply: Value) -> Result<Option<StoreLabel>> {
        match self {
            Self::Native => reply::label(reply, keyspace::label),
        }
    }

    /// Has an id lead to its collection.
    pub(super) fn index(self, id: &str, label: &StoreLabel) -> Option<Request> {
        match self {
            Self::Native => {
                let key = IdKey::new(id)?;
                Some(Request::one(Class::Idempotent, command::set_tag(&key, &keyspace::tag(label))).to(key.route()))
            }
        }
    }

    /// Has an id lead nowhere. An id is never given twice, so that may be done again at any time.
    pub(super) fn forget(self, id: &str) -> Option<Request> {
        match self {
            Self::Native => {
                let key = IdKey::new(id)?;
                Some(Request::one(Class::Idempotent, command::delete_tag(&key)).to(key.route()))
            }
        }
    }
}
