//! Which collections there are: by id, and which id goes with which label. Each step looks the id up, so that nobody
//! works on a collection that was dropped.

use store_core::{AccessTimes, Error, ErrorKind, OpenedStore, Result, StoreLabel, StoreMetadata, Timestamp};

use super::garbage::Garbage;
use super::label;
use crate::error::{Failure, corrupt};
use crate::snapshot::Snapshot;
use crate::step::Writing;
use crate::table::OpenTable;
use crate::tables::{COLLECTIONS, LABELS, LAST_GENERATION, META, StoredCollection, timestamp};

/// What is known about a collection.
pub(super) struct Collection {
    pub(super) label: StoreLabel,
    /// What its records are found by. A purge begins a new one, and leaves those of the old to be freed.
    pub(super) generation: u64,
    pub(super) created_at: Timestamp,
    pub(super) accessed_at: Timestamp,
    pub(super) modified_at: Timestamp,
}

impl Collection {
    fn parse((label, generation, created, accessed, modified): (&[u8], u64, u64, u64, u64)) -> Result<Self, Failure> {
        Ok(Self {
            label: label::parse(label).ok_or_else(|| corrupt("the label of a collection"))?,
            generation,
            created_at: timestamp(created)?,
            accessed_at: timestamp(accessed)?,
            modified_at: timestamp(modified)?,
        })
    }

    pub(super) fn metadata(&self, id: String) -> StoreMetadata {
        StoreMetadata::created(id, self.label.name().cloned(), self.created_at)
            .with_accessed_at(self.accessed_at)
            .with_modified_at(self.modified_at)
    }

    /// Follows a read; whether that moved a time.
    pub(super) fn is_read(&mut self, access_times: AccessTimes, now: Timestamp) -> bool {
        let after = access_times.after_read(self.accessed_at, now);
        std::mem::replace(&mut self.accessed_at, after) != after
    }

    /// Times never go back, even if a clock should.
    pub(super) fn is_written(&mut self, now: Timestamp) {
        self.accessed_at = self.accessed_at.max(now);
        self.modified_at = self.modified_at.max(now);
    }
}

/// The collection that was opened, unless it has been dropped since. A new one of the same name has another id.
pub(super) fn find(snapshot: &Snapshot<'_>, opened: &OpenedStore) -> Result<Collection, Failure> {
    let collections = snapshot.open(&COLLECTIONS)?;
    let stored = collections.get(opened.id.as_bytes())?;
    Collection::parse(stored.ok_or_else(dropped)?.value())
}

/// Writes collections in a step.
pub(super) struct Collections<'a, 'w> {
    by_id: OpenTable<'a, &'static [u8], StoredCollection>,
    by_label: OpenTable<'a, &'static [u8], &'static [u8]>,
    access_times: AccessTimes,
    writing: &'w Writing<'a>,
}

impl<'a, 'w> Collections<'a, 'w> {
    pub(super) fn open(writing: &'w Writing<'a>, access_times: AccessTimes) -> Result<Self, Failure> {
        Ok(Self { by_id: writing.open(&COLLECTIONS)?, by_label: writing.open(&LABELS)?, access_times, writing })
    }

    /// Opens the collection that is called so, or creates it.
    pub(super) fn open_by_label(&mut self, label: StoreLabel) -> Result<OpenedStore, Failure> {
        let spelled = label::spell(&label);
        let id = self.by_label.get(&*spelled)?.map(|id| id.value().to_vec());
        if let Some(id) = id {
            let id = String::from_utf8(id).map_err(|_| corrupt("the id of a collection"))?;
            return self.read(&id)?.ok_or_else(|| corrupt("a label that leads to no collection"));
        }
        let (id, now) = (OpenedStore::random_id(), self.writing.now());
        let generation = next_generation(self.writing)?;
        let created =
            Collection { label: label.clone(), generation, created_at: now, accessed_at: now, modified_at: now };
        self.put(&id, &created)?;
        self.by_label.insert(&*spelled, id.as_bytes())?;
        Ok(OpenedStore::new(id, label))
    }

    pub(super) fn open_by_id(&mut self, id: &str) -> Result<OpenedStore, Failure> {
        self.read(id)?.ok_or_else(|| Error::new(ErrorKind::NotFound, "no store has this id").into())
    }

    fn read(&mut self, id: &str) -> Result<Option<OpenedStore>, Failure> {
        let Some(mut collection) = self.get(id)? else { return Ok(None) };
        self.note_read(id, &mut collection)?;
        Ok(Some(OpenedStore::new(id.to_owned(), collection.label)))
    }

    /// Finds the collection for a step that reads.
    pub(super) fn for_reading(&mut self, opened: &OpenedStore) -> Result<Collection, Failure> {
        let mut collection = self.get(&opened.id)?.ok_or_else(dropped)?;
        self.note_read(&opened.id, &mut collection)?;
        Ok(collection)
    }

    /// Finds the collection for a step that may write.
    pub(super) fn for_writing(&self, opened: &OpenedStore) -> Result<Collection, Failure> {
        Ok(self.get(&opened.id)?.ok_or_else(dropped)?)
    }

    /// Notes that the collection was written, by the step that did.
    pub(super) fn note_written(&mut self, opened: &OpenedStore, mut collection: Collection) -> Result<(), Failure> {
        collection.is_written(self.writing.now());
        self.put(&opened.id, &collection)
    }

    /// Leaves the records behind, to be freed.
    pub(super) fn purge(&mut self, opened: &OpenedStore) -> Result<(), Failure> {
        let mut collection = self.for_writing(opened)?;
        Garbage::open(self.writing)?.add(collection.generation)?;
        collection.generation = next_generation(self.writing)?;
        self.note_written(opened, collection)
    }

    pub(super) fn remove(&mut self, opened: &OpenedStore) -> Result<(), Failure> {
        let collection = self.for_writing(opened)?;
        Garbage::open(self.writing)?.add(collection.generation)?;
        self.by_id.remove(opened.id.as_bytes())?;
        self.by_label.remove(&*label::spell(&collection.label))?;
        Ok(())
    }

    fn note_read(&mut self, id: &str, collection: &mut Collection) -> Result<(), Failure> {
        match collection.is_read(self.access_times, self.writing.now()) {
            true => self.put(id, collection),
            false => Ok(()),
        }
    }

    fn get(&self, id: &str) -> Result<Option<Collection>, Failure> {
        self.by_id.get(id.as_bytes())?.map(|stored| Collection::parse(stored.value())).transpose()
    }

    fn put(&mut self, id: &str, collection: &Collection) -> Result<(), Failure> {
        let [created, accessed, modified] =
            [collection.created_at, collection.accessed_at, collection.modified_at].map(Timestamp::as_unix_millis);
        let label = label::spell(&collection.label);
        self.by_id.insert(id.as_bytes(), (&*label, collection.generation, created, accessed, modified))?;
        Ok(())
    }
}

/// A generation that no collection ever had.
fn next_generation(writing: &Writing<'_>) -> Result<u64, Failure> {
    let mut meta = writing.open(&META)?;
    let next = meta.get(LAST_GENERATION)?.map_or(0, |number| number.value()) + 1;
    meta.insert(LAST_GENERATION, next)?;
    Ok(next)
}

fn dropped() -> Error {
    Error::new(ErrorKind::Dropped, "the store was dropped")
}
