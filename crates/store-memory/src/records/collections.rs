//! All collections of a client: by id, and what ids go with which name or alias. Pure: no clock.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};
use store_core::{AccessTimes, Error, ErrorKind, OpenedStore, Result, StoreLabel, Timestamp};

use super::collection::{Collection, Records};

#[derive(Default)]
pub(super) struct Collections {
    /// Each behind a lock of its own, and that a mutex, because reading a collection moves a time of it.
    by_id: HashMap<String, Mutex<Collection>>,
    /// The id of every collection.
    by_label: HashMap<StoreLabel, String>,
}

impl Collections {
    pub(super) fn open(&mut self, label: StoreLabel, access_times: AccessTimes, now: Timestamp) -> Result<OpenedStore> {
        if let Some(id) = self.by_label.get(&label) {
            return self.open_by_id(id, now);
        }
        let id = OpenedStore::random_id();
        let collection = Collection::created(id.clone(), label.clone(), access_times, now);
        self.by_id.insert(id.clone(), Mutex::new(collection));
        self.by_label.insert(label.clone(), id.clone());
        Ok(OpenedStore::new(id, label))
    }

    pub(super) fn open_by_id(&self, id: &str, now: Timestamp) -> Result<OpenedStore> {
        let collection = self.by_id.get(id).ok_or_else(not_found)?;
        Ok(collection.lock().open(now))
    }

    /// The collection that was opened, unless it has been dropped since. A new one of the same name has another id.
    pub(super) fn lock(&self, opened: &OpenedStore) -> Result<MutexGuard<'_, Collection>> {
        self.by_id.get(&opened.id).map(Mutex::lock).ok_or_else(dropped)
    }

    /// Takes out the collection that was opened.
    pub(super) fn remove(&mut self, opened: &OpenedStore) -> Result<Records> {
        let collection = self.by_id.remove(&opened.id).ok_or_else(dropped)?;
        let (label, records) = collection.into_inner().into_parts();
        self.by_label.remove(&label);
        Ok(records)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = MutexGuard<'_, Collection>> {
        self.by_id.values().map(Mutex::lock)
    }

    pub(super) fn into_records(self) -> impl Iterator<Item = Records> {
        self.by_id.into_values().map(|collection| collection.into_inner().into_parts().1)
    }
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "no store has this id")
}

fn dropped() -> Error {
    Error::new(ErrorKind::Dropped, "the store was dropped")
}
