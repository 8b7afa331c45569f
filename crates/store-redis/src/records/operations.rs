//! Each operation as the script that carries it out, and what its reply means: the same on every topology and in every
//! layout. One round trip each, unless it says otherwise.

use std::sync::Arc;

use store_core::{
    AccessTimes, Bytes, ContentType, Error, ErrorKind, Key, OpenOptions, OpenedStore, Record, RecordMetadata,
    RecordPage, RecordPageOptions, Result, StoreLabel, StoreMetadata, StoreSelector,
};

use super::layout::{Layout, Opening};
use super::recent::RecentAccesses;
use crate::operations::Operations;
use crate::reply::{self, IdIndex, Value};
use crate::request::Request;
use crate::script::Collection;

/// All collections that a client can reach.
#[derive(Clone, Debug)]
pub(super) struct Collections {
    pub(super) operations: Arc<Operations>,
    pub(super) layout: Layout,
    pub(super) access_times: AccessTimes,
    /// What needs not be asked of a server again, for all clones.
    pub(super) recent: Arc<RecentAccesses>,
}

impl Collections {
    pub(super) async fn open(&self, options: OpenOptions) -> Result<OpenedStore> {
        match options.selector {
            StoreSelector::Label(label) => self.open_by_label(label).await,
            StoreSelector::Id(id) => self.open_by_id(id).await,
        }
    }

    /// Two more round trips where the id does not lead to the collection yet: it was just created, or whoever created
    /// it got no further.
    async fn open_by_label(&self, label: StoreLabel) -> Result<OpenedStore> {
        let open = self.layout.open(&label, &OpenedStore::random_id(), self.access_times)?;
        let Opening { store, index } = self.layout.opened(self.ask(open).await?, label)?;
        if index == IdIndex::Missing {
            self.index(&store).await.map_err(|error| error.after_steps(1))?;
        }
        Ok(store)
    }

    /// Has the id lead to the collection, and notes there that it does.
    async fn index(&self, opened: &OpenedStore) -> Result<()> {
        let index = self.layout.index(&opened.id, &opened.label).ok_or_else(reply::damaged)?;
        reply::status(self.ask(index).await?)?;
        match reply::done(self.ask(self.collection(opened).mark()).await?) {
            // It was opened, and dropped before its id was written: by somebody who had nothing to remove there.
            Err(dropped) if dropped.kind() == ErrorKind::Dropped => self.forget(&opened.id).await,
            noted => noted,
        }
    }

    /// Two round trips. Where the id leads is a hint: the collection there says whether it has that id.
    async fn open_by_id(&self, id: String) -> Result<OpenedStore> {
        let find = self.layout.find(&id).ok_or_else(not_found)?;
        let label = self.layout.found(self.ask(find).await?)?.ok_or_else(not_found)?;
        let open = self.layout.collection(&label, &id, self.access_times).open_by_id();
        match self.layout.existing(self.ask(open).await?, id, label) {
            Err(dropped) if dropped.kind() == ErrorKind::Dropped => Err(not_found()),
            opened => opened,
        }
    }

    pub(super) async fn metadata(&self, store: &OpenedStore) -> Result<StoreMetadata> {
        reply::metadata(self.ask(self.collection(store).metadata()).await?, store)
    }

    pub(super) async fn get(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>> {
        let begin = RecentAccesses::now();
        let has_recent_access = self.access_times == AccessTimes::Coarse && self.recent.has(&store.id, begin);
        let access_times = if has_recent_access { AccessTimes::Off } else { self.access_times };
        let get = self.layout.collection(&store.label, &store.id, access_times).get(key);
        let (record, rest) = reply::record(self.ask(get).await?, key)?;
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            self.recent.note(&store.id, begin + rest, begin);
        }
        Ok(record)
    }

    pub(super) async fn set(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()> {
        reply::done(self.ask(self.collection(store).set(key, &content_type, &value)).await?)
    }

    pub(super) async fn delete(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        reply::existed(self.ask(self.collection(store).delete(key)).await?)
    }

    pub(super) async fn has(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        reply::existed(self.ask(self.collection(store).has(key)).await?)
    }

    pub(super) async fn list_keys(
        &self,
        store: &OpenedStore,
        options: &RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        match self.layout {
            Layout::Native => reply::keys_page(self.ask(self.collection(store).list_keys(options)).await?),
            Layout::Crawlee(_) => self.pick_keys(&self.collection(store), options).await,
        }
    }

    pub(super) async fn list_records(
        &self,
        store: &OpenedStore,
        options: &RecordPageOptions,
    ) -> Result<RecordPage<Record>> {
        match self.layout {
            Layout::Native => reply::records_page(self.ask(self.collection(store).list_records(options)).await?),
            Layout::Crawlee(_) => self.pick_records(&self.collection(store), options).await,
        }
    }

    pub(super) async fn purge(&self, store: &OpenedStore) -> Result<()> {
        reply::done(self.ask(self.collection(store).purge()).await?)
    }

    /// Two round trips: the collection, then where its id leads. In between the id is that of a collection which is not
    /// there, and so unknown. What a drop before has left of it goes with the next one.
    pub(super) async fn drop(&self, store: &OpenedStore) -> Result<()> {
        match reply::done(self.ask(self.collection(store).drop()).await?) {
            Ok(()) => self.forget(&store.id).await.map_err(|error| error.after_steps(1)),
            Err(error) => {
                if error.kind() == ErrorKind::Dropped {
                    // Where it fails, a hint is left that leads nowhere: no news for who asked.
                    let _ = self.forget(&store.id).await;
                }
                Err(error)
            }
        }
    }

    async fn forget(&self, id: &str) -> Result<()> {
        match self.layout.forget(id) {
            Some(forget) => reply::flag(self.ask(forget).await?).map(drop),
            None => Ok(()),
        }
    }

    fn collection<'a>(&self, store: &'a OpenedStore) -> Collection<'a> {
        self.layout.collection(&store.label, &store.id, self.access_times)
    }

    pub(super) async fn ask(&self, request: Request) -> Result<Value> {
        self.operations.executor.one(request).await
    }
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "no store has this id")
}
