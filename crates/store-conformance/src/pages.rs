//! Lists a collection from its first page to its last.

use std::future::Future;

use store_core::{KeyBuf, KeyValueStore, Record, RecordMetadata, RecordPage, RecordPageOptions};

use crate::failure::{Failure, ensure};

/// Whatever has a place in a list.
pub(crate) trait Keyed {
    fn key(&self) -> &str;
}

impl Keyed for RecordMetadata {
    fn key(&self) -> &str {
        self.key.as_str()
    }
}

impl Keyed for Record {
    fn key(&self) -> &str {
        self.key.as_str()
    }
}

/// All keys, so many to a page.
pub(crate) async fn all_keys(collection: &KeyValueStore, limit: usize) -> Result<Vec<RecordMetadata>, Failure> {
    all(limit, |options| collection.list_keys(options)).await
}

/// All records, so many to a page.
pub(crate) async fn all_records(collection: &KeyValueStore, limit: usize) -> Result<Vec<Record>, Failure> {
    all(limit, |options| collection.list_records(options)).await
}

async fn all<T: Keyed, F>(limit: usize, list: impl Fn(RecordPageOptions) -> F) -> Result<Vec<T>, Failure>
where
    F: Future<Output = store_core::Result<RecordPage<T>>>,
{
    let mut walk = Walk::of_pages(limit);
    while walk.take(list(walk.next()).await?)? {}
    Ok(walk.listed)
}

/// A list under way.
pub(crate) struct Walk<T> {
    pub(crate) listed: Vec<T>,
    start: Option<KeyBuf>,
    limit: usize,
}

impl<T: Keyed> Walk<T> {
    /// So many items to a page.
    pub(crate) fn of_pages(limit: usize) -> Self {
        Self { listed: Vec::new(), start: None, limit }
    }

    /// The next page.
    pub(crate) fn next(&self) -> RecordPageOptions {
        behind(self.start.as_ref(), self.limit)
    }

    /// Adds what is on a page, and says whether another is to follow. Fails where the list does not go forward: no item
    /// may come behind a larger one, and a page that is not the last has to get somewhere, or the list never ends.
    pub(crate) fn take(&mut self, page: RecordPage<T>) -> Result<bool, Failure> {
        for item in page.items {
            let last = self.listed.last().map(Keyed::key);
            ensure!(
                last < Some(item.key()),
                "a list is not in byte order, each key once: {last:?}, then {:?}",
                item.key()
            );
            self.listed.push(item);
        }
        let goes_on = page.next_start_key.is_some();
        ensure!(!goes_on || page.next_start_key > self.start, "a page is to follow that starts where this one did");
        self.start = page.next_start_key;
        Ok(goes_on)
    }
}

/// A page of at most so many that starts behind `key`.
pub(crate) fn behind(key: Option<&KeyBuf>, limit: usize) -> RecordPageOptions {
    let options = RecordPageOptions::default().with_limit(limit);
    match key {
        Some(key) => options.with_exclusive_start_key(key.clone()),
        None => options,
    }
}
