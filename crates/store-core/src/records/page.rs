//! Pages of records.

use crate::key::KeyBuf;

/// What a page of records covers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecordPageOptions {
    /// Starts behind this key, which need not exist.
    pub exclusive_start_key: Option<KeyBuf>,
    /// At most this many; 0 is an empty page, `None` as many as the driver puts into one. A driver may stop earlier.
    pub limit: Option<usize>,
}

impl RecordPageOptions {
    /// How many keys a page has at most, whatever is asked for.
    pub const MAX_KEYS: usize = 1000;
    /// How many whole records a page has at most, whatever is asked for.
    pub const MAX_RECORDS: usize = 100;
    /// A page of whole records ends with the one that brings its values to this size in bytes, or beyond it.
    pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

    /// Starts behind `key`.
    #[must_use]
    pub fn with_exclusive_start_key(mut self, key: KeyBuf) -> Self {
        self.exclusive_start_key = Some(key);
        self
    }

    /// Sets how many items a page has at most.
    #[must_use]
    pub fn with_limit(mut self, items: usize) -> Self {
        self.limit = Some(items);
        self
    }

    /// How many keys the page has at most.
    #[must_use]
    pub fn max_keys(&self) -> usize {
        self.limit.unwrap_or(Self::MAX_KEYS).min(Self::MAX_KEYS)
    }

    /// How many whole records the page has at most.
    #[must_use]
    pub fn max_records(&self) -> usize {
        self.limit.unwrap_or(Self::MAX_RECORDS).min(Self::MAX_RECORDS)
    }
}

/// A part of the records of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordPage<T> {
    /// The items, in byte order of their keys.
    pub items: Vec<T>,
    /// The key behind which the next page starts; `None` when this was the last.
    pub next_start_key: Option<KeyBuf>,
}

impl<T> RecordPage<T> {
    /// A page.
    #[must_use]
    pub fn new(items: Vec<T>, next_start_key: Option<KeyBuf>) -> Self {
        Self { items, next_start_key }
    }
}
