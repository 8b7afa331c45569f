//! The oracle: what collections hold after a sequence of operations, as ordered maps with intervals for their times.
//!
//! Each method judges one answer of an operation that took place within a span.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use store_core::{AccessTimes, KeyBuf, OpenedStore, Record, RecordPage, StoreLabel, StoreMetadata, Timestamp};

use crate::failure::{Failure, ensure, ensure_eq};
use crate::known::Known;
use crate::pages::Keyed;
use crate::time::{Span, Time};

use super::op::Called;

type Judgement = Result<(), Failure>;

/// All collections of a program.
pub(super) struct Model<'a> {
    timekeeping: Timekeeping<'a>,
    collections: BTreeMap<Called, Collection<'a>>,
    /// Every id that was ever given.
    ids: BTreeSet<String>,
}

/// What times are kept by, and how exactly that of the last access.
#[derive(Clone, Copy)]
struct Timekeeping<'a> {
    time: &'a Time,
    access_times: AccessTimes,
}

impl<'a> Model<'a> {
    pub(super) fn new(time: &'a Time, access_times: AccessTimes) -> Self {
        Self { timekeeping: Timekeeping { time, access_times }, collections: BTreeMap::new(), ids: BTreeSet::new() }
    }

    /// The collection that has this id now, if any has.
    pub(super) fn with_id(&mut self, called: Called, id: &str) -> Option<&mut Collection<'a>> {
        self.collections.get_mut(&called).filter(|collection| collection.id == id)
    }

    pub(super) fn has(&self, called: Called) -> bool {
        self.collections.contains_key(&called)
    }

    /// It was opened by its label.
    pub(super) fn open(&mut self, called: Called, during: Span, opened: &OpenedStore) -> Judgement {
        if let Some(collection) = self.collections.get_mut(&called) {
            return collection.open(during, opened);
        }
        ensure!(self.ids.insert(opened.id.clone()), "a new collection has the id of another: {:?}", opened.id);
        self.collections.insert(called, Collection::created(self.timekeeping, during, opened));
        Ok(())
    }

    pub(super) fn drop(&mut self, called: Called) {
        self.collections.remove(&called);
    }
}

/// One collection.
pub(super) struct Collection<'a> {
    timekeeping: Timekeeping<'a>,
    id: String,
    label: StoreLabel,
    records: BTreeMap<KeyBuf, Record>,
    created: Known,
    accessed: Known,
    modified: Known,
}

impl<'a> Collection<'a> {
    fn created(timekeeping: Timekeeping<'a>, during: Span, opened: &OpenedStore) -> Self {
        let OpenedStore { id, label, .. } = opened.clone();
        let [created, accessed, modified] = [(); 3].map(|()| Known::during(during));
        Self { timekeeping, id, label, records: BTreeMap::new(), created, accessed, modified }
    }

    pub(super) fn open(&mut self, during: Span, opened: &OpenedStore) -> Judgement {
        self.is_read(during);
        ensure_eq!((&opened.id, &opened.label), (&self.id, &self.label), "what was opened");
        Ok(())
    }

    pub(super) fn get(&mut self, during: Span, key: &str, answer: Option<&Record>) -> Judgement {
        self.is_read(during);
        ensure_eq!(answer, self.records.get(key), "the record");
        let values = [answer, self.records.get(key)].map(|record| record.map(|record| &record.value));
        ensure_eq!(values[0], values[1], "the value of the record");
        Ok(())
    }

    pub(super) fn has(&mut self, during: Span, key: &str, answer: bool) -> Judgement {
        self.is_read(during);
        ensure_eq!(answer, self.records.contains_key(key), "whether there is a record");
        Ok(())
    }

    pub(super) fn set(&mut self, during: Span, record: Record) {
        self.is_written(during);
        self.records.insert(record.key.clone(), record);
    }

    pub(super) fn delete(&mut self, during: Span, key: &str, removed: bool) -> Judgement {
        let was_there = self.records.remove(key).is_some();
        if was_there {
            self.is_written(during);
        }
        ensure_eq!(removed, was_there, "whether a record was removed");
        Ok(())
    }

    pub(super) fn purge(&mut self, during: Span) {
        self.is_written(during);
        self.records.clear();
    }

    /// Judges a page of at most `limit` items, which shows a record as `shown` says. It may end early, not for nothing.
    pub(super) fn list<T: Keyed + PartialEq + std::fmt::Debug>(
        &mut self,
        during: Span,
        start: Option<&str>,
        limit: usize,
        page: &RecordPage<T>,
        shown: impl Fn(&Record) -> T,
    ) -> Judgement {
        self.is_read(during);
        let rest: Vec<T> = self.behind(start).map(shown).collect();
        let listed = page.items.len();
        ensure!(rest.starts_with(&page.items), "listed {:?}, promised the first of {rest:?}", page.items);
        ensure!(listed <= limit, "listed {listed} items, promised {limit} at most");
        ensure!(listed > 0 || limit == 0 || rest.is_empty(), "listed nothing, promised the first of {rest:?}");
        let follows = rest.get(listed).filter(|_| limit > 0).map(Keyed::key);
        let next = page.next_start_key.as_deref();
        let leads_on = next.is_some() == follows.is_some()
            && next.is_none_or(|next| {
                page.items.last().is_none_or(|last| last.key() <= next) && follows.is_some_and(|first| next < first)
            });
        ensure!(leads_on, "the next page starts behind {next:?}, and what follows is {follows:?}");
        Ok(())
    }

    pub(super) fn metadata(&mut self, answer: &StoreMetadata) -> Judgement {
        ensure_eq!(answer.id, self.id, "the id in the metadata");
        ensure_eq!(answer.name.as_ref(), self.label.name(), "the name in the metadata");
        let times = [
            (&mut self.created, answer.created_at, "created_at"),
            (&mut self.accessed, answer.accessed_at, "accessed_at"),
            (&mut self.modified, answer.modified_at, "modified_at"),
        ];
        for (known, seen, name) in times {
            known
                .see(self.timekeeping.time, seen)
                .map_err(|failure| failure.in_context(format_args!("  as {name}")))?;
        }
        let in_order = answer.created_at <= answer.modified_at && answer.modified_at <= answer.accessed_at;
        ensure!(in_order, "the times are not in order: {answer:?}");
        Ok(())
    }

    /// The record under this key.
    pub(super) fn record(&self, key: &str) -> Option<&Record> {
        self.records.get(key)
    }

    /// All records behind this key.
    pub(super) fn behind(&self, start: Option<&str>) -> impl Iterator<Item = &Record> {
        let from = start.map_or(Bound::Unbounded, Bound::Excluded);
        self.records.range::<str, _>((from, Bound::Unbounded)).map(|(_, record)| record)
    }

    /// When it was created, accessed and modified, where only one time is possible for each.
    pub(super) fn times(&self) -> Option<[Timestamp; 3]> {
        let time = self.timekeeping.time;
        Some([self.created.only(time)?, self.accessed.only(time)?, self.modified.only(time)?])
    }

    pub(super) fn is_read(&mut self, during: Span) {
        self.accessed.is_read(self.timekeeping.time, during, self.timekeeping.access_times);
    }

    fn is_written(&mut self, during: Span) {
        (self.accessed, self.modified) = (Known::during(during), Known::during(during));
    }
}
