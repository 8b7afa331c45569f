//! Pages of records and of their keys.

use store_core::{KeyBuf, Record, RecordPage, RecordPageOptions};

use super::{Collection, ModelRecords};
use crate::fault::Fault;

/// What a page has at most.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    items: usize,
    bytes: u64,
}

impl ModelRecords {
    pub(super) fn page<T>(
        &self,
        collection: &Collection,
        options: &RecordPageOptions,
        limits: Limits,
        item: impl Fn(&Record) -> T,
    ) -> RecordPage<T> {
        let mut all: Vec<&Record> = collection.records.values().collect();
        let in_utf16 = |key: &KeyBuf| key.encode_utf16().collect::<Vec<_>>();
        if self.has(Fault::KeysInUtf16Order) {
            all.sort_by_key(|record| in_utf16(&record.key));
        }
        let begin = match &options.exclusive_start_key {
            None => 0,
            Some(start) if self.has(Fault::StartKeyHasToExist) && !collection.records.contains_key(start) => all.len(),
            Some(start) => all.partition_point(|record| match self.fault {
                Fault::KeysInUtf16Order => in_utf16(&record.key) <= in_utf16(start),
                Fault::StartKeyIsInclusive => record.key < *start,
                _ => record.key <= *start,
            }),
        };
        let (rest, mut bytes) = (all.split_off(begin), 0);
        let fits = |record: &&&Record| {
            let room = bytes < limits.bytes;
            bytes += record.metadata().size;
            room
        };
        let listed: Vec<&Record> = rest.iter().take(limits.items).take_while(fits).copied().collect();
        let fewest_left = usize::from(self.has(Fault::PageEndsEarly));
        let more = rest.len() - listed.len() > fewest_left;
        let next =
            listed.last().map(|record| record.key.clone()).filter(|_| more || self.has(Fault::LastPageNamesANext));
        RecordPage::new(listed.into_iter().map(item).collect(), next)
    }

    pub(super) fn limits(&self, options: &RecordPageOptions, items: usize, bytes: u64) -> Limits {
        match (self.fault, options.limit) {
            (Fault::ZeroLimitMeansAll, Some(0)) => Limits { items: usize::MAX, bytes },
            (Fault::PageOfAnyLength, asked) => Limits { items: asked.unwrap_or(items), bytes },
            (Fault::PageOfAnySize, _) => Limits { items, bytes: u64::MAX },
            _ => Limits { items, bytes },
        }
    }
}
