//! One collection: its records in the order of their keys, and its times. Pure: no lock, no clock.

use std::collections::BTreeMap;
use std::ops::Bound;

use store_core::{
    AccessTimes, Bytes, ContentType, Key, KeyBuf, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions,
    StoreLabel, StoreMetadata, Timestamp,
};

/// Keys compare as their UTF-8 bytes do, which is the order that pages promise.
pub(super) type Records = BTreeMap<KeyBuf, Content>;

/// What a record has beside its key.
#[derive(Clone)]
pub(super) struct Content {
    content_type: ContentType,
    value: Bytes,
}

impl Content {
    /// Copies both. A caller's `Bytes` may be a slice of a much larger buffer, and keeping it would keep that buffer;
    /// the text of a content type may have room for more than is in it.
    pub(super) fn new(content_type: &ContentType, value: &[u8]) -> Self {
        Self { content_type: content_type.clone(), value: Bytes::copy_from_slice(value) }
    }

    fn record(&self, key: KeyBuf) -> Record {
        Record::new(key, self.content_type.clone(), self.value.clone())
    }

    fn metadata(&self, key: KeyBuf) -> RecordMetadata {
        RecordMetadata::new(key, self.content_type.clone(), self.size())
    }

    fn size(&self) -> u64 {
        self.value.len() as u64
    }
}

/// Every operation is told the time at which it takes place.
pub(super) struct Collection {
    label: StoreLabel,
    metadata: StoreMetadata,
    access_times: AccessTimes,
    records: Records,
}

impl Collection {
    pub(super) fn created(id: String, label: StoreLabel, access_times: AccessTimes, now: Timestamp) -> Self {
        let metadata = StoreMetadata::created(id, label.name().cloned(), now);
        Self { label, metadata, access_times, records: Records::new() }
    }

    pub(super) fn open(&mut self, now: Timestamp) -> OpenedStore {
        self.is_read(now);
        OpenedStore::new(self.metadata.id.clone(), self.label.clone())
    }

    pub(super) fn metadata(&self) -> StoreMetadata {
        self.metadata.clone()
    }

    pub(super) fn get(&mut self, key: Key<'_>, now: Timestamp) -> Option<Record> {
        self.is_read(now);
        self.records.get(key.as_str()).map(|content| content.record(key.to_buf()))
    }

    pub(super) fn has(&mut self, key: Key<'_>, now: Timestamp) -> bool {
        self.is_read(now);
        self.records.contains_key(key.as_str())
    }

    /// Gives back what was there, for the caller to free once no lock is held; so do the other two that remove.
    pub(super) fn set(&mut self, key: KeyBuf, content: Content, now: Timestamp) -> Option<Content> {
        self.is_written(now);
        self.records.insert(key, content)
    }

    pub(super) fn remove(&mut self, key: Key<'_>, now: Timestamp) -> Option<Content> {
        let removed = self.records.remove(key.as_str())?;
        self.is_written(now);
        Some(removed)
    }

    pub(super) fn purge(&mut self, now: Timestamp) -> Records {
        self.is_written(now);
        std::mem::take(&mut self.records)
    }

    pub(super) fn list_keys(&mut self, options: &RecordPageOptions, now: Timestamp) -> RecordPage<RecordMetadata> {
        self.is_read(now);
        let behind = self.behind(options).take(options.max_keys());
        let items: Vec<_> = behind.map(|(key, content)| content.metadata(key.clone())).collect();
        let next_start_key = self.unless_last(items.last().map(|item| &item.key));
        RecordPage::new(items, next_start_key)
    }

    pub(super) fn list_records(&mut self, options: &RecordPageOptions, now: Timestamp) -> RecordPage<Record> {
        self.is_read(now);
        let mut bytes = 0;
        let behind = self.behind(options).take(options.max_records()).take_while(|(_, content)| {
            let has_room = bytes < RecordPageOptions::MAX_BYTES;
            bytes += content.size();
            has_room
        });
        let items: Vec<_> = behind.map(|(key, content)| content.record(key.clone())).collect();
        let next_start_key = self.unless_last(items.last().map(|item| &item.key));
        RecordPage::new(items, next_start_key)
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn into_parts(self) -> (StoreLabel, Records) {
        (self.label, self.records)
    }

    fn behind(&self, options: &RecordPageOptions) -> impl Iterator<Item = (&KeyBuf, &Content)> {
        let start = options.exclusive_start_key.as_ref();
        let start = start.map_or(Bound::Unbounded, |key| Bound::Excluded(key.as_str()));
        self.records.range::<str, _>((start, Bound::Unbounded))
    }

    /// The last key of a page, if there is a page behind it.
    fn unless_last(&self, key: Option<&KeyBuf>) -> Option<KeyBuf> {
        key.filter(|&key| self.records.keys().next_back() != Some(key)).cloned()
    }

    fn is_read(&mut self, now: Timestamp) {
        self.metadata.accessed_at = self.access_times.after_read(self.metadata.accessed_at, now);
    }

    /// Times never go back, even if a clock should.
    fn is_written(&mut self, now: Timestamp) {
        self.metadata.accessed_at = self.metadata.accessed_at.max(now);
        self.metadata.modified_at = self.metadata.modified_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(keys: &[&str], value: &[u8]) -> Collection {
        let mut collection =
            Collection::created("id".to_owned(), StoreLabel::Default, AccessTimes::Exact, Timestamp::EPOCH);
        for key in keys {
            let content = Content::new(&ContentType::OCTET_STREAM, value);
            collection.set(KeyBuf::new(*key).unwrap(), content, Timestamp::EPOCH);
        }
        collection
    }

    fn from(start: Option<&str>, limit: usize) -> RecordPageOptions {
        let options = RecordPageOptions::default().with_limit(limit);
        match start {
            Some(key) => options.with_exclusive_start_key(KeyBuf::new(key).unwrap()),
            None => options,
        }
    }

    #[test]
    fn a_page_starts_behind_a_key_that_need_not_exist_and_says_whether_another_follows() {
        let mut collection = collection(&["é", "a", "z", "\u{1f600}", "b"], b"");
        for (start, limit, keys, next) in [
            (None, 2, &["a", "b"][..], Some("b")),
            (Some("aa"), 1, &["b"], Some("b")),
            (Some("b"), 3, &["z", "é", "\u{1f600}"], None),
            (Some("b"), 2, &["z", "é"], Some("é")),
            (Some("\u{1f600}"), 9, &[], None),
            (None, 0, &[], None),
        ] {
            let page = collection.list_keys(&from(start, limit), Timestamp::EPOCH);
            let listed: Vec<_> = page.items.iter().map(|item| item.key.as_str()).collect();
            assert_eq!((&*listed, page.next_start_key.as_deref()), (keys, next), "behind {start:?}, {limit} at most");
            let page = collection.list_records(&from(start, limit), Timestamp::EPOCH);
            let listed: Vec<_> = page.items.iter().map(|item| item.key.as_str()).collect();
            assert_eq!((&*listed, page.next_start_key.as_deref()), (keys, next), "records behind {start:?}");
        }
    }

    #[test]
    fn a_page_of_records_ends_with_the_one_that_fills_it() {
        let size = RecordPageOptions::MAX_BYTES / 2;
        for (extra, on_first) in [(0, 2), (1, 2), (-1, 3)] {
            let value = vec![0; size.checked_add_signed(extra).unwrap() as usize];
            let mut collection = collection(&["a", "b", "c", "d"], &value);
            let page = collection.list_records(&RecordPageOptions::default(), Timestamp::EPOCH);
            assert_eq!(page.items.len(), on_first);
            assert_eq!(page.next_start_key.as_ref(), page.items.last().map(|record| &record.key));
        }
    }

    #[test]
    fn no_time_goes_back() {
        let at = |millis| Timestamp::from_unix_millis(millis).unwrap();
        let (now, earlier) = (at(2), at(1));
        let mut collection = Collection::created("id".to_owned(), StoreLabel::Default, AccessTimes::Exact, now);
        let created = collection.metadata();
        let key = KeyBuf::new("k").unwrap();
        collection.open(earlier);
        collection.get(key.as_key(), earlier);
        collection.set(key.clone(), Content::new(&ContentType::TEXT, b""), earlier);
        collection.remove(key.as_key(), earlier);
        collection.purge(earlier);
        assert_eq!(collection.metadata(), created);
    }
}
