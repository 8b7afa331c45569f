//! The records of one generation of a collection, in the order of their keys.

use std::ops::Bound;

use store_core::{Bytes, ContentType, KeyBuf, Record, RecordMetadata, RecordPage, RecordPageOptions, Result};

use crate::error::{Failure, corrupt};
use crate::snapshot::{Snapshot, View};
use crate::step::Writing;
use crate::table::OpenTable;
use crate::tables::{DESCRIPTIONS, RecordKey, VALUES};

type Description = (&'static [u8], u64);

/// Reads records from a snapshot.
pub(super) struct Reader<'a> {
    descriptions: View<'a, RecordKey, Description>,
    values: View<'a, RecordKey, &'static [u8]>,
    generation: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn open(snapshot: &Snapshot<'a>, generation: u64) -> Result<Self, Failure> {
        Ok(Self { descriptions: snapshot.open(&DESCRIPTIONS)?, values: snapshot.open(&VALUES)?, generation })
    }

    pub(super) fn get(&self, key: &KeyBuf) -> Result<Option<Record>, Failure> {
        let Some(description) = self.descriptions.get((self.generation, key.as_bytes()))? else { return Ok(None) };
        let (content_type, _) = description.value();
        self.record(key.clone(), content_type_of(content_type)?).map(Some)
    }

    pub(super) fn has(&self, key: &KeyBuf) -> Result<bool, Failure> {
        Ok(self.descriptions.get((self.generation, key.as_bytes()))?.is_some())
    }

    pub(super) fn list_keys(&self, options: &RecordPageOptions) -> Result<RecordPage<RecordMetadata>, Failure> {
        let mut items: Vec<RecordMetadata> = Vec::new();
        for record in self.behind(options)? {
            if items.len() == options.max_keys() {
                return Ok(page_with_more(items, |last| &last.key));
            }
            items.push(record?);
        }
        Ok(RecordPage::new(items, None))
    }

    pub(super) fn list_records(&self, options: &RecordPageOptions) -> Result<RecordPage<Record>, Failure> {
        let (mut items, mut bytes): (Vec<Record>, u64) = (Vec::new(), 0);
        for record in self.behind(options)? {
            if items.len() == options.max_records() || bytes >= RecordPageOptions::MAX_BYTES {
                return Ok(page_with_more(items, |last| &last.key));
            }
            let record = record?;
            bytes += record.size;
            items.push(self.record(record.key, record.content_type)?);
        }
        Ok(RecordPage::new(items, None))
    }

    fn behind(
        &self,
        options: &RecordPageOptions,
    ) -> Result<impl Iterator<Item = Result<RecordMetadata, Failure>>, Failure> {
        let start = options.exclusive_start_key.as_ref().map_or(&b""[..], |key| key.as_bytes());
        // No key is empty, so this excludes none where there is no start.
        let range = (Bound::Excluded((self.generation, start)), Bound::Excluded((self.generation + 1, &b""[..])));
        let records = self.descriptions.range::<(u64, &[u8])>(range)?;
        Ok(records.map(|record| {
            let (key, description) = record?;
            let (content_type, size) = description.value();
            Ok(RecordMetadata::new(key_of(key.value().1)?, content_type_of(content_type)?, size))
        }))
    }

    fn record(&self, key: KeyBuf, content_type: ContentType) -> Result<Record, Failure> {
        let value = self.values.get((self.generation, key.as_bytes()))?;
        let value = value.ok_or_else(|| corrupt("a record without a value"))?;
        Ok(Record::new(key, content_type, Bytes::copy_from_slice(value.value())))
    }
}

/// A page behind whose last item there are others; of a page without items nobody goes on.
fn page_with_more<T>(items: Vec<T>, key: impl Fn(&T) -> &KeyBuf) -> RecordPage<T> {
    let next_start_key = items.last().map(|last| key(last).clone());
    RecordPage::new(items, next_start_key)
}

fn key_of(bytes: &[u8]) -> Result<KeyBuf, Failure> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|text| KeyBuf::new(text).ok()).ok_or_else(|| corrupt("the key of a record"))
}

fn content_type_of(bytes: &[u8]) -> Result<ContentType, Failure> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|text| ContentType::new(text.to_owned()).ok()).ok_or_else(|| corrupt("the content type of a record"))
}

/// Writes records in a step. The caller notes it at the collection.
pub(super) struct Records<'a> {
    descriptions: OpenTable<'a, RecordKey, Description>,
    values: OpenTable<'a, RecordKey, &'static [u8]>,
    generation: u64,
}

impl<'a> Records<'a> {
    pub(super) fn open(writing: &Writing<'a>, generation: u64) -> Result<Self, Failure> {
        Ok(Self { descriptions: writing.open(&DESCRIPTIONS)?, values: writing.open(&VALUES)?, generation })
    }

    pub(super) fn set(&mut self, key: &KeyBuf, content_type: &ContentType, value: &[u8]) -> Result<(), Failure> {
        let (key, size) = ((self.generation, key.as_bytes()), value.len() as u64);
        self.descriptions.insert(key, (content_type.as_str().as_bytes(), size))?;
        self.values.insert(key, value)?;
        Ok(())
    }

    /// Whether a record was there.
    pub(super) fn remove(&mut self, key: &KeyBuf) -> Result<bool, Failure> {
        let key = (self.generation, key.as_bytes());
        if !self.descriptions.remove(key)? {
            return Ok(false);
        }
        self.values.remove(key)?;
        Ok(true)
    }
}
