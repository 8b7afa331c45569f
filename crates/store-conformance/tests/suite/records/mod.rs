//! A small client for collections of records that keeps the whole contract, and can be told to break one promise of it.

mod pages;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store_core::{
    AccessTimes, Bytes, Capabilities, Clock, ContentType, Error, ErrorKind, Key, KeyBuf, KeyValueStoreClient,
    ManualClock, OpenOptions, OpenedStore, Record, RecordMetadata, RecordPage, RecordPageOptions, Result, StoreLabel,
    StoreMetadata, StoreSelector, Timestamp, UrlTemplate, async_trait,
};
use tokio::task::yield_now;

use crate::fault::Fault;

/// How it makes public addresses.
pub(crate) const URLS: &str = "https://records.example/{id}/of/{key}";

#[derive(Clone, Debug)]
struct Collection {
    label: StoreLabel,
    metadata: StoreMetadata,
    records: BTreeMap<KeyBuf, Record>,
    damaged: bool,
}

impl Collection {
    fn id(&self) -> String {
        self.metadata.id.clone()
    }
}

#[derive(Debug, Default)]
struct State {
    ids: BTreeMap<StoreLabel, String>,
    collections: BTreeMap<String, Collection>,
    dropped: BTreeMap<StoreLabel, Collection>,
    made: u64,
    written: u64,
    closed: bool,
}

/// Maps behind a mutex, on a clock that only tests move.
#[derive(Clone, Debug)]
pub(crate) struct ModelRecords {
    state: Arc<Mutex<State>>,
    clock: ManualClock,
    capabilities: Capabilities,
    urls: UrlTemplate,
    access_times: AccessTimes,
    fault: Fault,
}

impl ModelRecords {
    pub(crate) fn new(clock: ManualClock, capabilities: Capabilities, fault: Fault) -> Self {
        let urls = UrlTemplate::new(URLS).expect("the words of a template");
        Self { state: Arc::default(), clock, capabilities, urls, access_times: AccessTimes::Exact, fault }
    }

    /// The same with access times that are kept so exactly.
    pub(crate) fn keeping(self, access_times: AccessTimes) -> Self {
        Self { access_times, ..self }
    }

    /// Puts something in the place of the metadata.
    pub(crate) fn damage(&self, store: &OpenedStore) {
        if let Some(collection) = self.lock().collections.get_mut(&store.id) {
            collection.damaged = true;
        }
    }

    /// Takes it out again.
    pub(crate) fn mend(&self, store: &OpenedStore) {
        if let Some(collection) = self.lock().collections.get_mut(&store.id) {
            collection.damaged = false;
        }
    }

    /// Closes the data and opens it again.
    pub(crate) fn reopen(&self) {
        if self.has(Fault::ReopenForgetsContentTypes) {
            let mut state = self.lock();
            let records = state.collections.values_mut().flat_map(|collection| collection.records.values_mut());
            records.for_each(|record| record.content_type = ContentType::OCTET_STREAM);
        }
    }

    pub(crate) fn forget_all(&self) {
        *self.lock() = State::default();
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.closed && !self.has(Fault::ClosedClientAnswers) { Err(Error::closed()) } else { Ok(state) }
    }

    /// What is kept under this label.
    fn spelled(&self, label: StoreLabel) -> StoreLabel {
        match label {
            StoreLabel::Alias(alias) if self.has(Fault::AliasIsName) => {
                alias.as_str().try_into().map_or(StoreLabel::Alias(alias), StoreLabel::Name)
            }
            label => label,
        }
    }

    /// The id of a new collection, whatever is there.
    fn make(&self, state: &mut State, label: StoreLabel) -> String {
        state.made += 1;
        let id = format!("made-{}", state.made);
        let records = match state.dropped.remove(&label) {
            Some(dropped) if self.has(Fault::RemadeKeepsRecords) => dropped.records,
            _ => BTreeMap::new(),
        };
        let metadata = StoreMetadata::created(id.clone(), label.name().cloned(), self.clock.now());
        state.ids.insert(label.clone(), id.clone());
        state.collections.insert(id.clone(), Collection { label, metadata, records, damaged: false });
        id
    }

    async fn open_label(&self, label: StoreLabel) -> Result<String> {
        let label = self.spelled(label);
        if self.has(Fault::DroppedOpenLeavesTheIdAlone) && !self.open()?.ids.contains_key(&label) {
            self.open()?.ids.insert(label.clone(), "none yet".to_owned());
            yield_now().await;
            return Ok(self.make(&mut *self.open()?, label));
        }
        let seen = self.open()?.ids.get(&label).cloned();
        if self.has(Fault::OpenersMakeOneEach) {
            yield_now().await;
        }
        let mut state = self.open()?;
        let there = if self.has(Fault::OpenersMakeOneEach) { seen } else { state.ids.get(&label).cloned() };
        Ok(there.unwrap_or_else(|| self.make(&mut state, label)))
    }

    /// Does something with the collection that was opened.
    fn with<T>(&self, store: &OpenedStore, act: impl FnOnce(&mut Collection, Timestamp) -> T) -> Result<T> {
        let mut state = self.open()?;
        let id = match state.ids.get(&store.label) {
            Some(later) if self.has(Fault::DroppedHandleFindsRemade) => later.clone(),
            _ => store.id.clone(),
        };
        let collection = state.collections.get_mut(&id).ok_or_else(dropped)?;
        if collection.damaged && !self.has(Fault::DamageGoesUnnoticed) {
            return Err(Error::new(ErrorKind::Corrupt, "the metadata of the collection cannot be read"));
        }
        Ok(act(collection, self.clock.now()))
    }

    /// Moves the time of the last access by a read.
    fn access(&self, metadata: &mut StoreMetadata, now: Timestamp) {
        let too_soon = now.saturating_since(metadata.accessed_at) < 2 * AccessTimes::COARSENESS;
        if !(too_soon && self.has(Fault::AccessTimesAreTooCoarse)) {
            metadata.accessed_at = self.access_times.after_read(metadata.accessed_at, now);
        }
    }

    /// Does something that only reads.
    fn reading<T>(&self, store: &OpenedStore, act: impl FnOnce(&Collection) -> T) -> Result<T> {
        self.with(store, |collection, now| {
            if !self.has(Fault::ReadIsNoAccess) {
                self.access(&mut collection.metadata, now);
            }
            if self.has(Fault::ReadModifies) {
                collection.metadata.modified_at = now;
            }
            act(collection)
        })
    }

    /// Does something that writes.
    fn writing<T>(&self, store: &OpenedStore, act: impl FnOnce(&mut Collection) -> T) -> Result<T> {
        self.with(store, |collection, now| {
            collection.metadata.accessed_at = now;
            collection.metadata.modified_at = now;
            act(collection)
        })
    }

    /// Whether this write is one of the few that get lost.
    fn is_unlucky(&self) -> Result<bool> {
        const RARELY: u64 = 200;

        let mut state = self.open()?;
        state.written += 1;
        Ok(state.written.is_multiple_of(RARELY))
    }

    fn key(&self, key: Key<'_>) -> Result<KeyBuf> {
        if self.has(Fault::RecordKeysFoldCase) { KeyBuf::new(key.as_str().to_lowercase()) } else { Ok(key.to_buf()) }
    }

    fn write(&self, collection: &mut Collection, record: Record) {
        let nothing = record.content_type.is_nothing();
        if nothing && self.has(Fault::NothingIsAbsent) {
            collection.records.remove(&record.key);
            return;
        }
        let previous = collection.records.get(&record.key);
        let content_type = match previous {
            Some(previous) if self.has(Fault::ContentTypeStays) => previous.content_type.clone(),
            _ if self.has(Fault::ContentTypeLosesParameters) => without_parameters(&record.content_type),
            _ => record.content_type,
        };
        let value = match self.fault {
            Fault::TruncatesLongRecords => record.value.slice(..record.value.len().min(4096)),
            _ => record.value,
        };
        collection.records.insert(record.key.clone(), Record::new(record.key, content_type, value));
    }
}

fn without_parameters(content_type: &ContentType) -> ContentType {
    ContentType::as_stored(content_type.as_str().split(';').next().unwrap_or_default().to_owned())
}

/// Whether its name begins like that of the other one.
fn is_called_like(collection: &Collection, other: &OpenedStore) -> bool {
    match (&collection.label, &other.label) {
        (StoreLabel::Name(name), StoreLabel::Name(other)) => name.as_str().starts_with(other.as_str()),
        _ => false,
    }
}

fn dropped() -> Error {
    Error::new(ErrorKind::Dropped, "the collection was dropped")
}

#[async_trait]
impl KeyValueStoreClient for ModelRecords {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn open_store(&self, options: OpenOptions) -> Result<OpenedStore> {
        let id = match options.selector {
            StoreSelector::Label(label) => self.open_label(label).await?,
            StoreSelector::Id(id) if self.open()?.collections.contains_key(&id) => id,
            StoreSelector::Id(_) if self.has(Fault::UnknownIdIsMade) => self.open_label(StoreLabel::Default).await?,
            StoreSelector::Id(_) => return Err(Error::new(ErrorKind::NotFound, "no collection has this id")),
        };
        let label = self.with(&OpenedStore::new(id.clone(), StoreLabel::Default), |collection, now| {
            self.access(&mut collection.metadata, now);
            collection.label.clone()
        })?;
        Ok(OpenedStore::new(id, if self.has(Fault::OpenForgetsLabel) { StoreLabel::Default } else { label }))
    }

    async fn store_metadata(&self, store: &OpenedStore) -> Result<StoreMetadata> {
        self.with(store, |collection, now| {
            if self.has(Fault::MetadataReadIsAccess) {
                collection.metadata.accessed_at = now;
            }
            collection.metadata.clone()
        })
    }

    async fn get_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<Option<Record>> {
        let key = self.key(key)?;
        if self.has(Fault::RecordIsReadInTwoSteps) {
            let seen = self.reading(store, |collection| collection.records.get(&key).cloned())?;
            yield_now().await;
            let value = self.reading(store, |collection| collection.records.get(&key).map(|now| now.value.clone()))?;
            return Ok(seen.zip(value).map(|(seen, value)| Record::new(seen.key, seen.content_type, value)));
        }
        self.reading(store, |collection| collection.records.get(&key).cloned())
    }

    async fn set_record(
        &self,
        store: &OpenedStore,
        key: Key<'_>,
        content_type: ContentType,
        value: Bytes,
    ) -> Result<()> {
        let key = self.key(key)?;
        if self.has(Fault::LongestRecordIsRefused) && value.len() == self.capabilities.max_value_bytes {
            return Err(Error::new(ErrorKind::TooLarge, "a byte too many"));
        }
        if self.has(Fault::RemovesRecordBeforeWriting) {
            self.writing(store, |collection| collection.records.remove(&key))?;
            yield_now().await;
        }
        if self.has(Fault::RecordIsTorn) {
            let half = content_type.clone();
            self.writing(store, |collection| {
                collection.records.get_mut(&key).map(|record| record.content_type = half)
            })?;
            yield_now().await;
        }
        if self.has(Fault::DroppedWriteMakesAnew) && !self.open()?.collections.contains_key(&store.id) {
            let id = self.open_label(store.label.clone()).await?;
            let store = OpenedStore::new(id, store.label.clone());
            self.writing(&store, |collection| self.write(collection, Record::new(key, content_type, value)))?;
            return Err(dropped());
        }
        if self.has(Fault::LosesOneRecordInTwoHundred) && self.is_unlucky()? {
            return self.writing(store, |_| ());
        }
        let shown = self.has(Fault::ErrorShowsRecord).then(|| format!("not written: {value:?}"));
        let written = self.writing(store, |collection| self.write(collection, Record::new(key, content_type, value)));
        written.map_err(|error| match shown {
            Some(shown) => Error::new(error.kind(), shown),
            None => error,
        })
    }

    async fn delete_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        let key = self.key(key)?;
        let seen = self.has(Fault::RemoversAreAllTold) && self.with(store, |c, _| c.records.contains_key(&key))?;
        if seen {
            // To the other removers, of which each has a thread of its own.
            std::thread::yield_now();
        }
        self.with(store, |collection, now| {
            let there = collection.records.remove(&key).is_some() || seen;
            if there || self.has(Fault::DeletingNothingModifies) {
                collection.metadata.accessed_at = now;
                collection.metadata.modified_at = now;
            }
            there || self.has(Fault::DeletingNothingIsTold)
        })
    }

    async fn has_record(&self, store: &OpenedStore, key: Key<'_>) -> Result<bool> {
        let key = self.key(key)?;
        self.reading(store, |collection| collection.records.contains_key(&key))
    }

    async fn list_record_keys(
        &self,
        store: &OpenedStore,
        options: RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        let limits = self.limits(&options, options.max_keys(), u64::MAX);
        let characters = |record: &Record| String::from_utf8_lossy(&record.value).chars().count() as u64;
        let listed = |record: &Record| match self.fault {
            Fault::SizeIsOfCharacters => {
                RecordMetadata::new(record.key.clone(), record.content_type.clone(), characters(record))
            }
            _ => record.metadata(),
        };
        self.reading(store, |collection| self.page(collection, &options, limits, listed))
    }

    async fn list_records(&self, store: &OpenedStore, options: RecordPageOptions) -> Result<RecordPage<Record>> {
        let limits = self.limits(&options, options.max_records(), RecordPageOptions::MAX_BYTES);
        self.reading(store, |collection| self.page(collection, &options, limits, Record::clone))
    }

    async fn purge_store(&self, store: &OpenedStore) -> Result<()> {
        if self.has(Fault::PurgeMakesNewId) {
            self.drop_store(store).await?;
            return self.open_label(store.label.clone()).await.map(drop);
        }
        self.writing(store, |collection| {
            collection.records.clear();
            if self.has(Fault::PurgeForgetsCreation) {
                collection.metadata.created_at = collection.metadata.modified_at;
            }
        })
    }

    async fn drop_store(&self, store: &OpenedStore) -> Result<()> {
        self.with(store, |_, _| ())?;
        let mut state = self.open()?;
        let mut gone = vec![store.id.clone()];
        if self.has(Fault::DropTakesSiblings) {
            gone.extend(state.collections.values().filter(|other| is_called_like(other, store)).map(Collection::id));
        }
        for gone in gone.iter().filter_map(|id| state.collections.remove(id)).collect::<Vec<_>>() {
            state.ids.remove(&gone.label);
            state.dropped.insert(gone.label.clone(), gone);
        }
        if self.has(Fault::DropForgetsOtherIds) {
            state.ids.clear();
        }
        Ok(())
    }

    async fn record_url(&self, store: &OpenedStore, key: Key<'_>) -> Result<String> {
        self.ping().await?;
        if self.has(Fault::UrlIsNotEncoded) {
            return Ok(URLS.replace("{id}", &store.id).replace("{key}", key.as_str()));
        }
        self.urls.url(store, key)
    }

    async fn ping(&self) -> Result<()> {
        self.open().map(drop)
    }

    async fn close(&self) -> Result<()> {
        self.lock().closed = true;
        Ok(())
    }
}
