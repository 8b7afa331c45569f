//! The registry of scripts of collections, in each layout. All take the keys of a collection and, first, its id; all
//! answer a status first.

use redis::ToRedisArgs;
use store_core::{AccessTimes, ContentType, Key, RecordPageOptions, whole_millis};

use super::text;
use crate::keyspace::CollectionKeys;
use crate::request::{Class, Request, Script};

/// A script behind what every script begins with, every one of its layout, and what it shares with some of them; and
/// behind its short way, where it has one.
macro_rules! script {
    (short $layout:literal, $name:literal) => {
        Script::new(concat!(
            part!($layout, "/short"),
            part!($layout, "/", $name, "_short"),
            part!("opened"),
            part!($layout, "/collection"),
            part!($layout, "/", $name)
        ))
    };
    ($layout:literal, $($name:literal),+) => {
        Script::new(concat!(
            part!("opened"),
            part!($layout, "/collection"),
            $(part!($layout, "/", $name)),+
        ))
    };
}

/// A file, wherever the macro is used.
macro_rules! part {
    ($($path:literal),+) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/script/", $($path),+, ".lua"))
    };
}

/// The scripts that every layout has, for the same arguments and with the same answers.
#[derive(Debug)]
pub(crate) struct RecordScripts {
    open: Script,
    open_by_id: Script,
    metadata: Script,
    get: Script,
    has: Script,
    set: Script,
    delete: Script,
    purge: Script,
    drop: Script,
}

macro_rules! scripts {
    ($layout:literal, $get:expr, $set:expr) => {
        RecordScripts {
            open: script!($layout, "open"),
            open_by_id: script!($layout, "open_by_id"),
            metadata: script!($layout, "metadata"),
            get: $get,
            has: script!($layout, "has"),
            set: $set,
            delete: script!($layout, "delete"),
            purge: script!($layout, "purge"),
            drop: script!($layout, "drop"),
        }
    };
}

pub(crate) static NATIVE: RecordScripts =
    scripts!("records", script!(short "records", "get"), script!(short "records", "set"));
static MARK: Script = script!("records", "mark");
static LIST_KEYS: Script = script!("records", "page", "list_keys");
static LIST_RECORDS: Script = script!("records", "page", "list_records");

pub(crate) static CRAWLEE: RecordScripts = scripts!("crawlee", script!("crawlee", "get"), script!("crawlee", "set"));

mod crawlee;

/// What reads are counted as, although they move the time of the last access: to do that twice does no harm.
const READ: Class = Class::Read;

/// No arguments but those of every script.
const NOTHING: &[&str] = &[];

/// A collection as its scripts are told of it, and what they are asked for.
#[derive(Debug)]
pub(crate) struct Collection<'a> {
    pub(crate) scripts: &'static RecordScripts,
    pub(crate) keys: CollectionKeys,
    pub(crate) id: &'a str,
    pub(crate) access_times: AccessTimes,
}

impl Collection<'_> {
    /// Opens it, or creates it with this id, by what the layout has to know beside. Answers the id, and what else the
    /// layout answers.
    ///
    /// Idempotent, because the second time finds what the first has created. It is no read: a late first time would
    /// bring back a collection that was dropped meanwhile, under its old id.
    pub(crate) fn open(&self, of_layout: Vec<Vec<u8>>) -> Request {
        self.call(Class::Idempotent, &self.scripts.open, (self.tolerance(), of_layout))
    }

    /// Opens what has to be there.
    pub(crate) fn open_by_id(&self) -> Request {
        self.call(READ, &self.scripts.open_by_id, self.tolerance())
    }

    /// Answers three times.
    pub(crate) fn metadata(&self) -> Request {
        self.call(READ, &self.scripts.metadata, NOTHING)
    }

    /// Answers description and value, or nil twice; and perhaps for how many milliseconds reads have no time to move.
    pub(crate) fn get(&self, key: Key<'_>) -> Request {
        self.call(READ, &self.scripts.get, (self.tolerance(), key.as_bytes()))
    }

    /// Answers 1 or 0.
    pub(crate) fn has(&self, key: Key<'_>) -> Request {
        self.call(READ, &self.scripts.has, (self.tolerance(), key.as_bytes()))
    }

    /// Answers nothing more.
    pub(crate) fn set(&self, key: Key<'_>, content_type: &ContentType, value: &[u8]) -> Request {
        self.call(Class::Idempotent, &self.scripts.set, (key.as_bytes(), content_type.as_str(), value))
    }

    /// Answers 1 or 0.
    pub(crate) fn delete(&self, key: Key<'_>) -> Request {
        self.call(Class::IdempotentAnswerChanges, &self.scripts.delete, key.as_bytes())
    }

    /// Answers nothing more.
    pub(crate) fn purge(&self) -> Request {
        self.call(Class::Idempotent, &self.scripts.purge, NOTHING)
    }

    /// Answers nothing more. The second time the collection is gone already.
    pub(crate) fn drop(&self) -> Request {
        self.call(Class::IdempotentAnswerChanges, &self.scripts.drop, NOTHING)
    }

    /// Notes that the id leads to it. In the native layout alone, as the pages that follow.
    pub(crate) fn mark(&self) -> Request {
        self.call(Class::Idempotent, &MARK, NOTHING)
    }

    /// Answers whether there are more, keys, and descriptions.
    pub(crate) fn list_keys(&self, options: &RecordPageOptions) -> Request {
        self.call(READ, &LIST_KEYS, (self.tolerance(), text(options.max_keys()), start(options)))
    }

    /// Answers whether there are more, keys, descriptions, and values.
    pub(crate) fn list_records(&self, options: &RecordPageOptions) -> Request {
        let (limit, bytes) = (text(options.max_records()), text(RecordPageOptions::MAX_BYTES));
        self.call(READ, &LIST_RECORDS, (self.tolerance(), limit, start(options), bytes))
    }

    fn call(&self, class: Class, script: &'static Script, arguments: impl ToRedisArgs) -> Request {
        let arguments = (self.id, arguments, self.keys.called());
        Request::script(class, script, self.keys.all(), arguments).to(self.keys.route())
    }

    /// In milliseconds; nothing where reads move no time.
    fn tolerance(&self) -> Vec<u8> {
        self.access_times.tolerance().map(|tolerance| text(whole_millis(tolerance))).unwrap_or_default()
    }
}

/// Where a page begins: at the first key, or behind one.
fn start(options: &RecordPageOptions) -> Vec<u8> {
    match &options.exclusive_start_key {
        None => b"-".to_vec(),
        Some(key) => [b"(", key.as_str().as_bytes()].concat(),
    }
}
