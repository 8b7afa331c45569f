//! How collections are laid out on the server: which keys and which scripts say what a client does.

use store_core::{AccessTimes, Error, ErrorKind, OpenedStore, Result, StoreLabel};

use crate::command;
use crate::config::{Config, Deployment};
use crate::keyspace::{self, Ambiguity, CollectionKeys, IdKey, crawlee};
use crate::reply::{self, Value};
use crate::request::{Class, Request};
use crate::script::{CRAWLEE, Collection, NATIVE};

/// Which programs collections of records are shared with, and so how they are laid out on the server. It is given to the
/// [builder](crate::RedisKeyValueStoreClient::builder) of a client.
///
/// ```no_run
/// use std::sync::Arc;
/// use store_redis::prelude::*;
/// use store_redis::{Config, KeyValueStore, RecordLayout, RedisKeyValueStoreClient, StoreName};
///
/// # async fn run(config: Config) -> store_redis::Result<()> {
/// let client = RedisKeyValueStoreClient::builder(config).layout(RecordLayout::crawlee()).connect().await?;
/// // KeyValueStore.open(name="pages") in Python
/// let pages = KeyValueStore::open(Arc::new(client), StoreName::new("pages")?).await?;
/// let page = pages.get_record("index").await?; // and kvs.get_value("index")
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RecordLayout(Layout);

impl RecordLayout {
    /// Our own: on any server and topology, and a page costs what is on it. The default.
    #[must_use]
    pub const fn native() -> Self {
        Self(Layout::Native)
    }

    /// That of `RedisKeyValueStoreClient` in Crawlee for Python, byte for byte: both sides create, read, write, list and
    /// drop the same collections at the same time.
    ///
    /// # What it needs
    /// JSON commands: RedisJSON, or Redis 8 with its modules; without them connecting is
    /// [`Unsupported`](crate::ErrorKind::Unsupported). One server or Sentinel: the keys of a collection lie in six slots,
    /// so a Cluster is [`Config`](crate::ErrorKind::Config). The user must be allowed what is named by the scripts in
    /// `src/script/crawlee`, and to read `key_value_stores:default:metadata`, whatever it opens: connecting asks for
    /// that document, to find out whether there are JSON commands.
    ///
    /// # What it costs
    /// There is no index in order, so each page reads the keys of all records and then what is on the page: two round
    /// trips, time and memory in proportion to the collection. Everything else is as in the native layout, and dropping
    /// takes one round trip.
    ///
    /// # What it cannot keep apart
    /// A collection is called by its name, else by its alias, else `default`. So the alias `x` leads to the collection of
    /// the name `x`, if that is there, and the reverse; the alias `default` is the default collection. What a collection
    /// is, a named one or not, is decided by whoever creates it, and opening tells that. [`strict`](Self::strict) refuses
    /// it instead.
    ///
    /// # What Crawlee does otherwise
    /// * It checks no ids. A Python client of a collection that was dropped goes on writing, and its records are in the
    ///   collection that is created under that name next.
    /// * Of several Python programs that create a collection at the same time, those that lose keep a wrong id; when such a
    ///   one drops the collection, the right id goes on leading to its name, until somebody opens it by that id here.
    /// * One that dies while it creates leaves a name under which Python waits in vain. Opening it here completes it.
    /// * Reading a key moves no time of the metadata here more often than [`AccessTimes`] says; there it always does.
    /// * It takes a record of which the server has lost the value or the description for missing. Here a collection
    ///   that lost either is [`Corrupt`](crate::ErrorKind::Corrupt) to all that read it, until it is purged.
    /// * A record whose key is empty, or no key by our limits, is passed over by lists; purging and dropping remove it.
    ///
    /// All keys begin with `key_value_stores:`. A store of entries in a [layout](crate::Layout) of Python clears them with
    /// every namespace that such a key could lie in: `key` and `key_value` of Litestar's, and every prefix of that text of
    /// the flat one. Under [`SlotPolicy::PerKey`](crate::SlotPolicy::PerKey) its namespace `key_value_stores` does.
    ///
    /// Times are read in every form that Crawlee reads. Those before 1970 are told as 1970; those outside of the years
    /// 1 to 9999 are damage, as they are for Crawlee.
    ///
    /// Content types are kept as they are given. Crawlee decodes values of `application/json` and of `text/…`, and takes
    /// those that are no UTF-8, or no JSON, for missing.
    #[must_use]
    pub const fn crawlee() -> Self {
        Self(Layout::Crawlee(Ambiguity::Allowed))
    }

    /// Refuses to open, by a name or by an alias, a collection that the other kind of text leads to as well, and the alias
    /// `default`: [`InvalidArgument`](crate::ErrorKind::InvalidArgument), and nothing is written. The native layout has
    /// nothing to refuse.
    #[must_use]
    pub const fn strict(self) -> Self {
        match self.0 {
            Layout::Native => self,
            Layout::Crawlee(_) => Self(Layout::Crawlee(Ambiguity::Refused)),
        }
    }

    pub(super) fn layout(self) -> Layout {
        self.0
    }
}

/// A layout, and what it does otherwise than the others, but for how pages are read, which `operations.rs` and
/// `picking.rs` know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Layout {
    /// The layout of this driver, on any topology.
    #[default]
    Native,
    /// That of Crawlee for Python, with what becomes of a text that is a name for one and an alias for the other.
    Crawlee(Ambiguity),
}

/// A collection that was opened, and whether its id leads to it.
pub(super) struct Opening {
    pub(super) store: OpenedStore,
    pub(super) index: reply::IdIndex,
}

impl Layout {
    /// Refuses what the servers of a deployment cannot keep.
    pub(super) fn check(self, config: &Config) -> Result<()> {
        match (self, &config.deployment) {
            (Self::Crawlee(_), Deployment::Cluster(_)) => Err(Error::new(
                ErrorKind::Config,
                "the layout of Crawlee has the keys of a store in six slots, so it needs one server or Sentinel",
            )),
            _ => Ok(()),
        }
    }

    /// Asks for something that only a server answers which can keep collections in this layout.
    pub(super) fn probe(self) -> Option<Request> {
        match self {
            Self::Native => None,
            Self::Crawlee(_) => Some(Request::one(Class::Read, command::get_document(crawlee::DEFAULT_DOCUMENT))),
        }
    }

    /// A collection as its scripts are told of it.
    pub(super) fn collection<'a>(self, label: &StoreLabel, id: &'a str, access_times: AccessTimes) -> Collection<'a> {
        let (scripts, keys) = match self {
            Self::Native => (&NATIVE, CollectionKeys::native(label)),
            Self::Crawlee(_) => (&CRAWLEE, CollectionKeys::crawlee(label)),
        };
        Collection { scripts, keys, id, access_times }
    }

    /// Opens a collection by what it is called.
    pub(super) fn open(self, label: &StoreLabel, new_id: &str, access_times: AccessTimes) -> Result<Request> {
        let of_layout = match self {
            Self::Native => Vec::new(),
            Self::Crawlee(ambiguity) => {
                let is_strict = ambiguity == Ambiguity::Refused;
                if is_strict && matches!(label, StoreLabel::Alias(alias) if crawlee::means_default(alias)) {
                    return Err(reply::taken());
                }
                let name = label.name().map(|name| name.as_str().into()).unwrap_or_default();
                vec![name, u8::from(is_strict).to_string().into_bytes()]
            }
        };
        Ok(self.collection(label, new_id, access_times).open(of_layout))
    }

    /// What [`open`](Self::open) was answered.
    pub(super) fn opened(self, reply: Value, label: StoreLabel) -> Result<Opening> {
        match self {
            Self::Native => {
                let reply::Opening { id, index } = reply::opening(reply)?;
                Ok(Opening { store: OpenedStore::new(id, label), index })
            }
            Self::Crawlee(_) => {
                let store = reply::crawlee::opening(reply, crawlee::text(&label))?;
                Ok(Opening { store, index: reply::IdIndex::Written })
            }
        }
    }

    /// Asks where an id leads; `None` for a text that is no id.
    pub(super) fn find(self, id: &str) -> Option<Request> {
        match self {
            Self::Native => {
                let key = IdKey::new(id)?;
                Some(Request::one(Class::Read, command::get_tag(&key)).to(key.route()))
            }
            Self::Crawlee(_) => Some(Request::one(Class::Read, command::get_crawlee_text(id))),
        }
    }

    /// What [`find`](Self::find) was answered.
    pub(super) fn found(self, reply: Value) -> Result<Option<StoreLabel>> {
        match self {
            Self::Native => reply::label(reply, keyspace::label),
            // Whether it is a name is in the collection.
            Self::Crawlee(_) => reply::crawlee::label(reply),
        }
    }

    /// What opening by an id that leads to `label` was answered.
    pub(super) fn existing(self, reply: Value, id: String, label: StoreLabel) -> Result<OpenedStore> {
        match self {
            Self::Native => reply::done(reply).map(|()| OpenedStore::new(id, label)),
            Self::Crawlee(_) => reply::crawlee::existing(reply, id, crawlee::text(&label)),
        }
    }

    /// Has an id lead to its collection, where opening does not.
    pub(super) fn index(self, id: &str, label: &StoreLabel) -> Option<Request> {
        match self {
            Self::Native => {
                let key = IdKey::new(id)?;
                Some(Request::one(Class::Idempotent, command::set_tag(&key, &keyspace::tag(label))).to(key.route()))
            }
            Self::Crawlee(_) => None,
        }
    }

    /// Has an id lead nowhere, where dropping does not. An id is never given twice, so that may be done again at any time.
    pub(super) fn forget(self, id: &str) -> Option<Request> {
        match self {
            Self::Native => {
                let key = IdKey::new(id)?;
                Some(Request::one(Class::Idempotent, command::delete_tag(&key)).to(key.route()))
            }
            Self::Crawlee(_) => None,
        }
    }
}
